/**
 * What was decoded, for people: a line a field, with its place and size.
 *
 * @module
 */

import { type Look, painted } from "../layout.ts";
import type { EntryTexts } from "../words/entry_text.ts";
import { visible } from "../text.ts";
import type { DecodedField } from "../../core/layout/mod.ts";
import type { TraceEntry } from "../../mod.ts";
import { fieldsOfControlMessage } from "../decoding/control_message.ts";
import type { DecodedBytes, DecodedPart } from "../decoding/decode_bytes.ts";
import { NAMES_BY_TYPE } from "../decoding/devices.ts";
import { flatFields } from "../decoding/flat_fields.ts";
import { messageOfEntry } from "../decoding/message_of_entry.ts";
import type { DecodedDamage } from "../decoding/parts.ts";

/** Names of fields are set in a column of this width, where they fit. */
const NAME_COLUMNS_MIN = 18;
const OFFSET_DIGITS = 4;

const placeOf = (offset: number) => `0x${offset.toString(16).padStart(OFFSET_DIGITS, "0")}`;

/** The fields as lines: offset, bytes, name, value. */
export function linesOfFields(fields: readonly DecodedField[], indent: string = "  "): string[] {
  const all = [...flatFields(fields)];
  const nameOf = ([{ name }, depth]: readonly [DecodedField, number]) => "  ".repeat(depth) + name;
  const columns = Math.max(NAME_COLUMNS_MIN, ...all.map((field) => nameOf(field).length));
  const bytes = Math.max(...all.map(([{ byteCount }]) => String(byteCount).length));
  return all.map((field) => {
    const [{ offset, byteCount, name, text }] = field;
    const place = `${placeOf(offset)} ${String(byteCount).padStart(bytes)}`;
    const device = NAMES_BY_TYPE.get(text);
    const told = text === name ? "" : device === undefined ? text : `${text} (${device})`;
    return `${indent}${place}  ${nameOf(field).padEnd(columns)}  ${visible(told)}`.trimEnd();
  });
}

function damageLine({ offset, reason }: DecodedDamage, look: Look): string {
  return painted(`  damaged at ${placeOf(offset)}: ${visible(reason)}`, "red", look);
}

function linesOfPart({ title, fields, damage }: DecodedPart, look: Look): string[] {
  return [
    painted(visible(title), damage === null ? "green" : "red", look),
    ...linesOfFields(fields),
    ...damage === null ? [] : [damageLine(damage, look)],
  ];
}

/** What bytes are, as lines. */
export function linesOfBytes(decoded: DecodedBytes, look: Look): string[] {
  const { parts, damage } = decoded;
  const isTold = damage === null || parts.some((part) => part.damage !== null);
  return [
    ...parts.flatMap((part) => linesOfPart(part, look)),
    ...isTold ? [] : [damageLine(damage, look)],
  ];
}

const TICKS_PER_MS = 10_000;

/** The next entry of a trace, of which `texts` has told those before, in one line, with its time in milliseconds. */
export function lineOfEntry(entry: TraceEntry, texts: EntryTexts): string {
  const { at100ns, subject, source } = entry;
  const from = source === undefined ? "" : `  (${visible(source)})`;
  const time = (at100ns / TICKS_PER_MS).toFixed(4).padStart(10);
  return `${time}  ${visible(subject)}: ${texts.next(entry)}${from}`;
}

/** The next entry of a trace as lines: a control message has its fields below it. */
export function linesOfEntry(entry: TraceEntry, texts: EntryTexts, look: Look): string[] {
  const line = lineOfEntry(entry, texts);
  const message = messageOfEntry(entry);
  if (message === null) return [line];
  const { fields, damage } = fieldsOfControlMessage(message);
  return [
    line,
    ...linesOfFields(fields, " ".repeat(12)),
    ...damage === null ? [] : [" ".repeat(10) + damageLine(damage, look)],
  ];
}
