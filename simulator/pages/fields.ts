/**
 * Bytes as fields, for who looks at them.
 *
 * @module
 */

import { CONTROL_MESSAGE } from "../../core/control/layouts.ts";
import { type DecodedField, fieldsOf } from "../../core/layout/mod.ts";
import type { TraceEntry } from "../../mod.ts";
import { bytesOfHex } from "./entry_text.ts";

/** A field as a page shows it; `depth` counts the fields that it lies in. */
export type ShownField = readonly [
  name: string,
  offset: number,
  byteCount: number,
  text: string,
  depth: number,
];

/** A control message of an entry. */
interface ShownMessage {
  /** Its bytes. */
  readonly bytes: Uint8Array;
  /** Its fields, one inside of another behind it; what is wrong with them comes last. */
  readonly fields: readonly ShownField[];
}

function flat(fields: readonly DecodedField[], depth: number): readonly ShownField[] {
  return fields.flatMap(({ name, offset, byteCount, text, fields: inner = [] }) => [
    [name, offset, byteCount, text, depth] as const,
    ...flat(inner, depth + 1),
  ]);
}

/** What an entry has of a control message; null: it is about none. */
export function messageOf({ event, details }: TraceEntry): ShownMessage | null {
  if (!/^messageTo/.test(event) || typeof details.bytes !== "string") return null;
  const bytes = bytesOfHex(details.bytes);
  const { fields, damage } = fieldsOf(CONTROL_MESSAGE, bytes);
  const wrong: readonly ShownField[] = damage === null
    ? []
    : [["damaged", damage.offset, Math.max(bytes.length - damage.offset, 0), damage.reason, 0]];
  return { bytes, fields: [...flat(fields, 0), ...wrong] };
}
