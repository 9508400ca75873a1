import { assertEquals, assertThrows } from "@std/assert";
import {
  array,
  byField,
  bySize,
  bytesToEnd,
  Damage,
  type Definition,
  oneOf,
  reserved,
  struct,
  u16,
  u32,
  u64,
  u8,
} from "../../../core/layout/mod.ts";

const RANGE = struct("range", 4, {
  byteCount: [0, u16, "bytes"],
  byteOffset: [2, u16, "bytes"],
  pfns: [
    4,
    array(u32, {
      formula: "ceil((byteOffset + byteCount) / 4096)",
      of: ({ byteOffset, byteCount }) =>
        Math.ceil((byteOffset as number + (byteCount as number)) / 4096),
    }),
  ],
});

const RANGES = struct("ranges", 2, {
  rangeCount: [0, u16],
  ranges: [2, array(RANGE, { field: "rangeCount" })],
});

const MESSAGE = byField("message", "kind", {
  kind: [0, oneOf(u8, { ask: 1, tell: 2, stop: 3 })],
}, {
  ask: [4, { reserved: [1, reserved(1)], what: [2, u16] }],
  tell: { bySize: [[12, { flag: [1, u8], at: [2, u16], long: [4, u64] }], [2, { flag: [1, u8] }]] },
  stop: [1, {}],
});

/** Numbers as bytes. */
function of(...bytes: number[]): Uint8Array {
  return Uint8Array.from(bytes);
}

Deno.test("array: as many elements as a field and a formula say", () => {
  const value = {
    rangeCount: 2,
    ranges: [
      { byteCount: 4097, byteOffset: 4095, pfns: [7, 8] },
      { byteCount: 1, byteOffset: 2, pfns: [0x01020304] },
    ],
  };
  const bytes = RANGES.encode(value);
  assertEquals(bytes.toHex(), "0200" + "0110ff0f0700000008000000" + "0100020004030201");
  assertEquals(RANGES.decode(bytes), value);
  assertEquals(RANGES.decode(of(0, 0, 1, 2, 3)), { rangeCount: 0, ranges: [] });
});

Deno.test("array: a count beyond the bytes is damage where they end, however large it is", () => {
  const damage = RANGES.decode(of(0xff, 0xff, 1, 0, 0, 0, 9, 0, 0, 0, 5));
  assertEquals(damage instanceof Damage && { ...damage }, {
    kind: "tooShort",
    offset: 10,
    reason: "ranges: 65535 elements are announced, 1 are there",
    number: null,
  });
  const pages = RANGES.decode(of(1, 0, 0xff, 0xff, 0, 0, 9, 0, 0, 0));
  assertEquals(
    pages instanceof Damage && [pages.offset, pages.reason],
    [10, "ranges: [0]: pfns: 16 elements are announced, 1 are there"],
  );
});

Deno.test("array: to the end, with a rest that is no element", () => {
  const list = struct("list", 1, { first: [0, u8], rest: [1, array(u16, "toTheEnd")] });
  assertEquals(list.decode(of(1, 2, 0, 3, 0, 4)), { first: 1, rest: [2, 3] });
  assertEquals(list.encode({ first: 1, rest: [2, 3] }), of(1, 2, 0, 3, 0));
  const words = struct("words", 1, { first: [0, u8], words: [1, bytesToEnd(4)] });
  assertEquals(words.decode(of(1, 2, 3, 4, 5, 6)), { first: 1, words: of(2, 3, 4, 5) });
  assertThrows(() => words.encode({ first: 1, words: of(2) }), RangeError, "whole words of 4");
});

Deno.test("byField: a field says what follows it", () => {
  const ask = { kind: "ask", what: 0x0304 } as const;
  assertEquals(MESSAGE.encode(ask), of(1, 0, 4, 3));
  assertEquals(MESSAGE.decode(of(1, 9, 4, 3, 8)), ask);
  assertEquals(MESSAGE.decode(of(3)), { kind: "stop" });
  const kindOf = (bytes: Uint8Array) => {
    const decoded = MESSAGE.decode(bytes);
    return decoded instanceof Damage ? `${decoded.kind} ${decoded.offset}` : decoded.kind;
  };
  assertEquals(kindOf(of(4, 0, 0, 0)), "unknownTag 0");
  assertEquals(kindOf(of(1, 0, 0)), "tooShort 0");
  assertEquals(kindOf(of()), "tooShort 0");
  const none = { kind: "none" } as unknown as typeof ask;
  assertThrows(() => MESSAGE.encode(none), RangeError, "no form has such a kind");
});

Deno.test("bySize: the longest form that is there whole, and of which all fields are given", () => {
  const long = { kind: "tell", flag: 7, at: 1, long: 2 } as const;
  const short = { kind: "tell", flag: 7 } as const;
  assertEquals(MESSAGE.encode(long), of(2, 7, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0));
  assertEquals(MESSAGE.encode(short), of(2, 7));
  assertEquals(MESSAGE.decode(MESSAGE.encode(long)), long);
  assertEquals(MESSAGE.decode(MESSAGE.encode(long).subarray(0, 11)), short);
  const alone = bySize("alone", [[3, { a: [0, u16], b: [2, u8] }], [2, { a: [0, u16] }]]);
  assertEquals([alone.decode(of(1, 0, 2)), alone.decode(of(1, 0))], [{ a: 1, b: 2 }, { a: 1 }]);
  assertEquals(alone.decode(of(1)) instanceof Damage, true);
});

Deno.test("byField: a tag without a body, or forms in the wrong order, are refused at once", () => {
  const head = { kind: [0, oneOf(u8, ["a", "b"])] } as const;
  const lacking: Readonly<Record<string, [number, Definition]>> = { a: [1, {}] };
  assertThrows(
    () => byField("x", "kind", head, lacking as Record<"a" | "b", [1, Definition]>),
    RangeError,
    "each kind",
  );
  assertThrows(
    () => bySize("x", [[1, { a: [0, u8] }], [2, { a: [0, u16] }]]),
    RangeError,
    "longest",
  );
});
