/**
 * What `decode` is asked for.
 *
 * @module
 */

import { type Command, Option } from "commander";
import { BYTES_KINDS, type DecodeForm } from "../../decoding/decode_bytes.ts";
import { folded } from "../../layout.ts";
import {
  asksForJson,
  createCommand,
  EXIT_FAILED,
  EXIT_OK,
  EXIT_USAGE,
  helpColumns,
} from "../command.ts";
import { parseWhole } from "../option_values.ts";

/** What is read from stdin. */
export const STDIN = "-";

/** What `decode` is asked for. */
export interface DecodeRequest {
  /** The file; `-` stands for stdin. */
  readonly file: string;
  /** How its bytes are to be read. */
  readonly form: DecodeForm;
  /** Whether the file's bytes are what is decoded, even where they are text. */
  readonly isRaw: boolean;
  /** Whether each line of digits stands for itself. */
  readonly hasLines: boolean;
  /** Whether the report is for programs. */
  readonly isJson: boolean;
}

/** More pages than any channel has. */
const PAGES_MAX = 2 ** 20;

function helpAfter(name: string): string {
  const paragraphs = [
    "FILE holds digits of base 16 (pasted, or a dump as xxd, hexdump -C or Wireshark prints it), or the bytes themselves, " +
    "or a trace as JSON (JSON.stringify(fabric.trace), or an entry a line). - reads stdin.",
    "Bytes are taken for what they look like: a control message (docs/wire.md, 4), a packet (2), a ring, its control " +
    "page first (1), or both rings of a channel. --as says what they are. Each field has its offset, its size, its " +
    "name and its value; what is damaged is shown as far as it goes, with the place and the reason.",
    `Exit code: ${EXIT_OK} decoded, ${EXIT_FAILED} damaged, ${EXIT_USAGE} a file or argument cannot be used. With ` +
    "--json an object is printed in each of these cases.",
  ];
  return `
${paragraphs.map((text) => folded(text, helpColumns(), "")).join("\n\n")}

Examples:
  ${name} ring.bin --as ring --codec msgpack
  echo 0d000000 00000000 07000000 | ${name} -
  ${name} trace.json --json`;
}

function createDecode(name: string): Command {
  return createCommand(name)
    .description("Shows bytes of VMBus field by field, and saved traces.")
    .argument("<file>", "what to decode; - reads stdin")
    .addOption(new Option("--as <KIND>", "what the bytes are").choices([...BYTES_KINDS]))
    .addOption(
      new Option("--codec <CODEC>", "how the fabric of the packets writes them")
        .choices(["msgpack", "vmbus"]).default("vmbus"),
    )
    .option("--pipe", "the packets are those of a pipe")
    .addOption(
      new Option(
        "--downstream <PAGE>",
        "page at which the host's ring begins (default: the middle)",
      )
        .argParser(parseWhole(1, PAGES_MAX)),
    )
    .option("--lines", "each line of digits stands for itself; for --as gpadl it is a message")
    .option("--raw", "decode the file's own bytes, even where they are text")
    .option("--json", "print one JSON object instead of lines")
    .allowExcessArguments(false)
    .addHelpText("after", () => helpAfter(name));
}

/** Whether `args` ask for a report for programs, also where nothing can be decoded with them. */
export function isDecodeForPrograms(args: readonly string[]): boolean {
  return asksForJson(createDecode("decode"), args);
}

/**
 * What `args` ask for.
 *
 * @param name What starts the command.
 * @throws {CommanderError} They cannot be understood, or they ask for help; both have been answered.
 */
export function readDecode(args: readonly string[], name: string): DecodeRequest {
  const parsed = createDecode(name).parse(args, { from: "user" });
  const options = parsed.opts<{
    as?: typeof BYTES_KINDS[number];
    codec: "msgpack" | "vmbus";
    pipe?: true;
    downstream?: number;
    lines?: true;
    raw?: true;
    json?: true;
  }>();
  return {
    file: parsed.args[0]!,
    form: {
      codec: options.codec,
      isPipe: options.pipe === true,
      ...options.as !== undefined && { kind: options.as },
      ...options.downstream !== undefined && { downstreamPageOffset: options.downstream },
    },
    isRaw: options.raw === true,
    hasLines: options.lines === true,
    isJson: options.json === true,
  };
}
