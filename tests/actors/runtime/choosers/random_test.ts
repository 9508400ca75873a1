import { assertEquals } from "@std/assert";
import { RandomChooser } from "../../../../actors/runtime/choosers/random.ts";
import { Chance } from "../../../../core/chance.ts";
import { alternatives } from "./alternatives.ts";

Deno.test("RandomChooser: draws the place among all items, wherever the oldest stands", () => {
  const [chance, chooser] = [Chance.fromSeed(1), new RandomChooser(Chance.fromSeed(1))];
  for (const oldestAt of [0, 3, 6, 1, 2]) {
    const offset = chooser.choose("item", 7, alternatives([], oldestAt));
    assertEquals((oldestAt + offset) % 7, chance.below(7));
  }
  assertEquals(chooser.choose("item", 9, null), chance.below(9));
});
