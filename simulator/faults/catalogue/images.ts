/**
 * What a host's storage does to the image of a disk: its calls come late, out of order, or not at all.
 *
 * @module
 */

import type { AnyRule, FaultTable, GuestWhere } from "../basics.ts";

/** Which calls of an image. */
export interface ImageWhere extends GuestWhere {
  /** Calls of this kind alone. */
  readonly call?: "read" | "write" | "flush" | "discard";
}

/** A call of an image takes its time. */
export interface StorageSlowRule extends AnyRule<"storageSlow", ImageWhere> {
  /** How long, in virtual milliseconds. */
  readonly ms?: number;
}

/** A call of an image comes behind the next one. */
export interface StorageReorderedRule extends AnyRule<"storageReordered", ImageWhere> {
  /** After how long it comes where there is no next one, in virtual milliseconds. */
  readonly ms?: number;
}

/** A call of an image fails. */
export type StorageFailedRule = AnyRule<"storageFailed", ImageWhere>;

/** What storage does. */
export type ImageRule = StorageSlowRule | StorageReorderedRule | StorageFailedRule;

const WHERE = ["guest", "call"];

/** The faults of images that {@linkcode faultyImage} has made. */
export const IMAGE_FAULTS: FaultTable<ImageRule> = {
  storageSlow: {
    does:
      "A read, write, flush or discard of a disk's image takes its time; others do not wait for it.",
    realMachine: "The host's storage is busy, or recovers from an error.",
    touches: "the disk's server, and whoever waits for the command",
    point: "image",
    where: WHERE,
    oneIn: 16,
    budget: 8,
    parameters: { ms: { meaning: "for how long, in virtual ms", default: 20 } },
    deeds: null,
  },
  storageReordered: {
    does: "A call of a disk's image is carried out behind the one that comes next.",
    realMachine: "Storage sorts what it has to do, and promises no order.",
    touches: "the disk's server, and whoever waits for the command",
    point: "image",
    where: WHERE,
    oneIn: 8,
    budget: 8,
    parameters: {
      ms: { meaning: "after how long where there is none, in virtual ms", default: 5 },
    },
    deeds: null,
  },
  storageFailed: {
    does: "A call of a disk's image fails, and has done nothing.",
    realMachine: "A sector cannot be read or written, or the network to the storage is gone.",
    touches: "the disk's server, and whoever hears of the command's end",
    point: "image",
    where: WHERE,
    oneIn: 32,
    budget: 2,
    parameters: {},
    deeds: null,
  },
};
