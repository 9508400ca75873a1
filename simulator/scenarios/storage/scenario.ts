/**
 * *Storage*: a guest's program reads, writes, flushes and discards blocks of a SCSI disk, several requests at once,
 * while its storage is slow, fails and sorts, its disk grows, its host restarts its driver, and at the end the power
 * fails. Reads see what was written last; what was flushed is on the image.
 *
 * @module
 */

import { STORAGE_VERSIONS } from "../../../devices/storage/mod.ts";
import * as vmbus from "../../../mod.ts";
import type { FaultRule } from "../../faults/rule.ts";
import { defineScenario } from "../../worlds/define_scenario.ts";
import type { Draws, ScenarioDefinition, World } from "../../worlds/world.ts";
import { DELAYS, MISDEEDS, MOVES, RARE_LOSSES } from "../faults.ts";
import { oneBuffer } from "./one_buffer.ts";
import { STORAGE_PAYLOADS } from "./payloads.ts";
import { BLOCKS, BLOCKS_MAX, client, server, serverOf, stageOf } from "./stage.ts";
import { BLOCK_BYTES, type WorkKind } from "./worker.ts";

const INSTANCE = "1d6c4b92-7e35-4f08-9ab1-c2d84e60f573";
const VERSIONS = Object.values(STORAGE_VERSIONS).toReversed();
/** Acts of a workload that are no requests: one in so many. */
const RARE = 24;
/** What the program asks for, as often as each stands here. */
const WORK: readonly WorkKind[] = ["write", "read", "write", "flush", "read", "write", "discard"];
/** A torn sector keeps so many words at least one of which is whole. */
const SECTOR_WORDS = BLOCK_BYTES / 4;

const STORAGE_FAULTS: readonly FaultRule[] = [
  { do: "storageSlow" },
  { do: "storageReordered" },
  { do: "storageFailed" },
];

/** What the host's driver is started with; `number` draws one of the scenario's. */
function serverOptions(
  world: Draws,
  number: (name: string) => number = (name) => world.number(name),
): vmbus.PlainData {
  return {
    instance: INSTANCE,
    queueDepth: number("hostQueueDepth"),
    subChannelsMax: number("subChannels"),
    versionMax: VERSIONS[world.draw(VERSIONS.length)]!,
  };
}

const drivers = {
  server: { serves: "guest", driver: server, options: serverOptions },
  client: {
    in: "guest",
    driver: client,
    options: (world: Draws) => ({
      queueDepth: world.number("queueDepth"),
      ringPages: [1, 1 + world.draw(2)],
      transferBytesMax: 4096 * (1 + world.draw(2)),
      asksForSubChannels: world.draw(2) === 0 ? "afterEnd" : "beforeEnd",
    }),
  },
} as const;

type Storage = World<typeof drivers>;

/** Has the program ask for something that overlaps nothing which is under way. */
function work(world: Storage): void {
  const { worker } = stageOf(world.fabric);
  const kind = WORK[world.draw(WORK.length)]!;
  const lba = world.draw(BLOCKS);
  const count = Math.min(1 + world.draw(12), BLOCKS - lba);
  if (kind === "flush" || worker.isFree(lba, count)) worker.begin(kind, lba, count);
}

/** The disk grows, or has its first size again. */
function resize(world: Storage): void {
  const { image } = stageOf(world.fabric);
  const isSmall = image.byteCount === BLOCKS * BLOCK_BYTES;
  image.resize((isSmall ? BLOCKS_MAX : BLOCKS) * BLOCK_BYTES);
  world.reach("the disk has another size");
}

/** A second disk comes, or goes. */
function plug(world: Storage): void {
  const made = serverOf(world.fabric);
  if (made === null) return;
  const { image, plugged } = stageOf(world.fabric);
  if (plugged.has(made)) made.removeDisk({ lun: 1 });
  else made.addDisk({ lun: 1, image, settings: { isReadOnly: true } });
  if (!plugged.delete(made)) plugged.add(made);
  world.reach("another disk has come or gone");
}

/** The host's driver is closed, and another one offers the same disk. */
async function restart(world: Storage): Promise<void> {
  const { images } = stageOf(world.fabric);
  await world.until(() => images.every(({ underWay }) => underWay === 0));
  // The guest may move while its controller is taken away: the host there has one as well.
  for (let made = serverOf(world.fabric); made !== null; made = serverOf(world.fabric)) {
    await made.close();
  }
  try {
    if (world.isThere("guest")) {
      const options = serverOptions(world, (name) => world.numberAnew(name));
      vmbus.loadHostDriver(world.guest("guest"), server, options);
    }
    world.reach("the host has restarted its driver");
  } catch (error) {
    // There may be no memory for it, or its guest is being saved: then the disk is gone.
    if (!(error instanceof vmbus.KmclError)) throw error;
  }
}

