/**
 * The disk's drivers in a world in which things go wrong: a file is copied onto a disk and back.
 *
 * @module
 */

import { diskVsp, fileCopier, memoryImage } from "../../devices/disk/mod.ts";
import { defineScenario, type FaultRule, type ScenarioDefinition } from "../../simulator/mod.ts";

const INSTANCE = "4f6a8dc5-6d0c-4a5e-8c1e-2f6f6c1d9b07";

/** A scenario of a copy, for one world: its files are in memory. */
export function copying(faults: readonly FaultRule[], byteCount = 12_000): ScenarioDefinition {
  const file = Uint8Array.from({ length: byteCount }, (_, at) => at * 7);
  const copy = new Uint8Array(byteCount);
  const files = { source: memoryImage(file), sink: memoryImage(copy) };
  const drivers = {
    copier: {
      in: "guest",
      driver: fileCopier(files),
      options: { chunkBytes: 2048, queueDepth: 3, disk: { ringPages: [1, 1] } },
    },
    disk: {
      serves: "guest",
      driver: diskVsp(memoryImage(new Uint8Array(16 * 1024))),
      options: { instance: INSTANCE },
    },
  } as const;
  return defineScenario({
    name: "copying",
    title: "a file goes onto a disk and comes back",
    partitions: { guest: { memoryPages: 64, mmioMegabytes: 1, processors: 2 } },
    drivers,
    faults,
    workload: (world) =>
      world.until(() => {
        if (!world.isThere("guest")) return true;
        const { state, disk } = world.driver("copier");
        return ["done", "failed"].includes(state.phase) ||
          ["refused", "closed"].includes(disk.state.phase);
      }),
    async end(world) {
      if (world.isThere("guest")) {
        const { state } = world.driver("copier");
        const isSame = copy.every((byte, at) => byte === file[at]);
        if (state.phase === "done" && !isSame) {
          world.fail("the copy is the file", "another file came back");
        }
        await world.driver("copier").close();
      }
      await world.driver("disk").close();
    },
  });
}
