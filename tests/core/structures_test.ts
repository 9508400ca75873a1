import { assertEquals } from "@std/assert";
import { copyElements, copyMembers } from "../../core/structures.ts";
import { HOSTILE_OBJECTS, unreadable } from "../support/hostile_values.ts";

Deno.test("copyMembers: reads each member once, in order, and no other", () => {
  const asked: PropertyKey[] = [];
  const value = new Proxy({ a: 1, b: 2, c: 3 }, {
    get: (target, key) => {
      asked.push(key);
      return Reflect.get(target, key);
    },
  });
  assertEquals(copyMembers(value, ["b", "a"]), { b: 2, a: 1 });
  assertEquals(asked, ["b", "a"]);
});

Deno.test("copyMembers: is null for what has no members, or does not tell them", () => {
  assertEquals(copyMembers(unreadable({ a: 1 }), ["a"]), null);
  for (const value of [null, undefined, 1, "a"]) assertEquals(copyMembers(value, ["a"]), null);
  assertEquals(copyMembers(HOSTILE_OBJECTS["a revoked Proxy"]!(), ["a"]), null);
});

Deno.test("copyElements: takes as many as are asked for, of those that are there", () => {
  assertEquals(copyElements([1, 2, 3], 2), [1, 2]);
  assertEquals(copyElements([1, 2, 3], 9), [1, 2, 3]);
  assertEquals(copyElements(new Array(2 ** 32 - 1), 1), [undefined]);
  assertEquals(copyElements({ length: 1 }, 1), null);
  for (const make of Object.values(HOSTILE_OBJECTS)) assertEquals(copyElements(make(), 1), null);
});
