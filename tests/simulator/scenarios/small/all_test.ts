import { assertEquals, assertGreater } from "@std/assert";
import { runWorld } from "../../../../simulator/mod.ts";
import { SMALL_SCENARIOS } from "../../../../simulator/scenarios/small/all.ts";
import { turnsLeft, untilDrawnPlace } from "../../../../simulator/scenarios/small/places.ts";
import type { World } from "../../../../simulator/worlds/world.ts";

for (const scenario of SMALL_SCENARIOS) {
  Deno.test(`${scenario.name}: nothing is wrong in any of its orders that are drawn`, async () => {
    for (let seed = 0; seed < 8; seed++) {
      const { findings, steps } = await runWorld(scenario, { seed, schedule: "random" });
      assertEquals([seed, findings], [seed, []]);
      assertGreater(steps, 0);
    }
  });
}

Deno.test("untilDrawnPlace: waits for as many turns as are drawn, and says how many are left", async () => {
  const left: number[] = [];
  const world = {
    draw: () => 3,
    until: (isReached: () => boolean) => {
      while (!isReached()) left.push(turnsLeft(world));
      return Promise.resolve();
    },
  } as Partial<World> as World;
  await untilDrawnPlace(world);
  assertEquals(left, [2, 1, 0]);
});
