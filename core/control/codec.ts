/**
 * Control messages to bytes and back. Where each field lies is in layouts.ts; which message and which form of it may
 * be said, in versions.ts.
 *
 * @module
 */

import { assert } from "../assert.ts";
import { Damage, type Definition, type Struct } from "../layout/mod.ts";
import { readTargetInfo } from "./connection_messages.ts";
import { CONTROL_MESSAGE, formsOf } from "./layouts.ts";
import {
  CONTROL_MESSAGE_BYTES_MAX,
  type ControlMessage,
  type ControlMessageName,
} from "./messages.ts";
import {
  type Agreed,
  FEATURES,
  FORM_RULES,
  isSaid,
  protocolOf,
  refusalOf,
  versionOf,
} from "./versions.ts";

/** Bytes that every message begins with: u32 number, u32 padding (wire.md 4.1). */
const HEADER_BYTES = 8;

/**
 * Why received bytes are not a control message: fewer than the message's fixed part, more than
 * {@linkcode CONTROL_MESSAGE_BYTES_MAX}, a number without a message, or a message that may not be said in the
 * version that was agreed on.
 */
export type ControlFault =
  | "messageTooSmall"
  | "messageTooLarge"
  | "unknownMessageType"
  | "unexpectedMessage";

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
 * The message that `bytes` hold, or what is wrong with them, for who has agreed on `agreed` with the sender: which of
 * several forms it is, follows from that, and from its size where that may tell (wire.md 4.2). Without it, any message
 * of any version is taken, in the longest form that its size holds.
 *
 * Nothing of the result lies in `bytes`. What follows the fields, and reserved bits, are ignored (wire.md 4.1).
 */
export function decodeControlMessage(
  bytes: Uint8Array,
  agreed: Agreed = "any",
): ControlMessage | ControlFault {
  if (bytes.length > CONTROL_MESSAGE_BYTES_MAX) return "messageTooLarge";
  if (bytes.length < HEADER_BYTES) return "messageTooSmall";
  const name = messageNameOf(bytes);
  if (name === null) return "unknownMessageType";
  if (refusalOf(name, agreed) !== null) return "unexpectedMessage";
  const record = formFor(name, agreed, bytes.length).decode(bytes);
  // The least that any layout can lack is bytes: all fields of a message take any value.
  if (record instanceof Damage) return "messageTooSmall";
  const message = { message: name, ...record } as ControlMessage;
  return isCutShort(message) ? "messageTooSmall" : message;
}

/** The name of the message that `bytes` begin, whatever follows; null where there is none of that number. */
export function messageNameOf(bytes: Uint8Array): ControlMessageName | null {
  const head = CONTROL_MESSAGE.head.decode(bytes);
  return head instanceof Damage ? null : head[CONTROL_MESSAGE.tag] as ControlMessageName;
}

/** The form in which a message of so many bytes comes: the newest that may be said. */
function formFor(name: ControlMessageName, agreed: Agreed, byteCount: number): Struct<Definition> {
  const forms = formsOf(name);
  const rules = FORM_RULES[name] ?? [];
  const at = rules.findIndex((rule, place) => {
    const isBySize = rule.isBySize || agreed === "any";
    return isSaid(rule, agreed) && (!isBySize || byteCount >= forms[place]!.byteCount);
  });
  return forms[at === -1 ? forms.length - 1 : at]!;
}

/** Whether a contact promises to say who the guest is, and does not (wire.md 5.1). */
function isCutShort(message: ControlMessage): boolean {
  if (message.message !== "initiateContact" || "clientId" in message) return false;
  const version = versionOf(message.version);
  const { featureFlags } = readTargetInfo(message.targetInfo);
  return version !== null && protocolOf(version, featureFlags & FEATURES.clientId).hasClientId;
}

/** Why `bytes` are no message, in words, where {@linkcode decodeControlMessage} gave `fault` for them; null where the fault says all. */
export function damageOf(bytes: Uint8Array, agreed: Agreed, fault: ControlFault): string | null {
  const [name, byteCount] = [messageNameOf(bytes), bytes.length];
  switch (fault) {
    case "messageTooLarge":
      return `a control message has at most ${CONTROL_MESSAGE_BYTES_MAX} bytes, not ${byteCount}`;
    case "messageTooSmall": {
      if (name === null) {
        return `a control message has at least ${HEADER_BYTES} bytes, not ${byteCount}`;
      }
      const form = formFor(name, agreed, byteCount);
      // What was long enough for its form is a contact that promises more.
      const wanted = byteCount < form.byteCount ? form : formsOf(name)[0]!;
      return `${name} has ${wanted.byteCount} bytes by what it says and what was agreed on, not ${byteCount}`;
    }
    case "unknownMessageType":
      return `no message has the number ${
        new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true)
      }`;
    case "unexpectedMessage":
      return name && refusalOf(name, agreed);
  }
}

/** Whether decoding ended in a fault rather than in a message. */
export function isControlFault(decoded: ControlMessage | ControlFault): decoded is ControlFault {
  return typeof decoded === "string";
}
