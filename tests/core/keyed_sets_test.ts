import { assertEquals } from "@std/assert";
import { addTo, takeFrom } from "../../core/keyed_sets.ts";

Deno.test("addTo, takeFrom: values stand in their order, and no set stays empty", () => {
  const sets = new Map<string, Set<number>>();
  for (const [key, value] of [["a", 2], ["b", 7], ["a", 1], ["a", 2]] as const) {
    addTo(sets, key, value);
  }
  assertEquals([...sets].map(([key, values]) => [key, [...values]]), [["a", [2, 1]], ["b", [7]]]);
  takeFrom(sets, "a", 2);
  takeFrom(sets, "b", 8); // it is not there
  takeFrom(sets, "c", 1);
  assertEquals([...sets].map(([key, values]) => [key, [...values]]), [["a", [1]], ["b", [7]]]);
  takeFrom(sets, "b", 7);
  assertEquals([...sets.keys()], ["a"]);
});
