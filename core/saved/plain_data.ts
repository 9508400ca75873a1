/**
 * Plain data: what saved state is made of, and its bytes.
 *
 * The bytes are msgpack, each value in the one form that this module writes (numbers and lengths in the
 * shortest one that holds them, numbers that are not 32-bit integers as float 64, bigints as 64-bit
 * integers, objects as maps with text keys in ascending order of their UTF-16 units). A reader takes no
 * other form, so that equal data has equal bytes.
 *
 * @module
 */

// The subpath without native code: the library's main entry may load an addon.
import { Packr } from "msgpackr/pack";
import { assert } from "../assert.ts";
import { isBytes, wholeOf } from "../bytes.ts";
import { isInstance, messageOf } from "../describe.ts";
import { listWeight, recordWeight, simpleWeight } from "./budget.ts";

/**
 * Data without behaviour: it comes back equal from a saved state. Numbers come back bit by bit, apart
 * from -0, which comes back as 0, and NaN, of which there is one; bigints are those that 64 bits hold,
 * signed or unsigned; texts are well-formed. An object has no prototype of its own and no key `__proto__`.
 */
export type PlainData =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly PlainData[]
  | { readonly [key: string]: PlainData };

/** A private copy of plain data, or what is not plain in it. */
export type PlainDataCopy =
  | { readonly data: PlainData; readonly fault: null }
  | { readonly data: null; readonly fault: string };

/** Arrays and objects inside one another, the outermost counted. */
export const PLAIN_DATA_DEPTH_MAX = 64;

const BIGINT_MIN = -(2n ** 63n);
const BIGINT_MAX = 2n ** 64n - 1n;

const packr = new Packr({ useRecords: false, variableMapSize: true });

/** The place of a value: worded only where something is wrong with it. */
type Where = () => string;

/** What is not plain in a value, and where; thrown and caught in this file alone. */
class NotPlain extends Error {}

/** What the library is given: objects as maps, so that no key of theirs means anything to it. */
type Packable = Exclude<PlainData, object> | null | Uint8Array | Packable[] | Map<string, Packable>;

/** The members of a plain object, or null for any other. */
function membersOf(value: object): readonly [string, unknown][] | null {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null ? Object.entries(value) : null;
}

/**
 * Throws where a driver's list, object or bytes carry what would not come back with them: a key that is
 * a symbol or is not enumerable, or a list's member beside its elements.
 */
function checkKeys(value: object, where: Where): void {
  const [symbol] = Object.getOwnPropertySymbols(value);
  if (symbol !== undefined) {
    throw new NotPlain(
      `${where()} has a key that is a symbol, ${symbol.description ?? "without a name"}`,
    );
  }
  // The keys of bytes are not listed: each byte is a key, and there may be millions.
  if (value instanceof Uint8Array) return;
  const isList = Array.isArray(value);
  if (isList && Object.getPrototypeOf(value) !== Array.prototype) {
    throw new NotPlain(`${where()} is a list with a prototype of its own`);
  }
  const keys = Object.getOwnPropertyNames(value);
  // Elements come first, in order; then `length`, which is not enumerable; then what is not a list's.
  const extra = isList ? keys[value.length + 1] : keys.find((key) => !isEnumerable(value, key));
  if (extra === undefined) return;
  throw new NotPlain(
    isList ? `${where()} is a list with a member ${extra}` : `${where()} has a hidden key ${extra}`,
  );
}

function isEnumerable(value: object, key: string): boolean {
  return Object.prototype.propertyIsEnumerable.call(value, key);
}

function checkText(text: string, where: Where): string {
  if (!text.isWellFormed()) throw new NotPlain(`${where()} is text with half a surrogate pair`);
  return text;
}

