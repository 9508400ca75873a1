/**
 * Reads the fields of a saved record, one by one, each checked as it is read: saved state comes out of a
 * file that anybody may have written. Drivers read their own state with it, too.
 *
 * @module
 */

import type { GpaRange } from "../memory/gpa_ranges.ts";
import { throwDataError } from "./fault.ts";
import { anything, bytes, flag, gpaRange, guid, text, uint, word } from "./forms.ts";
import { isRecord, type PlainData } from "./plain_data.ts";
import { list, type Schema } from "./schema.ts";

type Members = Readonly<Record<string, PlainData>>;

/**
 * The fields of one record. Every method throws a {@linkcode SavedStateFault} where the field is missing
 * or is not what it must be.
 */
export class SavedFields {
  /** The place of the record, for reasons: `packet 3`. */
  readonly where: string;
  readonly #members: Members;
  readonly #unread: Set<string>;

  /** The record that `data` is. */
  constructor(data: PlainData, where: string) {
    if (!isRecord(data)) throwDataError(`${where} is no record`);
    this.where = where;
    this.#members = data;
    this.#unread = new Set(Object.keys(data));
  }

  /** The field `key`, unchecked. */
  data(key: string): PlainData {
    if (!Object.hasOwn(this.#members, key)) throwDataError(`${this.where} has no ${key}`);
    this.#unread.delete(key);
    return this.#members[key]!;
  }

  /** A whole number from `min` to `max`. */
  uint(key: string, max: number = Number.MAX_SAFE_INTEGER, min: number = 0): number {
    return this.#read(key, uint(max, min));
  }

  /** True or false. */
  flag(key: string): boolean {
    return this.#read(key, flag);
  }

  /** A text. */
  text(key: string): string {
    return this.#read(key, text);
  }

  /** A GUID in the one form that this package has: lower case, without braces. */
  guid(key: string): string {
    return this.#read(key, guid);
  }

  /** One of `words`. */
  word<Word extends string>(key: string, words: readonly Word[]): Word {
    return this.#read(key, word(words));
  }

  /** At most `max` bytes. The array belongs to the caller. */
  bytes(key: string, max: number = Number.MAX_SAFE_INTEGER): Uint8Array {
    return this.#read(key, bytes(max));
  }

  /** A list, of whatever it is. */
  list(key: string): readonly PlainData[] {
    return this.#read(key, list(anything));
  }

  /** A list of records, each read by `read` to its end. */
  records<T>(key: string, read: (fields: SavedFields) => T): readonly T[] {
    return this.list(key).map((data, index) =>
      readRecord(data, `${this.where}, ${key} ${index}`, read)
    );
  }

  /** A list of whole numbers up to `max`. */
  uints(key: string, max: number = Number.MAX_SAFE_INTEGER): readonly number[] {
    return this.#read(key, list(uint(max)));
  }

  /** A record, read by `read` to its end. */
  record<T>(key: string, read: (fields: SavedFields) => T): T {
    return readRecord(this.data(key), `${this.where}, ${key}`, read);
  }

  /** What `read` makes of the field `key`, or null where the field is null. */
  orNull<T>(key: string, read: () => T): T | null {
    return this.data(key) === null ? null : read();
  }

  /** Ranges of guest memory: a list of records of byteCount, byteOffset and PFNs, which may be any. */
  ranges(key: string): readonly GpaRange[] {
    return this.#read(key, list(gpaRange));
  }

  /** Ends the record: a field that was not read is unknown, and a fault. */
  end(): void {
    for (const key of this.#unread) {
      throwDataError(`${this.where} has a field ${key}, which is unknown`);
    }
  }

  #read<T>(key: string, schema: Schema<T>): T {
    return schema.read(this.data(key), () => `${this.where}: ${key}`);
  }
}

/**
 * Reads a record to its end, as a driver's `restore` reads what its `save` told. `where` says in reasons
 * what it is: `disk VSC`.
 *
 * @example
 * ```ts
 * import { type PlainData, readRecord } from "@vmbus/kmcl";
 *
 * const saved: PlainData = { next: 7, phase: "open", sums: [1, 3] };
 * const state = readRecord(saved, "counter", (fields) => ({
 *   next: fields.uint("next", 1000),
 *   phase: fields.word("phase", ["open", "closed"]),
 *   sums: fields.uints("sums"),
 * }));
 * if (state.next !== 7 || state.sums[1] !== 3) throw new Error("It comes back as it was");
 * ```
 *
 * @throws {SavedStateFault} It is not such a record, or has a field that `read` did not read.
 */
export function readRecord<T>(
  data: PlainData,
  where: string,
  read: (fields: SavedFields) => T,
): T {
  const fields = new SavedFields(data, where);
  const value = read(fields);
  fields.end();
  return value;
}
