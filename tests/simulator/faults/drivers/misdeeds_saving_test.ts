import { assert, assertEquals } from "@std/assert";
import { FabricRuntime } from "../../../../actors/fabric/fabric_runtime.ts";
import { Chance } from "../../../../core/chance.ts";
import {
  DiskServer,
  diskVsp,
  FileCopier,
  fileCopier,
  memoryImage,
} from "../../../../devices/disk/mod.ts";
import * as vmbus from "../../../../mod.ts";
import { DriverMisdeeds } from "../../../../simulator/faults/drivers/driver_misdeeds.ts";
import { DRIVER_FAULTS } from "../../../../simulator/faults/catalogue/drivers.ts";
import type { MisdeedName } from "../../../../simulator/faults/drivers/misdeed.ts";
import { areEqual, filesOf, sampleBytes } from "../../../support/disk_stage.ts";
import { times } from "../../../support/long.ts";

const INSTANCE = "7d0b8c1e-5a0f-4c44-9a2e-0b6d3f1e2c11";
/** What ends a copy, as documented: the disk's drivers do not open again, and do not go on after Fail. */
const ENDING: readonly MisdeedName[] = ["openedRefused", "packetFailed"];
/** What has a guest stay where it is. */
const STAYING: readonly MisdeedName[] = ["saveThrows", "restoreThrows"];
const MISDEEDS = Object.keys(DRIVER_FAULTS) as readonly MisdeedName[];
const FILE = sampleBytes(8_001);

/** A fabric whose drivers do wrong by chance, whatever does not end a copy. */
function wrongFabric(chance: Chance, done: Map<MisdeedName, number>): FabricRuntime {
  const fabric = vmbus.createFabric({
    schedule: "random",
    seed: chance.below(1000),
    verifier: "record",
    trace: "off",
    codec: chance.below(2) === 0 ? "vmbus" : "msgpack",
  });
  assert(fabric instanceof FabricRuntime);
  fabric.driverFaults = new DriverMisdeeds({
    at(point, _endpoint, callback) {
      const possible = MISDEEDS.filter((misdeed) => DRIVER_FAULTS[misdeed].point === point);
      const misdeed = possible[chance.below(possible.length)]!;
      const throwsInOpened = misdeed === "callbackThrows" && callback === "EvtChannelOpened";
      if (ENDING.includes(misdeed) || throwsInOpened || chance.below(4) > 0) return null;
      done.set(misdeed, (done.get(misdeed) ?? 0) + 1);
      return { do: misdeed, ms: misdeed === "packetHeld" ? 5000 : 1 + chance.below(9) };
    },
    atSave: () => null,
  });
  return fabric;
}

/** A copy through a disk, in the middle of which the guest moves, again and again. */
async function copyAndMove(seed: number, done: Map<MisdeedName, number>): Promise<number> {
  const chance = Chance.fromSeed(seed);
  const fabric = wrongFabric(chance, done);
  let guest = fabric.createPartition({ name: "guest", memoryPages: 64 });
  const halt = { bytes: 0 };
  let gone = 0;
  const files = filesOf(FILE, (bytes) => void (gone = bytes));
  const image = memoryImage(new Uint8Array(65_536));
  const drivers = { guestDrivers: [fileCopier(files)], hostDrivers: [diskVsp(image)] };
  const start = { instance: INSTANCE, queueDepth: 4 };
  let server = vmbus.loadHostDriver(guest, diskVsp(image), start);
  const options = { chunkBytes: 512, queueDepth: 6, disk: { ringPages: [1, 1] as const } };
  let copier = vmbus.loadGuestDriver(guest, fileCopier(files), options);
  let moves = 0;
  for (; moves < 6; moves++) {
    halt.bytes += 1 + chance.below(FILE.length / 3);
    if (!await fabric.runUntil(() => gone >= halt.bytes)) break;
    const { bytes, reason } = await vmbus.savePartition(guest);
    assert(bytes !== null, `seed ${seed}: ${reason}`);
    guest.destroy();
    const restored = vmbus.restorePartition(fabric, bytes, drivers);
    assert(restored.partition !== null, `seed ${seed}: ${restored.reason}`);
    guest = restored.partition;
    const instances = restored.loaded.map(({ instance }) => instance);
    server = instances.find((each) => each instanceof DiskServer)!;
    copier = instances.find((each) => each instanceof FileCopier)!;
    guest.resume();
  }
  await fabric.run();
  assertEquals([copier.state.phase, copier.state.failure], ["done", null], `seed ${seed}`);
  assert(areEqual(files.copy, files.file), `seed ${seed}: the file came back`);
  await copier.close();
  await server.close();
  const thrown = fabric.violations.filter(({ rule }) => rule === "exception out of a callback");
  const promised = fabric.violations.filter(({ rule }) => rule.endsWith("returns a promise"));
  assertEquals(fabric.violations.length, thrown.length + promised.length, `seed ${seed}`);
  assertEquals(thrown.length, done.get("callbackThrows") ?? 0);
  assertEquals(promised.length, done.get("callbackPromises") ?? 0);
  assertEquals(fabric.leaks(), []);
  fabric.dispose();
  return moves;
}

Deno.test("misdeeds: a disk whose drivers do wrong copies all the same, and moves meanwhile", async () => {
  const all = new Set<MisdeedName>();
  let moves = 0;
  for (let seed = 1; seed <= times(3, 400); seed++) {
    const done = new Map<MisdeedName, number>();
    moves += await copyAndMove(seed, done);
    for (const misdeed of done.keys()) all.add(misdeed);
  }
  assertEquals(
    [...all].sort(),
    MISDEEDS.filter((name) => !ENDING.includes(name) && !STAYING.includes(name)).sort(),
  );
  assert(moves > times(5, 800), `${moves}`);
});
