/**
 * JSON with positions: parses a text into values that know where they stand, so that whoever finds
 * a value wrong can say at which line and column.
 *
 * @module
 */

import { messageOf } from "../../core/describe.ts";

/** A text is not what it should be, at one place of it. */
export class TextError extends Error {
  /** Always `"TextError"`. */
  override readonly name = "TextError";
  /** Line of the place, from 1. */
  readonly line: number;
  /** Column of the place, from 1, in UTF-16 units. */
  readonly column: number;

  /** `at` is an offset in `text`, 0 to its length. */
  constructor(message: string, text: string, at: number) {
    super(message);
    let line = 1;
    let lineStart = 0;
    for (let end = text.indexOf("\n"); end >= 0 && end < at; end = text.indexOf("\n", lineStart)) {
      line++;
      lineStart = end + 1;
    }
    this.line = line;
    this.column = at - lineStart + 1;
  }
}

/** A JSON value and the offset in the text where it begins. */
export type JsonNode =
  & { readonly at: number }
  & (
    | { readonly kind: "object"; readonly members: ReadonlyMap<string, JsonNode> }
    | { readonly kind: "array"; readonly items: readonly JsonNode[] }
    | { readonly kind: "string"; readonly value: string }
    | { readonly kind: "number"; readonly value: number }
    | { readonly kind: "boolean"; readonly value: boolean }
    | { readonly kind: "null" }
  );

/** Deepest nesting: far more than any vector, far less than the stack holds. */
const DEPTH_MAX = 64;

/** Most values in a text: far more than any file of vectors has, and no more than fit the heap. */
export const VALUES_MAX = 500_000;

const SPACE = /[ \t\r\n]*/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const WORD = /[a-z]+/y;

class Parser {
  readonly #text: string;
  #at = 0;
  #valueCount = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parseText(): JsonNode {
    const node = this.#parseValue(0);
    this.#skipSpace();
    if (this.#at < this.#text.length) throw this.#unexpected("the end of the text");
    return node;
  }

  #parseValue(depth: number): JsonNode {
    this.#skipSpace();
    const at = this.#at;
    if (depth > DEPTH_MAX) {
      throw new TextError(
        `Cannot parse JSON: values nest deeper than ${DEPTH_MAX}`,
        this.#text,
        at,
      );
    }
    if (++this.#valueCount > VALUES_MAX) {
      const message = `Cannot parse JSON: there are more than ${VALUES_MAX} values`;
      throw new TextError(message, this.#text, at);
    }
    const first = this.#text[at];
    if (first === "{") return { at, kind: "object", members: this.#parseMembers(depth) };
    if (first === "[") return { at, kind: "array", items: this.#parseItems(depth) };
    if (first === '"') return { at, kind: "string", value: this.#parseString() };
    const digits = this.#match(NUMBER);
    if (digits !== "") return { at, kind: "number", value: Number(digits) };
    const word = this.#match(WORD);
    if (word === "null") return { at, kind: "null" };
    if (word === "true" || word === "false") return { at, kind: "boolean", value: word === "true" };
    this.#at = at;
    throw this.#unexpected("a value");
  }

  #parseMembers(depth: number): Map<string, JsonNode> {
    const members = new Map<string, JsonNode>();
    this.#at++;
    if (this.#accept("}")) return members;
    do {
      this.#skipSpace();
      const at = this.#at;
      if (this.#text[at] !== '"') throw this.#unexpected("a member name in double quotes");
      const name = this.#parseString();
      if (members.has(name)) {
        throw new TextError(
          `Cannot parse JSON: an object has two members named "${name}"`,
          this.#text,
          at,
        );
      }
      if (!this.#accept(":")) throw this.#unexpected('":"');
      members.set(name, this.#parseValue(depth + 1));
    } while (this.#accept(","));
    if (!this.#accept("}")) throw this.#unexpected('"," or "}"');
    return members;
  }

  #parseItems(depth: number): JsonNode[] {
    const items: JsonNode[] = [];
    this.#at++;
    if (this.#accept("]")) return items;
    do items.push(this.#parseValue(depth + 1)); while (this.#accept(","));
    if (!this.#accept("]")) throw this.#unexpected('"," or "]"');
    return items;
  }

  /** Finds the closing quote; what is between the quotes is decoded by the runtime's own parser. */
  #parseString(): string {
    const from = this.#at;
    let end = from + 1;
    while (end < this.#text.length && this.#text[end] !== '"' && this.#text[end] !== "\n") {
      end += this.#text[end] === "\\" ? 2 : 1;
    }
    if (this.#text[end] !== '"') {
      throw new TextError("Cannot parse JSON: a string has no closing quote", this.#text, from);
    }
    this.#at = end + 1;
    try {
      return String(JSON.parse(this.#text.slice(from, end + 1)));
    } catch (error) {
      // The reason is the runtime's own; only where the string stands is to be added.
      throw new TextError(`Cannot parse JSON: ${messageOf(error)}`, this.#text, from);
    }
  }

  #skipSpace(): void {
    this.#match(SPACE);
  }

  #accept(mark: string): boolean {
    this.#skipSpace();
    if (this.#text[this.#at] !== mark) return false;
    this.#at++;
    return true;
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? "";
    this.#at += found.length;
    return found;
  }

  #unexpected(wanted: string): TextError {
    const found = this.#text[this.#at];
    const what = found === undefined ? "the text ends" : `found ${JSON.stringify(found)}`;
    return new TextError(
      `Cannot parse JSON: expected ${wanted}, ${what}`,
      this.#text,
      this.#at,
    );
  }
}

/**
 * Parses one JSON value. Stricter than the standard in that an object may not repeat a name.
 *
 * @throws {TextError} The text is not JSON; the error names what was expected at which place.
 */
export function parseJson(text: string): JsonNode {
  return new Parser(text).parseText();
}
