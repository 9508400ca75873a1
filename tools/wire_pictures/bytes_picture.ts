/**
 * Bytes as a picture: words of 8 in rows, with what each field of them is beside the row in which it begins.
 *
 * @module
 */

import type { DecodedField } from "../../core/layout/mod.ts";

/** Bytes of a row. */
const ROW_BYTES = 8;
/** Rows of one field that are drawn; of a longer one the first and the last are. */
const ROWS_MAX = 5;

/** Fields that have none inside of them, in order. */
function leavesOf(fields: readonly DecodedField[]): readonly DecodedField[] {
  return fields.flatMap((field) =>
    field.fields === undefined || field.fields.length === 0 ? [field] : leavesOf(field.fields)
  );
}

const hex = (value: number, digits: number) => value.toString(16).padStart(digits, "0");

/** The bytes of a row; a bar stands where a field begins inside of it. */
function rowText(bytes: Uint8Array, at: number, begins: ReadonlySet<number>): string {
  let text = "";
  for (let place = at; place < at + ROW_BYTES; place++) {
    const isMark = place > at && begins.has(place);
    const byte = bytes[place];
    text += `${place === at ? "" : isMark ? "│" : " "}${byte === undefined ? "  " : hex(byte, 2)}`;
  }
  return text;
}

/** What a field says beside its row. */
function fieldText({ name, text, byteCount }: DecodedField): string {
  const isPlain = /^\d+ bytes?(?: of 0|: )/.test(text);
  const size = byteCount === 1 ? "1 byte" : `${byteCount} bytes`;
  return isPlain ? `${name}, ${text.includes(" of 0") ? text : size}` : `${name} ${text}`;
}

/** The rows that are not drawn: in the middle of a field, where nothing begins. */
function leftOut(fields: readonly DecodedField[]): ReadonlySet<number> {
  const left = new Set<number>();
  for (const { offset, byteCount } of fields) {
    const first = Math.floor(offset / ROW_BYTES);
    const last = Math.floor((offset + byteCount - 1) / ROW_BYTES);
    if (last - first < ROWS_MAX) continue;
    for (let row = first + 1; row < last; row++) left.add(row);
  }
  return left;
}

/**
 * `bytes` as lines: offset, eight bytes, the fields that begin there.
 *
 * @param fields The fields of all of them, in order; the offset of the first byte is 0.
 */
export function bytesPicture(
  bytes: Uint8Array,
  fields: readonly DecodedField[],
): readonly string[] {
  const leaves = leavesOf(fields);
  const begins = new Set(leaves.map(({ offset }) => offset));
  const left = leftOut(leaves);
  const lines: string[] = [];
  for (let row = 0; row * ROW_BYTES < bytes.length; row++) {
    const at = row * ROW_BYTES;
    if (left.has(row)) {
      if (!left.has(row - 1)) lines.push("  ⋮");
      continue;
    }
    const here = leaves.filter(({ offset }) => offset >= at && offset < at + ROW_BYTES);
    const told = here.map(fieldText).join(" │ ");
    lines.push(`${hex(at, 4)}  ${rowText(bytes, at, begins)}   ${told}`.trimEnd());
  }
  return lines;
}
