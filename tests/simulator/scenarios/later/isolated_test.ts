// simulator.md: the scenario isolated, in which the functions of versions 3 to 5 are used (kmcl.md X6 to X20).

import { assertEquals, assertGreater } from "@std/assert";
import { runWorld } from "../../../../simulator/mod.ts";
import { isolated } from "../../../../simulator/scenarios/later/isolated.ts";
import { times } from "../../../support/long.ts";

Deno.test("isolated: no world of it finds anything, and all that it is about is reached", async () => {
  const seen = new Set<string>();
  for (let seed = 0; seed < times(8, 300); seed++) {
    const { findings, reached } = await runWorld(isolated, { seed });
    assertEquals(findings.map(({ rule, message }) => `${seed} ${rule}: ${message}`), []);
    for (const [name, count] of Object.entries(reached)) if (count > 0) seen.add(name);
  }
  assertEquals([...seen].sort(), [
    "a guest's packet in flight was restored",
    "a host's packet in flight was restored",
    "a packet waits for bounce buffers",
    "half of a flood is passive",
    "no packet object is left",
  ]);
});

for (const act of ["guestMigrated", "guestRestored", "guestSaved"] as const) {
  Deno.test(`isolated: nothing is lost where ${act} comes at an item, whichever it is (X14, X21)`, async () => {
    const numbers = { requests: { title: "requests", least: 4, most: 4 } };
    let places = 0;
    for (let nth = 1;; nth += times(7, 1)) {
      const small = { ...isolated, numbers, faults: [{ do: act, nth, budget: 1 }] };
      const { findings, faults } = await runWorld(small, { seed: 3, schedule: "fifo" });
      assertEquals([nth, findings], [nth, []]);
      if (faults.length === 0) break; // the run has no further item
      places++;
    }
    assertGreater(places, times(5, 40));
  });
}