async function act(world: Storage): Promise<void> {
  switch (world.draw(4)) {
    case 0:
      return resize(world);
    case 1:
      return plug(world);
    case 2:
      return world.isThere("guest") ? world.driver("client").rescan() : undefined;
    case 3:
      return await restart(world);
  }
}

async function workload(world: Storage): Promise<void> {
  const { worker } = stageOf(world.fabric);
  const depth = 1 + world.draw(6);
  for (let left = world.number("requests"); left > 0; left--) {
    await world.until(() => worker.hasDisk && worker.underWay < depth);
    if (!worker.hasDisk || worker.underWay >= depth) break; // nothing is left to run: it will never have one
    if (world.draw(RARE) === RARE - 1) await act(world);
    else work(world);
  }
}

/** Looks at what is on the disk, as whoever reads it finds it, and once the power has failed. */
function checkImage(world: Storage): void {
  const { cache, image, worker: { history } } = stageOf(world.fabric);
  const block = new Uint8Array(BLOCK_BYTES);
  for (let lba = 0; lba < BLOCKS; lba++) {
    cache.read(lba * BLOCK_BYTES, block);
    const fault = history.findReadFault(lba, block);
    if (fault !== null) world.fail("what was written is on the disk", fault);
  }
  if (history.isUnsafe && cache.dirtySectors > 0) world.reach("the power fails before a flush");
  cache.crash((_offset, sectorBytes) => {
    const keptBytes = 4 * world.draw(SECTOR_WORDS + 1);
    if (keptBytes > 0 && keptBytes < sectorBytes) world.reach("a write is torn");
    return keptBytes;
  });
  for (let lba = 0; lba < BLOCKS; lba++) {
    image.read(lba * BLOCK_BYTES, block);
    const fault = history.findLossFault(lba, block);
    if (fault !== null) world.fail("what was flushed outlasts the power", fault);
  }
}

/** A disk that was taken away is none of the guest's: it was told, or asks where its version knows no such notice. */
async function checkDisks(world: Storage): Promise<void> {
  const client = world.driver("client");
  const hasRemoved = () => {
    const made = serverOf(world.fabric);
    return made?.state.agreement.phase === "ready" && client.state.phase === "ready" &&
      !stageOf(world.fabric).plugged.has(made) && client.disks.some(({ lun }) => lun === 1);
  };
  if (hasRemoved()) client.rescan();
  await world.until(() => !world.isThere("guest") || !hasRemoved());
  if (!world.isThere("guest") || !hasRemoved()) return;
  world.fail("a disk that was taken away is gone", "the guest still has LUN 1");
}

async function end(world: Storage): Promise<void> {
  const stage = stageOf(world.fabric);
  const { worker } = stage;
  await world.until(() => worker.underWay === 0);
  if (worker.ended.flushes > 0) world.reach("a flush was acknowledged");
  if (worker.ended.failed > 0) world.reach("a request failed");
  if (!world.isThere("guest")) world.reach("the guest is gone");
  else {
    if (worker.underWay > 0) {
      world.fail("each request ends", `${worker.underWay} requests have not ended`);
    }
    await checkDisks(world);
    await world.driver("client").close();
    await world.until(() => worker.underWay === 0);
  }
  for (const fault of worker.faults) world.fail("what is read is what was written", fault);
  for (const each of stage.servers) await each.close();
  checkImage(world);
}

/** The scenario. */
export const storage: ScenarioDefinition<typeof drivers> = defineScenario({
  name: "storage",
  title:
    "a guest's program works on the blocks of a SCSI disk, in memory; at the end the power fails",
  numbers: {
    requests: { title: "requests of the program", least: 1, most: 40 },
    queueDepth: { title: "commands of the guest's on each channel at once", least: 1, most: 4 },
    hostQueueDepth: { title: "commands that the host takes of a channel", least: 1, most: 6 },
    subChannels: { title: "channels beside the first that the host has", least: 0, most: 2 },
  },
  partitions: { guest: { memoryPages: 96, processors: 2 } },
  draws: ["version", "isolated"],
  drivers,
  workload,
  end,
  payloads: STORAGE_PAYLOADS,
  checkers: [oneBuffer],
  faults: [...DELAYS, ...MOVES, ...RARE_LOSSES, ...MISDEEDS, ...STORAGE_FAULTS],
  reach: [
    "a flush was acknowledged",
    "a request failed",
    "the disk has another size",
    "another disk has come or gone",
    "the host has restarted its driver",
    "the power fails before a flush",
    "a write is torn",
    "the guest is gone",
  ],
});
