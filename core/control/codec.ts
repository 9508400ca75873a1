/**
 * Control messages to bytes and back. It knows no message by name: what differs between them is in
 * layouts.ts.
 *
 * @module
 */

import { assert } from "../assert.ts";
import { type Field, type FieldValue, LAYOUTS } from "./layouts.ts";
import { CONTROL_MESSAGE_BYTES_MAX, type ControlMessage } from "./messages.ts";

/** Bytes that every message begins with: u32 number, u32 padding (wire.md 4.1). */
const HEADER_BYTES = 8;

/**
 * Why received bytes are not a control message: fewer than the message's fixed part, more than
 * {@linkcode CONTROL_MESSAGE_BYTES_MAX}, or a number without a message.
 */
export type ControlFault = "messageTooSmall" | "messageTooLarge" | "unknownMessageType";

/** A layout as the decoder walks it. */
interface DecoderEntry {
  readonly message: string;
  readonly fixedBytes: number;
  readonly fields: readonly (readonly [string, Field<FieldValue>])[];
}

const DECODER: ReadonlyMap<number, DecoderEntry> = new Map(
  Object.entries(LAYOUTS).map(([message, { number, fixedBytes, fields }]) => [
    number,
    { message, fixedBytes, fields: Object.entries<Field<FieldValue>>(fields) },
  ]),
);

assert(DECODER.size === Object.keys(LAYOUTS).length, "no two messages share a number");

/**
 * The bytes of `message`. Only our own code sends messages, so a field that its C type cannot hold,
 * or more words than {@linkcode CONTROL_MESSAGE_BYTES_MAX} leaves room for, is a broken invariant.
 */
export function encodeControlMessage(message: ControlMessage): Uint8Array {
  const { number, fixedBytes, fields } = LAYOUTS[message.message];
  const byteCount = fixedBytes + ("words" in message ? message.words.length : 0);
  assert(byteCount <= CONTROL_MESSAGE_BYTES_MAX, "a control message has at most 240 bytes");
  const bytes = new Uint8Array(byteCount);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, number, true);
  const values: Readonly<Record<string, FieldValue>> = { ...message };
  for (const [name, field] of Object.entries<Field<FieldValue>>(fields)) {
    const value = values[name];
    assert(value !== undefined, "a control message has every field of its layout");
    field.write(view, value);
  }
  return bytes;
}

/**
 * The message that `bytes` hold, or what is wrong with them. Nothing of the result lies in `bytes`.
 * What follows the fields, and reserved bits, are ignored (wire.md 4.1).
 */
export function decodeControlMessage(bytes: Uint8Array): ControlMessage | ControlFault {
  if (bytes.length > CONTROL_MESSAGE_BYTES_MAX) return "messageTooLarge";
  if (bytes.length < HEADER_BYTES) return "messageTooSmall";
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const entry = DECODER.get(view.getUint32(0, true));
  if (entry === undefined) return "unknownMessageType";
  if (bytes.length < entry.fixedBytes) return "messageTooSmall";
  const fields: Record<string, FieldValue> = {};
  for (const [name, field] of entry.fields) fields[name] = field.read(view);
  // The type of LAYOUTS makes these just the fields of that message.
  return { ...fields, message: entry.message } as ControlMessage;
}

/** Whether decoding ended in a fault rather than in a message. */
export function isControlFault(decoded: ControlMessage | ControlFault): decoded is ControlFault {
  return typeof decoded === "string";
}
