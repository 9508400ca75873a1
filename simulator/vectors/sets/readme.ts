/**
 * What stands beside the files for who uses them: what each is, and how a program in another language reads it.
 *
 * @module
 */

import { PACKAGE_VERSION } from "../../artefacts/package_version.ts";
import { KIND_NAMES, KINDS } from "./kinds.ts";

const DOCUMENT = `https://jsr.io/@vmbus/kmcl/${PACKAGE_VERSION}/docs/wire.md`;

/** What each of the files is, as its schema says. */
function table(): string {
  const rows = KIND_NAMES.map((name) => {
    const { description } = KINDS[name].file.meta() ?? {};
    return `| \`${name}.json\`, \`${name}.txt\` | ${description} |`;
  });
  return ["| file | what it has |", "|---|---|", ...rows].join("\n");
}

/** How a case is used, kind by kind. */
const USES =
  `**rings**: make a buffer of 4096 + \`ringDataBytes\` bytes of 0, and put each of \`bytes\` at its offset: that is a control page and
the data area behind it. Let your reader read until there is nothing more: it must find \`reader.packets\` and, where \`reader.fault\` is null,
commit once and have \`reader.readIndex\` and \`reader.signalsWriter\`. Else it must stop. For each of \`writer.writes\` take a fresh copy, and
write an in-band packet with so many bytes of payload: \`result\`, \`writeIndex\`, \`signalsReader\`. Where \`isCanonical\`, your writer must make
the very image of the packets; that tests it without your reader.

**packets**: \`hex\` is one packet from its descriptor on. Put it into a ring with its trailer behind it, or give it to whatever reads a packet.
What it says is \`packet\`; where \`fault\` is not null it must be refused. The transaction id means nothing where no completion is requested
and the packet is none: it is 0 here then. Where \`isCanonical\`, your writer must make the same bytes of what \`packet\` says.

**messages**: \`hex\` is what a SynIC message carries. How it is read depends on what both ends have agreed on: each name of
\`agreements\` is in one of the \`readings\`, which says whether it is refused, or in the form of how many bytes it is taken and what is in
each field. A reader that knows 5.3 alone looks for the reading that has \`5.3\`.

**exchanges**: \`steps\` are the messages in the order in which they were said. Play one side: say what it says, and compare what the other
one answers with what follows; where your own ids, addresses or GUIDs differ, compare by the fields. What is in \`faults\` was refused.

**states**: for each state, \`on\` has what an event leads to and what is done then, in order; \`refused\` the events that it does not
allow. Events and effects have the names of the charts of the package; most are messages, by a shorter name: \`open\` is OpenChannel,
\`revoke\` is what the server of a channel does, \`sendRescind\` puts RescindChannelOffer on its way.`;

const C_READER = `\`\`\`c
char line[65536], name[64], hex[65536];
while (fgets(line, sizeof line, file)) {
  if (sscanf(line, "case %63s", name) == 1) begin_case(name);
  else if (sscanf(line, "hex %65535s", hex) == 1) take_bytes(hex);
  else if (strcmp(line, "fault null\\n") == 0) expect_no_fault();
  else if (strcmp(line, "end\\n") == 0) check_case();
}
\`\`\``;

const RUST_READER = `\`\`\`rust
for line in text.lines() {
    let (key, value) = line.split_once(' ').unwrap_or((line, ""));
    match key {
        "case" => case = HashMap::new(),
        "end" => check(&case),
        _ => { case.insert(key, value); }
    }
}
\`\`\``;

const GO_READER = `\`\`\`go
var file struct {
	Cases []struct {
		Name, Hex string
		Fault     *struct{ By, Name string }
	}
}
if err := json.Unmarshal(text, &file); err != nil { log.Fatal(err) }
\`\`\``;

/** The text of the file. */
export function readmeOf(): string {
  return `# VMBus vectors

Test vectors for programs that speak VMBus, Hyper-V's bus between a host and its guests: bytes, and what must be made of them. They
are written by @vmbus/kmcl ${PACKAGE_VERSION}, whose licence is MIT; the same release writes the same bytes, and \`manifest.json\` has the SHA-256 of
each file. What the bytes mean is in [wire.md](${DOCUMENT}), whose sections the cases name.

${table()}

Each is there twice with the same cases: as JSON, with a JSON Schema in \`*.schema.json\`, whose descriptions say what each member
is; and as lines of text for who has no reader of JSON. Names of cases do not change, so that a list of those which you
expect to fail holds.

## Numbers

- Numbers of 64 bits are texts of decimal digits in JSON, always: many readers of JSON round what is above 2^53. Shorter ones are numbers.
- Bytes are in base 16, two digits a byte, in the order in which they lie in memory. All integers in them are little-endian.
- GUIDs are written as usual; in bytes their first three parts are little-endian.

## Lines of text

A line is a key, a space, and a value. A case begins with \`case\` and its name and ends with \`end\`. \`null\` stands for nothing, \`-\` for
a text of no letters or a list of nothing. A list of numbers or words is one line, with spaces between; of anything else, \`key\` has how many
there are, and \`key.0\`, \`key.1\` and so on what they are: \`reader.packets 2\`, then \`reader.packets.0.hex 0600…\`.

In C:

${C_READER}

In Rust, without a library:

${RUST_READER}

In Go, from JSON:

${GO_READER}

Whole programs of a few dozen lines, with a reader of their own of rings (C), of packets (Rust) and of messages (Go), are in \`examples/vectors/\` of the package.

## What a case asks of you

${USES}

## Faults

The names of faults are those of the package. Implementations name them in other ways, and some take what others refuse; section 9 of
wire.md has the differences that are known. If yours has other names, compare whether it refuses. One that is hostile to nobody may leave
out all cases whose names begin with \`hostile-\`: they are what a peer says that wants to do harm.

## To check the files

\`deno task vectors FOLDER\` in a clone of the package checks digests, shapes and cases, by the package's own readers and writers.
`;
}
