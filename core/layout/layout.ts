/**
 * Layouts: packed structs, each said once; their numbers are little-endian, unless they say otherwise. From one
 * definition follow the encoder, the decoder, the TypeScript type, and the list of fields that people read
 * (`fieldsOf`). A field is one line: its name, where it lies, what it is, and its unit.
 *
 * ```
 * const SEAT = struct("seat", 8, {
 *   row: [0, u16],
 *   isTaken: [2, bit(u8, 0)],
 *   reserved: [3, reserved(1)],
 *   price: [4, u32, "cents"],
 * });
 * type Seat = LayoutValue<typeof SEAT>; // { readonly row: number; readonly isTaken: boolean; … }
 * ```
 *
 * Offsets are checked when a layout is made: fields follow each other without a gap, so that each byte has a name,
 * if only as reserved, and a definition that is wrong never runs.
 *
 * @module
 */

import { isU32 } from "../units.ts";
import type { ArrayType } from "./array.ts";
import type { BitType } from "./choices.ts";
import { NumberType } from "./numbers.ts";
import { Damage, NO_VALUES, type Type, type TypeValue, type Values } from "./type.ts";

/** A field: where it lies, in bytes from the beginning of its struct, what it is, and what it counts. */
export type FieldDefinition = readonly [offset: number, type: Type<unknown>, unit?: string];

/** The fields of a struct, in the order in which they lie. */
export type Definition = { readonly [name: string]: FieldDefinition };

/** What a struct of `D` is as a record: what has no value is left out. */
export type RecordOf<D extends Definition> = {
  readonly [Name in keyof D as [TypeValue<D[Name][1]>] extends [never] ? never : Name]: TypeValue<
    D[Name][1]
  >;
};

/** What `L` reads and writes. */
export type LayoutValue<L> = TypeValue<L>;

/** A field of a struct: as data, and to read or write it alone, where a record would cost too much. */
export class Field<X extends Type<unknown> = Type<unknown>> {
  /** Its name. */
  readonly name: string;
  /** Where it lies, in bytes from the beginning of its struct. */
  readonly offset: number;
  /** What it is. */
  readonly type: X;
  /** Bytes of a plain little-endian number, which is read and written without a call of its type; 0 of anything else. */
  readonly plainBytes: 0 | 1 | 2 | 4;
  /** What it counts, such as `bytes` or `pages`; of an array what its elements are; empty where that is nothing. */
  readonly unit: string;

  /** The field `name`. */
  constructor(name: string, offset: number, type: X, unit: string) {
    this.name = name;
    this.offset = offset;
    this.type = type;
    this.unit = unit;
    this.plainBytes = type instanceof NumberType && !type.isBigEndian ? type.byteCount : 0;
  }

  /** Reads the field of the struct that begins at `base` of `view` and is all there. */
  read(view: DataView, base = 0): ReturnType<X["read"]> {
    const read = this.type.read(view, base + this.offset, view.byteLength, NO_VALUES);
    return read as ReturnType<X["read"]>;
  }

  /** Writes the field of the struct that begins at `base` of `view`. The value is not checked: it fits. */
  write(view: DataView, value: TypeValue<X>, base = 0): void {
    this.type.write(view, base + this.offset, value);
  }
}

/** A record on its way. */
export type Growing = Record<string, unknown>;

/** A layout: what can stand alone, be nested, and be the element of an array. */
export abstract class Layout<T> implements Type<T> {
  /** What it is. */
  abstract readonly kind: "struct" | "byField" | "bySize";
  /** Its name. */
  abstract readonly name: string;
  /** See {@linkcode Type.byteCount}. */
  abstract readonly byteCount: number;
  /** See {@linkcode Type.isFixed}. */
  abstract readonly isFixed: boolean;
  /** See {@linkcode Type.isSilent}. */
  readonly isSilent = false;

