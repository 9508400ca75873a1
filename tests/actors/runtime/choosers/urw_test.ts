import { assert, assertEquals } from "@std/assert";
import { UrwChooser } from "../../../../actors/runtime/choosers/urw.ts";
import { Chance } from "../../../../core/chance.ts";
import { alternative, alternatives } from "./alternatives.ts";

/** How often each of items with so many `ahead` is chosen in 1000 choices. */
function countsOf(ahead: readonly number[]): number[] {
  const chooser = new UrwChooser(Chance.fromSeed(3));
  const items = alternatives(ahead.map((itemsAhead) => alternative({ itemsAhead })));
  const counts = ahead.map(() => 0);
  for (let i = 0; i < 1000; i++) counts[chooser.choose("item", ahead.length, items)]!++;
  return counts;
}

Deno.test("UrwChooser: chooses in proportion to the work ahead", () => {
  const [one, none, eight, two] = countsOf([1, 0, 7, 2]);
  assertEquals(none, 0);
  assert(one! > 70 && one! < 130, `${one}`);
  assert(two! > 160 && two! < 240, `${two}`);
  assertEquals(one! + two! + eight!, 1000);
});

Deno.test("UrwChooser: chooses any where all would only put themselves off", () => {
  for (const count of countsOf([0, 0, 0])) assert(count > 280 && count < 390, `${count}`);
});
