/**
 * What the drivers of the scenario say to each other: a header, and bytes that follow from it, so that
 * whoever receives a message can tell whether it is whole.
 *
 * | offset | size | field |
 * |---|---|---|
 * | 0 | u16 | number: among those of its sender on its channel, from 0 on |
 * | 2 | u8 | kind |
 * | 3 | u8 | treat: what its receiver is to do with it |
 * | 4 | u32 | value: what its kind needs |
 * | 8 | u32 | byteCount: of the whole message, a multiple of 8, as VMBus counts in words (wire.md 2.1) |
 * | 12 | u32 | sum: of all other bytes |
 *
 * All fields are little-endian.
 *
 * @module
 */

/** Bytes of the header, and of the smallest message. */
export const HEADER_BYTES = 16;

const KINDS = ["post", "ask", "lend", "share", "unshare", "answer"] as const;
const TREATMENTS = ["now", "later", "defer", "slow"] as const;

/**
 * What a message is.
 * - `"post"`: no answer is wanted.
 * - `"ask"`: an answer is.
 * - `"lend"`: guest memory goes with it, whose sum the answer tells.
 * - `"share"`: `value` is a GPADL, which the host is to map.
 * - `"unshare"`: the host is to unmap it; the answer tells how often it has counted there.
 * - `"answer"`: the payload of a completion.
 */
export type Kind = typeof KINDS[number];

/** What the receiver does: completes it at once, later, deferred to PASSIVE_LEVEL, or after a while there. */
export type Treatment = typeof TREATMENTS[number];

/** A message as it was read. */
export interface Message {
  /** Its number. */
  readonly number: number;
  /** What it is. */
  readonly kind: Kind;
  /** What is to be done with it. */
  readonly treat: Treatment;
  /** What its kind needs. */
  readonly value: number;
}

/** A checksum of bytes, those of the field that it stands in left out. */
function sumOfMessage(bytes: Uint8Array): number {
  return sumOf(bytes.subarray(HEADER_BYTES), sumOf(bytes.subarray(0, 12)));
}

/** A checksum of bytes that follow others, whose sum is `before`. */
export function sumOf(bytes: Uint8Array, before = 0x811c_9dc5): number {
  let sum = before;
  for (let at = 0; at < bytes.length; at++) sum = Math.imul(sum ^ bytes[at]!, 0x0100_0193) >>> 0;
  return sum;
}

/** Bytes that look drawn, and follow from `seed`. */
export function fill(bytes: Uint8Array, seed: number): Uint8Array {
  for (let at = 0; at < bytes.length; at++) bytes[at] = Math.imul(at ^ seed, 0x9e37_79b1) >>> 24;
  return bytes;
}

/** Writes a message of `byteCount` bytes. */
export function encodeMessage(
  { number, kind, treat, value }: Message,
  byteCount: number,
): Uint8Array {
  const bytes = new Uint8Array(byteCount);
  const view = new DataView(bytes.buffer);
  fill(bytes.subarray(HEADER_BYTES), number);
  view.setUint16(0, number, true);
  view.setUint8(2, KINDS.indexOf(kind));
  view.setUint8(3, TREATMENTS.indexOf(treat));
  view.setUint32(4, value, true);
  view.setUint32(8, byteCount, true);
  view.setUint32(12, sumOfMessage(bytes), true);
  return bytes;
}

/** Reads the message in `buffer[0, byteCount)`, or says why there is no message in it: anybody may have written it. */
export function readMessage(buffer: Uint8Array, byteCount: number): Message | string {
  if (byteCount < HEADER_BYTES) return `it has ${byteCount} bytes`;
  const view = new DataView(buffer.buffer, buffer.byteOffset, byteCount);
  const told = view.getUint32(8, true);
  if (told !== byteCount) return `it says that it has ${told} bytes, and has ${byteCount}`;
  if (view.getUint32(12, true) !== sumOfMessage(buffer.subarray(0, byteCount))) {
    return "its sum is wrong";
  }
  const kind = KINDS[view.getUint8(2)];
  const treat = TREATMENTS[view.getUint8(3)];
  if (kind === undefined || treat === undefined) return "its kind is unknown";
  return { number: view.getUint16(0, true), kind, treat, value: view.getUint32(4, true) };
}
