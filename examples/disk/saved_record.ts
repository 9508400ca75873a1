/**
 * What a driver reads its saved state with. Saved state comes out of a file, and anybody may have
 * written there: a driver believes no field of it before it has looked.
 *
 * @module
 */

import type { PlainData } from "../../mod.ts";

/** The fields of a saved record. Every method throws an Error where the field is not what it must be. */
export class SavedRecord {
  readonly #fields: Readonly<Record<string, PlainData>>;
  /** Where the record stands, for errors: `disk VSC`. */
  readonly #where: string;

  /** The record that `data` is. */
  constructor(data: PlainData | undefined, where: string) {
    const isRecord = typeof data === "object" && data !== null && !Array.isArray(data) &&
      !(data instanceof Uint8Array);
    if (!isRecord) throw new Error(`Cannot restore ${where}: it is no record`);
    this.#fields = data as Readonly<Record<string, PlainData>>;
    this.#where = where;
  }

  /** Whether a field is null. */
  isNull(key: string): boolean {
    return this.#fields[key] === null;
  }

  /** A whole number from 0 to `most`. */
  number(key: string, most: number = Number.MAX_SAFE_INTEGER): number {
    const value = this.#fields[key];
    const isNumber = typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
    return isNumber && value <= most ? value : this.#refuse(key);
  }

  /** True or false. */
  flag(key: string): boolean {
    const value = this.#fields[key];
    return typeof value === "boolean" ? value : this.#refuse(key);
  }

  /** A text. */
  text(key: string): string {
    const value = this.#fields[key];
    return typeof value === "string" ? value : this.#refuse(key);
  }

  /** One of `words`. */
  word<Word extends string>(key: string, words: readonly Word[]): Word {
    return words.find((word) => word === this.#fields[key]) ?? this.#refuse(key);
  }

  /** Bytes. */
  bytes(key: string): Uint8Array {
    const value = this.#fields[key];
    return value instanceof Uint8Array ? value : this.#refuse(key);
  }

  /** A record. */
  record(key: string): SavedRecord {
    return new SavedRecord(this.#fields[key], `${this.#where}: ${key}`);
  }

  /** A list of records. */
  records(key: string): SavedRecord[] {
    return this.#list(key).map((data, at) =>
      new SavedRecord(data, `${this.#where}: ${key} ${at}`)
    );
  }

  /** A list of whole numbers from 0 on. */
  numbers(key: string): number[] {
    return this.#list(key).map((data) =>
      typeof data === "number" && Number.isSafeInteger(data) && data >= 0 ? data : this.#refuse(key)
    );
  }

  /** The field itself, for whoever reads it further. */
  data(key: string): PlainData {
    return this.#fields[key] ?? this.#refuse(key);
  }

  #list(key: string): readonly PlainData[] {
    const value = this.#fields[key];
    return Array.isArray(value) ? value : this.#refuse(key);
  }

  #refuse(key: string): never {
    throw new Error(`Cannot restore ${this.#where}: ${key} is not what was saved there`);
  }
}
