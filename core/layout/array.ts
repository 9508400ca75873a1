/**
 * Arrays: as many elements as another field says, as follow from other fields, or as there are.
 *
 * @module
 */

import { Damage, type Type, type Values } from "./type.ts";

/**
 * How many elements an array has: always as many; as many as the field before it says; what a formula of fields
 * before it comes to, which `of` reckons; or all that are there.
 */
export type Count =
  | number
  | { readonly field: string }
  | { readonly formula: string; readonly of: (before: Values) => number }
  | "toTheEnd";

/** Elements of one type, one after the other. */
export interface ArrayType<T> extends Type<readonly T[]> {
  /** Always `"array"`. */
  readonly kind: "array";
  /** What the elements are. */
  readonly element: Type<T>;
  /** How many there are. */
  readonly count: Count;
}

/**
 * How many elements there have to be, by what was read before: whatever that says, reading ends where the bytes
 * end, as each element takes some.
 */
export function countOf({ count }: { readonly count: Count }, before: Values): number {
  if (typeof count === "number") return count;
  if (count === "toTheEnd") return Infinity;
  return "field" in count ? before[count.field] as number : count.of(before);
}

/** What is said where bytes end before an array does. */
export function missingElements(wanted: number, there: number): string {
  return `${wanted} elements are announced, ${there} are there`;
}

/**
 * Elements of type `element`, as many as `count` says. Those that are written are as many as are given: whoever
 * writes the field that says their number sees to it that this is the number.
 */
export function array<T>(element: Type<T>, count: Count): ArrayType<T> {
  if (element.byteCount === 0) {
    throw new RangeError("Cannot lay out an array: its elements must have bytes");
  }
  const isFixed = typeof count === "number" && element.isFixed;
  const sizeOf = (values: readonly T[]) =>
    element.isFixed
      ? values.length * element.byteCount
      : values.reduce((sum, value) => sum + element.sizeOf(value), 0);
  return {
    kind: "array",
    element,
    count,
    byteCount: typeof count === "number" ? count * element.byteCount : 0,
    isFixed,
    isSilent: false,
    form: `an array whose elements are ${element.form}`,
    fits: (values) =>
      Array.isArray(values) && (typeof count !== "number" || values.length === count) &&
      values.every((value) => element.fits(value)),
    sizeOf,
    read: (view, start, end, before) => {
      const wanted = countOf({ count }, before);
      const values: T[] = [];
      let at = start;
      while (values.length < wanted) {
        if (end - at < element.byteCount) {
          if (wanted === Infinity) break;
          return new Damage("tooShort", at, missingElements(wanted, values.length));
        }
        const value = element.read(view, at, end, before);
        if (value instanceof Damage) return value.in(`[${values.length}]`);
        values.push(value);
        at += element.isFixed ? element.byteCount : element.sizeOf(value);
      }
      return values;
    },
    write: (view, start, values) => {
      let at = start;
      for (const value of values) {
        element.write(view, at, value);
        at += element.sizeOf(value);
      }
    },
    textOf: (values) => `${values.length} elements`,
  };
}
