/**
 * Bytes as fields, for who looks at them.
 *
 * @module
 */

import type { DecodedFields } from "../../core/layout/mod.ts";
import type { TraceEntry } from "../../mod.ts";
import { fieldsOfControlMessage } from "../decoding/control_message.ts";
import { flatFields } from "../decoding/flat_fields.ts";
import { messageOfEntry } from "../decoding/message_of_entry.ts";
import { bytesText } from "../words/words.ts";
import type { RecordedField } from "./recording.ts";

/** Of one payload or control message so many fields are shown. */
const FIELDS_MAX = 256;

/** A control message of an entry. */
interface ShownMessage {
  /** Its bytes. */
  readonly bytes: Uint8Array;
  /** Its fields, one inside of another behind it; what is wrong with them comes last. */
  readonly fields: readonly RecordedField[];
}

/** `decoded` as rows: the fields of `bytes`, what is left of them, and what is wrong. */
export function rowsOf(
  { fields, byteCount, damage }: DecodedFields,
  bytes: Uint8Array,
): readonly RecordedField[] {
  const shown = [...flatFields(fields)].map(([field, depth]): RecordedField => [
    field.name,
    field.offset,
    field.byteCount,
    field.text,
    depth,
  ]);
  const more: RecordedField[] = [];
  const part = (name: string, offset: number, text?: string) => {
    const left = Math.max(bytes.length - offset, 0);
    more.push([name, offset, left, text ?? bytesText(left), 0]);
  };
  const [, cut = 0] = shown[FIELDS_MAX] ?? [];
  if (shown.length > FIELDS_MAX) part("more", cut, `${shown.length - FIELDS_MAX} fields more`);
  if (damage !== null) part("damaged", damage.offset, damage.reason);
  else if (byteCount < bytes.length) part("rest", byteCount);
  return [...shown.slice(0, FIELDS_MAX), ...more];
}

/** What a packet says of itself, as people read it; null: the entry is about none that is or was in a ring. */
export function packetOf({ details }: TraceEntry): readonly (readonly [string, string])[] | null {
  const { type, completionRequested = false, packet, transactionId, byteCount } = details;
  if (type === undefined || byteCount === undefined) return null;
  // One that asks for no completion is sent with 0. A number of an arrived packet is its receiver's own.
  const sent = completionRequested === true || type === "completion" ? packet : 0;
  return [
    ["type", String(type)],
    ["flags", completionRequested === true ? "completion requested" : "none"],
    ["transaction id", String(transactionId ?? sent)],
    ["payload", bytesText(Number(byteCount))],
  ];
}

/** What an entry has of a control message; null: it tells of something else. */
export function messageOf(entry: TraceEntry): ShownMessage | null {
  const bytes = messageOfEntry(entry);
  return bytes === null ? null : { bytes, fields: rowsOf(fieldsOfControlMessage(bytes), bytes) };
}
