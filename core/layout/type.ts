/**
 * What every type of a layout has: what it is, as data, and how it is read and written.
 *
 * @module
 */

/**
 * What is wrong with bytes that a layout does not fit:
 * - `"tooShort"`: they end before it does;
 * - `"unknownTag"`: a field that says what follows has a value that stands for nothing;
 * - `"wrongValue"`: a field has a value that it cannot have.
 */
export type DamageKind = "tooShort" | "unknownTag" | "wrongValue";

/** Where bytes are not what a layout says, and why. Whoever wrote them may have written anything. */
export class Damage {
  /** What kind of damage it is. */
  readonly kind: DamageKind;
  /** Where it is, in bytes from the first that was given. */
  readonly offset: number;
  /** What is wrong there, in words. */
  readonly reason: string;
  /** The number that is there, where that is what is wrong; else null. */
  readonly number: number | null;

  /** Damage at `offset`. */
  constructor(kind: DamageKind, offset: number, reason: string, number: number | null = null) {
    this.kind = kind;
    this.offset = offset;
    this.reason = reason;
    this.number = number;
  }

  /** The same damage, said of the field `name` that has it. */
  in(name: string): Damage {
    return new Damage(this.kind, this.offset, `${name}: ${this.reason}`, this.number);
  }
}

/** Values of the fields before a type: what the count of an array is taken from. */
export type Values = Readonly<Record<string, unknown>>;

/** The values before a type that stands alone. */
export const NO_VALUES: Values = Object.freeze({});

/** What a type is: the word by which the text of a trace and the source of a dissector know it. */
export type Kind =
  | "u8"
  | "u16"
  | "u32"
  | "u64"
  | "bit"
  | "choice"
  | "constant"
  | "reserved"
  | "guid"
  | "bytes"
  | "text"
  | "array"
  | "struct"
  | "byField"
  | "bySize";

/**
 * How one value lies in bytes. Its data members say all that a generator of other readers needs; its methods
 * load each byte once, so that what was checked is what is used, whoever writes to the memory meanwhile.
 */
export interface Type<T> {
  /** What it is. */
  readonly kind: Kind;
  /** Bytes that it takes; the fewest, where it is not fixed. */
  readonly byteCount: number;
  /** Whether it always takes as many. What does not is the last field of its struct. */
  readonly isFixed: boolean;
  /** Whether records have no value for it: constants and reserved bytes. */
  readonly isSilent: boolean;
  /** What its values are, in words: `a u32`. */
  readonly form: string;
  /** Whether it can hold `value`. */
  fits(value: unknown): boolean;
  /** Bytes that `value` takes. */
  sizeOf(value: T): number;
  /** Reads the value at `at`, from which at least `byteCount` bytes lie before `end`. */
  read(view: DataView, at: number, end: number, before: Values): T | Damage;
  /** Writes `value`, which fits, to `at`. */
  write(view: DataView, at: number, value: T): void;
  /** `value` as people read it. */
  textOf(value: T): string;
}

/** What `X` reads and writes; `never` of what records have no value for. */
export type TypeValue<X> = X extends Type<infer T> ? T : never;

/** The bytes of `view` from `at` on. */
export function bytesAt(view: DataView, at: number, byteCount: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + at, byteCount);
}
