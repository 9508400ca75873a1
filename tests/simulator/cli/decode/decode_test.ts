import { assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { main } from "../../../../simulator/cli/decode/main.ts";
import { capture } from "../../../../simulator/capture/capture.ts";
import type { ProcessEnd } from "../../../support/deno_process.ts";
import { createFabric } from "../../../support/fabric.ts";
import { Capture } from "../../../support/simulate.ts";
import { withTree } from "../../../support/temp_tree.ts";

/** Runs the command in this process, on a file that holds `content`. */
function decode(content: string | Uint8Array, ...args: string[]): Promise<ProcessEnd> {
  return withTree({ "input": content }, async (root) => {
    using stdout = new Capture(Deno.stdout);
    using stderr = new Capture(Deno.stderr);
    const code = await main([`${root}/input`, ...args]);
    return { code, stdout: stdout.text, stderr: stderr.text.replaceAll(root, "") };
  });
}

Deno.test("decode: shows bytes of any form field by field", async () => {
  const expected = "control message, 8 bytes\n" +
    "  0x0000 4  message             3 (requestOffers)\n" +
    "  0x0004 4  padding             4 bytes of 0\n";
  const raw = new Uint8Array([3, 0, 0, 0, 0, 0, 0, 0]);
  for (const content of ["03000000 00000000\n", raw]) {
    assertEquals(await decode(content), { code: 0, stdout: expected, stderr: "" });
  }
  const lines = await decode("03000000 00000000\n0300000000000000\n", "--lines");
  assertEquals(lines.stdout, `${expected}\n${expected}`);
});

Deno.test("decode: damaged bytes are shown as far as they go, and end with 1", async () => {
  const { code, stdout } = await decode("05000000 00000000 01000000");
  assertEquals(code, 1);
  assertStringIncludes(stdout, "0x0008 4  channelId");
  assertStringIncludes(stdout, "damaged at 0x000c: openId");
  // A group of fields has a name, and says it once.
  const packet = await decode("0600020003000100 0500", "--as", "packet");
  assertStringIncludes(packet.stdout, "packet: cut off in its descriptor\n");
  assertStringIncludes(packet.stdout, "  descriptor\n");
  // A monitor page begins as anything may.
  const page = new Uint8Array(4096).fill(1, 0, 1);
  const hint = "taken for a message by its looks: --as says what it is, if that is wrong\n";
  assertStringIncludes((await decode(page)).stdout, hint);
  assertEquals((await decode(page, "--as", "message")).stdout.includes("--as"), false);
  assertEquals((await decode(page, "--as", "monitorPage")).code, 0);
  const { code: jsonCode, stdout: json } = await decode("0500", "--as", "message", "--json");
  const { ok, error, items, entries } = JSON.parse(json);
  assertEquals([jsonCode, ok, items.length, entries], [1, false, 1, null]);
  assertEquals(error, `damaged at 0: ${items[0].damage.reason}`);
});

const VERSION_REQUEST = "0600 0200 0a00 0100 0500000000000000 09000000 01000000 00000000 0206 " +
  "00".repeat(50);
const VERSION_COMPLETION = "0b00 0200 0a00 0000 0500000000000000 01000000 00000000 00000000 0206 " +
  "00".repeat(50);

Deno.test("decode --device: packets say what their device does, and answers what was asked for", async () => {
  const both = `${VERSION_REQUEST}\n${VERSION_COMPLETION}`;
  const args = ["--lines", "--as", "packet", "--device", "storage"];
  const { code, stdout } = await decode(both, ...args);
  assertEquals(code, 0);
  assertStringIncludes(stdout, "requested, storage request: queryProtocolVersion\n");
  assertStringIncludes(stdout, "0x001c  2    version           0x602 (win10)\n");
  assertStringIncludes(stdout, "packet: completion, transaction 5, storage version\n");
  const json = JSON.parse((await decode(both, ...args, "--json")).stdout);
  assertStringIncludes(json.items[1].parts[0].title, "storage version");
  // Nobody guesses a device, nor what was asked for.
  assertFalse((await decode(both, "--lines", "--as", "packet")).stdout.includes("storage"));
  assertFalse((await decode(VERSION_COMPLETION, ...args)).stdout.includes("storage"));
  const wrong = await decode(both, "--device", "floppy");
  assertEquals([wrong.code, wrong.stdout], [2, ""]);
  assertStringIncludes(wrong.stderr, "Allowed choices are echo, disk, storage");
});

Deno.test("decode: a saved trace is told entry by entry, as far as there are any", async () => {
  const entry = { at100ns: 0, event: "handleClosed", subject: "guest", values: [], details: {} };
  const text = JSON.stringify([entry, entry]);
  assertEquals((await decode(text)).stdout, "    0.0000  guest: handle closed\n".repeat(2));
  const cut = await decode(text.slice(0, -10));
  assertEquals(cut.code, 1);
  assertStringIncludes(cut.stdout, "guest: handle closed\ndamaged at entry 1:");
  const { stdout } = await decode(text, "--json");
  assertEquals(JSON.parse(stdout).entries, [{ ...entry, message: null }, {
    ...entry,
    message: null,
  }]);
});

Deno.test("decode: what it cannot read it says with line and column, and ends with 2", async () => {
  const cases: readonly (readonly [string | Uint8Array, string, ...string[]])[] = [
    ["", "Cannot decode /input: it is empty; "],
    ["# nothing\n", "Cannot decode /input: there are no bytes in it; "],
    ["03 00\nzz", '/input:2:1: Cannot read it as bytes: "z" is no digit of base 16; '],
    ["00", "error: option '--as <KIND>' argument 'x' is invalid", "--as", "x"],
    ["00", "--downstream", "--downstream", "0"],
    [Uint8Array.of(0x0a, 0xff), "Cannot decode /input: it is no text; ", "--as", "trace"],
    // What other programs have recorded is not taken for bytes of VMBus.
    [
      Uint8Array.of(0xd4, 0xc3, 0xb2, 0xa1, 2),
      "it is a capture in the older form pcap; editcap -F ",
    ],
    [Uint8Array.of(0xa1, 0xb2, 0x3c, 0x4d, 0), "it is a capture in the older form pcap; "],
    [Uint8Array.of(0x1f, 0x8b, 8, 0), "it is compressed; give what gunzip makes of it"],
    [Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 4), "it is compressed; give what unzstd makes of it"],
    ["BZh91AY", "it is compressed; give what bunzip2 makes of it"],
    [Uint8Array.of(0xff, 0xfe, 0x30, 0), "it is text in UTF-16; give it in UTF-8, or add --raw"],
    ["\x17\bDtracing6", "it is a file of trace-cmd; give what trace-cmd report prints of it"],
    ["PERFILE2h", "it is a file of perf; give what perf script prints of it, or add --raw"],
  ];
  for (const [content, message, ...args] of cases) {
    const { code, stdout, stderr } = await decode(content, ...args);
    assertEquals([code, stdout], [2, ""]);
    assertStringIncludes(stderr, message.replace("error: ", ""));
  }
  assertEquals((await decode("hello", "--raw")).code, 1);
  const { code, stdout } = await decode("zz", "--json");
  assertEquals([code, JSON.parse(stdout).ok, JSON.parse(stdout).items], [2, false, null]);
});

