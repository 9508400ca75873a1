/**
 * Control messages to bytes and back. It knows no message by name: what differs between them is in
 * layouts.ts.
 *
 * @module
 */

import { assert } from "../assert.ts";
import { Damage } from "../layout/mod.ts";
import { CONTROL_MESSAGE } from "./layouts.ts";
import { CONTROL_MESSAGE_BYTES_MAX, type ControlMessage } from "./messages.ts";

/** Bytes that every message begins with: u32 number, u32 padding (wire.md 4.1). */
const HEADER_BYTES = 8;

/**
 * Why received bytes are not a control message: fewer than the message's fixed part, more than
 * {@linkcode CONTROL_MESSAGE_BYTES_MAX}, or a number without a message.
 */
export type ControlFault = "messageTooSmall" | "messageTooLarge" | "unknownMessageType";

/**
 * The bytes of `message`. Only our own code sends messages, so more words than
 * {@linkcode CONTROL_MESSAGE_BYTES_MAX} leaves room for are a broken invariant.
 *
 * @throws {TypeError} A field of the message is missing.
 * @throws {RangeError} The C type of a field cannot hold its value.
 */
export function encodeControlMessage(message: ControlMessage): Uint8Array {
  const bytes = CONTROL_MESSAGE.encode(message);
  assert(bytes.length <= CONTROL_MESSAGE_BYTES_MAX, "a control message has at most 240 bytes");
  return bytes;
}

/**
 * The message that `bytes` hold, or what is wrong with them. Nothing of the result lies in `bytes`.
 * What follows the fields, and reserved bits, are ignored (wire.md 4.1).
 */
export function decodeControlMessage(bytes: Uint8Array): ControlMessage | ControlFault {
  if (bytes.length > CONTROL_MESSAGE_BYTES_MAX) return "messageTooLarge";
  if (bytes.length < HEADER_BYTES) return "messageTooSmall";
  const message = CONTROL_MESSAGE.decode(bytes);
  if (!(message instanceof Damage)) return message;
  return message.kind === "tooShort" ? "messageTooSmall" : "unknownMessageType";
}

/** Whether decoding ended in a fault rather than in a message. */
export function isControlFault(decoded: ControlMessage | ControlFault): decoded is ControlFault {
  return typeof decoded === "string";
}
