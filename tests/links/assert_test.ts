/**
 * The stand-in for `@std/assert` fails where the real package fails: a test that rests on an
 * assertion that always holds would prove nothing. These tests throw by hand, without assertions.
 *
 * @module
 */

import * as std from "@std/assert";
import { diffLines } from "../../links/assert/diff.ts";

/** Throws unless `check` fails with an AssertionError whose text contains `text`. */
function mustFail(check: () => void, text = ""): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof std.AssertionError)) throw error;
    if (error.message.includes(text)) return;
    throw new Error(`Expected ${JSON.stringify(text)} in ${JSON.stringify(error.message)}`);
  }
  throw new Error(`Expected the assertion to fail: ${check}`);
}

/** As {@linkcode mustFail}, for assertions that answer later. */
async function mustReject(check: () => Promise<unknown>, text = ""): Promise<void> {
  const settled = await check().then(() => null, (error: unknown) => error);
  mustFail(() => {
    if (settled !== null) throw settled;
  }, text);
}

/** Throws unless both are the same text or list of texts. */
function mustEqual(actual: unknown, expected: unknown): void {
  const [a, b] = [actual, expected].map((value) => JSON.stringify(value));
  if (a !== b) throw new Error(`Expected ${b} in place of ${a}`);
}

/** Throws what it is given. */
function thrower(error: unknown): never {
  throw error;
}

class Point {
  constructor(readonly x: number) {}
}

class Length {
  readonly #length: number;
  constructor(length: number) {
    this.#length = length;
  }
  get length() {
    return this.#length;
  }
}

const oneError = new TypeError("x");

/** Two errors that differ in nothing but, where told, their options: the stack is a part of an error. */
function errorsFromOnePlace(...options: ErrorOptions[]): [Error, Error] {
  const [a, b] = [0, 1].map((at) => new TypeError("x", options[at]));
  return [a!, b!];
}

const cyclic = () => {
  const value: { self?: unknown } = {};
  value.self = value;
  return value;
};

/** A list of numbers with a member of its own. */
const listWith = (x: unknown) => Object.assign([1, 2], { x });

