/**
 * What of the storage scenario belongs to nobody's guest: the disk's image with its write cache, what was written to it,
 * and the program. It is the fabric's: drivers that are restored in it find it there.
 *
 * @module
 */

import {
  type SparseImage,
  sparseImage,
  StorageClient,
  storageDriver,
  type StorageServer,
  storageVsp,
  WriteCache,
} from "../../../devices/storage/mod.ts";
import type { Fabric, GuestDriver, HostContext, HostDriver, Partition } from "../../../mod.ts";
import { faultyImage } from "../../faults/images/faulty_image.ts";
import { History } from "./history.ts";
import { BLOCK_BYTES, BlockWorker } from "./worker.ts";

/** Blocks that the program works on; the disk may have more. */
export const BLOCKS = 48;
/** Blocks that a disk has which has grown. */
export const BLOCKS_MAX = 64;

/** The parts. */
export interface StorageStage {
  /** What outlasts the power. */
  readonly image: SparseImage;
  /** What does not, before it. */
  readonly cache: WriteCache;
  /** The program. */
  readonly worker: BlockWorker;
  /** The guest's driver, which has the program's requests. */
  readonly driver: GuestDriver<StorageClient>;
  /** The host's driver as it is now; null before it was started. */
  server: StorageServer | null;
}

const stages = new WeakMap<Fabric, StorageStage>();

/** The parts in `fabric`; they are made when they are asked for first. */
export function stageOf(fabric: Fabric): StorageStage {
  const known = stages.get(fabric);
  if (known !== undefined) return known;
  const image = sparseImage(BLOCKS * BLOCK_BYTES);
  const worker = new BlockWorker(new History(BLOCKS));
  const stage: StorageStage = {
    image,
    cache: new WriteCache(image),
    worker,
    driver: storageDriver(worker),
    server: null,
  };
  stages.set(fabric, stage);
  return stage;
}

/** The host's driver on the disk of its fabric, whose image goes wrong as the world has it. */
export const server: HostDriver<StorageServer> = {
  name: "storage VSP",
  start: (context, options) => served(context.fabric, vspOf(context).start(context, options)),
  restore: (context, data) => served(context.fabric, vspOf(context).restore(context, data)),
};

function vspOf({ fabric, guest }: Pick<HostContext, "fabric"> & { readonly guest: Partition }) {
  return storageVsp([{ image: faultyImage(fabric, guest, stageOf(fabric).cache) }]);
}

function served(fabric: Fabric, made: StorageServer): StorageServer {
  stageOf(fabric).server = made;
  return made;
}

/** The guest's driver, with the program of its fabric. */
export const client: GuestDriver<StorageClient> = {
  name: "storage VSC",
  start: (context, options) => stageOf(context.fabric).driver.start(context, options),
  restore: (context, data) => stageOf(context.fabric).driver.restore(context, data),
};
