/**
 * A look through msgpack of unknown origin before a library decodes it: where the value ends, and
 * whether it is plain data in the one form that this package writes (docs/saved-state.md, "Plain data").
 * `msgpack_scan.ts` does the same for packets.
 *
 * @module
 */

/** What stands behind a token's first byte. */
type Token =
  /** A number in `bytes` bytes, which `isShortest` says is in its one form. */
  | {
    readonly kind: "number";
    readonly bytes: number;
    readonly isShortest: (view: DataView, at: number) => boolean;
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

function number(bytes: number, isShortest: (view: DataView, at: number) => boolean): Token {
  return { kind: "number", bytes, isShortest };
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

function isFloat(view: DataView, at: number): boolean {
  const value = view.getFloat64(at);
  if (Number.isNaN(value)) return view.getBigUint64(at) === NAN_BITS;
  return !(Number.isInteger(value) && value >= I32_MIN && value <= U32_MAX);
}

/** The tokens of plain data from 0xc0 to 0xdf; those that are left out stand for extensions. */
const TOKENS: ReadonlyMap<number, Token> = new Map<number, Token>([
  [0xc0, number(0, () => true)], // nil, false, true
  [0xc2, number(0, () => true)],
  [0xc3, number(0, () => true)],
  ...counted("bytes", 0xc4, [0, 0x100, 0x1_0000]),
  [0xcb, number(8, isFloat)],
  [0xcc, number(1, (view, at) => view.getUint8(at) > 0x7f)],
  [0xcd, number(2, (view, at) => view.getUint16(at) > 0xff)],
  [0xce, number(4, (view, at) => view.getUint32(at) > 0xffff)],
  [0xcf, number(8, (view, at) => view.getBigUint64(at) > BIGINT_SIGNED_MAX)],
  [0xd0, number(1, (view, at) => view.getInt8(at) < -0x20)],
  [0xd1, number(2, (view, at) => view.getInt16(at) < -0x80)],
  [0xd2, number(4, (view, at) => view.getInt32(at) < -0x8000)],
  [0xd3, number(8, () => true)], // a bigint, however small
  ...counted("text", 0xd9, [0x20, 0x100, 0x1_0000]),
  ...counted("list", 0xdc, [0x10, 0x1_0000]),
  ...counted("record", 0xde, [0x10, 0x1_0000]),
]);

/** Bytes up to which a loop reads ASCII sooner than the runtime's decoder. */
const ASCII_READ_MAX = 64;
/** Refuses what is no UTF-8, and takes nothing away. */
const UTF_8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Index after the value that begins at `start`, or null where it does not end by `end`, nests arrays
 * and maps more than `depth` deep, or is not plain data as this package writes it. The work is bounded
 * by `end - start`.
 */
export function scanPlainData(
  bytes: Uint8Array,
  start: number,
  end: number,
  depth: number,
): number | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return new Scan(bytes, view, end).value(start, depth);
}

/** One look. Each method answers with the index after what it found, or null. */
class Scan {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #end: number;

  constructor(bytes: Uint8Array, view: DataView, end: number) {
    this.#bytes = bytes;
    this.#view = view;
    this.#end = end;
  }

  value(start: number, depth: number): number | null {
    if (start >= this.#end) return null;
    const first = this.#bytes[start]!;
    const at = start + 1;
    if (first < 0x80 || first >= 0xe0) return at; // small whole numbers
    if (first < 0x90) return this.#record(at, first - 0x80, depth);
    if (first < 0xa0) return this.#list(at, first - 0x90, depth);
    if (first < 0xc0) return this.#text(at, first - 0xa0);
    const token = TOKENS.get(first);
    if (token === undefined) return null;
    if (token.kind === "number") {
      const after = this.#run(at, token.bytes);
      return after !== null && token.isShortest(this.#view, at) ? after : null;
    }
    const behind = this.#run(at, token.lengthBytes);
    if (behind === null) return null;
    const length = this.#length(at, token.lengthBytes);
    if (length < token.min) return null;
    if (token.kind === "bytes") return this.#run(behind, length);
    if (token.kind === "text") return this.#text(behind, length);
    return token.kind === "list"
      ? this.#list(behind, length, depth)
      : this.#record(behind, length, depth);
  }

  #run(start: number, byteCount: number): number | null {
    return byteCount > this.#end - start ? null : start + byteCount;
  }

  #length(at: number, byteCount: number): number {
    if (byteCount === 1) return this.#view.getUint8(at);
    return byteCount === 2 ? this.#view.getUint16(at) : this.#view.getUint32(at);
  }

  #text(start: number, byteCount: number): number | null {
    const after = this.#run(start, byteCount);
    return after !== null && this.#read(start, after) !== null ? after : null;
  }

  /** The text in these bytes, or null where it is no UTF-8. Nearly all is short and ASCII. */
  #read(start: number, end: number): string | null {
    let text = "";
    for (let at = start; at < end; at++) {
      const unit = this.#bytes[at]!;
      if (unit > 0x7f || at - start === ASCII_READ_MAX) return this.#decode(start, end);
      text += String.fromCharCode(unit);
    }
    return text;
  }

  #decode(start: number, end: number): string | null {
    try {
      return UTF_8.decode(this.#bytes.subarray(start, end));
    } catch (error) {
      if (error instanceof TypeError) return null;
      throw error; // nothing else says that it is no UTF-8
    }
  }

  /** None of `count` values is shorter than a byte, so that too many of them end at once. */
  #list(start: number, count: number, depth: number): number | null {
    if (depth === 0 || count > this.#end - start) return null;
    let at: number | null = start;
    for (let member = 0; member < count && at !== null; member++) at = this.value(at, depth - 1);
    return at;
  }

  /** Pairs of a text and a value; the texts ascend, and none is `__proto__`. */
  #record(start: number, count: number, depth: number): number | null {
    if (depth === 0 || count * 2 > this.#end - start) return null;
    let at: number | null = start;
    let last: string | null = null;
    for (let member = 0; member < count && at !== null; member++) {
      const keyEnd: number | null = this.#isText(at) ? this.value(at, 0) : null;
      if (keyEnd === null) return null;
      const key = this.#read(at + this.#headBytes(at), keyEnd);
      if (key === null || key === "__proto__" || (last !== null && key <= last)) return null;
      last = key;
      at = this.value(keyEnd, depth - 1);
    }
    return at;
  }

  #isText(at: number): boolean {
    const first = this.#bytes[at] ?? 0;
    return (first >= 0xa0 && first < 0xc0) || (first >= 0xd9 && first <= 0xdb);
  }

  /** Bytes of a text's token and length. */
  #headBytes(at: number): number {
    const first = this.#bytes[at]!;
    return first < 0xc0 ? 1 : 1 + 2 ** (first - 0xd9);
  }
}
