/**
 * What `decode` reads: bytes, digits that stand for bytes, a saved trace, a trace of Linux, or a capture.
 *
 * @module
 */

import { BYTES_MAX, bytesOfHex, HexTextError } from "../../decoding/hex_text.ts";
import { readCapture } from "../../capture/read_capture.ts";
import { isLinuxTrace } from "../../decoding/linux_trace/trace_line.ts";
import { isSavedTrace, readSavedTrace } from "../../decoding/saved_trace.ts";
import { type PlacedBytes, stepsOfBytes } from "../../decoded_steps/bytes.ts";
import { stepsOfCapture } from "../../decoded_steps/capture.ts";
import { stepsOfLinuxTrace } from "../../decoded_steps/linux_trace.ts";
import { stepsOfSavedTrace } from "../../decoded_steps/saved_trace.ts";
import type { Decoding, StepSettings } from "../../decoded_steps/step.ts";
import { grouped } from "../../layout.ts";
import { cannot, UsageError } from "../command.ts";
import { type DecodeRequest, STDIN, type TraceKind } from "./request.ts";
import { linesOfSource, openSource, type Source, wholeOf } from "./source.ts";

const HINT = "name a file of bytes, of digits of base 16, of a trace, or a capture";

/** What an input is, where it is no bytes of a certain kind. */
type InputKind = "bytes" | TraceKind;

/** What a pcapng file begins with. */
const CAPTURE = [0x0a, 0x0d, 0x0d, 0x0a];

/** Files of other programs that are taken for what they were made from: how each begins, what it is, and what is right. */
const FOREIGN: readonly (readonly [begins: readonly number[], what: string, hint: string])[] = [
  ...[
    [0xd4, 0xc3, 0xb2, 0xa1],
    [0xa1, 0xb2, 0xc3, 0xd4],
    [0x4d, 0x3c, 0xb2, 0xa1],
    [0xa1, 0xb2, 0x3c, 0x4d],
  ].map((begins) =>
    [
      begins,
      "it is a capture in the older form pcap",
      "editcap -F pcapng makes pcapng of it",
    ] as const
  ),
  ...([
    [[0x1f, 0x8b, 0x08], "gunzip"],
    [[0x28, 0xb5, 0x2f, 0xfd], "unzstd"],
    [[0xfd, 0x37, 0x7a, 0x58, 0x5a], "unxz"],
    [[0x42, 0x5a, 0x68], "bunzip2"],
    [[0x50, 0x4b, 0x03, 0x04], "unzip"],
  ] as const).map(([begins, program]) =>
    [begins, "it is compressed", `give what ${program} makes of it`] as const
  ),
  // PowerShell's `>` writes this.
  ...[[0xff, 0xfe], [0xfe, 0xff]].map((begins) =>
    [begins, "it is text in UTF-16", "give it in UTF-8"] as const
  ),
  [
    [...new TextEncoder().encode("\x17\bDtracing")],
    "it is a file of trace-cmd",
    "give what trace-cmd report prints of it",
  ],
  [
    [...new TextEncoder().encode("PERFILE2")],
    "it is a file of perf",
    "give what perf script prints of it",
  ],
];

/** Whether `bytes` begin so. */
function beginsWith(bytes: Uint8Array, begins: readonly number[]): boolean {
  return begins.every((byte, at) => bytes[at] === byte);
}

/** `bytes` as text; null: they are no text. Where they are cut, the last letter may be half. */
function textOf(bytes: Uint8Array, isCut: boolean): string | null {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: isCut });
    // deno-lint-ignore no-control-regex -- bytes with these are no text that anybody wrote
    return /[\x00-\x08\x0e-\x1f\x7f]/.test(text) ? null : text;
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

/**
 * Whether `head` is a trace of Linux that is no clean text: a task's name is any 15 bytes, often the first ones of a longer
 * name, which end in the middle of a letter.
 */
function hasTraceOfBytes(head: Uint8Array): boolean {
  return !head.includes(0) && isLinuxTrace(new TextDecoder().decode(head));
}

/** What the first bytes of an input look like. */
function kindOf({ head }: Source): InputKind {
  if (beginsWith(head, CAPTURE)) return "capture";
  const text = textOf(head, true);
  if (text === null) return hasTraceOfBytes(head) ? "linuxTrace" : "bytes";
  if (isSavedTrace(text)) return "trace";
  return isLinuxTrace(text) ? "linuxTrace" : "bytes";
}

/** The bytes that stand in `text`, all together or each line's for themselves. */
function itemsOf(text: string, name: string, hasLines: boolean): PlacedBytes[] {
  const texts = hasLines ? text.split("\n") : [text];
  const items: PlacedBytes[] = [];
  for (const [at, each] of texts.entries()) {
    try {
      const bytes = bytesOfHex(each);
      const place = hasLines ? `${name}:${at + 1}` : null;
      if (bytes.length > 0) items.push({ place, bytes });
    } catch (error) {
      if (!(error instanceof HexTextError)) throw error;
      const place = `${name}:${at + error.line}:${error.column}`;
      const raw = "--raw decodes the text's own bytes";
      throw new UsageError(`${place}: Cannot read it as bytes: ${error.message}; ${raw}`);
    }
  }
  return items;
}

/**
 * Reads what is to be decoded.
 *
 * @throws {UsageError} It cannot be read, is empty, or is a text that holds neither bytes nor a trace.
 */
export async function readInput(
  request: DecodeRequest,
  stdin: ReadableStream<Uint8Array>,
): Promise<Decoding> {
  const { file, isRaw, hasLines, form, isChecked } = request;
  const name = file === STDIN ? "stdin" : file;
  const action = `decode ${name}`;
  const settings: StepSettings = { name, isChecked };
  const source = await openSource(file === STDIN ? null : file, stdin);
  if (source.head.length === 0) throw cannot(action, "it is empty", HINT);
  const isBytes = isRaw || form.kind !== undefined;
  const foreign = FOREIGN.find(([begins]) => beginsWith(source.head, begins));
  if (foreign !== undefined && request.kind === null && !isBytes) {
    throw cannot(action, foreign[1], `${foreign[2]}, or add --raw`);
  }
  const kind = request.kind ?? (isBytes ? "bytes" : kindOf(source));
  if (kind === "linuxTrace") return stepsOfLinuxTrace(linesOfSource(source), settings);
  const bytes = await wholeOf(source, BYTES_MAX);
  if (bytes === null) throw cannot(action, `it has more than ${grouped(BYTES_MAX)} bytes`, HINT);
  if (kind === "capture") return stepsOfCapture(readCapture(bytes), settings);
  const text = isRaw ? null : textOf(bytes, false);
  if (kind === "trace" && text === null) throw cannot(action, "it is no text", HINT);
  if (text !== null && (kind === "trace" || isSavedTrace(text))) {
    return stepsOfSavedTrace(readSavedTrace(text), settings);
  }
  if (text === null) return stepsOfBytes([{ place: null, bytes }], form, settings);
  const items = itemsOf(text, name, hasLines);
  if (items.length === 0) throw cannot(action, "there are no bytes in it", HINT);
  return stepsOfBytes(items, form, settings);
}
