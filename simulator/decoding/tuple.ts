/**
 * The msgpack tuple of a packet, member by member (decisions.md: the codec `"msgpack"`).
 *
 * @module
 */

import type { DecodedField, DecodedFields } from "../../core/layout/mod.ts";
import { bytesText, hexOf } from "../../core/layout/areas.ts";

/** What the elements of an array are called, and what they are: each its own, or all the same. */
interface Shape {
  readonly members?: readonly (readonly [name: string, shape: Shape])[];
  readonly each?: Shape;
}

const LEAF: Shape = {};
const RANGE: Shape = { members: [["byteCount", LEAF], ["byteOffset", LEAF], ["pfns", LEAF]] };
const PACKET: Shape = {
  members: [
    ["type", LEAF],
    ["flags", LEAF],
    ["transactionId", LEAF],
    ["payload", LEAF],
    ["ranges", { each: RANGE }],
  ],
};

/** How deep arrays lie in each other: the tuple, the ranges, the range and its PFNs. */
const DEPTH_MAX = 4;

/** Forms of msgpack that packets have. */
const NIL = 0xc0;
const FLOAT_64 = 0xcb;

/** Where reading stopped, and why. */
class Stop {
  readonly offset: number;
  readonly reason: string;

  constructor(offset: number, reason: string) {
    this.offset = offset;
    this.reason = reason;
  }
}

/** One value's form: bytes before its content, and what the number there says. */
interface Form {
  readonly kind: "number" | "bytes" | "array" | "nil";
  readonly headBytes: number;
  readonly value: number | bigint;
}

class Reader {
  readonly #view: DataView;
  readonly #start: number;
  /** What is wrong, once anything is: nothing is read after it. */
  stop: Stop | null = null;

  constructor(bytes: Uint8Array, start: number) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#start = start;
  }

  /** The value at `at`, which may have arrays `depth` deep; null where nothing can be read. */
  field(name: string, at: number, depth: number, shape: Shape): DecodedField | null {
    const form = this.#form(at, name);
    if (form === null) return null;
    const { kind, headBytes, value } = form;
    const common = { name, offset: this.#start + at };
    if (kind === "nil") return { ...common, byteCount: 1, value: null, text: "nil" };
    if (kind === "number") {
      const plain = typeof value === "bigint" ? String(value) : value;
      return { ...common, byteCount: headBytes, value: plain, text: String(value) };
    }
    if (kind === "bytes") return this.#bytes(common, at + headBytes, headBytes, Number(value));
    if (depth === 0) return this.#fail(at, `${name}: arrays lie too deep in each other`);
    return this.#array(common, at, form, depth, shape);
  }

  #bytes(
    common: { name: string; offset: number },
    at: number,
    headBytes: number,
    byteCount: number,
  ): DecodedField | null {
    const there = this.#view.byteLength - at;
    if (byteCount > there) {
      return this.#fail(at, `${common.name}: ${byteCount} bytes are announced, ${there} are there`);
    }
    const found = new Uint8Array(this.#view.buffer, this.#view.byteOffset + at, byteCount);
    const text = bytesText(found);
    return { ...common, byteCount: headBytes + byteCount, value: hexOf(found), text };
  }

  #array(
    common: { name: string; offset: number },
    start: number,
    { headBytes, value }: Form,
    depth: number,
    { members = [], each = LEAF }: Shape,
  ): DecodedField {
    const count = Number(value);
    const fields: DecodedField[] = [];
    let at = start + headBytes;
    // Each takes a byte at least: whatever is announced, reading ends where the bytes end.
    while (fields.length < count && this.stop === null) {
      const place = fields.length;
      const [name, shape] = members[place] ?? [`[${place}]`, each];
      const found = this.field(name, at, depth - 1, shape);
      if (found === null) break;
      fields.push(found);
      at += found.byteCount;
    }
    const text = fields.length === 1 ? "1 element" : `${fields.length} elements`;
    return { ...common, byteCount: at - start, value: null, text, fields };
  }

  #form(at: number, name: string): Form | null {
    const there = this.#view.byteLength - at;
    if (there < 1) return this.#fail(at, `${name}: the bytes end before it`);
    const token = this.#view.getUint8(at);
    if (token <= 0x7f) return { kind: "number", headBytes: 1, value: token };
    if (token >> 4 === 9) return { kind: "array", headBytes: 1, value: token & 0xf };
    if (token === NIL) return { kind: "nil", headBytes: 1, value: 0 };
    const known = FORMS.get(token);
    if (known === undefined) {
      return this.#fail(at, `${name}: no packet has the form 0x${token.toString(16)}`);
    }
    const [kind, byteCount] = known;
    if (there < 1 + byteCount) return this.#fail(at, `${name}: the bytes end inside it`);
    return { kind, headBytes: 1 + byteCount, value: this.#number(token, at + 1, byteCount) };
  }

  #number(token: number, at: number, byteCount: number): number | bigint {
    const view = this.#view;
    if (token === FLOAT_64) return view.getFloat64(at);
    if (byteCount === 1) return view.getUint8(at);
    if (byteCount === 2) return view.getUint16(at);
    if (byteCount === 4) return view.getUint32(at);
    const value = view.getBigUint64(at);
    return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
  }

  #fail(at: number, reason: string): null {
    this.stop ??= new Stop(this.#start + at, reason);
    return null;
  }
}

/** The other forms: what each is, and bytes of the number after it. */
const FORMS = new Map<number, readonly [Form["kind"], number]>([
  [0xc4, ["bytes", 1]],
  [0xc5, ["bytes", 2]],
  [0xc6, ["bytes", 4]],
  [FLOAT_64, ["number", 8]],
  [0xcc, ["number", 1]],
  [0xcd, ["number", 2]],
  [0xce, ["number", 4]],
  [0xcf, ["number", 8]],
  [0xdc, ["array", 2]],
  [0xdd, ["array", 4]],
]);

/** The tuple that `bytes` begin with, as one field that has its members, and what is wrong with it. */
export function fieldsOfTuple(bytes: Uint8Array, start: number): DecodedFields {
  const reader = new Reader(bytes, start);
  const tuple = reader.field("tuple", 0, DEPTH_MAX, PACKET);
  return {
    fields: tuple === null ? [] : [tuple],
    byteCount: tuple?.byteCount ?? 0,
    damage: reader.stop && { offset: reader.stop.offset, reason: reader.stop.reason },
  };
}
