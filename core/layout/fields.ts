/**
 * Bytes as a list of fields that people read: what a trace, a page, and the command `decode` show.
 *
 * @module
 */

import { type ArrayType, countOf, missingElements } from "./array.ts";
import { bytesText, hexOf } from "./areas.ts";
import {
  type Definition,
  type Field,
  type Growing,
  type Layout,
  type Struct,
  tooShort,
} from "./layout.ts";
import { bigEndian, u64, type WideType } from "./numbers.ts";
import { bytesAt, Damage, type Type, type Values } from "./type.ts";
import type { SizedLayout, TaggedLayout } from "./variants.ts";

/** A field as it lies in bytes, and as people read it: plain data, which JSON holds as it is. */
export interface DecodedField {
  /** Its name, in the field's own words; `[3]` of the element of an array. */
  readonly name: string;
  /** Where it begins, in bytes from the first that was given. */
  readonly offset: number;
  /** Bytes that it takes. */
  readonly byteCount: number;
  /**
   * Its value: a number where that is exact, else decimal text; bytes in base 16; null of a field that has fields,
   * and of one whose bytes mean nothing.
   */
  readonly value: number | string | boolean | null;
  /** Its value as people read it, with its unit and with the names that it or its bits have. */
  readonly text: string;
  /** The fields inside it: those of a struct, the elements of an array. */
  readonly fields?: readonly DecodedField[];
}

/** The fields that bytes have. */
export interface DecodedFields {
  /** The fields, as far as there are any. */
  readonly fields: readonly DecodedField[];
  /** Bytes that they take, from the first on. What comes after them is not the layout's. */
  readonly byteCount: number;
  /** What is wrong with the bytes, where anything is: of several things the first. */
  readonly damage: { readonly offset: number; readonly reason: string } | null;
}

/** One field as it was found. */
interface Shown extends Omit<DecodedField, "name" | "offset"> {
  /** What others are counted by, or differ by. */
  readonly raw: unknown;
}

type AnyLayout = Struct<Definition> | SizedLayout<unknown> | TaggedLayout<unknown>;

/** One way through bytes. Where something is wrong, it is noted, and what can still be read is read. */
class Walk {
  damage: Damage | null = null;
  readonly #view: DataView;
  readonly #end: number;

  constructor(view: DataView) {
    this.#view = view;
    this.#end = view.byteLength;
  }

  /** Adds the fields of the layout at `base` to `into`, and returns where they end. */
  layout(layout: AnyLayout, base: number, values: Growing, into: DecodedField[]): number {
    switch (layout.kind) {
      case "struct":
        return this.#fields(layout.list, base, values, into);
      case "bySize":
        return this.layout(layout.formOf(this.#end - base), base, values, into);
      case "byField": {
        const end = this.#fields(layout.head.list, base, values, into);
        const body = layout.bodies.get(values[layout.tag] as string);
        return body === undefined ? end : Math.max(end, this.layout(body, base, values, into));
      }
    }
  }

  #fields(list: readonly Field[], base: number, values: Growing, into: DecodedField[]): number {
    let end = base;
    for (const { name, offset, type, unit } of list) {
      const counted = unit === "" && type.kind === "array" ? "elements" : unit;
      const at = base + offset;
      const shown = this.#value(name, type, at, values);
      if (shown === null) break;
      const { raw, text, ...rest } = shown;
      values[name] = raw;
      into.push({ name, offset: at, text: withUnit(text, counted), ...rest });
      end = Math.max(end, at + shown.byteCount);
    }
    return end;
  }

  /** The value of type `type` at `at`; null, and why, where the bytes end before it does. */
  #value(name: string, type: Type<unknown>, at: number, before: Values): Shown | null {
    const there = this.#end - at;
    if (type.kind === "array") return this.#array(name, type as ArrayType<unknown>, at, before);
    if (there < 0 || there < type.byteCount && !isLayout(type)) {
      this.#note(tooShort(name, at, type.byteCount, there));
      return null;
    }
    if (isLayout(type)) {
      const fields: DecodedField[] = [];
      const byteCount = this.layout(type, at, {}, fields) - at;
      return { raw: null, value: null, text: type.name, byteCount, fields };
    }
    return this.#plain(name, type, at);
  }

