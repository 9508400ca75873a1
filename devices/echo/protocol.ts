/**
 * What the two drivers of the echo scenario say to each other: one header before every payload, in
 * packets and in completions alike.
 *
 * @module
 */

import { Damage, type Layout, oneOf, struct, u32, u64 } from "../../core/layout/mod.ts";

/** The interface type that the server offers and the client looks for. */
export const ECHO_INTERFACE_TYPE = "5f2d1a3c-90b4-4c1e-8a57-e1c06d2b7f44";
/** The only instance of it. */
export const ECHO_INTERFACE_INSTANCE = "c4a7e0b9-3d52-4f68-b1c8-0f9e2a6d5b13";

/** Bytes of the header. */
export const HEADER_BYTES = 16;
/** VMBus counts a packet in words of this size; what the last one has beyond the payload is padding. */
const WORD_BYTES = 8;

/**
 * What a message is, and what its sender expects.
 * - `"hello"`: guest to host, once, before all else: sequence says the size of the file. The answer
 *   repeats it.
 * - `"transaction"`: guest to host, a piece of the file. It comes back in the completion.
 * - `"datagram"`: both ways, a piece of the file. It comes back as a packet of its own.
 * - `"beside"`: host to guest, the traffic beside the file. A completion brings the first half back.
 */
export type MessageKind = "hello" | "transaction" | "datagram" | "beside";

/** The kinds as they are on the wire. */
const MESSAGE_KINDS: Readonly<Record<MessageKind, number>> = {
  hello: 1,
  transaction: 2,
  datagram: 3,
  beside: 4,
};

/** A message as it was received. */
export interface Message {
  /** What it is. */
  readonly kind: MessageKind;
  /** A safe whole number. */
  readonly sequence: number;
  /** A view into the receiver's buffer. */
  readonly payload: Uint8Array;
}

/** Why bytes are not a message. */
export type MessageFault = "tooShort" | "unknownKind" | "wrongLength" | "wrongSequence";

/** What a message begins with; its payload follows. */
export interface EchoHeader {
  /** What it is. */
  readonly kind: MessageKind;
  /** The payload's exact length, as VMBus's own counts in words of 8 bytes. */
  readonly payloadBytes: number;
  /** The packet's number among those of its kind of traffic, from 0. */
  readonly sequence: number | bigint;
}

const LAYOUT = struct("echo header", HEADER_BYTES, {
  kind: [0, oneOf(u32, MESSAGE_KINDS)],
  payloadBytes: [4, u32, "bytes"],
  sequence: [8, u64],
});

/** How the header lies in bytes. */
export const ECHO_HEADER: Layout<EchoHeader> = LAYOUT;
/** Its fields are read and written one by one, as a packet is to cost no record. */
const HEADER = LAYOUT.fields;

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/**
 * Writes a header to the beginning of `bytes`; the payload follows it.
 *
 * @throws {RangeError} `bytes` is shorter than a header.
 */
export function writeHeader(
  bytes: Uint8Array,
  kind: MessageKind,
  sequence: number,
  payloadBytes: number,
): void {
  const view = viewOf(bytes);
  HEADER.kind.write(view, kind);
  HEADER.payloadBytes.write(view, payloadBytes);
  HEADER.sequence.write(view, sequence);
}

/**
 * Reads the message in `buffer[0, bufferLength)`, or says why they are not one. The opposite side wrote
 * it, and may have written anything.
 */
export function readMessage(buffer: Uint8Array, bufferLength: number): Message | MessageFault {
  if (bufferLength < HEADER_BYTES) return "tooShort";
  const view = viewOf(buffer);
  const kind = HEADER.kind.read(view);
  if (kind instanceof Damage) return "unknownKind";
  const payloadBytes = HEADER.payloadBytes.read(view);
  const rest = bufferLength - HEADER_BYTES - payloadBytes;
  if (rest < 0 || rest >= WORD_BYTES) return "wrongLength";
  const sequence = HEADER.sequence.read(view);
  if (typeof sequence !== "number") return "wrongSequence";
  const payload = buffer.subarray(HEADER_BYTES, HEADER_BYTES + payloadBytes);
  return { kind, sequence, payload };
}
