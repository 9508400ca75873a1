/**
 * A scenario for tests of sweeps in processes, whose worlds print, never end, and take their process with them.
 *
 * @module
 */

import { defineScenario } from "../../../../simulator/mod.ts";

/** Blocks without an end, and, other than a loop, without keeping a processor busy. */
function block(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

export const scenario = defineScenario({
  name: "endings",
  title: "ends in several ways",
  partitions: { guest: { memoryPages: 16 } },
  workload: (world) => {
    switch (world.draw(8)) {
      case 7:
        return console.log(
          "a driver that prints, and what looks like messages \x1e{\n\x1e5\n\x1enull\n" +
            '\x1e{"done":5}\n\x1e{"idle":true}',
        );
      case 2:
        return world.fail("S1: two is no number", "it drew 2");
      case 3:
        return block();
      case 4:
        return Deno.exit(7);
    }
  },
});
