import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import fc from "fast-check";
import { BrokenInvariant } from "../../../core/assert.ts";
import { STATUS_DATA_ERROR } from "../../../core/ntstatus.ts";
import { readSaved, SavedStateFault } from "../../../core/saved/fault.ts";
import {
  copyPlainData,
  encodePlainData,
  PLAIN_DATA_DEPTH_MAX,
  type PlainData,
} from "../../../core/saved/plain_data.ts";
import { decodePlainData, readPlainData } from "../../../core/saved/plain_data_reader.ts";

const SIMPLE: readonly PlainData[] = [
  null,
  true,
  false,
  0,
  1,
  127,
  128,
  255,
  256,
  65_535,
  65_536,
  2 ** 32 - 1,
  2 ** 32,
  Number.MAX_SAFE_INTEGER,
  2 ** 60,
  -1,
  -32,
  -33,
  -128,
  -129,
  -32_769,
  -(2 ** 31),
  -(2 ** 31) - 1,
  0.5,
  1e300,
  5e-324,
  NaN,
  Infinity,
  -Infinity,
  0n,
  5n,
  -1n,
  -(2n ** 63n),
  2n ** 63n,
  2n ** 64n - 1n,
  "",
  "text",
  "\u0000ü€😀",
  "x".repeat(40),
  "x".repeat(300),
  "é".repeat(70_000),
  "\ufeffa byte order mark",
  `\ufeff${"x".repeat(65)}`,
  `\ufeff${"é".repeat(70_000)}`,
  new Uint8Array(0),
  Uint8Array.of(1, 2, 3),
  new Uint8Array(300).fill(7),
  new Uint8Array(70_000).fill(9),
  [],
  Array.from({ length: 16 }, (_, index) => index),
  Array.from({ length: 70_000 }, () => 0),
  {},
  { a: 1, b: [null, { c: "d" }] },
  { constructor: 1, toJSON: 2, toString: "x", hasOwnProperty: null, length: 3, valueOf: 4 },
  Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`k${index}`, index])),
];

/** Any plain data. */
const { data: ANY } = fc.letrec<{ data: PlainData }>((tie) => ({
  data: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom(...SIMPLE.slice(0, 43)),
    fc.double({ noDefaultInfinity: false }).map((value) => value === 0 ? 0 : value),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
    fc.string({ unit: "binary" }).filter((text) => text.isWellFormed()),
    fc.uint8Array(),
    fc.array(tie("data")),
    fc.dictionary(fc.string().filter((key) => key !== "__proto__"), tie("data"), {
      noNullPrototype: true,
    }),
  ) as fc.Arbitrary<PlainData>,
}));

Deno.test("encodePlainData: what was written comes back equal", () => {
  for (const value of SIMPLE) assertEquals(decodePlainData(encodePlainData(value)), value);
});

Deno.test("encodePlainData: any plain data comes back equal, and is written the same again", () => {
  fc.assert(
    fc.property(ANY, (value) => {
      const bytes = encodePlainData(value);
      const back = decodePlainData(bytes);
      assertEquals(back, value);
      assertEquals(encodePlainData(back), bytes);
    }),
    { seed: 1, numRuns: 300 },
  );
});

Deno.test("encodePlainData: the keys of an object are in one order, whoever wrote them", () => {
  const bytes = [
    0x85,
    0xa0,
    1,
    0xa2,
    0x31,
    0x30,
    2,
    0xa1,
    0x39,
    3,
    0xa1,
    0x61,
    4,
    0xa2,
    0xc3,
    0xa9,
    5,
  ];
  assertEquals([...encodePlainData({ é: 5, a: 4, "": 1, 9: 3, 10: 2 })], bytes);
  assertEquals([...encodePlainData({ 10: 2, 9: 3, "": 1, a: 4, é: 5 })], bytes);
});

Deno.test("encodePlainData: the bytes stay as they are when more is encoded", () => {
  const first = encodePlainData([1, 2, 3]);
  const kept = first.slice();
  for (let round = 0; round < 100; round++) encodePlainData("x".repeat(1000));
  assertEquals(first, kept);
});

Deno.test("decodePlainData: shares no bytes with what it read", () => {
  const bytes = encodePlainData(Uint8Array.of(1, 2, 3));
  const data = decodePlainData(bytes);
  bytes.fill(0);
  assertEquals(data, Uint8Array.of(1, 2, 3));
});

Deno.test("encodePlainData: -0 is written as 0", () => {
  assertEquals(decodePlainData(encodePlainData(-0)), 0);
});

