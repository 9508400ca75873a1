/**
 * The main job beside a plain program: a file is copied onto the virtual disk and back, and hashed both
 * times.
 *
 * @module
 */

import process from "node:process";
import { createDisk, fileCopier } from "../devices/disk/mod.ts";
import { createFabric, type FabricOptions, loadGuestDriver } from "../mod.ts";
import { plainCopy } from "./baselines/plain_copy.ts";
import { type CopyDigests, CopyFiles, copying, HashedEnds } from "./copy_files.ts";
import { compare, type Figure, type Goal, type Row, timingOf } from "./figure.ts";
import { BARE } from "./kmcl_exchange.ts";
import { race } from "./measure.ts";

const MIB = 2 ** 20;
const FILE_BYTES = 256 * MIB;
/** Bytes of one request, and of one block of the plain program: as `deno task simulate` has it. */
const BLOCK_BYTES = 61_440;
const BESIDE_PLAIN: Goal = { kind: "atMost", bar: 3, stretch: 2 };
/** What a second copy may hold beyond the first: memory of any use grows with the file. */
const FLAT: Goal = { kind: "atMost", bar: 32 * MIB, stretch: 8 * MIB };

/** Copies there and back through a guest and its disk; queues and rings as `deno task simulate` has them. */
export async function diskCopy(
  files: CopyFiles,
  blockBytes: number,
  options: FabricOptions,
): Promise<CopyDigests> {
  const ends = new HashedEnds(files);
  const fabric = createFabric(options);
  const guest = fabric.createPartition({ name: "guest", memoryPages: 1024 });
  const server = createDisk(guest, files.image, {
    instance: "4d1f0b6a-2c83-4e57-9a10-000000000001",
    transferBytesMax: blockBytes,
    queueDepth: 8,
  });
  const copy = loadGuestDriver(guest, fileCopier(ends), {
    disk: { transferBytesMax: blockBytes, ringPages: [1, 1] },
    queueDepth: 64,
  });
  await fabric.run();
  if (copy.state.phase !== "done") {
    throw new Error(`Cannot measure a copy that is ${copy.state.phase}: ${copy.state.failure}`);
  }
  await copy.close();
  await server.close();
  return ends.digests();
}

/** Most of the memory that the process held in RAM during `work`, beyond what it held before. */
async function grownBytes(work: () => Promise<unknown>): Promise<number> {
  const before = process.memoryUsage.rss();
  let most = before;
  const timer = setInterval(() => most = Math.max(most, process.memoryUsage.rss()), 20);
  await work();
  clearInterval(timer);
  return Math.max(most, process.memoryUsage.rss()) - before;
}

/** The figure. */
export const diskFigure: Figure = {
  measure: async (options) => {
    using files = await CopyFiles.make(FILE_BYTES);
    const timings = await race([
      copying("plain program", () => plainCopy(files, BLOCK_BYTES)),
      copying("kmcl", () => diskCopy(files, BLOCK_BYTES, BARE)),
      copying("kmcl, default settings", () => diskCopy(files, BLOCK_BYTES, {})),
    ], options);
    const plain = timingOf(timings, "plain program");
    const work = "256 MiB there and back";
    const grown = await grownBytes(() => diskCopy(files, BLOCK_BYTES, BARE));
    const rows: Row[] = [
      compare(work, timingOf(timings, "kmcl"), plain, BESIDE_PLAIN),
      compare(work, timingOf(timings, "kmcl, default settings"), plain, null),
      {
        work: "memory that one more copy takes",
        name: "kmcl",
        value: grown,
        unit: "B",
        beside: null,
        score: grown,
        goal: FLAT,
      },
    ];
    return rows;
  },
};