  #plain(name: string, type: Type<unknown>, at: number): Shown {
    const byteCount = type.byteCount;
    if (type.kind === "reserved") {
      const found = bytesAt(this.#view, at, byteCount).slice();
      return { raw: null, value: hexOf(found), text: bytesText(found), byteCount };
    }
    if (type.kind === "u64") return this.#wide(type as WideType<number>, at);
    const raw = type.read(this.#view, at, this.#end, {});
    if (raw instanceof Damage) {
      this.#note(raw.in(name));
      const text = raw.number === null ? bytesText(bytesAt(this.#view, at, byteCount)) : raw.reason;
      return { raw: raw.number, value: raw.number, text, byteCount };
    }
    if (raw instanceof Uint8Array) {
      return { raw, value: hexOf(raw), text: type.textOf(raw), byteCount: raw.length };
    }
    const value = type.kind === "constant" ? (type as { value?: number }).value! : raw;
    return { raw, value: value as number | string | boolean, text: type.textOf(raw), byteCount };
  }

  /** A number of 64 bits is shown as it is, whatever a program makes of it. */
  #wide({ isCapped, isBigEndian, look }: WideType<number>, at: number): Shown {
    const exact = (isBigEndian ? bigEndian(u64) : u64).looking(look);
    const found = exact.read(this.#view, at);
    const text = exact.textOf(found);
    if (typeof found === "number") return { raw: found, value: found, text, byteCount: 8 };
    const raw = isCapped ? Number.MAX_SAFE_INTEGER : found;
    return { raw, value: String(found), text, byteCount: 8 };
  }

  #array(name: string, type: ArrayType<unknown>, start: number, before: Values): Shown {
    const wanted = countOf(type, before);
    const fields: DecodedField[] = [];
    let at = start;
    while (fields.length < wanted) {
      const there = this.#end - at;
      if (there < type.element.byteCount && (there <= 0 || !isLayout(type.element))) {
        if (wanted !== Infinity) this.#note(this.#missing(name, at, wanted, fields.length));
        break;
      }
      const element = `[${fields.length}]`;
      const shown = this.#value(`${name}${element}`, type.element, at, before);
      if (shown === null) break;
      const { raw: _, ...rest } = shown;
      fields.push({ name: element, offset: at, ...rest });
      at += shown.byteCount;
      if (shown.byteCount < type.element.byteCount) break; // it is cut short
    }
    return { raw: null, value: null, text: `${fields.length}`, byteCount: at - start, fields };
  }

  #missing(name: string, at: number, wanted: number, there: number): Damage {
    return new Damage("tooShort", at, `${name}: ${missingElements(wanted, there)}`);
  }

  #note(damage: Damage): void {
    this.damage ??= damage;
  }
}

/** A number as people say it with its unit: `1 page`, `2 pages`. */
function withUnit(text: string, unit: string): string {
  if (unit === "") return text;
  return `${text} ${text === "1" ? unit.replace(/^(\w+)s\b/, "$1") : unit}`;
}

function isLayout(type: Type<unknown>): type is AnyLayout {
  return type.kind === "struct" || type.kind === "byField" || type.kind === "bySize";
}

/**
 * The fields of `layout` in `bytes`, the first of which lies at offset `start` of whatever they are a part of.
 * It never throws: damaged bytes give the fields as far as they can be told, and the damage.
 */
export function fieldsOf(layout: Layout<unknown>, bytes: Uint8Array, start = 0): DecodedFields {
  const walk = new Walk(new DataView(bytes.buffer, bytes.byteOffset, bytes.length));
  const fields: DecodedField[] = [];
  const byteCount = walk.layout(layout as AnyLayout, 0, {}, fields);
  const { damage } = walk;
  return {
    fields: start === 0 ? fields : fields.map((field) => movedField(field, (at) => start + at)),
    byteCount,
    damage: damage && { offset: start + damage.offset, reason: damage.reason },
  };
}

/** `field` and those inside it as they lie somewhere else: `place` says where each offset is there. */
export function movedField(
  field: DecodedField,
  place: (offset: number) => number,
): DecodedField {
  const { fields, ...rest } = field;
  const offset = place(field.offset);
  return fields === undefined
    ? { ...rest, offset }
    : { ...rest, offset, fields: fields.map((inner) => movedField(inner, place)) };
}