Deno.test("encodePlainData: an array of bytes is written alike, of whatever class it is", () => {
  class Bytes extends Uint8Array {}
  const shared = new Uint8Array(new SharedArrayBuffer(3));
  shared.set([1, 2, 3]);
  const expected = encodePlainData(Uint8Array.of(1, 2, 3));
  assertEquals(encodePlainData(Bytes.of(1, 2, 3)), expected);
  assertEquals(encodePlainData(shared), expected);
});

Deno.test("encodePlainData: what is not plain is a bug of this package", () => {
  assertThrows(() => encodePlainData(undefined as unknown as PlainData), BrokenInvariant);
});

Deno.test("copyPlainData: names what is not plain, and where", () => {
  const cyclic: unknown[] = [];
  cyclic.push(cyclic);
  const wrong: readonly [unknown, RegExp][] = [
    [undefined, /^state is of type undefined$/],
    [() => {}, /^state is of type function$/],
    [{ a: [1, Symbol("s")] }, /^state\.a\[1\] is of type symbol$/],
    [[1, , 3], /^state\[1\] is of type undefined$/], // deno-lint-ignore no-sparse-arrays -- meant
    [new Map(), /^state is an object with a prototype$/],
    [new Date(0), /^state is an object with a prototype$/],
    [Promise.resolve(), /^state is a promise$/],
    [new Uint16Array(1), /^state is an object with a prototype$/],
    [2n ** 64n, /^state is a bigint that 64 bits do not hold$/],
    [-(2n ** 63n) - 1n, /^state is a bigint that 64 bits do not hold$/],
    ["\ud800", /^state is text with half a surrogate pair$/],
    [{ "\udc00": 1 }, /^a key of state is text with half a surrogate pair$/],
    [JSON.parse('{"__proto__": 1}'), /^state has a key __proto__$/],
    [cyclic, /is nested too deep$/],
    [{ a: { [Symbol("s")]: 1 } }, /^state\.a has a key that is a symbol, s$/],
    [{ [Symbol()]: 1 }, /^state has a key that is a symbol, without a name$/],
    [Object.assign([1, 2], { [Symbol("s")]: 1 }), /^state has a key that is a symbol, s$/],
    [Object.assign(new Uint8Array(1), { [Symbol("s")]: 1 }), /^state has a key that is a symbol/],
    [Object.assign([1, 2], { sum: 3 }), /^state is a list with a member sum$/],
    [{ list: Object.assign([], { "-1": 3 }) }, /^state\.list is a list with a member -1$/],
    [new (class List extends Array {})(), /^state is a list with a prototype of its own$/],
    [Object.defineProperty({}, "a", { value: 1 }), /^state has a hidden key a$/],
  ];
  for (const [value, expected] of wrong) {
    const { data, fault } = copyPlainData(value, "state");
    assertEquals(data, null);
    assertMatch(fault ?? "", expected);
  }
});

Deno.test("copyPlainData: the copy is private", () => {
  const value = { list: [1], bytes: Uint8Array.of(1) };
  const { data } = copyPlainData(value, "state");
  value.list.push(2);
  value.bytes[0] = 9;
  assertEquals(data, { list: [1], bytes: Uint8Array.of(1) });
});

Deno.test("copyPlainData: takes an object without prototype, and no deeper nesting than it may", () => {
  assertEquals(copyPlainData(Object.assign(Object.create(null), { a: 1 }), "x").data, { a: 1 });
  assertEquals(copyPlainData([[]], "x", 2).fault, null);
  assertEquals(copyPlainData([[]], "x", 1).fault, "x[0] is nested too deep");
});

