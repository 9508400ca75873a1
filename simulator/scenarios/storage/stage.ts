/**
 * What of the storage scenario belongs to nobody's guest: the disk's image with its write cache, what was written to it,
 * and the program. It is the fabric's: drivers that are restored in it find it there.
 *
 * @module
 */

import {
  type SparseImage,
  sparseImage,
  type StorageClient,
  storageDriver,
  type StorageServer,
  storageVsp,
  WriteCache,
} from "../../../devices/storage/mod.ts";
import type { Fabric, GuestDriver, HostContext, HostDriver, Partition } from "../../../mod.ts";
import { faultyImage, type ImageAtFault } from "../../faults/images/faulty_image.ts";
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
  /** The host's drivers: those that were closed stay loaded, and are saved and restored as the others are. */
  readonly servers: StorageServer[];
  /** Those of them that have a second disk. */
  readonly plugged: Set<StorageServer>;
  /** The disk's image, as each of them has it. */
  readonly images: ImageAtFault[];
}

const stages = new WeakMap<Fabric, StorageStage>();

/** The parts in `fabric`; they are made when they are asked for first. */
export function stageOf(fabric: Fabric): StorageStage {
  const known = stages.get(fabric);
  if (known !== undefined) return known;
  const image = sparseImage(BLOCKS * BLOCK_BYTES);
  const worker = new BlockWorker(new History(BLOCKS), image);
  const stage: StorageStage = {
    image,
    cache: new WriteCache(image),
    worker,
    driver: storageDriver(worker),
    servers: [],
    plugged: new Set(),
    images: [],
  };
  stages.set(fabric, stage);
  return stage;
}

/** The host's driver that offers the disk; null: none does. */
export function serverOf(fabric: Fabric): StorageServer | null {
  return stageOf(fabric).servers.findLast(({ isOffered }) => isOffered) ?? null;
}

/** The host's driver on the disk of its fabric, whose image goes wrong as the world has it. */
export const server: HostDriver<StorageServer> = {
  name: "storage VSP",
  start: (context, options) => served(context.fabric, vspOf(context).start(context, options)),
  restore: (context, data) => served(context.fabric, vspOf(context).restore(context, data)),
};

function vspOf({ fabric, guest }: Pick<HostContext, "fabric"> & { readonly guest: Partition }) {
  const { cache, images } = stageOf(fabric);
  const image = faultyImage(fabric, guest, cache);
  images.push(image);
  return storageVsp([{ image }]);
}

function served(fabric: Fabric, made: StorageServer): StorageServer {
  stageOf(fabric).servers.push(made);
  return made;
}

/** The guest's driver, with the program of its fabric. */
export const client: GuestDriver<StorageClient> = {
  name: "storage VSC",
  start: (context, options) => stageOf(context.fabric).driver.start(context, options),
  restore: (context, data) => stageOf(context.fabric).driver.restore(context, data),
};
