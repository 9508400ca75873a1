// simulator.md: the scenario isolated, in which the functions of versions 3 to 5 are used (kmcl.md X6 to X20).

import { assertEquals } from "@std/assert";
import { runWorld } from "../../../../simulator/mod.ts";
import { isolated } from "../../../../simulator/scenarios/later/isolated.ts";
import { times } from "../../../support/long.ts";

Deno.test("isolated: no world of it finds anything, and all that it is about is reached", async () => {
  const seen = new Set<string>();
  for (let seed = 0; seed < times(6, 300); seed++) {
    const { findings, reached } = await runWorld(isolated, { seed });
    assertEquals(findings.map(({ rule, message }) => `${seed} ${rule}: ${message}`), []);
    for (const [name, count] of Object.entries(reached)) if (count > 0) seen.add(name);
  }
  assertEquals([...seen].sort(), [
    "a packet waits for bounce buffers",
    "half of a flood is passive",
    "no packet object is left",
  ]);
});
