import { assert, assertEquals, assertThrows } from "@std/assert";
import { VERSIONS } from "../../../core/control/versions.ts";
import { defineScenario, type DrawnOption, runWorld } from "../../../simulator/mod.ts";
import { DRAWN_OPTIONS, drawOptions } from "../../../simulator/worlds/drawn_options.ts";

Deno.test("drawOptions: without chance a guest is what it is by default", () => {
  assertEquals(drawOptions(DRAWN_OPTIONS, () => 0), { vtl: 0, monitorPages: "none" });
  assertEquals(drawOptions([], () => 1), {});
});

Deno.test("drawOptions: draws each version, each trust level, and who has monitor pages", () => {
  const seen = new Map<string, Set<unknown>>();
  for (let number = 0; number < 400; number++) {
    let rest = number * 7919;
    const draw = (count: number) => {
      const drawn = rest % count;
      rest = Math.floor(rest / count);
      return drawn;
    };
    for (const [name, value] of Object.entries(drawOptions(DRAWN_OPTIONS, draw))) {
      seen.set(name, (seen.get(name) ?? new Set()).add(value));
    }
  }
  assertEquals(seen.get("vmbusVersion")?.size, VERSIONS.length);
  assertEquals([...seen.get("vtl")!].sort(), [0, 1, 2]);
  assertEquals([...seen.get("monitorPages")!].sort(), ["guest", "none"]);
  assert(seen.get("vmbusFeatures")!.size > 1, "features are drawn");
});

Deno.test("defineScenario: draws is a list of options that worlds draw", () => {
  const scenario = { name: "a", title: "a", partitions: { guest: {} }, workload: () => {} };
  for (const draws of [["versions"], "version", [null]]) {
    const wrong = { ...scenario, draws: draws as unknown as readonly DrawnOption[] };
    assertThrows(() => defineScenario(wrong), TypeError, "draws must be");
  }
});

Deno.test("runWorld: what the scenario says of a guest is not drawn", async () => {
  const levels = new Set<number>();
  const scenario = defineScenario({
    name: "level",
    title: "a guest of level 1",
    partitions: { guest: { vtl: 1, memoryPages: 16 } },
    draws: ["vtl"],
    workload: (world) => {
      levels.add(world.fabric.inspect().partitions[1]!.vtl);
    },
  });
  for (let seed = 0; seed < 8; seed++) await runWorld(scenario, { seed });
  assertEquals([...levels], [1]);
});