const EQUAL: readonly (readonly [name: string, a: unknown, b: unknown])[] = [
  ["NaN", NaN, NaN],
  ["zeros of either sign", 0, -0],
  ["nested objects", { a: [1, { b: 2n }] }, { a: [1, { b: 2n }] }],
  ["keys in another order", { a: 1, b: 2 }, { b: 2, a: 1 }],
  ["bytes", new Uint8Array([1, 2]), new Uint8Array([0, 1, 2]).subarray(1)],
  ["floats with NaN", new Float64Array([NaN]), new Float64Array([NaN])],
  ["buffers", new Uint8Array([7]).buffer, new Uint8Array([7]).buffer],
  ["dates", new Date(5), new Date(5)],
  ["invalid dates", new Date(NaN), new Date(NaN)],
  ["regular expressions", /a/g, /a/g],
  ["sets in another order", new Set([1, { a: 1 }]), new Set([{ a: 1 }, 1])],
  ["maps", new Map([["a", { b: 1 }]]), new Map([["a", { b: 1 }]])],
  ["maps with object keys", new Map([[{ a: 1 }, 1]]), new Map([[{ a: 1 }, 1]])],
  ["an error and itself, inside others", { error: oneError }, { error: oneError }],
  ["errors from one place", ...errorsFromOnePlace()],
  ["equal members counted once", new Set([[1], [1]]), new Set([[1], [2]])],
  ["promises, of which nothing can be seen", Promise.resolve(1), Promise.resolve(2)],
  ["no prototype and plain", Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
  ["cycles", cyclic(), cyclic()],
  ["lists with equal members beside their elements", listWith(1), listWith(1)],
  ["lists in lists", [[1, [2]], []], [[1, [2]], []]],
];

const DIFFERENT: readonly (readonly [name: string, a: unknown, b: unknown])[] = [
  ["numbers and strings", 1, "1"],
  ["numbers and bigints", 1, 1n],
  ["null and undefined", null, undefined],
  ["a missing key", { a: undefined }, {}],
  ["another key", { a: undefined }, { b: undefined }],
  ["symbol keys", { [Symbol.for("s")]: 1 }, { [Symbol.for("s")]: 2 }],
  ["a nested value", { a: [1, 2] }, { a: [1, 3] }],
  ["a longer array", [1], [1, 2]],
  ["a hole and undefined", [, 1], [undefined, 1]],
  ["a hole, and a member in its place", Object.assign([, 1], { x: 1 }), [1, 1]],
  ["members beside the elements of lists", listWith(1), listWith(2)],
  ["a symbol beside the elements of a list", Object.assign([1], { [Symbol.for("s")]: 1 }), [1]],
  ["one byte", new Uint8Array([1, 2]), new Uint8Array([1, 3])],
  ["element types", new Uint8Array([1]), new Int8Array([1])],
  ["bytes and an array", new Uint8Array([1]), [1]],
  ["buffers", new Uint8Array([7]).buffer, new Uint8Array([8]).buffer],
  ["views", new DataView(new ArrayBuffer(1)), new DataView(new ArrayBuffer(2))],
  ["dates", new Date(5), new Date(6)],
  ["a valid and an invalid date", new Date(5), new Date(NaN)],
  ["flags of regular expressions", /a/g, /a/i],
  ["sets", new Set([1, 2]), new Set([1, 3])],
  ["an object that only one set has", new Set([[1], [2]]), new Set([[1], [1]])],
  ["errors from two places", new TypeError("x"), new TypeError("x")],
  ["errors with another cause", ...errorsFromOnePlace({ cause: 1 }, { cause: 2 })],
  ["what a getter of the class says", new Length(1), new Length(2)],
  ["maps", new Map([["a", 1]]), new Map([["a", 2]])],
  ["a missing map key", new Map([["a", undefined]]), new Map([["b", undefined]])],
  ["error messages", new Error("x"), new Error("y")],
  ["classes", new Point(1), { x: 1 }],
  ["functions", () => 1, () => 1],
];

for (const [name, a, b] of EQUAL) {
  Deno.test(`assertEquals: takes as equal: ${name}`, () => {
    std.assertEquals(a, b);
    mustFail(() => std.assertNotEquals(a, b), "not to be");
  });
}

for (const [name, a, b] of DIFFERENT) {
  Deno.test(`assertEquals: takes as different: ${name}`, () => {
    std.assertNotEquals(a, b);
    mustFail(() => std.assertEquals(a, b), "Values are not equal.");
  });
}

/** The lines of the difference that an assertion shows, without colours. */
function shownDifference(check: () => void): string[] {
  const { message } = std.assertThrows(check, std.AssertionError);
  // deno-lint-ignore no-control-regex -- the colours of the terminal
  const lines = message.replace(/\x1b\[[0-9;]*m/g, "").split("\n");
  return lines.slice(lines.indexOf("    [Diff] Actual / Expected") + 3, -1);
}

Deno.test("assertEquals: shows all lines, and the caller's message", () => {
  const check = () => std.assertEquals({ a: 1, b: 2 }, { a: 1, b: 3 }, "why");
  mustFail(check, "Values are not equal: why\n\n\n    ");
  mustEqual(shownDifference(check), [
    "    {",
    "      a: 1,",
    "-     b: 2,",
    "+     b: 3,",
    "    }",
  ]);
});

// What the real package shows of these, in this order.
const DIFFERENCES: readonly (readonly [actual: string, expected: string, shown: string])[] = [
  ["strength", "string", " s  t  r -e +i  n  g -t -h"],
  ["string", "strength", " s  t  r +e -i  n  g +t +h"],
  ["a", "ab", " a +b"],
  ["abcD", "abxde", " a  b +x +d +e -c -D"],
];

for (const [actual, expected, shown] of DIFFERENCES) {
  Deno.test(`diffLines: of the ways from ${actual} to ${expected} shows the real package's`, () => {
    const lines = diffLines([...actual], [...expected]);
    const signs = { removed: "-", added: "+", common: " " };
    mustEqual(lines.map(({ kind, text }) => signs[kind] + text).join(" "), shown);
  });
}

Deno.test("diffLines: shows texts that are long and differ all over one after the other", () => {
  const actual = Array.from({ length: 6000 }, (_, i) => `a${i}`);
  const lines = diffLines(actual, actual.map((line) => `${line}!`));
  mustEqual(lines.map(({ kind }) => kind).lastIndexOf("removed"), 5999);
});

Deno.test("assertEquals: shows texts line by line, with what cannot be seen", () => {
  mustEqual(shownDifference(() => std.assertEquals("a\nb\t", "a\nc\\")), [
    "    a\\n",
    "-   b\\t",
    "+   c\\\\",
    "",
  ]);
});

Deno.test("assertThrows: names the classes of the error alone", () => {
  const check = () => std.assertThrows(() => thrower(new RangeError("x")), TypeError);
  mustFail(check, 'instance of "TypeError", but was "RangeError".');
});

Deno.test("equal: refuses what cannot be compared", () => {
  std.assertThrows(() => std.equal(new WeakMap(), new WeakMap()), TypeError, "WeakMap");
});

Deno.test("assertStrictEquals: wants the same value, with Object.is", () => {
  const object = {};
  std.assertStrictEquals(object, object);
  std.assertStrictEquals(NaN, NaN);
  mustFail(() => std.assertStrictEquals({}, {}), "not reference-equal");
  mustFail(() => std.assertStrictEquals(0, -0), "not strictly equal");
  std.assertNotStrictEquals({}, {});
  mustFail(() => std.assertNotStrictEquals(object, object), "to not be strictly equal");
});

Deno.test("assert: goes by truth", () => {
  std.assert(1);
  mustFail(() => std.assert(0, "zero"), "zero");
  std.assertFalse(0);
  mustFail(() => std.assertFalse(1, "one"), "one");
  std.assertExists(0);
  mustFail(() => std.assertExists(null), "null or undefined");
  mustFail(() => std.assertExists(undefined), "null or undefined");
  mustFail(() => std.fail("here"), "Failed assertion: here");
  mustFail(() => std.unreachable(), "Unreachable");
});

Deno.test("assertGreater: and its kin, at the bounds", () => {
  std.assertGreater(2, 1);
  mustFail(() => std.assertGreater(1, 1), "Expect 1 > 1");
  std.assertGreaterOrEqual(1, 1);
  mustFail(() => std.assertGreaterOrEqual(0, 1), "Expect 0 >= 1");
  std.assertLess(1, 2);
  mustFail(() => std.assertLess(1, 1), "Expect 1 < 1");
  std.assertLessOrEqual(1, 1);
  mustFail(() => std.assertLessOrEqual(2, 1), "Expect 2 <= 1");
});

Deno.test("assertAlmostEquals: allows the tolerance and no more", () => {
  std.assertAlmostEquals(0.1 + 0.2, 0.3);
  std.assertAlmostEquals(10, 11, 1);
  mustFail(() => std.assertAlmostEquals(10, 11.5, 1), "is greater than");
  mustFail(() => std.assertAlmostEquals(NaN, 1), "close to");
});

Deno.test("assertMatch: and assertStringIncludes look into the text", () => {
  std.assertMatch("vmbus", /^vm/);
  mustFail(() => std.assertMatch("vmbus", /^bus/), "to match");
  std.assertStringIncludes("vmbus", "bus");
  mustFail(() => std.assertStringIncludes("vmbus", "pci"), "to contain");
});

Deno.test("assertInstanceOf: names both types", () => {
  std.assertInstanceOf(new Point(1), Point);
  mustFail(() => std.assertInstanceOf({}, Point), 'instance of "Point" but was "Object"');
  mustFail(() => std.assertInstanceOf(null, Point), 'but was "null"');
});

Deno.test("assertThrows: checks class and message, and returns the error", () => {
  const error = new RangeError("too far");
  const thrower = () => {
    throw error;
  };
  std.assertStrictEquals(std.assertThrows(thrower), error);
  std.assertStrictEquals(std.assertThrows(thrower, RangeError, "far"), error);
  std.assertStrictEquals(std.assertThrows(thrower, Error), error);
  mustFail(() => std.assertThrows(() => 1), "Expected function to throw");
  mustFail(() => std.assertThrows(thrower, TypeError), 'instance of "TypeError"');
  mustFail(() => std.assertThrows(thrower, RangeError, "near"), "to include");
  mustFail(() =>
    std.assertThrows(() => {
      throw "text";
    }, Error), "non-Error object was thrown");
});

Deno.test("assertRejects: checks class and message, and resolves with the error", async () => {
  const error = new RangeError("too far");
  const rejecter = () => Promise.reject(error);
  std.assertStrictEquals(await std.assertRejects(rejecter), error);
  std.assertStrictEquals(await std.assertRejects(rejecter, RangeError, "far"), error);
  await mustReject(() => std.assertRejects(() => Promise.resolve()), "to reject");
  await mustReject(() => std.assertRejects(rejecter, TypeError), 'instance of "TypeError"');
  await mustReject(() => std.assertRejects(rejecter, RangeError, "near"), "to include");
  await mustReject(
    () => std.assertRejects(() => Promise.reject("text"), Error),
    "non-Error object was rejected",
  );
  await mustReject(() =>
    std.assertRejects(() => {
      throw error;
    }), "Function throws");
});
