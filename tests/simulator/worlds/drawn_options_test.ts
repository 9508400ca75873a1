import { assert, assertEquals, assertThrows } from "@std/assert";
import type { PartitionObject } from "../../../actors/partition/partition_object.ts";
import { ALL_VERSIONS, isIn, type VersionRange } from "../../../core/control/dialect.ts";
import { isSince, VERSIONS } from "../../../core/control/versions.ts";
import { createFabric } from "../../../mod.ts";
import { defineScenario, type DrawnOption, runWorld } from "../../../simulator/mod.ts";
import { drawHost, DRAWN_OPTIONS, drawOptions } from "../../../simulator/worlds/drawn_options.ts";

/** Nothing is drawn of the host, and there is no guest yet. */
const ALONE = { host: null, bringsPages: false, guests: [] };

/** Options that `take` draws, each with all values that it had in many worlds. */
function seenIn(take: (draw: (count: number) => number) => object): Map<string, Set<unknown>> {
  const seen = new Map<string, Set<unknown>>();
  for (let number = 0; number < 2000; number++) {
    let rest = Math.imul(number, 0x9e37_79b1) >>> 0;
    const draw = (count: number) => {
      const drawn = rest % count;
      rest = (Math.imul(rest ^ (rest >>> 15), 0x2c1b_3c6d) >>> 0) + number;
      return drawn;
    };
    for (const [name, value] of Object.entries(take(draw))) {
      seen.set(name, (seen.get(name) ?? new Set()).add(value));
    }
  }
  return seen;
}

Deno.test("drawOptions: without chance a guest is what it is by default", () => {
  assertEquals(drawOptions(DRAWN_OPTIONS, () => 0, ALONE), {
    vtl: 0,
    monitorPages: "none",
    isolated: false,
  });
  assertEquals(drawOptions([], () => 1, ALONE), {});
  assertEquals(drawHost(DRAWN_OPTIONS, () => 0), { monitorPages: false });
  assertEquals(drawHost(["version"], () => 1), {});
});

Deno.test("drawHost: draws each range of versions, features, and whether it brings monitor pages", () => {
  const seen = seenIn((draw) => {
    const { vmbusVersion, ...rest } = drawHost(["host"], draw);
    const { lowest, highest } = vmbusVersion as VersionRange ?? ALL_VERSIONS;
    assert(isSince(highest, lowest));
    return { lowest, highest, ...rest };
  });
  assertEquals(seen.get("lowest")?.size, VERSIONS.length);
  assertEquals(seen.get("highest")?.size, VERSIONS.length);
  assertEquals([...seen.get("monitorPages")!].sort(), [false, true]);
  assert(seen.get("vmbusFeatures")!.size > 1, "features are drawn");
});

Deno.test("drawOptions: a guest speaks something that its host does, and asks for its pages where it has some", () => {
  const host = { lowest: "4.0", highest: "5.1" } as const;
  const seen = seenIn((draw) => {
    const drawing = { ...ALONE, host, bringsPages: true };
    const { vmbusVersion, monitorPages } = drawOptions(["version", "monitorPages"], draw, drawing);
    const range = vmbusVersion as VersionRange ?? ALL_VERSIONS;
    assert(isIn(range, host.lowest));
    return { highest: range.highest, monitorPages };
  });
  assertEquals(seen.get("highest")?.size, VERSIONS.length - VERSIONS.indexOf("4.0"));
  assertEquals([...seen.get("monitorPages")!].sort(), ["guest", "host", "none"]);
});

Deno.test("drawOptions: a further level is of a machine that is there, at a level that nobody has", () => {
  const { root } = createFabric();
  const machine = (...vtls: number[]) => {
    const levels = vtls.map((vtl) => ({ vtl, levels: [] as unknown[] }));
    for (const level of levels) level.levels.push(...levels);
    return levels as unknown as (typeof root & PartitionObject)[];
  };
  const [full, two] = [machine(0, 1, 2), machine(2, 0)];
  const guests = [...full, ...two];
  const seen = seenIn((draw) => {
    const drawn = drawOptions(["level"], draw, { ...ALONE, guests });
    const { vtlOf = null, vtl, redirect = false } = drawn;
    if (vtlOf === null) return { vtl };
    assert(two.some((level) => level === vtlOf) && vtl === 1, "the one that the machine has not");
    assert(!redirect || vtlOf.vtl > vtl);
    return { redirect, hasMemory: drawn.hasMemory };
  });
  assertEquals([...seen.get("vtl")!].sort(), [0, 1, 2]);
  assertEquals([...seen.get("redirect")!].sort(), [false, true]);
  assertEquals([...seen.get("hasMemory")!].sort(), [false, true]);
});

Deno.test("drawOptions: draws each version, each trust level, and who has monitor pages", () => {
  const seen = seenIn((draw) => drawOptions(["version", "vtl", "monitorPages"], draw, ALONE));
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

Deno.test("runWorld: what the scenario says of a guest's level is no other's, whatever is drawn", async () => {
  const seen = new Set<string>();
  const scenario = defineScenario({
    name: "levels-said",
    title: "a level that is said, and one that is drawn",
    partitions: {
      paravisor: { vtl: 2, memoryPages: 16, processors: 2 },
      guest: { vtlOf: "paravisor", redirect: true },
      drawn: { memoryPages: 16, processors: 1 },
    },
    draws: ["host", "level"],
    workload: (world) => {
      const [, , guest, drawn] = world.fabric.inspect().partitions;
      assertEquals([guest!.levelOf, guest!.servedBy, guest!.vtl], ["paravisor", "paravisor", 0]);
      seen.add(`${drawn!.levelOf}`);
    },
  });
  for (let seed = 0; seed < 24; seed++) {
    assertEquals((await runWorld(scenario, { seed })).findings, []);
  }
  assertEquals([...seen].sort(), ["null", "paravisor"]);
});

Deno.test("draws: a guest is isolated in a quarter of the worlds, and all else is drawn as it was", async () => {
  const drawnIn = async (draws: readonly DrawnOption[], seed: number) => {
    let drawn: unknown[] = [];
    let isolated = false;
    const scenario = defineScenario({
      name: "drawn",
      title: "What is drawn",
      partitions: { one: { memoryPages: 8 }, two: { memoryPages: 8 } },
      draws,
      workload: (world) => {
        const [one, two] = ["one", "two"].map((name) => world.guest(name) as PartitionObject);
        isolated = one!.isIsolated;
        assertEquals(one!.memory.pageCount, isolated ? 8 + 256 : 8);
        drawn = [one!.dialect, two!.dialect, world.draw(1000)];
      },
    });
    const { findings } = await runWorld(scenario, { seed });
    assertEquals(findings, []);
    return { drawn, isolated };
  };
  let count = 0;
  for (let seed = 0; seed < 32; seed++) {
    const { drawn } = await drawnIn(["version"], seed);
    const both = await drawnIn(["version", "isolated"], seed);
    assertEquals(both.drawn, drawn);
    if (both.isolated) count++;
  }
  assert(count > 2 && count < 16, `${count} of 32`);
});
