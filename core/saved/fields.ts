/**
 * Reads the fields of a saved record, one by one, each checked as it is read: saved state comes out of a
 * file, and anybody may have written there. Drivers read their own state with it, too.
 *
 * @module
 */

import { parseGuid } from "../guid.ts";
import { type GpaRange, rangeFault } from "../memory/gpa_ranges.ts";
import { isUint, pagesSpanned } from "../units.ts";
import { throwDataError } from "./fault.ts";
import { isRecord, type PlainData } from "./plain_data.ts";

type Members = Readonly<Record<string, PlainData>>;

/**
 * The fields of one record. Every method throws a {@linkcode SavedStateFault} where the field is missing
 * or is not what it must be.
 */
export class SavedFields {
  /** Where the record stands, for reasons: `packet 3`. */
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

  /** The field `key`, whatever it is. */
  data(key: string): PlainData {
    if (!Object.hasOwn(this.#members, key)) throwDataError(`${this.where} has no ${key}`);
    this.#unread.delete(key);
    return this.#members[key]!;
  }

  /** A whole number from `min` to `max`. */
  uint(key: string, max: number = Number.MAX_SAFE_INTEGER, min: number = 0): number {
    const value = this.data(key);
    if (!isUint(value, max) || value < min) {
      this.#wrong(key, `a whole number from ${min} to ${max}`);
    }
    return value;
  }

  /** True or false. */
  flag(key: string): boolean {
    const value = this.data(key);
    if (typeof value !== "boolean") this.#wrong(key, "true or false");
    return value;
  }

  /** A text. */
  text(key: string): string {
    const value = this.data(key);
    if (typeof value !== "string") this.#wrong(key, "a text");
    return value;
  }

  /** A GUID in the one form that this package has: lower case, without braces. */
  guid(key: string): string {
    const value = this.data(key);
    if (typeof value !== "string" || parseGuid(value) !== value) this.#wrong(key, "a GUID");
    return value;
  }

  /** One of `words`. */
  word<Word extends string>(key: string, words: readonly Word[]): Word {
    const value = this.data(key);
    const word = words.find((known) => known === value);
    if (word === undefined) this.#wrong(key, `one of ${words.join(", ")}`);
    return word;
  }

  /** At most `max` bytes. The array belongs to the caller. */
  bytes(key: string, max: number = Number.MAX_SAFE_INTEGER): Uint8Array {
    const value = this.data(key);
    if (!(value instanceof Uint8Array) || value.length > max) {
      this.#wrong(key, `at most ${max} bytes`);
    }
    return value;
  }

  /** A list, of whatever it is. */
  list(key: string): readonly PlainData[] {
    const value = this.data(key);
    if (!Array.isArray(value)) this.#wrong(key, "a list");
    return value;
  }

  /** A list of records, each read by `read` to its end. */
  records<T>(key: string, read: (fields: SavedFields) => T): readonly T[] {
    return this.list(key).map((data, index) =>
      readRecord(data, `${this.where}, ${key} ${index}`, read)
    );
  }

  /** A list of whole numbers up to `max`. */
  uints(key: string, max: number = Number.MAX_SAFE_INTEGER): readonly number[] {
    return this.list(key).map((value) => {
      if (!isUint(value, max)) this.#wrong(key, `a list of whole numbers up to ${max}`);
      return value;
    });
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
    return this.records(key, (range) => {
      const byteCount = range.uint("byteCount", 0xffff_ffff);
      const byteOffset = range.uint("byteOffset", 0xffff_ffff);
      const pfns = range.uints("pfns", Number.MAX_SAFE_INTEGER);
      const fault = rangeFault(byteCount, byteOffset);
      if (fault !== null || pfns.length !== pagesSpanned(byteOffset, byteCount)) {
        throwDataError(`${range.where} is no range of pages`);
      }
      return { byteCount, byteOffset, pfns };
    });
  }

  /** Every field was read: one that nobody knows is a fault. */
  end(): void {
    for (const key of this.#unread) {
      throwDataError(`${this.where} has a field ${key}, which is unknown`);
    }
  }

  #wrong(key: string, what: string): never {
    throwDataError(`${this.where}: ${key} is not ${what}`);
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
 * @throws {SavedStateFault} It is no such record, or has a field that `read` did not read.
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
