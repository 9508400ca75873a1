/**
 * A scenario: drivers, and a program that uses them, run in many worlds, each in another order and with other
 * things going wrong. Here it is the package's disk, whose guest is paused, saved, restored and migrated while
 * it copies a file. `deno run examples/scenario.ts` prints:
 *
 * ```text
 * 30 worlds, 0 findings
 * the file was copied in 30
 * moved at least once in more than ten: true
 * a world that is run again is the same: true
 * ```
 *
 * @module
 */

import { diskVsp, fileCopier, memoryImage } from "../devices/disk/mod.ts";
import { defineScenario, type Draws, runWorld } from "../simulator/mod.ts";

const FILE = Uint8Array.from({ length: 6000 }, (_, at) => at % 251);

/** The disk's image and the copy belong to one world, so each world has a scenario of its own. */
function makeScenario() {
  const copy = new Uint8Array(FILE.length);
  const files = { source: memoryImage(FILE), sink: memoryImage(copy) };
  return defineScenario({
    name: "moving-disk",
    title: "a guest copies a file while it is moved",
    partitions: { guest: { memoryPages: 64, mmioMegabytes: 1 } },
    drivers: {
      disk: {
        serves: "guest",
        driver: diskVsp(memoryImage(new Uint8Array(16_384))),
        options: { instance: "b6f2c0d4-31a9-4e57-9c08-7ad51e2f4b60" },
      },
      copier: {
        in: "guest",
        driver: fileCopier(files),
        // How much goes at once is another number in each world.
        options: (world: Draws) => ({ chunkBytes: 512 * (1 + world.draw(4)) }),
      },
    },
    // A driver that was restored is another object: it is asked for again each time.
    workload: (world) => world.until(() => world.driver("copier").state.phase === "done"),
    async end(world) {
      await world.until(() => world.driver("copier").state.phase === "done");
      if (copy.some((byte, at) => byte !== FILE[at])) world.fail("a copy is the file", "it is not");
      else world.reach("the file was copied");
      await world.driver("copier").close();
      await world.driver("disk").close();
    },
    faults: [
      { do: "guestPaused", oneIn: 40 },
      { do: "guestRestored", oneIn: 40 },
      { do: "guestMigrated", oneIn: 40 },
      { do: "interruptDelayed" },
    ],
    reach: ["the file was copied"],
  });
}

const WORLDS = 30;
let findings = 0;
let copied = 0;
let moved = 0;
for (let seed = 0; seed < WORLDS; seed++) {
  const result = await runWorld(makeScenario(), { seed });
  findings += result.findings.length;
  copied += result.reached["the file was copied"] ?? 0;
  if (result.faults.some(({ fault }) => fault === "guestRestored" || fault === "guestMigrated")) moved++;
}
console.log(`${WORLDS} worlds, ${findings} findings`);
console.log(`the file was copied in ${copied}`);
console.log(`moved at least once in more than ten: ${moved > 10}`);

// All that was left open in a run are its choices: with them it can be had again, without its seed.
const { choices, seed, codec, traceDigest } = await runWorld(makeScenario(), { seed: 7 });
const again = await runWorld(makeScenario(), { seed, codec, choices });
console.log(`a world that is run again is the same: ${again.traceDigest === traceDigest}`);
