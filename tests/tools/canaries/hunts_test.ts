import { assertEquals, assertRejects } from "@std/assert";
import { firstSeed } from "../../../simulator/worlds/hunt.ts";
import { placesLeft } from "../../../tools/canaries/hunter.ts";
import { controlIn, huntIn } from "../../../tools/canaries/hunts.ts";
import { withTree } from "../../support/temp_tree.ts";

/** A hunter that finds something in each hunt but the one whose world has no end; a control is loud at once. */
const HUNTER = `
const order = JSON.parse(Deno.args[0]);
const tell = (told) => console.log(JSON.stringify(told));
if (order.scenario === "none") throw new Error("no such scenario");
if (order.worlds) tell({ loud: [1] });
for (const place of order.places ?? []) {
  tell({ hunt: place });
  tell("world");
  tell("world");
  if (place.hunt === 1) for (;;);
  tell({ end: { ...place, seeds: 2, seed: 9, by: "verifier", rule: "a rule" } });
}
`;
const FILES = { "deno.json": "{}", "tools/canaries/hunter.ts": HUNTER };

const places = [0, 1, 2].map((hunt) => ({ schedule: "urw", hunt }));
const order = { scenario: "echo", places, patience: { urw: { seedsMax: 5, seedsInAll: 15 } } };

Deno.test("huntIn: a world without end is ended, counts as found, and the hunts behind it go on", async () => {
  await withTree(FILES, async (root) => {
    const found = { seeds: 2, seed: 9, by: "verifier", rule: "a rule" };
    const endless = { seeds: 2, seed: firstSeed(1) + 1, by: "command", rule: "every world ends" };
    assertEquals(await huntIn(root, order, 2), [
      { ...places[0]!, ...found },
      { ...places[1]!, ...endless },
      { ...places[2]!, ...found },
    ]);
    await assertRejects(() => huntIn(root, { ...order, scenario: "none" }), Error, "no such scen");
  });
});

Deno.test("controlIn: says which worlds find something, and asks nobody where there are none", async () => {
  await withTree(FILES, async (root) => {
    const worlds = [1, 2].map((seed) => ({ schedule: "urw", seed }));
    assertEquals(await controlIn(root, { scenario: "echo", worlds }), [1]);
    assertEquals(await controlIn("nowhere", { scenario: "echo", worlds: [] }), []);
  });
});

Deno.test("placesLeft: no hunt begins once those of its schedule have taken so many seeds together", () => {
  const patience = { urw: { seedsMax: 5, seedsInAll: 6 }, pos: { seedsMax: 5, seedsInAll: 6 } };
  const end = { seed: 0, by: "verifier", rule: "a rule" };
  const left = (...seeds: readonly (number | null)[]) => {
    const ends = seeds.map((each, hunt) => ({ ...end, schedule: "urw", hunt, seeds: each }));
    const next = { schedule: "urw", hunt: seeds.length };
    return placesLeft({ patience }, [next, { schedule: "pos", hunt: 0 }], ends)
      .map(({ schedule }) => schedule);
  };
  assertEquals(left(2, 3), ["urw", "pos"]);
  assertEquals(left(2, 4), ["pos"]);
  assertEquals(left(2, null), ["pos"]); // it took all that a hunt may take
});
