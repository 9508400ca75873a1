/**
 * A value that somebody else wrote as JSON, read field by field: what is not as it should be is named.
 *
 * @module
 */

import { describe } from "../../core/describe.ts";
import { isUint } from "../../core/units.ts";

/** A value is not what it should be; the message says where, what would be right, and what is there. */
export class JsonValueError extends Error {}

/** A value, and where it stands. */
export class JsonValue {
  readonly #value: unknown;
  /** Names of fields from the whole on: `settings.codec`. */
  readonly path: string;

  /** `value`, which stands at `path`. */
  constructor(value: unknown, path: string = "") {
    this.#value = value;
    this.path = path;
  }

  /** Says that it must be `what`. */
  refuse(what: string): never {
    const { path } = this;
    const shown = typeof this.#value === "string"
      ? JSON.stringify(this.#value.slice(0, 60))
      : describe(this.#value);
    throw new JsonValueError(`${path === "" ? "it" : path} must be ${what}, not ${shown}`);
  }

  /** The value as it is, for a reader of its own. */
  get raw(): unknown {
    return this.#value;
  }

  /** Whether there is nothing. */
  get isAbsent(): boolean {
    return this.#value === undefined;
  }

  /** A field of an object; one that the object lacks is absent. */
  field(name: string): JsonValue {
    const value = this.#value;
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      this.refuse("an object");
    }
    const path = this.path === "" ? name : `${this.path}.${name}`;
    return new JsonValue(Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined, path);
  }

  /** The elements of a list of `most` at most. */
  list(most: number): readonly JsonValue[] {
    const value = this.#value;
    if (!Array.isArray(value) || value.length > most) this.refuse(`a list of at most ${most}`);
    return value.map((each, at) => new JsonValue(each, `${this.path}[${at}]`));
  }

  /** A text of `most` units at most, of a form where one is given. */
  text(most: number, form: RegExp = /^/, what: string = "a text"): string {
    const value = this.#value;
    if (typeof value !== "string" || value.length > most || !form.test(value)) {
      this.refuse(`${what} of at most ${most} characters`);
    }
    return value;
  }

  /** A whole number from `least` to `most`. */
  uint(most: number = Number.MAX_SAFE_INTEGER, least: number = 0): number {
    const value = this.#value;
    if (!isUint(value, most) || value < least) {
      this.refuse(`a whole number from ${least} to ${most}`);
    }
    return value;
  }

  /** True or false. */
  boolean(): boolean {
    const value = this.#value;
    if (typeof value !== "boolean") this.refuse("true or false");
    return value;
  }

  /** One of several words. */
  oneOf<const Word extends string | number>(words: readonly Word[]): Word {
    const word = words.find((each) => each === this.#value);
    if (word === undefined) this.refuse(words.map((each) => JSON.stringify(each)).join(" or "));
    return word;
  }

  /** Null, or what `read` makes of it. */
  orNull<T>(read: (value: JsonValue) => T): T | null {
    return this.#value === null ? null : read(this);
  }
}
