/**
 * Numbers that are something else in a program: a bit, one of several names, a constant, a number with limits.
 *
 * @module
 */

import type { NumberType } from "./numbers.ts";
import { Damage, type Type } from "./type.ts";

/** One bit of a number. */
export interface BitType extends Type<boolean> {
  /** Always `"bit"`. */
  readonly kind: "bit";
  /** The number that it is a bit of. */
  readonly number: NumberType;
  /** The bit, as a mask. */
  readonly mask: number;
}

/**
 * Bit `index` of `number`. Other bits stay as they are when it is written, which is 0 in bytes that are new, and
 * are ignored when it is read: where each has a meaning, each has a field of its own at the same offset.
 */
export function bit(number: NumberType, index: number): BitType {
  const mask = 2 ** index;
  return {
    kind: "bit",
    number,
    mask,
    byteCount: number.byteCount,
    isFixed: true,
    isSilent: false,
    form: "a boolean",
    fits: (value) => typeof value === "boolean",
    sizeOf: () => number.byteCount,
    read: (view, at) => (number.read(view, at) & mask) !== 0,
    write: (view, at, value) => {
      const others = number.read(view, at) & ~mask;
      number.write(view, at, (others | (value ? mask : 0)) >>> 0);
    },
    textOf: (value) => value ? "yes" : "no",
  };
}

/** A number that stands for one of several names. */
export interface ChoiceType<Name extends string> extends Type<Name> {
  /** Always `"choice"`. */
  readonly kind: "choice";
  /** The number that it is on the wire. */
  readonly number: NumberType;
  /** The names, and the number of each. */
  readonly names: Readonly<Record<Name, number>>;
}

/**
 * A number that stands for one of `names`: a list, where it is the place in that, from 0 on, or a table. Any other
 * number is damage.
 */
export function oneOf<const Name extends string>(
  number: NumberType,
  names: readonly Name[] | Readonly<Record<Name, number>>,
): ChoiceType<Name> {
  const table =
    (Array.isArray(names)
      ? Object.fromEntries(names.map((name, place) => [name, place]))
      : names) as Readonly<Record<Name, number>>;
  const nameOf = new Map(Object.entries<number>(table).map(([name, value]) => [value, name]));
  const numberOf = new Map(Object.entries<number>(table));
  return {
    kind: "choice",
    number,
    names: table,
    byteCount: number.byteCount,
    isFixed: true,
    isSilent: false,
    form: `one of ${Object.keys(table).join(", ")}`,
    fits: (value) => numberOf.has(value as string),
    sizeOf: () => number.byteCount,
    read: (view, at) => {
      const value = number.read(view, at);
      const name = nameOf.get(value) as Name | undefined;
      return name ?? new Damage("unknownTag", at, `${number.textOf(value)} is unknown`, value);
    },
    write: (view, at, value) => number.write(view, at, numberOf.get(value)!),
    textOf: (value) => `${number.textOf(numberOf.get(value)!)} (${value})`,
  };
}

/** A number that is always the same. */
export interface ConstantType extends Type<never> {
  /** Always `"constant"`. */
  readonly kind: "constant";
  /** The number that it is on the wire. */
  readonly number: NumberType;
  /** What it always is. */
  readonly value: number;
}

/** A number that is always `value`, so that records have no value for it; any other is damage. */
export function constant(number: NumberType, value: number): ConstantType {
  return {
    kind: "constant",
    number,
    value,
    byteCount: number.byteCount,
    isFixed: true,
    isSilent: true,
    form: "nothing",
    fits: (given) => given === undefined,
    sizeOf: () => number.byteCount,
    read: (view, at) => {
      const read = number.read(view, at);
      if (read === value) return undefined as never;
      const reason = `${number.textOf(read)} is not ${number.textOf(value)}`;
      return new Damage("wrongValue", at, reason, read);
    },
    write: (view, at) => number.write(view, at, value),
    textOf: () => number.textOf(value),
  };
}

/** A number of which not each value is one. */
export interface LimitedType extends Type<number> {
  /** The width of the number. */
  readonly kind: NumberType["kind"];
  /** The number that it is on the wire. */
  readonly number: NumberType;
  /** Its lowest value. */
  readonly min: number;
  /** Its highest value. */
  readonly max: number;
}

/** `number` from `min` to `max`; any other is damage. */
export function within(number: NumberType, min: number, max: number): LimitedType {
  const isInside = (value: number) => value >= min && value <= max;
  return {
    kind: number.kind,
    number,
    min,
    max,
    byteCount: number.byteCount,
    isFixed: true,
    isSilent: false,
    form: `${number.form} from ${min} to ${max}`,
    fits: (value) => number.fits(value) && isInside(value),
    sizeOf: () => number.byteCount,
    read: (view, at) => {
      const value = number.read(view, at);
      if (isInside(value)) return value;
      return new Damage("wrongValue", at, `${value} is not from ${min} to ${max}`, value);
    },
    write: (view, at, value) => number.write(view, at, value),
    textOf: (value) => number.textOf(value),
  };
}
