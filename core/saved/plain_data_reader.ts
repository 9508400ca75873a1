/**
 * Reads plain data from bytes of unknown origin: msgpack, and of each value only the one form that this
 * package writes (docs/saved-state.md, "Plain data"). No library reads them after it: two readings of the
 * same bytes could find two things in them.
 *
 * @module
 */

import { HeapBudget, listWeight, recordWeight, simpleWeight } from "./budget.ts";
import { throwDataError } from "./fault.ts";
import { PLAIN_DATA_DEPTH_MAX, type PlainData } from "./plain_data.ts";

/** Data that is neither list nor record. */
type Simple = Exclude<PlainData, object> | null | Uint8Array;
/** A simple value whose length its token says. */
type Scalar = null | boolean | number | bigint;

/** What follows a token's first byte. */
type Token =
  /** A simple value in `bytes` bytes; undefined where that is not its one form. */
  | {
    readonly kind: "simple";
    readonly bytes: number;
    readonly read: (view: DataView, at: number) => Scalar | undefined;
  }
  /** A length of at least `min` in `lengthBytes` bytes, and what it counts. */
  | {
    readonly kind: "text" | "bytes" | "list" | "record";
    readonly lengthBytes: number;
    readonly min: number;
  };

const I32_MIN = -(2 ** 31);
const U32_MAX = 2 ** 32 - 1;
/** The one NaN: of the others a runtime may change bits on the way. */
const NAN_BITS = 0x7ff8_0000_0000_0000n;
const BIGINT_SIGNED_MAX = 2n ** 63n - 1n;

function simple(
  bytes: number,
  read: (view: DataView, at: number) => Scalar | undefined,
): Token {
  return { kind: "simple", bytes, read };
}

/** The three tokens of one kind, for lengths of 1, 2 and 4 bytes, or the latter two alone. */
function counted(
  kind: "text" | "bytes" | "list" | "record",
  first: number,
  mins: readonly number[],
): readonly (readonly [number, Token])[] {
  return mins.map((min, at) => [
    first + at,
    { kind, lengthBytes: 2 ** (at + 3 - mins.length), min },
  ]);
}

function above<T extends number | bigint>(limit: T, value: T): T | undefined {
  return value > limit ? value : undefined;
}

function below(limit: number, value: number): number | undefined {
  return value < limit ? value : undefined;
}

function readFloat(view: DataView, at: number): number | undefined {
  const value = view.getFloat64(at);
  if (Number.isNaN(value)) return view.getBigUint64(at) === NAN_BITS ? NaN : undefined;
  const hasShorter = Number.isInteger(value) && value >= I32_MIN && value <= U32_MAX;
  return hasShorter ? undefined : value;
}

/** The tokens of plain data from 0xc0 to 0xdf; those that are left out stand for extensions. */
const TOKENS: ReadonlyMap<number, Token> = new Map<number, Token>([
  [0xc0, simple(0, () => null)],
  [0xc2, simple(0, () => false)],
  [0xc3, simple(0, () => true)],
  ...counted("bytes", 0xc4, [0, 0x100, 0x1_0000]),
  [0xcb, simple(8, readFloat)],
  [0xcc, simple(1, (view, at) => above(0x7f, view.getUint8(at)))],
  [0xcd, simple(2, (view, at) => above(0xff, view.getUint16(at)))],
  [0xce, simple(4, (view, at) => above(0xffff, view.getUint32(at)))],
  [0xcf, simple(8, (view, at) => above(BIGINT_SIGNED_MAX, view.getBigUint64(at)))],
  [0xd0, simple(1, (view, at) => below(-0x20, view.getInt8(at)))],
  [0xd1, simple(2, (view, at) => below(-0x80, view.getInt16(at)))],
  [0xd2, simple(4, (view, at) => below(-0x8000, view.getInt32(at)))],
  [0xd3, simple(8, (view, at) => view.getBigInt64(at))], // a bigint, however small
  ...counted("text", 0xd9, [0x20, 0x100, 0x1_0000]),
  ...counted("list", 0xdc, [0x10, 0x1_0000]),
  ...counted("record", 0xde, [0x10, 0x1_0000]),
]);

/** Bytes up to which a loop reads ASCII sooner than the runtime's decoder. */
const ASCII_READ_MAX = 64;
/** Units up to which V8 copies a text instead of noting what it is put together of. */
const PIECE_UNITS = 12;
/** Refuses anything but UTF-8, and removes nothing, not even a byte order mark. */
const UTF_8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The one value that `bytes` hold, which shares none of them; undefined where they end before it does or
 * after it has, where it nests lists and records more than `depth` deep, is not plain data as this
 * package writes it, or weighs more than `budget` has. The work is bounded by the number of bytes, and
 * what it takes of the heap by the budget: lists and records are paid for before they are made, and a
 * text or bytes, which are no longer than what is read, as soon as they are.
 */
export function readPlainData(
  bytes: Uint8Array,
  depth: number,
  budget: HeapBudget = new HeapBudget(),
): PlainData | undefined {
  const reader = new Reader(bytes, budget);
  const value = reader.value(depth);
  return reader.isAtEnd ? value : undefined;
}