  /** Reads all fields into `record`, from those that are there already on; or says what is wrong. */
  abstract readInto(view: DataView, base: number, end: number, record: Growing): Damage | null;
  /** Checks all fields and writes them to `base`; reserved bytes stay as they are. */
  abstract writeFrom(view: DataView, base: number, record: Values): void;
  /** Bytes that `record` takes. */
  abstract sizeOfRecord(record: Values): number;

  /** See {@linkcode Type.form}. */
  get form(): string {
    return `a ${this.name}`;
  }

  /** See {@linkcode Type.fits}: what is wrong with its fields is said when they are written. */
  fits(value: unknown): boolean {
    return typeof value === "object" && value !== null;
  }

  /** See {@linkcode Type.sizeOf}. */
  sizeOf(value: T): number {
    return this.sizeOfRecord(value as Values);
  }

  /** See {@linkcode Type.read}. */
  read(view: DataView, at: number, end: number): T | Damage {
    const record: Growing = {};
    return this.readInto(view, at, end, record) ?? record as T;
  }

  /** See {@linkcode Type.write}. Reserved bytes stay as they are: in bytes that are new they are 0. */
  write(view: DataView, at: number, value: T): void {
    this.writeFrom(view, at, value as Values);
  }

  /** See {@linkcode Type.textOf}. */
  textOf(_value: T): string {
    return this.name;
  }

  /**
   * What `bytes[0, byteCount)` say, or what is wrong with them. Nothing of it lies in `bytes`. Bytes after the
   * layout's end, reserved bits and reserved bytes are ignored.
   */
  decode(bytes: Uint8Array, byteCount: number = bytes.length): T | Damage {
    const view = new DataView(bytes.buffer, bytes.byteOffset, byteCount);
    return this.read(view, 0, byteCount);
  }

  /**
   * The bytes of `value`.
   *
   * @throws {TypeError} It lacks a field, or is no object.
   * @throws {RangeError} A field cannot hold its value, or there is no layout for it.
   */
  encode(value: T): Uint8Array<ArrayBuffer> {
    if (!this.fits(value)) throw new TypeError(`Cannot encode ${this.form}: it must be an object`);
    const bytes = new Uint8Array(this.sizeOf(value));
    this.write(new DataView(bytes.buffer), 0, value);
    return bytes;
  }
}

/** What is said where bytes end before a layout does. */
export function tooShort(name: string, at: number, wanted: number, there: number): Damage {
  return new Damage(
    "tooShort",
    at,
    `${name} takes ${wanted} bytes, ${Math.max(there, 0)} are there`,
  );
}

function wrongDefinition(name: string, reason: string): never {
  throw new RangeError(`Cannot lay out ${name}: ${reason}`);
}

/** Whether two fields are different bits of one number. */
function shareNumber(a: Field | undefined, b: Field): boolean {
  if (a?.type.kind !== "bit" || b.type.kind !== "bit" || a.offset !== b.offset) return false;
  const [first, second] = [a.type as BitType, b.type as BitType];
  return first.byteCount === second.byteCount && first.mask !== second.mask;
}

/** Checks that fields follow each other from `start` to `end`, and that what varies comes last. */
function checkFields(name: string, start: number, end: number, list: readonly Field[]): void {
  let at = start;
  let before: Field | undefined;
  for (const field of list) {
    const { offset, type } = field;
    if (before !== undefined && !before.type.isFixed) {
      wrongDefinition(name, `nothing can follow ${before.name}, whose length varies`);
    }
    if (!shareNumber(before, field)) {
      if (offset !== at) wrongDefinition(name, `${field.name} must lie at ${at}, not at ${offset}`);
      at += type.byteCount;
    }
    before = field;
  }
  if (at !== end) wrongDefinition(name, `its fields end at ${at}, not at ${end}`);
}

/** Checks that the number of an array's elements, where a field says it, is the number of a field before it. */
function checkCounts(name: string, list: readonly Field[]): void {
  for (const [place, field] of list.entries()) {
    if (field.type.kind !== "array") continue;
    const { count } = field.type as ArrayType<unknown>;
    if (typeof count !== "object" || !("field" in count)) continue;
    const counting = list.slice(0, place).find((earlier) => earlier.name === count.field);
    if (!/^u(8|16|32)$/.test(counting?.type.kind ?? "")) {
      wrongDefinition(name, `${count.field}, which counts ${field.name}, is no number before it`);
    }
  }
}

