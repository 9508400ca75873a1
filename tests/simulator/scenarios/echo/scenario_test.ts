import { assert, assertEquals, assertGreater } from "@std/assert";
import { defineScenario, runWorld } from "../../../../simulator/mod.ts";
import { echo } from "../../../../simulator/scenarios/echo/scenario.ts";

Deno.test("echo: nothing is wrong where nothing is made to go wrong", async () => {
  for (let seed = 0; seed < 8; seed++) {
    const { findings, reached } = await runWorld(echo, { seed, isFaulty: false });
    assertEquals([seed, findings], [seed, []]);
    assertGreater(Object.values(reached)[0]!, 0);
  }
});

// An echo of which a piece is altered on its way is the simplest of what must be found.
Deno.test("echo: a piece that comes back altered is a finding", async () => {
  const bent = defineScenario({
    ...echo,
    workload: (world) => {
      const { memory } = world.guest("guest");
      const begun = echo.workload(world);
      const gpa = 4096; // the outgoing ring's data: its control page comes first
      const spoil = world.until(() => memory.read(gpa + 60, 1)[0] !== 0).then(() =>
        memory.write(gpa + 60, Uint8Array.of(memory.read(gpa + 60, 1)[0]! ^ 1))
      );
      return Promise.all([begun, spoil]).then(() => {});
    },
  });
  const found = new Set<string>();
  for (let seed = 0; seed < 8; seed++) {
    for (const { rule } of (await runWorld(bent, { seed, schedule: "fifo" })).findings) {
      found.add(rule);
    }
  }
  assert(found.has("what comes back is what was sent"), [...found].join(", "));
});
