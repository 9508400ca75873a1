/**
 * What one event prints, as Linux's own format strings say it: words, and numbers and GUIDs between them. Where a program
 * cannot follow the format string, or is asked for what was recorded (`trace-cmd report -R`), it prints the event's fields
 * instead: `[FAILED TO PARSE] child_relid=2 monitorid=255 if_type=ARRAY[31, 60, ...]`.
 *
 * @module
 */

import { readGuid } from "../../../core/guid.ts";

/** A value that stands in a text. */
export type PrintedValue = number | bigint | string;

/** A text is not what its event prints. */
export interface PrintFault {
  /** Where the two part, in characters of the text. */
  readonly at: number;
  /** What should stand there, and what does. */
  readonly reason: string;
}

/**
 * How a value is printed: `x` is `0x%x`, `h` is `%llx`, `d` is `%d` or `%u`, `g` is `%pUl`; of that programs before 2020
 * know the `%p` alone, and print `(nil)Ul` for any GUID.
 */
const KINDS: Readonly<Record<string, readonly [pattern: RegExp, name: string]>> = {
  x: [/0x[0-9a-f]{1,16}/iy, "a number of base 16"],
  h: [/[0-9a-f]{1,16}/iy, "digits of base 16"],
  d: [/-?\d{1,20}/y, "a number"],
  g: [
    /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|(?:\(nil\)|0x[0-9a-f]{1,16})Ul/iy,
    "a GUID",
  ],
};

/** A text of fields begins so. */
const FIELDS = /^(?:\[FAILED TO PARSE\])?\s*[a-z]\w*=/;
/** A field's value: a number, or 16 bytes of a GUID. Those that are all letters are printed as such, which tells no GUID. */
const FIELD_NUMBER = /^(?:0x[0-9a-f]{1,16}|-?\d{1,20})$/i;
const FIELD_GUID = /^ARRAY\[((?:[0-9a-f]{2}, ){15}[0-9a-f]{2})\]$/i;

interface Part {
  /** The words before the value. */
  readonly words: string;
  /** The value's name, how it is printed, and the field that is recorded; null behind the last one. */
  readonly value: readonly [name: string, kind: string, field: string] | null;
}

/** How many characters of a text an error shows. */
const SHOWN = 24;

/** The value that is printed so; null: it is a GUID that was not printed. */
function valueOf(text: string, kind: string): PrintedValue | null {
  if (kind === "g") return text.endsWith("Ul") ? null : text.toLowerCase();
  const wide = BigInt(kind === "h" ? `0x${text}` : text.replace(/^-/, ""));
  const value = text.startsWith("-") ? -wide : wide;
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}

/** At `at` something else stands than what is `wanted`. */
function faultAt(text: string, at: number, wanted: string): PrintFault {
  const there = text.slice(at, at + SHOWN);
  const is = there === "" ? "the line ends" : JSON.stringify(there);
  return { at, reason: `${wanted} should stand here, not ${is}` };
}

/** What a value must be, such as `a u32`, where it is none of those; null: it may be what it is. */
export type Requirement = (name: string, value: PrintedValue) => string | null;

/** The value of a field; null: it is a GUID that was not printed. */
function valueOfField(text: string, kind: string): PrintedValue | null {
  if (kind !== "g") {
    return text.toLowerCase().startsWith("0x") ? valueOf(text.slice(2), "h") : valueOf(text, "d");
  }
  const [, digits] = FIELD_GUID.exec(text) ?? [];
  if (digits === undefined) return null;
  const bytes = Uint8Array.from(digits.split(", "), (each) => Number.parseInt(each, 16));
  return readGuid(new DataView(bytes.buffer), 0);
}

/**
 * One event's format: `child_relid {channelId:x}, openid {openId:d}`. The word before a value is the name of its field;
 * where the kernel has another one, that stands behind: `is_dedicated {isDedicated:d:is_ddc_int}`.
 */
export class PrintFormat {
  readonly #parts: readonly Part[];
  readonly #require: Requirement;
  /** The names of its values, in order. */
  readonly names: readonly string[];

  /** Reads `format`; its values are those that `require` has nothing against. */
  constructor(format: string, require: Requirement = () => null) {
    this.#require = require;
    const pieces = format.split(/\{(\w+):(\w)(?::(\w+))?\}/);
    const parts: Part[] = [];
    for (let at = 0; at < pieces.length; at += 4) {
      const [words = "", name, kind, field = /\w*(?=[ =]$)/.exec(words)?.[0] ?? ""] = pieces.slice(
        at,
        at + 4,
      );
      parts.push({
        words,
        value: name === undefined || kind === undefined ? null : [name, kind, field],
      });
    }
    this.#parts = parts;
    this.names = parts.flatMap(({ value }) => value === null ? [] : [value[0]]);
  }

  /**
   * The values that `text` has, by name, or where it is something else. What stands behind them is left alone. A GUID that
   * was not printed is left out.
   */
  read(text: string): ReadonlyMap<string, PrintedValue> | PrintFault {
    return FIELDS.test(text) ? this.#readFields(text) : this.#readWords(text);
  }

  /** The fields may stand in any order, and are those of a structure: more of them than are printed, some day. */
  #readFields(text: string): ReadonlyMap<string, PrintedValue> | PrintFault {
    const values = new Map<string, PrintedValue>();
    for (const { value } of this.#parts) {
      if (value === null) continue;
      const [name, kind, field] = value;
      const found = new RegExp(`(?<=^|[\\s\\]])${field}=(ARRAY\\[[^\\]]*\\]|\\S*)`).exec(text);
      if (found === null) return faultAt(text, text.length, `"${field}="`);
      const [, printed = ""] = found;
      const at = found.index + field.length + 1;
      if (kind !== "g" && !FIELD_NUMBER.test(printed)) {
        return faultAt(text, at, `${name}, a number,`);
      }
      const read = valueOfField(printed, kind);
      if (read === null) continue;
      const form = this.#require(name, read);
      if (form !== null) return faultAt(text, at, `${name}, ${form},`);
      values.set(name, read);
    }
    return values;
  }

  #readWords(text: string): ReadonlyMap<string, PrintedValue> | PrintFault {
    const values = new Map<string, PrintedValue>();
    let at = 0;
    const fault = (wanted: string): PrintFault => faultAt(text, at, wanted);
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
      const form = read === null ? null : this.#require(name, read);
      if (form !== null) return fault(`${name}, ${form},`);
      if (read !== null) values.set(name, read);
      at += found.length;
    }
    return values;
  }
}