const LINUX = "          <idle>-0     [000]    1.500000: vmbus_ongpadl_torndown: gpadl 0x1\n";

Deno.test("decode: a trace of Linux is told event by event, and what is left out is counted", async () => {
  const { code, stdout } = await decode(`cpus=1\n${LINUX}`);
  assertEquals(code, 0);
  const expected = " 1500.0000  guest: the guest takes gpadlTorndown(GPADL 1)  " +
    "(vmbus_ongpadl_torndown, <idle>-0 [0])\n" +
    "            0x0000 4  message             12 (gpadlTorndown)\n" +
    "            0x0008 4  gpadlId             1\n" +
    "1 event of the bus; left out: 1 other line\n";
  assertEquals(stdout, expected);
  // A task's name is any bytes: here the first ones of a longer name, which end in the middle of a letter.
  const bytes = new TextEncoder().encode(`${LINUX.replace("  <idle>", "caf#")}${LINUX}`);
  const half = await decode(bytes.map((byte) => byte === 0x23 ? 0xc3 : byte), "--json");
  assertEquals([half.code, JSON.parse(half.stdout).entries.length], [0, 2]);
  const damaged = await decode(`${LINUX}${LINUX.replace("0x1", "one")}`, "--json");
  const { entries, trace, error, ok } = JSON.parse(damaged.stdout);
  assertEquals([damaged.code, ok, entries.length, entries[0].line], [1, false, 1, 1]);
  assertEquals(trace, { events: 1, otherEvents: {}, otherLines: 0 });
  assertStringIncludes(error, "/input:2:73: vmbus_ongpadl_torndown: gpadlId, a number of base 16,");
  // Whoever knows better says what it is.
  const text = await decode("sched_switch\n", "--as", "linuxTrace");
  assertEquals(text, {
    code: 0,
    stdout: "0 events of the bus; left out: 1 other line\n",
    stderr: "",
  });
  assertEquals((await decode(LINUX, "--as", "message")).code, 2);
});

Deno.test("decode --check: says what breaks a rule and where, and ends with 1", async () => {
  const twice = await decode(LINUX.replace("torndown: ", "created: child_relid 0x1, ").repeat(2));
  assertEquals(twice.code, 1);
  const close = LINUX.replace(
    "ongpadl_torndown: gpadl 0x1",
    "close_internal: sending child_relid 0x3, ret 0",
  );
  const { code, stdout } = await decode(close.repeat(2), "--check");
  assertEquals(code, 1);
  const found =
    "/input:2: breaks wire.md 5.2: what a channel's state allows: closeChannel of channel 3, which is ";
  assertStringIncludes(stdout, found);
  assertStringIncludes(stdout, "not known: how the connection of guest began was not seen");
  assertStringIncludes(stdout, "broken: 1 rule\n");
  const good = await decode(close, "--check");
  assertEquals(good.code, 0);
  assertStringIncludes(good.stdout, "ok: no rule of wire.md is broken by what is there\n");
  const json = await decode(close.repeat(2), "--check", "--json");
  const { findings, broken, ok, unknown } = JSON.parse(json.stdout);
  assertEquals([json.code, findings[0].rule, broken, ok], [
    1,
    "wire.md 5.2: what a channel's state allows",
    1,
    false,
  ]);
  assertEquals([findings[0].place.endsWith("input:2"), unknown.length], [true, 2]);
});