/**
 * The data whose bytes these are; throws a SavedStateFault where they are not such bytes, or weigh more
 * than `budget` has.
 */
export function decodePlainData(
  bytes: Uint8Array,
  budget: HeapBudget = new HeapBudget(),
): PlainData {
  const data = readPlainData(bytes, PLAIN_DATA_DEPTH_MAX, budget);
  if (data !== undefined) return data;
  throwDataError(
    budget.isOver
      ? `data of ${bytes.length} bytes would take too much memory`
      : "this is not one value of plain data, written as it must be",
  );
}

/** One reading. Each method takes what it reads, or returns undefined, which ends the reading. */
class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #budget: HeapBudget;
  #at = 0;

  constructor(bytes: Uint8Array, budget: HeapBudget) {
    this.#bytes = bytes;
    this.#budget = budget;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  value(depth: number): PlainData | undefined {
    if (this.isAtEnd) return undefined;
    const first = this.#bytes[this.#at++]!;
    if (first < 0x80) return first;
    if (first >= 0xe0) return first - 0x100;
    if (first < 0x90) return this.#record(first - 0x80, depth);
    if (first < 0xa0) return this.#list(first - 0x90, depth);
    if (first < 0xc0) return this.#text(first - 0xa0);
    const token = TOKENS.get(first);
    if (token === undefined) return undefined;
    if (token.kind === "simple") {
      const start = this.#run(token.bytes);
      return start === null ? undefined : this.#paid(token.read(this.#view, start));
    }
    const length = this.#length(token.lengthBytes);
    if (length === null || length < token.min) return undefined;
    if (token.kind === "text") return this.#text(length);
    if (token.kind === "bytes") return this.#copy(length);
    return token.kind === "list" ? this.#list(length, depth) : this.#record(length, depth);
  }

  /** Takes as many bytes, and says where they begin; null where there are fewer. */
  #run(byteCount: number): number | null {
    const start = this.#at;
    if (byteCount > this.#bytes.length - start) return null;
    this.#at = start + byteCount;
    return start;
  }

  #length(byteCount: number): number | null {
    const start = this.#run(byteCount);
    if (start === null) return null;
    if (byteCount === 1) return this.#view.getUint8(start);
    return byteCount === 2 ? this.#view.getUint16(start) : this.#view.getUint32(start);
  }

  /** `value`, where the budget has enough left for it. */
  #paid<T extends Simple>(value: T | undefined): T | undefined {
    if (value === undefined) return undefined;
    return this.#budget.spend(simpleWeight(value)) ? value : undefined;
  }

  #copy(byteCount: number): Uint8Array | undefined {
    const start = this.#run(byteCount);
    return start === null ? undefined : this.#paid(this.#bytes.slice(start, this.#at));
  }

  #text(byteCount: number): string | undefined {
    const start = this.#run(byteCount);
    return start === null ? undefined : this.#paid(this.#textOf(start));
  }

  /**
   * Nearly all texts are short and ASCII. A text that grows unit by unit becomes a tree of texts once it
   * is longer than PIECE_UNITS: so a longer one is put together of pieces.
   */
  #textOf(start: number): string | undefined {
    const end = this.#at;
    if (end - start > ASCII_READ_MAX) return this.#decode(start);
    let text = "";
    for (let at = start; at < end;) {
      const pieceEnd = Math.min(at + PIECE_UNITS, end);
      let piece = "";
      for (; at < pieceEnd; at++) {
        const unit = this.#bytes[at]!;
        if (unit > 0x7f) return this.#decode(start);
        piece += String.fromCharCode(unit);
      }
      text += piece;
    }
    return text;
  }

  #decode(start: number): string | undefined {
    try {
      return UTF_8.decode(this.#bytes.subarray(start, this.#at));
    } catch (error) {
      if (error instanceof TypeError) return undefined;
      throw error; // anything but a TypeError is a bug
    }
  }

  /** None of `count` values is shorter than a byte, so that too many of them end at once. */
  #list(count: number, depth: number): PlainData[] | undefined {
    if (depth === 0 || count > this.#bytes.length - this.#at) return undefined;
    if (!this.#budget.spend(listWeight(count))) return undefined;
    const list = new Array<PlainData>(count); // a growing one takes half as much again
    for (let member = 0; member < count; member++) {
      const value = this.value(depth - 1);
      if (value === undefined) return undefined;
      list[member] = value;
    }
    return list;
  }

  /** Pairs of a text and a value; the texts ascend, and none is `__proto__`. */
  #record(count: number, depth: number): PlainData | undefined {
    if (depth === 0 || count * 2 > this.#bytes.length - this.#at) return undefined;
    if (!this.#budget.spend(recordWeight(count))) return undefined;
    const record: Record<string, PlainData> = {};
    let last: string | null = null;
    for (let member = 0; member < count; member++) {
      const key = this.value(0); // depth 0 refuses lists and records
      if (typeof key !== "string" || key === "__proto__") return undefined;
      if (last !== null && key <= last) return undefined;
      last = key;
      const value = this.value(depth - 1);
      if (value === undefined) return undefined;
      record[key] = value;
    }
    return record;
  }
}
