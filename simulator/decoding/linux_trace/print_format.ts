/**
 * What one event prints, as Linux's own format strings say it: words, and numbers and GUIDs between them.
 *
 * @module
 */

/** A value that stands in a text. */
export type PrintedValue = number | bigint | string;

/** A text is not what its event prints. */
export interface PrintFault {
  /** Where the two part, in characters of the text. */
  readonly at: number;
  /** What should stand there, and what does. */
  readonly reason: string;
}

/** How a value is printed: `x` is `0x%x`, `h` is `%llx`, `d` is `%d` or `%u`, `g` is `%pUl`. */
const KINDS: Readonly<Record<string, readonly [pattern: RegExp, name: string]>> = {
  x: [/0x[0-9a-f]{1,16}/iy, "a number of base 16"],
  h: [/[0-9a-f]{1,16}/iy, "digits of base 16"],
  d: [/-?\d{1,20}/y, "a number"],
  g: [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/iy, "a GUID"],
};

interface Part {
  /** The words before the value. */
  readonly words: string;
  /** The value's name, and how it is printed; null behind the last one. */
  readonly value: readonly [name: string, kind: string] | null;
}

/** How many characters of a text an error shows. */
const SHOWN = 24;

function valueOf(text: string, kind: string): PrintedValue {
  if (kind === "g") return text.toLowerCase();
  const wide = BigInt(kind === "h" ? `0x${text}` : text.replace(/^-/, ""));
  const value = text.startsWith("-") ? -wide : wide;
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}

/** What a value must be, such as `a u32`, where it is none of those; null: it may be what it is. */
export type Requirement = (name: string, value: PrintedValue) => string | null;

/** One event's format: `child_relid {channelId:x}, openid {openId:d}`. */
export class PrintFormat {
  readonly #parts: readonly Part[];
  readonly #require: Requirement;
  /** The names of its values, in order. */
  readonly names: readonly string[];

  /** Reads `format`; its values are those that `require` has nothing against. */
  constructor(format: string, require: Requirement = () => null) {
    this.#require = require;
    const pieces = format.split(/\{(\w+):(\w)\}/);
    const parts: Part[] = [];
    for (let at = 0; at < pieces.length; at += 3) {
      const [words = "", name, kind] = pieces.slice(at, at + 3);
      parts.push({
        words,
        value: name === undefined || kind === undefined ? null : [name, kind],
      });
    }
    this.#parts = parts;
    this.names = parts.flatMap(({ value }) => value === null ? [] : [value[0]]);
  }

  /** The values that `text` has, by name, or where it is something else. What stands behind them is left alone. */
  read(text: string): ReadonlyMap<string, PrintedValue> | PrintFault {
    const values = new Map<string, PrintedValue>();
    let at = 0;
    const fault = (wanted: string): PrintFault => {
      const there = text.slice(at, at + SHOWN);
      const is = there === "" ? "the line ends" : JSON.stringify(there);
      return { at, reason: `${wanted} should stand here, not ${is}` };
    };
    for (const { words, value } of this.#parts) {
      if (!text.startsWith(words, at)) return fault(JSON.stringify(words));
      at += words.length;
      if (value === null) continue;
      const [name, kind] = value;
      const [pattern, what] = KINDS[kind]!;
      pattern.lastIndex = at;
      const [found] = pattern.exec(text) ?? [];
      if (found === undefined) return fault(`${name}, ${what},`);
      const read = valueOf(found, kind);
      const form = this.#require(name, read);
      if (form !== null) return fault(`${name}, ${form},`);
      values.set(name, read);
      at += found.length;
    }
    return values;
  }
}
