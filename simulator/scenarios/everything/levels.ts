/**
 * *Levels*: everything, on guests that may be trust levels of one machine, before a host that does not speak all.
 *
 * @module
 */

import type { PartitionObject } from "../../../actors/partition/partition_object.ts";
import { VERSIONS } from "../../../core/control/versions.ts";
import { defineScenario } from "../../worlds/define_scenario.ts";
import { everything } from "./scenario.ts";

/** The levels of a machine may share its memory, all three. */
const GUEST = { memoryPages: 288, mmioMegabytes: 0, processors: 2 };

type Definition = typeof everything;
type Levels = Parameters<Definition["workload"]>[0];

/** What worlds of the scenario draw beside what those of *everything* do. */
export const LEVEL_KINDS = [
  "a further trust level",
  "a level that its paravisor serves",
  "levels that share memory",
  "the host's monitor page",
  "a host of an older version",
] as const;

/** What machines and host this world has drawn. */
function reachKinds(world: Levels): void {
  const reach = (kind: typeof LEVEL_KINDS[number], isDrawn: boolean) => {
    if (isDrawn) world.reach(kind);
  };
  const { hostDialect } = (world.guest("alpha") as PartitionObject).runtime;
  for (const name of ["alpha", "beta", "gamma"]) {
    const guest = world.guest(name) as PartitionObject;
    const { levels, root, sharesMemory, monitorPages } = guest;
    reach("a further trust level", levels[0] !== guest);
    reach("a level that its paravisor serves", !root.isRoot);
    reach("levels that share memory", sharesMemory);
    reach("the host's monitor page", monitorPages === "host");
  }
  reach("a host of an older version", hostDialect.versions.highest !== VERSIONS.at(-1));
}

/** The scenario. */
export const levels: Definition = defineScenario({
  ...everything,
  name: "levels",
  title: "everything, on guests that may be trust levels of one machine, at versions of both sides",
  numbers: {
    ...everything.numbers,
    guests: { title: "guests that take part", least: 2, most: 3 },
  },
  partitions: { alpha: GUEST, beta: GUEST, gamma: GUEST },
  draws: ["host", "version", "level", "monitorPages"],
  workload(world) {
    reachKinds(world);
    return everything.workload(world);
  },
  reach: [...everything.reach ?? [], ...LEVEL_KINDS],
});
