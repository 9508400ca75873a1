/**
 * A look through msgpack of unknown origin before a library decodes it: where the value ends, and
 * whether it holds nothing but plain data (see `msgpack_scan.ts`, which does the same for packets).
 *
 * @module
 */

/** What a token stands for: a number of bytes that follow, or a length and then what it counts. */
type Token =
  | { readonly kind: "operand"; readonly bytes: number }
  | { readonly kind: "run"; readonly lengthBytes: number }
  | { readonly kind: "members"; readonly lengthBytes: number; readonly each: 1 | 2 };

const operand = (bytes: number): Token => ({ kind: "operand", bytes });
const run = (lengthBytes: number): Token => ({ kind: "run", lengthBytes });
const members = (lengthBytes: number, each: 1 | 2): Token => (
  { kind: "members", lengthBytes, each }
);

/** The tokens of plain data from 0xc0 to 0xdf; those that are left out stand for extensions. */
const TOKENS: ReadonlyMap<number, Token> = new Map([
  [0xc0, operand(0)], // nil
  [0xc2, operand(0)], // false
  [0xc3, operand(0)], // true
  [0xc4, run(1)], // bin
  [0xc5, run(2)],
  [0xc6, run(4)],
  [0xcb, operand(8)], // float 64
  [0xcc, operand(1)], // uint
  [0xcd, operand(2)],
  [0xce, operand(4)],
  [0xcf, operand(8)],
  [0xd0, operand(1)], // int
  [0xd1, operand(2)],
  [0xd2, operand(4)],
  [0xd3, operand(8)],
  [0xd9, run(1)], // str
  [0xda, run(2)],
  [0xdb, run(4)],
  [0xdc, members(2, 1)], // array
  [0xdd, members(4, 1)],
  [0xde, members(2, 2)], // map
  [0xdf, members(4, 2)],
]);

/**
 * Index after the value that begins at `start`, or null where it does not end by `end`, nests arrays
 * and maps more than `depth` deep, or is no plain data. The work is bounded by `end - start`.
 */
export function scanPlainData(
  bytes: Uint8Array,
  start: number,
  end: number,
  depth: number,
): number | null {
  if (start >= end) return null;
  const first = bytes[start]!;
  const at = start + 1;
  if (first < 0x80 || first >= 0xe0) return at; // small whole numbers
  if (first < 0x90) return scanMembers(bytes, at, end, depth, first - 0x80, 2);
  if (first < 0xa0) return scanMembers(bytes, at, end, depth, first - 0x90, 1);
  if (first < 0xc0) return endOfRun(at, end, first - 0xa0);
  const token = TOKENS.get(first);
  if (token === undefined) return null;
  if (token.kind === "operand") return endOfRun(at, end, token.bytes);
  const { lengthBytes } = token;
  if (lengthBytes > end - at) return null;
  const length = readLength(bytes, at, lengthBytes);
  return token.kind === "run"
    ? endOfRun(at + lengthBytes, end, length)
    : scanMembers(bytes, at + lengthBytes, end, depth, length, token.each);
}

function endOfRun(start: number, end: number, byteCount: number): number | null {
  return byteCount > end - start ? null : start + byteCount;
}

/**
 * Index after `count` values, or pairs of a text and a value. None is shorter than a byte, so that too
 * many of them end at once.
 */
function scanMembers(
  bytes: Uint8Array,
  start: number,
  end: number,
  depth: number,
  count: number,
  each: 1 | 2,
): number | null {
  if (depth === 0 || count * each > end - start) return null;
  let at = start;
  for (let member = 0; member < count * each; member++) {
    const isKey = each === 2 && member % 2 === 0;
    if (isKey && !isText(bytes[at])) return null; // the library throws where it can make no key of it
    const memberEnd = scanPlainData(bytes, at, end, depth - 1);
    if (memberEnd === null) return null;
    at = memberEnd;
  }
  return at;
}

function isText(first: number | undefined): boolean {
  return first !== undefined &&
    ((first >= 0xa0 && first < 0xc0) || (first >= 0xd9 && first <= 0xdb));
}

/** The big-endian number in `byteCount` bytes, at most 4. */
function readLength(bytes: Uint8Array, start: number, byteCount: number): number {
  let value = 0;
  for (let at = start; at < start + byteCount; at++) value = value * 0x100 + bytes[at]!;
  return value;
}