/** Walks through `value`, which a driver gave, and makes something of each part. */
function walk<T>(value: unknown, where: Where, depth: number, make: {
  readonly check: (value: object, where: Where) => void;
  readonly bytes: (value: Uint8Array) => T;
  readonly list: (members: T[]) => T;
  readonly object: (members: [string, T][]) => T;
  readonly simple: (value: null | boolean | number | bigint | string) => T;
}): T {
  switch (typeof value) {
    case "boolean":
      return make.simple(value);
    case "number":
      return make.simple(Number.isNaN(value) ? NaN : value);
    case "string":
      return make.simple(checkText(value, where));
    case "bigint":
      if (value >= BIGINT_MIN && value <= BIGINT_MAX) return make.simple(value);
      throw new NotPlain(`${where()} is a bigint that 64 bits do not hold`);
    case "object":
      break;
    default:
      throw new NotPlain(`${where()} is of type ${typeof value}`);
  }
  if (value === null) return make.simple(null);
  if (isBytes(value)) {
    make.check(value, where);
    return make.bytes(value);
  }
  if (depth === 0) throw new NotPlain(`${where()} is nested too deep`);
  if (Array.isArray(value)) {
    make.check(value, where);
    const length = value.length;
    const list = Array.from(
      { length },
      (_, index) => walk<T>(value[index], () => `${where()}[${index}]`, depth - 1, make),
    );
    return make.list(list);
  }
  if (value instanceof Promise) throw new NotPlain(`${where()} is a promise`);
  const entries = membersOf(value);
  if (entries === null) throw new NotPlain(`${where()} is an object with a prototype`);
  make.check(value, where);
  return make.object(entries.map(([key, member]) => {
    if (key === "__proto__") throw new NotPlain(`${where()} has a key __proto__`);
    checkText(key, () => `a key of ${where()}`);
    return [key, walk<T>(member, () => `${where()}.${key}`, depth - 1, make)];
  }));
}

/**
 * A private copy of `value`, which may be anything, where all of it is plain data; otherwise a text that
 * names what is not, and its place, beginning with `where`.
 */
export function copyPlainData(
  value: unknown,
  where: string,
  depthMax: number = PLAIN_DATA_DEPTH_MAX,
): PlainDataCopy {
  try {
    const data = walk<PlainData>(value, () => where, depthMax, {
      check: checkKeys,
      bytes: (bytes) => new Uint8Array(bytes),
      list: (list) => list,
      object: (members) => Object.fromEntries(members),
      simple: (simple) => simple,
    });
    return { data, fault: null };
  } catch (error) {
    if (isInstance(error, NotPlain)) return { data: null, fault: error.message };
    // A getter or a trap of the driver's own threw, or a buffer was transferred.
    return { data: null, fault: `${where} cannot be read: ${messageOf(error)}` };
  }
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

/** The bytes of `data`: whichever order the keys of an object are in, they are the same. */
export function encodePlainData(data: PlainData): Uint8Array {
  try {
    const packable = walk<Packable>(data, () => "data", PLAIN_DATA_DEPTH_MAX, {
      check: () => {}, // it is a copy, or our own
      // A subclass of Uint8Array could ask the library for another form.
      bytes: wholeOf,
      list: (list) => list,
      object: (members) => new Map(members.sort(byKey)),
      simple: (simple) => simple,
    });
    // The result is a view of the library's own buffer, in which it writes the next one.
    return new Uint8Array(packr.pack(packable));
  } catch (error) {
    if (!(error instanceof NotPlain)) throw error;
    assert(false, `what is saved is plain data: ${error.message}`);
  }
}

/** All that `data` weighs on the heap once it was read. */
export function weightOf(data: PlainData): number {
  if (typeof data !== "object" || data === null || data instanceof Uint8Array) {
    return simpleWeight(data);
  }
  if (Array.isArray(data)) {
    return data.reduce<number>((sum, member) => sum + weightOf(member), listWeight(data.length));
  }
  const fields = Object.entries(data as { readonly [key: string]: PlainData });
  return fields.reduce(
    (sum, [key, value]) => sum + simpleWeight(key) + weightOf(value),
    recordWeight(fields.length),
  );
}

/** Whether two arrays hold the same bytes. */
export function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}

/** Whether `data` is a record. */
export function isRecord(data: PlainData): data is { readonly [key: string]: PlainData } {
  return typeof data === "object" && data !== null && !Array.isArray(data) &&
    !(data instanceof Uint8Array);
}