/** Bytes that no writer of this package makes, and why. */
const STRANGE: readonly (readonly [string, readonly number[]])[] = [
  ["nothing", []],
  ["two values", [1, 2]],
  ["a long form of a small number", [0xcc, 5]],
  ["a long form of a u8", [0xcd, 0, 200]],
  ["a signed form of a positive number", [0xd1, 1, 0]],
  ["a float 64 that is a small whole number", [0xcb, 0x40, 0x14, 0, 0, 0, 0, 0, 0]],
  ["minus zero", [0xcb, 0x80, 0, 0, 0, 0, 0, 0, 0]],
  ["another NaN", [0xcb, 0xff, 0xf8, 0, 0, 0, 0, 0, 0]],
  ["a float 32", [0xca, 0x3f, 0, 0, 0]],
  ["uint 64 that int 64 holds", [0xcf, 0, 0, 0, 0, 0, 0, 0, 5]],
  ["a long form of a text", [0xd9, 1, 0x61]],
  ["text that is no UTF-8", [0xa2, 0xc3, 0x28]],
  ["an overlong form of a character", [0xa2, 0xc0, 0xaf]],
  ["a long form of a bin", [0xc5, 0, 1, 7]],
  ["a long form of an array", [0xdc, 0, 1, 7]],
  ["a long form of a map", [0xde, 0, 1, 0xa1, 0x61, 7]],
  ["a map with a number as key", [0x81, 5, 7]],
  ["a map with the same key twice", [0x82, 0xa1, 0x61, 1, 0xa1, 0x61, 2]],
  ["number-like keys that are out of order", [0x82, 0xa1, 0x32, 1, 0xa1, 0x31, 2]],
  ["keys that do not ascend", [0x82, 0xa1, 0x62, 1, 0xa1, 0x61, 2]],
  ["number-like keys in their numbers' order", [0x82, 0xa1, 0x39, 1, 0xa2, 0x31, 0x30, 2]],
  ["a key __proto__", [0x81, 0xa9, ...new TextEncoder().encode("__proto__"), 1]],
  ["an unused token", [0xc1]],
  ["a record of the library", [0xd4, 0x72, 0x40, 0x91, 0xa1, 0x61, 1]],
  ["an extension", [0xd4, 1, 2]],
  ["a time", [0xd6, 0xff, 0, 0, 0, 0]],
  ["a bin that is cut short", [0xc4, 4, 1, 2]],
  ["a text that is cut short", [0xa4, 0x61]],
  ["a length that is cut short", [0xdd, 0, 0]],
  ["an array of 2^32 - 1 members", [0xdd, 0xff, 0xff, 0xff, 0xff, 0]],
  ["a map of 2^32 - 1 members", [0xdf, 0xff, 0xff, 0xff, 0xff, 0]],
  ["arrays inside one another, too many", new Array(PLAIN_DATA_DEPTH_MAX + 1).fill(0x91).concat(0)],
];

Deno.test("decodePlainData: refuses what is not written as it must be", () => {
  for (const [what, bytes] of STRANGE) {
    const outcome = readSaved(() => decodePlainData(Uint8Array.from(bytes)));
    assert(outcome instanceof SavedStateFault, what);
    assertEquals(outcome.status, STATUS_DATA_ERROR);
  }
});

Deno.test("decodePlainData: random bytes are refused or are the only form of what they are", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 24 }), assertOneForm),
    { seed: 2, numRuns: 3000 },
  );
});

Deno.test("decodePlainData: data with a few bytes changed is refused or in the only form of what it is now", () => {
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(ANY, changes, (value, changes) => {
      const bytes = encodePlainData(value);
      for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
      assertOneForm(bytes);
    }),
    { seed: 3, numRuns: 3000 },
  );
});

/** Either no plain data, or what is read is written as it was. */
function assertOneForm(bytes: Uint8Array): void {
  const outcome = readSaved(() => decodePlainData(bytes));
  if (!(outcome instanceof SavedStateFault)) assertEquals(encodePlainData(outcome), bytes);
}

Deno.test("readPlainData: reads one value to the end of the bytes, and no deeper than it may", () => {
  const bytes = Uint8Array.of(0xc1, 0x92, 1, 0xa1, 0x61, 0xc1);
  assertEquals(readPlainData(bytes.subarray(1, 5), 1), [1, "a"]);
  assertEquals(readPlainData(bytes.subarray(1, 4), 1), undefined);
  assertEquals(readPlainData(bytes.subarray(1, 6), 1), undefined);
  assertEquals(readPlainData(bytes.subarray(1, 5), 0), undefined);
});

Deno.test("decodePlainData: a map whose keys are no texts is refused, whatever they are", () => {
  const keys = [[0x90], [0x80], [0xc0], [0xc4, 0], [0x01], [0xcb, 0, 0, 0, 0, 0, 0, 0, 0], [0xe0]];
  for (const key of keys) {
    for (const map of [[0x81], [0xde, 0, 1], [0xdf, 0, 0, 0, 1]]) {
      const bytes = Uint8Array.from([...map, ...key, 0x01]);
      assertEquals(readPlainData(bytes, 8), undefined);
      const fault = readSaved(() => decodePlainData(bytes));
      assert(fault instanceof SavedStateFault && fault.status === STATUS_DATA_ERROR, `${bytes}`);
    }
  }
});
