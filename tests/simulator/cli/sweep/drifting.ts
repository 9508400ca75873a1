/**
 * A scenario that is not the same twice, for tests of the check for that.
 *
 * @module
 */

import { defineScenario } from "../../../../simulator/mod.ts";

/** Worlds that ran before in this process: what no driver should know. */
let worldsBefore = 0;

export const scenario = defineScenario({
  name: "drifting",
  title: "draws by itself, or remembers earlier worlds",
  partitions: { guest: { memoryPages: 16 } },
  workload: async (world) => {
    const before = worldsBefore++;
    const number = world.draw(8);
    if (number === 1) await world.fabric.delay(1 + Math.floor(1e6 * Math.random()));
    if (number === 2) await world.fabric.delay(1 + before);
  },
});
