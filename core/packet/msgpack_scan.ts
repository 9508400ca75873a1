/**
 * A look through msgpack that a peer wrote, before a library decodes it. Left alone, the library
 * would follow arrays to any depth, build whatever objects an extension asks for and compile code
 * for records, and it refuses a value that padding follows. So this finds where the value ends, and
 * lets through only what packets are made of.
 *
 * @module
 */

const FIXINT_MAX = 0x7f;
const FIXARRAY = 0x90;
const FIXARRAY_MAX = 0x9f;
const NIL = 0xc0;
const BIN_8 = 0xc4;
const BIN_16 = 0xc5;
const BIN_32 = 0xc6;
const FLOAT_64 = 0xcb;
const UINT_8 = 0xcc;
const UINT_16 = 0xcd;
const UINT_32 = 0xce;
const UINT_64 = 0xcf;
const ARRAY_16 = 0xdc;
const ARRAY_32 = 0xdd;

/**
 * Index after the msgpack value that begins at `start`, or null where it does not end by `end`,
 * nests arrays more than `depth` deep, or holds anything but unsigned numbers, floats 64, bins, arrays
 * and nil.
 *
 * The work is bounded by `end - start`, whatever lengths are declared.
 */
export function scanValue(
  bytes: Uint8Array,
  start: number,
  end: number,
  depth: number,
): number | null {
  if (start >= end) return null;
  const token = bytes[start]!;
  let at = start + 1;
  if (token <= FIXINT_MAX || token === NIL) return at;
  if (token >= FIXARRAY && token <= FIXARRAY_MAX) {
    return scanMembers(bytes, at, end, depth, token - FIXARRAY);
  }
  const operandBytes = operandBytesOf(token);
  if (operandBytes === 0 || operandBytes > end - at) return null;
  const operandStart = at;
  at += operandBytes;
  switch (token) {
    case BIN_8:
    case BIN_16:
    case BIN_32: {
      const binBytes = readUint(bytes, operandStart, operandBytes);
      return binBytes > end - at ? null : at + binBytes;
    }
    case ARRAY_16:
    case ARRAY_32:
      return scanMembers(bytes, at, end, depth, readUint(bytes, operandStart, operandBytes));
    default:
      return at;
  }
}

/** Index after `count` values. One that is missing ends the loop, and none is shorter than a byte. */
function scanMembers(
  bytes: Uint8Array,
  start: number,
  end: number,
  depth: number,
  count: number,
): number | null {
  if (depth === 0) return null;
  let at = start;
  for (let member = 0; member < count; member++) {
    const memberEnd = scanValue(bytes, at, end, depth - 1);
    if (memberEnd === null) return null;
    at = memberEnd;
  }
  return at;
}

/** Bytes of the number or length that follows `token`; 0 for a token that no packet has. */
function operandBytesOf(token: number): number {
  switch (token) {
    case BIN_8:
    case UINT_8:
      return 1;
    case BIN_16:
    case UINT_16:
    case ARRAY_16:
      return 2;
    case BIN_32:
    case UINT_32:
    case ARRAY_32:
      return 4;
    case FLOAT_64:
    case UINT_64:
      return 8;
    default:
      return 0;
  }
}

/** The big-endian number in `byteCount` bytes, at most 4. */
function readUint(bytes: Uint8Array, start: number, byteCount: number): number {
  let value = 0;
  for (let at = start; at < start + byteCount; at++) value = value * 0x100 + bytes[at]!;
  return value;
}
