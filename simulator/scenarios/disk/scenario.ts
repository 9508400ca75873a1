/**
 * *Disk*: a guest copies a file onto a disk and back, through the package's own disk. The image, the file
 * and the copy are in memory, and belong to the fabric: drivers that are restored in it find them there.
 *
 * @module
 */

import { diskVsp, type FileCopier, fileCopier, memoryImage } from "../../../devices/disk/mod.ts";
import type { Fabric, GuestDriver, HostDriver } from "../../../mod.ts";
import type { DiskServer } from "../../../devices/disk/mod.ts";
import { payloadsOf } from "../../decoding/devices.ts";
import type { ScenarioPayload } from "../../decoding/payloads.ts";
import { defineScenario } from "../../worlds/define_scenario.ts";
import type { Draws, ScenarioDefinition, World } from "../../worlds/world.ts";
import { BREAKDOWNS, DELAYS, MISDEEDS, MOVES, RARE_LOSSES } from "../faults.ts";

const INSTANCE = "e4b0c1d2-5f38-4a96-8c7d-20f9a6b3e145";
const IMAGE_BYTES = 16_384;
const BLOCK_BYTES = 512;

/** What the drivers of the disk say to each other. */
export const DISK_PAYLOADS: readonly ScenarioPayload[] = payloadsOf("disk");

/** What belongs to nobody's guest. */
interface Files {
  readonly image: Uint8Array;
  readonly file: Uint8Array;
  readonly copy: Uint8Array;
}

const filesOf = new WeakMap<Fabric, Files>();

/** The files of a fabric; they are made when they are asked for first. */
function makeFiles(fabric: Fabric, fileBytes: number): Files {
  const file = Uint8Array.from({ length: fileBytes }, (_, at) => Math.imul(at, 0x9e37_79b1) >>> 24);
  const made = { image: new Uint8Array(IMAGE_BYTES), file, copy: new Uint8Array(fileBytes) };
  filesOf.set(fabric, made);
  return made;
}

/** Of the fabric that a driver was started or restored in. */
function knownFiles(fabric: Fabric): Files {
  const files = filesOf.get(fabric);
  if (files === undefined) {
    throw new Error("Cannot go on with a disk in a fabric that has no image");
  }
  return files;
}

type CopierOptions = { readonly fileBytes: number; readonly chunkBytes: number };

const copier: GuestDriver<FileCopier> = {
  name: "file copier",
  start: (context, options) => {
    const { fileBytes, chunkBytes } = options as CopierOptions;
    return copierOf(makeFiles(context.fabric, fileBytes)).start(context, { chunkBytes });
  },
  restore: (context, data) => copierOf(knownFiles(context.fabric)).restore(context, data),
};

function copierOf({ file, copy }: Files): GuestDriver<FileCopier> {
  return fileCopier({ source: memoryImage(file), sink: memoryImage(copy) });
}

const server: HostDriver<DiskServer> = {
  name: "disk VSP",
  start: (context, options) => serverOf(context.fabric).start(context, options),
  restore: (context, data) => serverOf(context.fabric).restore(context, data),
};

function serverOf(fabric: Fabric): HostDriver<DiskServer> {
  return diskVsp(memoryImage(knownFiles(fabric).image));
}

const drivers = {
  copier: {
    in: "guest",
    driver: copier,
    options: (world: Draws) => ({
      fileBytes: world.number("bytes"),
      chunkBytes: BLOCK_BYTES * (1 + world.draw(4)),
    }),
  },
  disk: {
    serves: "guest",
    driver: server,
    options: (world: Draws) => ({
      instance: INSTANCE,
      blockBytes: BLOCK_BYTES,
      transferBytesMax: 4 * BLOCK_BYTES,
      queueDepth: 1 + world.draw(4),
    }),
  },
} as const;

type Disk = World<typeof drivers>;

/** Whether the copy is over, one way or the other. */
function isOver(world: Disk): boolean {
  if (!world.isThere("guest")) return true;
  const { state, disk } = world.driver("copier");
  const isLost = disk.state.phase === "closed" || disk.state.phase === "refused";
  return state.phase === "done" || state.phase === "failed" || isLost;
}

/** Whether the guest is offered a disk: one that was removed is offered no more. */
function isOffered({ fabric }: Disk): boolean {
  return fabric.inspect().partitions.some(({ channels }) =>
    channels.some(({ side, channelId }) => side === "server" && channelId !== null)
  );
}

/** Whether a channel has stopped as something was wrong: its opposite side is not told (kmcl.md section 5). */
function hasStopped({ fabric }: Disk): boolean {
  return fabric.inspect().partitions.some(({ channels }) =>
    channels.some(({ fault }) => fault !== null)
  );
}

/** Nothing goes wrong any more: the copy is the file, unless the guest or its disk is gone. */
async function end(world: Disk): Promise<void> {
  await world.until(() => isOver(world));
  const { state, disk } = world.driver("copier");
  if (!world.isThere("guest")) world.reach("the guest is gone");
  else if (state.phase === "done") {
    world.reach("the file was copied");
    const { file, copy } = knownFiles(world.fabric);
    if (copy.some((byte, at) => byte !== file[at])) {
      world.fail("what is read is what was written", "the copy is not the file");
    }
  } else {
    world.reach("the disk was lost");
    const isShort = /^Cannot allocate|ended with exhausted$/.test(state.failure ?? "");
    const isLost = hasStopped(world) || (disk.state.phase === "opening" && !isOffered(world));
    if (!isShort && !isLost && (disk.state.phase === "open" || disk.state.phase === "opening")) {
      const why = state.failure ?? "nothing says why";
      world.fail(
        "a copy comes to its end",
        `it is ${state.phase}, its disk ${disk.state.phase}: ${why}`,
      );
    }
  }
  if (world.isThere("guest")) await world.driver("copier").close();
  await world.driver("disk").close();
}

/** The scenario. */
export const disk: ScenarioDefinition<typeof drivers> = defineScenario({
  name: "disk",
  title: "a guest copies a file onto a disk and back, in memory",
  numbers: { bytes: { title: "bytes of the file", least: 0, most: 8192 } },
  partitions: { guest: { memoryPages: 64, mmioMegabytes: 1 } },
  draws: ["version", "isolated"],
  drivers,
  workload: (world) => world.until(() => isOver(world)),
  end,
  payloads: DISK_PAYLOADS,
  faults: [...DELAYS, ...MOVES, ...RARE_LOSSES, ...MISDEEDS, ...BREAKDOWNS],
  reach: ["the file was copied", "the disk was lost", "the guest is gone"],
});
