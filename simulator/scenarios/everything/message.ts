/**
 * What the drivers of the scenario say to each other: a header, and bytes that follow from it, so that
 * whoever receives a message can tell whether it is whole.
 *
 * @module
 */

import { Damage, type Layout, oneOf, struct, u16, u32, u8 } from "../../../core/layout/mod.ts";

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

const LAYOUT = struct("message header", HEADER_BYTES, {
  number: [0, u16], // among those of its sender on its channel, from 0 on
  kind: [2, oneOf(u8, KINDS)],
  treat: [3, oneOf(u8, TREATMENTS)],
  value: [4, u32],
  byteCount: [8, u32, "bytes"], // of the whole message, a multiple of 8, as VMBus counts in words (wire.md 2.1)
  sum: [12, u32], // of all other bytes
});

/** How the header lies in bytes. */
export const MESSAGE_HEADER: Layout<unknown> = LAYOUT;
const HEADER = LAYOUT.fields;

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
  HEADER.number.write(view, number);
  HEADER.kind.write(view, kind);
  HEADER.treat.write(view, treat);
  HEADER.value.write(view, value);
  HEADER.byteCount.write(view, byteCount);
  HEADER.sum.write(view, sumOfMessage(bytes));
  return bytes;
}

/** Reads the message in `buffer[0, byteCount)`, or says why there is no message in it: anybody may have written it. */
export function readMessage(buffer: Uint8Array, byteCount: number): Message | string {
  if (byteCount < HEADER_BYTES) return `it has ${byteCount} bytes`;
  const view = new DataView(buffer.buffer, buffer.byteOffset, byteCount);
  const told = HEADER.byteCount.read(view);
  if (told !== byteCount) return `it says that it has ${told} bytes, and has ${byteCount}`;
  if (HEADER.sum.read(view) !== sumOfMessage(buffer.subarray(0, byteCount))) {
    return "its sum is wrong";
  }
  const kind = HEADER.kind.read(view);
  const treat = HEADER.treat.read(view);
  if (kind instanceof Damage || treat instanceof Damage) return "its kind is unknown";
  return { number: HEADER.number.read(view), kind, treat, value: HEADER.value.read(view) };
}
