// Worlds whose machine has two trust levels: drivers, checkers and crashes at both (wire.md section 6).

import { assert, assertEquals, assertThrows } from "@std/assert";
import { LEVEL_KINDS, levels } from "../../../simulator/scenarios/everything/levels.ts";
import { runWorld, type ScenarioPartition } from "../../../simulator/mod.ts";
import { times } from "../../support/long.ts";
import { pinging } from "../../support/pinging.ts";

const PAGES = { memoryPages: 16 };
const PARAVISOR = { paravisor: { ...PAGES, vtl: 2 } };

for (
  const [what, partitions] of [
    ["a paravisor serves", {
      ...PARAVISOR,
      guest: { ...PAGES, vtlOf: "paravisor", redirect: true },
    }],
    ["a paravisor serves, and shares memory with,", {
      paravisor: { memoryPages: 32, vtl: 2 },
      guest: { vtlOf: "paravisor", redirect: true },
    }],
    ["the host serves beside another level", {
      ...PARAVISOR,
      guest: { ...PAGES, vtlOf: "paravisor" },
    }],
  ] satisfies [string, Record<string, ScenarioPartition>][]
) {
  Deno.test(`runWorld: a pair whose guest ${what} keeps to every rule, and ends with its machine`, async () => {
    const quiet = pinging([], { partitions });
    const crashing = pinging(
      [{ do: "guestCrashed", where: { guest: "paravisor" }, nth: 20 }],
      { partitions },
    );
    for (const codec of ["vmbus", "msgpack"] as const) {
      for (const schedule of ["fifo", "random"] as const) {
        const { findings } = await runWorld(quiet, { seed: 7n, codec, schedule });
        assertEquals(findings, [], `${codec} ${schedule}`);
      }
    }
    const { findings, faults } = await runWorld(crashing, { seed: 3n });
    assertEquals([findings, faults.length], [[], 1]);
    // Saved, restored and migrated by either level, the machine continues, and its drivers are found again.
    for (const kind of ["guestSaved", "guestRestored", "guestMigrated"] as const) {
      for (const guest of ["guest", "paravisor"]) {
        const moving = pinging([{ do: kind, where: { guest }, nth: 12 }], { partitions });
        const { findings, faults } = await runWorld(moving, { seed: 3n });
        assertEquals([findings, faults.length > 0], [[], true], `${kind} ${guest}`);
      }
    }
  });
}

Deno.test("defineScenario: vtlOf names a guest that stands before", () => {
  for (const vtlOf of ["guest", "later", 7]) {
    assertThrows(
      () => pinging([], { partitions: { guest: { vtlOf: vtlOf as string }, later: {} } }),
      TypeError,
      "guest guest: vtlOf must name a guest before it",
    );
  }
});

// The scenario draws machines of several levels, hosts that do not speak all, and who brings monitor pages.
Deno.test("scenario levels: worlds of machines with several levels keep to every rule, whatever goes wrong", async () => {
  const reached = new Set<string>();
  for (let seed = 0; seed < times(12, 500); seed++) {
    const { findings, reached: here } = await runWorld(levels, { seed });
    assertEquals(findings, [], `seed ${seed}`);
    for (const [name, count] of Object.entries(here)) if (count > 0) reached.add(name);
  }
  for (const name of LEVEL_KINDS) assert(reached.has(name), name);
});
