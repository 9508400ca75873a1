/**
 * Bytes as fields, for who looks at them.
 *
 * @module
 */

import { decodeControlMessage, isControlFault } from "../../core/control/codec.ts";
import type { TraceEntry } from "../../mod.ts";
import { bytesOfHex } from "./entry_text.ts";

/** A field of bytes, as a page shows it: name, offset, length and value; without place where that is not known. */
export type ShownField = readonly [
  name: string,
  offset: number | null,
  byteCount: number | null,
  text: string,
];

function valueText(value: unknown): string {
  if (value instanceof Uint8Array) {
    return Array.from(value, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
  }
  return String(value);
}

/** What an entry has of a control message: its bytes, and their fields. */
export function messageOf(
  { event, details }: TraceEntry,
): { readonly bytes: Uint8Array; readonly fields: readonly ShownField[] } | null {
  if (!/^messageTo/.test(event) || typeof details.bytes !== "string") return null;
  const bytes = bytesOfHex(details.bytes);
  const message = decodeControlMessage(bytes);
  if (isControlFault(message)) {
    return { bytes, fields: [["damage", null, null, message]] };
  }
  const fields = Object.entries(message)
    .map(([name, value]): ShownField => [name, null, null, valueText(value)]);
  return { bytes, fields };
}
