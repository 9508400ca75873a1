/**
 * The forms that single values of saved state have: numbers within bounds, words, texts, bytes, ranges of
 * guest memory.
 *
 * @module
 */

import { parseGuid } from "../guid.ts";
import { type GpaRange, rangeFault } from "../memory/gpa_ranges.ts";
import { isUint, pagesSpanned } from "../units.ts";
import type { PlainData } from "./plain_data.ts";
import { coded, list, named, plain, record, type Schema } from "./schema.ts";

/** Largest UINT16. */
export const U16_MAX = 0xffff;
/** Largest UINT32. */
export const U32_MAX = 0xffff_ffff;

/** Bounds that have a name, without the `a`. */
const NAMED: Readonly<Record<number, string>> = {
  [U16_MAX]: "u16",
  [U32_MAX]: "u32",
  [Number.MAX_SAFE_INTEGER]: "whole number",
};

/** A whole number from `min` to `max`. */
export function uint(max: number = Number.MAX_SAFE_INTEGER, min: number = 0): Schema<number> {
  const isOne = (data: PlainData): data is number => isUint(data, max) && data >= min;
  return plain(uintForm(max, min), isOne);
}

function uintForm(max: number, min: number): string {
  if (min === max) return String(min);
  const name = NAMED[max];
  if (name === undefined) return `a whole number from ${min} to ${max}`;
  return min === 0 ? `a ${name}` : `a ${name} from ${min}`;
}

/** True or false. */
export const flag: Schema<boolean> = plain(
  "true or false",
  (data): data is boolean => typeof data === "boolean",
);

/** A text. */
export const text: Schema<string> = plain(
  "a text",
  (data): data is string => typeof data === "string",
);

/** A GUID in the one form that this package has: lower case, without braces. */
export const guid: Schema<string> = plain(
  "a GUID",
  (data): data is string => typeof data === "string" && parseGuid(data) === data,
);

/** One of `words`. */
export function word<const Word extends string>(words: readonly Word[]): Schema<Word> {
  const isWord = (data: PlainData): data is Word => words.some((known) => known === data);
  return plain(`one of ${words.join(", ")}`, isWord);
}

/** At most `max` bytes. */
export function bytes(max: number = U32_MAX): Schema<Uint8Array> {
  return plain(
    max === U32_MAX ? "bytes" : `at most ${max} bytes`,
    (data): data is Uint8Array => data instanceof Uint8Array && data.length <= max,
  );
}

/** Whatever plain data somebody else has decided on. */
export const anything: Schema<PlainData> = coded("plain data", (data) => data, (data) => data);

/**
 * Any text of a caller's, where plain data has well-formed ones: one with half a surrogate pair is saved
 * as the bytes of its UTF-16 units, little-endian.
 */
export const anyText: Schema<string> = coded("any text, in its one form", saveAnyText, readAnyText);

function saveAnyText(value: string): PlainData {
  if (value.isWellFormed()) return value;
  const units = new Uint8Array(2 * value.length);
  const view = new DataView(units.buffer);
  for (let at = 0; at < value.length; at++) view.setUint16(2 * at, value.charCodeAt(at), true);
  return units;
}

function readAnyText(data: PlainData): string | undefined {
  if (typeof data === "string") return data;
  if (!(data instanceof Uint8Array) || data.length % 2 !== 0) return undefined;
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  let value = "";
  for (let at = 0; at < data.length; at += 2) {
    value += String.fromCharCode(view.getUint16(at, true));
  }
  return value.isWellFormed() ? undefined : value;
}

/** A range of guest memory, whose pages may be any. */
export const gpaRange: Schema<GpaRange> = named(
  "a range of pages",
  record({
    byteCount: [uint(U32_MAX, 1), "bytes in the range"],
    byteOffset: [uint(U32_MAX), "where it begins in its first page"],
    pfns: [list(uint()), "its pages, as many as the bytes touch"],
  }, {
    "it is no range of pages": ({ byteCount, byteOffset, pfns }) =>
      rangeFault(byteCount, byteOffset) === null &&
      pfns.length === pagesSpanned(byteOffset, byteCount),
  }),
);

/** A stretch of addresses of the guest's. */
export const stretch: Schema<{ readonly gpa: number; readonly byteCount: number }> = named(
  "a stretch of addresses",
  record({
    gpa: [uint(), "address of its first byte"],
    byteCount: [uint(Number.MAX_SAFE_INTEGER, 1), "its length"],
  }),
);
