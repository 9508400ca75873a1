/**
 * A scenario that fails in some of its worlds, for tests of sweeps and replays.
 *
 * @module
 */

import { defineScenario, type ScenarioDefinition } from "../../simulator/mod.ts";

/** The rule that one world in six breaks. */
export const PLANTED_RULE = "S1: three is no number";

/**
 * Each world draws one of six numbers. 3 breaks a rule, 4 one that is expected to break, 5 leaves memory, 2
 * reaches something; nothing reaches "a seven".
 */
export const planted: ScenarioDefinition = defineScenario({
  name: "planted",
  title: "fails in two worlds of six",
  partitions: { guest: { memoryPages: 16 }, other: { memoryPages: 16 } },
  reach: ["a two", "a seven"],
  expected: [{ rule: "S2: four is no number", place: "planted", reason: "fours are on their way" }],
  workload: (world) => {
    const number = world.draw(6);
    if (number === 2) world.reach("a two");
    if (number === 3) world.fail(PLANTED_RULE, `it drew ${number}`);
    if (number === 4) world.fail("S2: four is no number", `it drew ${number}`);
    if (number === 5) world.guest("guest").memory.allocate(8);
  },
});

export default planted;
