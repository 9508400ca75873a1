import { assertEquals, assertRejects } from "@std/assert";
import { type SweepOptions, sweepWorlds } from "../../../simulator/mod.ts";
import { planted, PLANTED_RULE } from "../../support/planted_scenario.ts";

Deno.test("sweepWorlds: groups what it finds, and says how to have it again", async () => {
  const summary = await sweepWorlds(planted, { seeds: 60 });
  const causes = summary.failures.map(({ kind, rule, place }) => `${kind}: ${rule}, ${place}`);
  assertEquals(causes.toSorted(), [
    `correctness: ${PLANTED_RULE}, planted`,
    "correctness: no memory is left, guest",
  ]);
  assertEquals(summary.failed, summary.failures.reduce((sum, { worlds }) => sum + worlds, 0));
  assertEquals(summary.expected.map(({ reason }) => reason), ["fours are on their way"]);
  assertEquals(summary.reached.map(({ name, worlds }) => [name, worlds > 0]), [
    ["a seven", false],
    ["a two", true],
  ]);
  const [{ seed, replay }] = summary.failures as [typeof summary.failures[number]];
  assertEquals(replay, `runWorld(scenario, { seed: ${seed}n, schedule: "portfolio" })`);
});

Deno.test("sweepWorlds: until a failure it ends with the first one, and can begin there", async () => {
  const first = await sweepWorlds(planted, { seeds: 60, isUntilFailure: true });
  const { seed } = first.failures[0]!;
  assertEquals([first.failed, first.worlds], [1, Number(seed) + 1]);
  const alone = await sweepWorlds(planted, { seeds: 1, from: BigInt(seed) });
  assertEquals(alone.failures, first.failures);
});

Deno.test("sweepWorlds: seeds that are none are refused", async () => {
  const wrong: readonly SweepOptions[] = [
    { seeds: 0 },
    { seeds: 1.5 },
    { seeds: 1, from: -1 },
    { seeds: 2, from: 2n ** 64n - 1n },
  ];
  for (const options of wrong) {
    await assertRejects(() => sweepWorlds(planted, options), RangeError, "Cannot sweep: ");
  }
});