// wire.md 1.2, 1.4, 1.9: what no reader takes, and what no writer writes.
Deno.test("decode --check: measures bytes as well, message after message", async () => {
  const messages = "0700000000000000 01000000\n\n0700000000000000 01000000\n";
  const twice = await decode(messages, "--lines", "--check");
  assertStringIncludes(twice.stdout, "/input:3, offset 0x0000: breaks wire.md 5.2: ");
  const short = await decode("0700000000000000", "--check");
  assertStringIncludes(
    short.stdout,
    "offset 0x0000: breaks wire.md 4.1: what is said is a message",
  );
  const packet = await decode("0600020003000200 0500000000000000 0000000000000000", "--check");
  assertStringIncludes(
    packet.stdout,
    "offset 0x0006: breaks wire.md 1.9: what a reader refuses: flags",
  );
  const ring = new Uint8Array(8192);
  const words = new Uint32Array(ring.buffer);
  words[16] = 2; // featureBits
  words[0] = 24; // writeIndex: one packet without payload, whose trailer names another place
  words.set([0x0002_0006, 0x0000_0002, 5, 0, 0, 8], 1024);
  const found = await decode(ring, "--check");
  assertStringIncludes(
    found.stdout,
    "offset 0x0040: breaks wire.md 1.2: the control page: featureBits",
  );
  assertStringIncludes(found.stdout, "breaks wire.md 1.4: the trailer: the trailer names 8 bytes");
  words[1] = 12;
  const index = await decode(ring, "--check", "--as", "ring");
  assertStringIncludes(index.stdout, "offset 0x0004: breaks wire.md 1.3: indices: readIndex: 12");
});

Deno.test("decode --report: draws what was decoded, what breaks a rule first", async () => {
  await withTree({ "input": LINUX.repeat(2), "ring": new Uint8Array(8192) }, async (root) => {
    const pageOfInput = async (input: string, ...args: string[]) => {
      using _stdout = new Capture(Deno.stdout);
      using stderr = new Capture(Deno.stderr);
      await main([`${root}/${input}`, "--report", `${root}/page.html`, ...args]);
      assertStringIncludes(stderr.text, "page: ");
      return await Deno.readTextFile(`${root}/page.html`);
    };
    const good = await pageOfInput("input", "--check");
    assertStringIncludes(good, "no rule of wire.md is broken by what is there");
    assertStringIncludes(good, "all is well");
    for (const input of ["input", "ring"]) {
      const unchecked = await pageOfInput(input);
      assertStringIncludes(unchecked, "decoded and not checked");
      assertFalse(unchecked.includes("all is well"));
    }
    const close = LINUX.replace("ongpadl_torndown: gpadl", "close_internal: sending child_relid");
    await Deno.writeTextFile(`${root}/input`, close.replace("\n", ", ret 0\n").repeat(2));
    const broken = await pageOfInput("input", "--check");
    assertStringIncludes(broken, "<h1>wire.md 5.2: what a channel&#39;s state allows</h1>");
    assertStringIncludes(broken, "wire.md, section 5.2");
    using _stdout = new Capture(Deno.stdout);
    using stderr = new Capture(Deno.stderr);
    assertEquals(await main([`${root}/input`, "--report", `${root}/input`]), 2);
    assertStringIncludes(stderr.text, "the input has that file");
  });
});

Deno.test("decode: knows a capture by its first bytes, and reads it record by record", async () => {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  const fabric = createFabric();
  const captured = capture(fabric, (bytes) => pieces.push(bytes));
  fabric.createPartition({ name: "guest" });
  await fabric.settle();
  captured.note("guest", "words");
  captured.end();
  const bytes = new Uint8Array(await new Blob(pieces).arrayBuffer());
  const { code, stdout } = await decode(bytes, "--check");
  assertEquals([code, stdout], [0, "ok: no rule of wire.md is broken by what is there\n"]);
  assertStringIncludes((await decode(bytes)).stdout, "guest: words");
  const { entries, ok } = JSON.parse((await decode(bytes, "--json", "--as", "capture")).stdout);
  assertEquals([ok, entries.at(-1).header.kind, entries.at(-1).comments], [true, "note", [
    "words",
  ]]);
  const cut = await decode(bytes.subarray(0, -3));
  assertEquals(cut.code, 1);
  assertStringIncludes(cut.stdout, "damaged at ");
});
