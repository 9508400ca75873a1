import { assertEquals, assertGreater } from "@std/assert";
import { runWorld } from "../../../../../simulator/mod.ts";
import { twoPhaseCommit } from "../../../../../simulator/scenarios/protocols/two_phase_commit/scenario.ts";

/** How often worlds in which a transaction has so many ticks come to `outcome`. */
async function reachedWith(ticks: number, outcome: string): Promise<number> {
  let count = 0;
  for (let seed = 0; seed < 4; seed++) {
    const world = await runWorld(twoPhaseCommit(false, ticks), { seed, schedule: "random" });
    assertEquals([seed, world.findings], [seed, []]);
    count += world.reached[outcome] ?? 0;
  }
  return count;
}

Deno.test("twoPhaseCommit: with time for all votes none of them is too late, and values are written", async () => {
  assertEquals(await reachedWith(1000, "timed out"), 0);
  assertGreater(await reachedWith(1000, "committed"), 0);
});

Deno.test("twoPhaseCommit: a transaction whose time is over at once is given up", async () => {
  assertGreater(await reachedWith(0, "timed out"), 0);
});
