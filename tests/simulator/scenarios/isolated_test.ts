// kmcl.md X17 to X21: whole worlds whose guests are isolated, with whatever goes wrong in them.

import { assertEquals } from "@std/assert";
import { runWorld } from "../../../simulator/mod.ts";
import { disk } from "../../../simulator/scenarios/disk/scenario.ts";
import { echo } from "../../../simulator/scenarios/echo/scenario.ts";
import { everything } from "../../../simulator/scenarios/everything/scenario.ts";
import { times } from "../../support/long.ts";

for (const scenario of [echo, disk, everything]) {
  const partitions = Object.fromEntries(
    Object.entries(scenario.partitions).map((
      [name, of],
    ) => [name, { ...of, memoryPages: 1024, isolated: true }]),
  );
  Deno.test(`${scenario.name}: nothing is wrong in worlds whose guests are isolated`, async () => {
    for (let seed = 0; seed < times(6, 300); seed++) {
      const settings = { seed, isFaulty: seed % 2 === 1 };
      const { findings } = await runWorld({
        ...scenario,
        partitions,
      }, settings);
      assertEquals([seed, findings], [seed, []]);
    }
  });
}
