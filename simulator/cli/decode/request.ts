/**
 * What `decode` is asked for.
 *
 * @module
 */

import { type Command, Option } from "commander";
import { BYTES_KINDS, type BytesKind, type DecodeForm } from "../../decoding/decode_bytes.ts";
import { DEVICE_NAMES, interfaceTypeOf, payloadsOf } from "../../decoding/devices.ts";
import type { PacketDevice } from "../../decoding/packet.ts";
import { PayloadReader } from "../../decoding/payloads.ts";
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
import { reportPathsOf } from "../pages/report_files.ts";

/** What is read from stdin. */
export const STDIN = "-";

/** What an input may be beside bytes. */
const TRACE_KINDS = ["trace", "linuxTrace", "capture"] as const;

/** One of those. */
export type TraceKind = typeof TRACE_KINDS[number];

/** What `decode` is asked for. */
export interface DecodeRequest {
  /** The file; `-` stands for stdin. */
  readonly file: string;
  /** What it is, where it is no bytes and somebody says so. */
  readonly kind: TraceKind | null;
  /** How its bytes are to be read. */
  readonly form: DecodeForm;
  /** Whether the file's bytes are what is decoded, even where they are text. */
  readonly isRaw: boolean;
  /** Whether each line of digits stands for itself. */
  readonly hasLines: boolean;
  /** Whether it is measured by the rules of wire.md. */
  readonly isChecked: boolean;
  /** Where a page of it goes; null: nowhere. */
  readonly report: string | null;
  /** Whether the report is for programs. */
  readonly isJson: boolean;
}

/** More pages than any channel has. */
const PAGES_MAX = 2 ** 20;

function helpAfter(name: string): string {
  const paragraphs = [
    "FILE holds digits of base 16 (pasted, or a dump as xxd, hexdump -C or Wireshark prints it), or the bytes themselves, " +
    "or a trace as JSON (JSON.stringify(fabric.trace), or an entry a line), or a trace of Linux, or a capture (simulate " +
    "--capture). - reads stdin.",
    "Bytes are taken for what they look like: a control message (docs/wire.md, 4), a packet (2), a ring, its control " +
    "page first (1), or both rings of a channel. --as says what they are. Each field has its offset, its size, its " +
    "name and its value; what is damaged is shown as far as it goes, with the place and the reason.",
    "What a device of this package says in its packets is shown by name: a capture knows of which device they are, of bytes " +
    "--device says it. What a completion says may depend on its request: give both, with --lines, or both rings.",
    "A trace of Linux is the text of its trace events hyperv:vmbus_*, as trace-cmd report, perf script, and trace and " +
    "trace_pipe of tracefs print them: turn them on before the driver of a device is loaded, " +
    "trace-cmd record -e 'hyperv:vmbus_*', and send what trace-cmd report prints. Each event is told as the message " +
    "that it is about, with the fields that it tells; other events and lines are counted. A trace of any length is " +
    "read as it comes.",
    "--check measures what is said by the rules of docs/wire.md: each piece that breaks one is printed behind its place, " +
    "the rule's section and the value that is wrong. What was said before the trace begins, or was lost, is not known, and " +
    "nothing is held against anybody for it: that is said at the end.",
    `Exit code: ${EXIT_OK} decoded, ${EXIT_FAILED} damaged, or a rule is broken, ${EXIT_USAGE} a file or argument cannot ` +
    "be used. With --json an object is printed in each of these cases.",
  ];
  return `
${paragraphs.map((text) => folded(text, helpColumns(), "")).join("\n\n")}

Examples:
  ${name} ring.bin --as ring --codec msgpack
  ${name} packets.txt --lines --as packet --device storage
  echo 0d000000 00000000 07000000 | ${name} -
  ${name} trace.json --json
  trace-cmd report | ${name} - --check
  ${name} run.pcapng --check
  ${name} trace.txt --check --report trace.html`;
}

function createDecode(name: string): Command {
  return createCommand(name)
    .description(
      "Shows bytes of VMBus field by field, and traces, also those of Linux; says which rules they break.",
    )
    .argument("<file>", "what to decode; - reads stdin")
    .addOption(
      new Option("--as <KIND>", "what it is").choices([...BYTES_KINDS, ...TRACE_KINDS]),
    )
    .addOption(
      new Option("--codec <CODEC>", "how the fabric of the packets writes them")
        .choices(["msgpack", "vmbus"]).default("vmbus"),
    )
    .option("--pipe", "the packets are those of a pipe")
    .addOption(
      new Option("--device <NAME>", "the device whose packets bytes are").choices(DEVICE_NAMES),
    )
    .addOption(
      new Option(
        "--downstream <PAGE>",
        "page at which the host's ring begins (default: the middle)",
      )
        .argParser(parseWhole(1, PAGES_MAX)),
    )
    .option("--lines", "each line of digits stands for itself; for --as gpadl it is a message")
    .option("--raw", "decode the file's own bytes, even where they are text")
    .option("--check", "say where it breaks a rule of docs/wire.md, and nothing else")
    .option("--report <FILE>", "write a page of it, which any browser opens: diagram and entries")
    .option("--json", "print one JSON object instead of lines")
    .allowExcessArguments(false)
    .addHelpText("after", () => helpAfter(name));
}

/** Whether `args` ask for a report for programs, also where nothing can be decoded with them. */
export function isDecodeForPrograms(args: readonly string[]): boolean {
  return asksForJson(createDecode("decode"), args);
}

/** A device by its name, of which no packet was read. */
function deviceOf(name: string): PacketDevice {
  const reader = new PayloadReader(payloadsOf(name));
  return { reader, interfaceType: interfaceTypeOf(name), direction: null, channel: "" };
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
    as?: BytesKind | TraceKind;
    codec: "msgpack" | "vmbus";
    pipe?: true;
    device?: string;
    downstream?: number;
    lines?: true;
    raw?: true;
    check?: true;
    report?: string;
    json?: true;
  }>();
  const { as } = options;
  const traceKind = TRACE_KINDS.find((kind) => kind === as) ?? null;
  const bytesKind = BYTES_KINDS.find((kind) => kind === as);
  return {
    file: parsed.args[0]!,
    kind: traceKind,
    form: {
      codec: options.codec,
      isPipe: options.pipe === true,
      ...options.device !== undefined && { device: deviceOf(options.device) },
      ...bytesKind !== undefined && { kind: bytesKind },
      ...options.downstream !== undefined && { downstreamPageOffset: options.downstream },
    },
    isRaw: options.raw === true,
    hasLines: options.lines === true,
    isChecked: options.check === true,
    report: reportPathsOf(options).report,
    isJson: options.json === true,
  };
}
