/**
 * Lists of fields, put together to larger ones.
 *
 * @module
 */

import {
  bytesToEnd,
  type DecodedField,
  type DecodedFields,
  fieldsOf,
  struct,
} from "../../core/layout/mod.ts";
import { movedField } from "../../core/layout/fields.ts";

/** What is wrong with bytes, and where: in bytes from the first of whatever they are a part of. */
export type DecodedDamage = NonNullable<DecodedFields["damage"]>;

/** Fields that are found one after the other in `bytes`, whose first lies at `start` of something larger. */
export class Parts {
  /** The fields so far. */
  readonly fields: DecodedField[] = [];
  /** What was found to be wrong first. */
  damage: DecodedDamage | null = null;
  readonly #bytes: Uint8Array;
  readonly #start: number;

  /** No fields of `bytes` yet. */
  constructor(bytes: Uint8Array, start: number) {
    this.#bytes = bytes;
    this.#start = start;
  }

  /** Notes damage at `at` of the bytes. */
  note(at: number, reason: string): void {
    this.damage ??= { offset: this.#start + at, reason };
  }

  /** Adds what `decoded` says of some of the bytes, as one field with fields. */
  group(name: string, text: string, at: number, decoded: DecodedFields): void {
    const { fields, byteCount, damage } = decoded;
    this.fields.push({ name, offset: this.#start + at, byteCount, value: null, text, fields });
    this.damage ??= damage;
  }

  /** Adds fields as they are. */
  add(decoded: DecodedFields): void {
    this.fields.push(...decoded.fields);
    this.damage ??= decoded.damage;
  }

  /** Adds the bytes from `at` to `end` as a field without further meaning, where there are any. */
  plain(name: string, at: number, end: number): void {
    if (end > at) this.add(fieldsOfPlain(name, this.#bytes.subarray(at, end), this.#start + at));
  }

  /** All of it, `byteCount` bytes long. */
  decoded(byteCount: number): DecodedFields {
    return { fields: this.fields, byteCount, damage: this.damage };
  }
}

/** All of `bytes` as one field. */
function fieldsOfPlain(name: string, bytes: Uint8Array, start: number): DecodedFields {
  return fieldsOf(struct(name, 0, { [name]: [0, bytesToEnd()] }), bytes, start);
}

/** `decoded` as it lies somewhere else: `place` says where each offset is there. */
export function relocated(
  decoded: DecodedFields,
  place: (offset: number) => number,
): DecodedFields {
  const { fields, byteCount, damage } = decoded;
  return {
    fields: fields.map((field) => movedField(field, place)),
    byteCount,
    damage: damage && { ...damage, offset: place(damage.offset) },
  };
}