/** Fields one after the other. */
export class Struct<D extends Definition> extends Layout<RecordOf<D>> {
  /** Always `"struct"`. */
  readonly kind = "struct";
  /** Its name. */
  readonly name: string;
  /** See {@linkcode Type.byteCount}. */
  readonly byteCount: number;
  /** See {@linkcode Type.isFixed}. */
  readonly isFixed: boolean;
  /** Its fields in the order in which they lie. */
  readonly list: readonly Field[];
  /** Its fields by their names. */
  readonly fields: { readonly [Name in keyof D]: Field<D[Name][1]> };
  /** All fields but reserved bytes, which are neither read nor written. */
  readonly #valued: readonly Field[];
  /** What varies, if anything does: the last field. */
  readonly #varying: Field | null;

  /** The struct whose `definition` reaches from `start` to `end`. */
  constructor(name: string, start: number, end: number, definition: D) {
    super();
    this.name = name;
    this.byteCount = end;
    this.list = Object.entries(definition).map(([fieldName, [offset, type, unit = ""]]) =>
      new Field(fieldName, offset, type, unit)
    );
    this.fields = Object.fromEntries(this.list.map((field) => [field.name, field])) as never;
    checkFields(name, start, end, this.list);
    checkCounts(name, this.list);
    this.#valued = this.list.filter(({ type }) => type.kind !== "reserved");
    const last = this.list.at(-1);
    this.#varying = last === undefined || last.type.isFixed ? null : last;
    this.isFixed = this.#varying === null;
  }

  /** See {@linkcode Layout.readInto}. */
  readInto(view: DataView, base: number, end: number, record: Growing): Damage | null {
    if (end - base < this.byteCount) return tooShort(this.name, base, this.byteCount, end - base);
    const fields = this.#valued;
    for (let place = 0; place < fields.length; place++) {
      const { name, offset, plainBytes, type } = fields[place]!;
      const at = base + offset;
      if (plainBytes === 4) record[name] = view.getUint32(at, true);
      else if (plainBytes === 2) record[name] = view.getUint16(at, true);
      else {
        const value = type.read(view, at, end, record);
        if (value instanceof Damage) return value.in(name);
        if (!type.isSilent) record[name] = value;
      }
    }
    return null;
  }

  /** See {@linkcode Layout.writeFrom}. */
  writeFrom(view: DataView, base: number, record: Values): void {
    const fields = this.#valued;
    for (let place = 0; place < fields.length; place++) {
      const { name, offset, plainBytes, type } = fields[place]!;
      const value = record[name];
      const at = base + offset;
      if (plainBytes === 4 && isU32(value)) view.setUint32(at, value, true);
      else {
        if (!type.isSilent && !type.fits(value)) this.#refuse(name, type, value);
        type.write(view, at, value);
      }
    }
  }

  /** See {@linkcode Layout.sizeOfRecord}. */
  sizeOfRecord(record: Values): number {
    const varying = this.#varying;
    if (varying === null) return this.byteCount;
    const value = record[varying.name];
    if (!varying.type.fits(value)) this.#refuse(varying.name, varying.type, value);
    return varying.offset + varying.type.sizeOf(value);
  }

  #refuse(name: string, type: Type<unknown>, value: unknown): never {
    if (value === undefined) throw new TypeError(`Cannot encode ${this.form}: it has no ${name}`);
    throw new RangeError(`Cannot encode ${this.form}: ${name} must be ${type.form}`);
  }
}

/** A struct of `byteCount` bytes; of at least as many, where its last field varies. */
export function struct<const D extends Definition>(
  name: string,
  byteCount: number,
  definition: D,
): Struct<D> {
  return new Struct(name, 0, byteCount, definition);
}
