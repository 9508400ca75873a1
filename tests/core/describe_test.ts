import { assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { describe, errorOf, isInstance, messageOf } from "../../core/describe.ts";
import { HOSTILE_OBJECTS, HOSTILE_THROWN } from "../support/hostile_values.ts";

Deno.test("describe: says in short what a value is, and asks objects nothing", () => {
  const shown = [null, undefined, true, 1.5, 7n, "text", Symbol("s"), {}, [1], () => 1].map(
    describe,
  );
  assertEquals(shown, [
    "null",
    "undefined",
    "true",
    "1.5",
    "7",
    "text",
    "Symbol(s)",
    "an object",
    "an object",
    "a function",
  ]);
  assertEquals(describe(-(1n << 127n)), String(-(1n << 127n)));
  assertEquals(describe(1n << 127n), "a bigint of more than 128 bits");
  assertEquals(describe("x".repeat(2000)), `${"x".repeat(1000)}…`);
  for (const make of Object.values(HOSTILE_OBJECTS)) {
    assertEquals(["an object", "a function"].includes(describe(make())), true);
  }
});

Deno.test("messageOf: gives the text of an Error, and of anything else what it says of itself", () => {
  assertEquals(messageOf(new Error("why")), "why");
  assertEquals(messageOf("why"), "why");
  assertEquals(messageOf({ toString: () => "why" }), "why");
  assertEquals(messageOf(new Error("x".repeat(2000))).length, 1001);
  for (const [what, make] of Object.entries(HOSTILE_THROWN)) {
    assertEquals(typeof messageOf(make()), "string", what);
  }
  assertEquals(messageOf(Object.create(null)), "an object that cannot be shown");
});

Deno.test("errorOf: leaves an Error as it is, and makes one of anything else", () => {
  const error = new RangeError("why");
  assertStrictEquals(errorOf(error), error);
  assertEquals(errorOf("why").message, "why");
  for (const make of Object.values(HOSTILE_THROWN)) assertInstanceOf(errorOf(make()), Error);
});

Deno.test("isInstance: is false for what cannot be asked", () => {
  assertEquals(isInstance(new RangeError(), Error), true);
  for (const make of Object.values(HOSTILE_OBJECTS)) assertEquals(isInstance(make(), Error), false);
});
