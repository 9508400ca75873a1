/**
 * Bytes that stand in a text: as digits of base 16, as people paste them and as dumps print them.
 *
 * @module
 */

/** A text holds no bytes. */
export class HexTextError extends Error {
  /** In which line, from 1. */
  readonly line: number;
  /** At which of its characters, from 1. */
  readonly column: number;

  /** An error at `line` and `column`. */
  constructor(message: string, line: number, column: number) {
    super(message);
    this.line = line;
    this.column = column;
  }
}

/** A dump may stand for any number of equal lines: it must not make a text into more than this. */
export const BYTES_MAX: number = 2 ** 28;

/** What may stand between digits: space, and what programs write around bytes. */
const BETWEEN = /[\s,;:{}[\]()_-]/;

/**
 * The bytes that `text` holds: digits of base 16, with or without spaces, commas and `0x`, or a dump with offsets as
 * `xxd`, `hexdump -C` and Wireshark print it. What comes after `#` or `//` in a line of digits is a comment.
 *
 * @throws {HexTextError} There is something else, or half a byte.
 */
export function bytesOfHex(text: string): Uint8Array {
  const lines = text.split(/\r?\n/);
  const dump = lines.map(dumpLine);
  const isDump = dump.includes("repeat") || dump.some((line) => isRow(line));
  return isDump && !dump.includes(null) ? bytesOfDump(dump) : bytesOfDigits(lines);
}

/** Bytes behind their offset; without bytes it says where a dump ends. */
interface Row {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

type DumpLine = Row | "empty" | "repeat";

function isRow(line: DumpLine | null): line is Row {
  return typeof line === "object" && line !== null && line.bytes.length > 0;
}

/** `line` as a line of a dump; null: it is something else. */
function dumpLine(line: string): DumpLine | null {
  const trimmed = line.trim();
  if (trimmed === "") return "empty";
  if (trimmed === "*") return "repeat";
  const [whole, offsetText, sign] = /^(?:0x)?([0-9a-f]{4,16})(:\s|:?$|\s{2,})/i.exec(trimmed) ?? [];
  if (whole === undefined || offsetText === undefined) return null;
  // What the bytes are as text comes last: each program sets it off in its own way.
  const rest = trimmed.slice(whole.length).trimStart();
  const [digits = ""] = rest.split(
    rest.includes("|") ? "|" : sign?.[0] === ":" ? /\s{2,}/ : /\s{3,}/,
  );
  if (!/^(?:[0-9a-f]{2}|\s)*$/i.test(digits)) return null;
  const bytes = (digits.match(/[0-9a-f]{2}/gi) ?? []).map((byte) => Number.parseInt(byte, 16));
  return { offset: Number.parseInt(offsetText, 16), bytes: Uint8Array.from(bytes) };
}

function bytesOfDump(lines: readonly (DumpLine | null)[]): Uint8Array {
  const parts: Uint8Array[] = [];
  let length = 0;
  let first: number | null = null;
  let isRepeated = false;
  const add = (bytes: Uint8Array) => length += parts[parts.push(bytes) - 1]!.length;
  for (const [at, line] of lines.entries()) {
    if (line === "repeat") isRepeated = true;
    if (line === null || typeof line === "string") continue;
    first ??= line.offset;
    const place = line.offset - first;
    const row = parts.at(-1);
    if (place > BYTES_MAX) throw new HexTextError(`more than ${BYTES_MAX} bytes`, at + 1, 1);
    while (isRepeated && row !== undefined && length + row.length <= place) add(row);
    isRepeated = false;
    if (place !== length) {
      const next = `0x${(first + length).toString(16)} comes next`;
      const reason = `offset 0x${line.offset.toString(16)} is out of order: ${next}`;
      throw new HexTextError(reason, at + 1, 1);
    }
    if (line.bytes.length > 0) add(line.bytes);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function bytesOfDigits(lines: readonly string[]): Uint8Array {
  const bytes: number[] = [];
  for (const [at, line] of lines.entries()) {
    const text = line.replace(/(?:#|\/\/).*$/, "");
    // The same length: columns stay what they are.
    const digits = text.replaceAll(/(?<![0-9a-f])0x/gi, "  ");
    for (const { 0: word, index } of digits.matchAll(/[0-9a-f]+|[^0-9a-f]/gi)) {
      if (!/^[0-9a-f]/i.test(word)) {
        if (BETWEEN.test(word)) continue;
        const reason = `${JSON.stringify(word)} is no digit of base 16`;
        throw new HexTextError(reason, at + 1, index + 1);
      }
      if (word.length % 2 !== 0) {
        const reason = `a byte has two digits, ${word.slice(-12)} ends in half a one`;
        throw new HexTextError(reason, at + 1, index + word.length);
      }
      for (let place = 0; place < word.length; place += 2) {
        bytes.push(Number.parseInt(word.slice(place, place + 2), 16));
      }
    }
  }
  return Uint8Array.from(bytes);
}
