/**
 * Control messages field by field (wire.md 4.2).
 *
 * @module
 */

import { CONTROL_MESSAGE } from "../../core/control/layouts.ts";
import { CONTROL_MESSAGE_BYTES_MAX } from "../../core/control/messages.ts";
import { Damage, type DecodedFields, fieldsOf, struct, u32 } from "../../core/layout/mod.ts";
import { Parts } from "./parts.ts";

/** What every message begins with (wire.md 4.1). */
const NUMBER = struct("message number", 4, { number: [0, u32] });

/** The number that a control message begins with, whatever it is; 0 where there are fewer than its four bytes. */
export function messageNumberOf(bytes: Uint8Array): number {
  const found = NUMBER.decode(bytes);
  return found instanceof Damage ? 0 : found.number;
}

/**
 * The fields of the control message that `bytes` hold, its number included: the first byte lies at offset `start` of
 * whatever they are a part of. What a receiver ignores, as it follows the message's fields, is the field `tail`; what
 * cannot be told is `rest`. It never throws: damaged bytes give the fields as far as they can be told, and the damage.
 *
 * Where a message has several forms, it is shown in the one that its size says.
 */
export function fieldsOfControlMessage(bytes: Uint8Array, start = 0): DecodedFields {
  const copy = bytes.slice();
  const parts = new Parts(copy, start);
  const found = fieldsOf(CONTROL_MESSAGE, copy, start);
  parts.add(found);
  parts.plain(found.damage === null ? "tail" : "rest", found.byteCount, copy.length);
  if (copy.length > CONTROL_MESSAGE_BYTES_MAX) {
    const most = `a control message has at most ${CONTROL_MESSAGE_BYTES_MAX} bytes`;
    parts.note(CONTROL_MESSAGE_BYTES_MAX, `${most}, ${copy.length} are there`);
  }
  return parts.decoded(copy.length);
}
