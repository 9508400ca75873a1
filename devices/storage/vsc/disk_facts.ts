/**
 * What the guest knows of a disk, as plain data.
 *
 * @module
 */

import type { SavedFields } from "../../../mod.ts";

/** Most ranges of one UNMAP: the lengths of its parameters, 8 bytes and 16 for each, are numbers of 16 bits. */
export const UNMAP_RANGES_MAX: number = (0x1_0000 - 16) / 16;

/** Smallest and largest block that a disk may have, in bytes. */
const BLOCK_BYTES_MIN = 512;
const BLOCK_BYTES_MAX = 65_536;

/** What is known of a disk. */
export type DiskFacts = {
  /** Its logical unit number on the controller. */
  readonly lun: number;
  /** Bytes of a block. */
  readonly blockBytes: number;
  /** Blocks that it has. */
  readonly blocks: number;
  /** Whether writes are refused. */
  readonly isReadOnly: boolean;
  /** Whether it has a write cache: what was written is safe once it was flushed. */
  readonly hasWriteCache: boolean;
  /** Who made it, as it says. */
  readonly vendor: string;
  /** What it is, as it says. */
  readonly product: string;
  /** Which revision of it, as it says. */
  readonly revision: string;
  /** The name by which it is known anywhere, in hex; empty where it has none. */
  readonly identifier: string;
  /** Most blocks of one range of a discard; 0 where nothing can be discarded. */
  readonly discardBlocksMax: number;
  /** Most ranges of one discard; 0 where nothing can be discarded. */
  readonly discardRangesMax: number;
};

/** Whether there can be so many blocks of this size: a power of two, and all of their bytes can be counted. */
export function areBlocks(blocks: number, blockBytes: number): boolean {
  return blockBytes >= BLOCK_BYTES_MIN && blockBytes <= BLOCK_BYTES_MAX &&
    Number.isInteger(Math.log2(blockBytes)) && blocks >= 1 &&
    Number.isSafeInteger(blocks * blockBytes);
}

/** What is known of a disk before it was asked. */
export function unknownDisk(lun: number): DiskFacts {
  return {
    lun,
    blockBytes: 512,
    blocks: 1,
    isReadOnly: false,
    hasWriteCache: true,
    vendor: "",
    product: "",
    revision: "",
    identifier: "",
    discardBlocksMax: 0,
    discardRangesMax: 0,
  };
}

/**
 * Reads what is known of a disk.
 *
 * @throws {Error} It cannot be known of one.
 */
export function restoreFacts(saved: SavedFields): DiskFacts {
  const facts = {
    lun: saved.uint("lun", 0xff),
    blockBytes: saved.uint("blockBytes"),
    blocks: saved.uint("blocks"),
    isReadOnly: saved.flag("isReadOnly"),
    hasWriteCache: saved.flag("hasWriteCache"),
    vendor: saved.text("vendor"),
    product: saved.text("product"),
    revision: saved.text("revision"),
    identifier: saved.text("identifier"),
    discardBlocksMax: saved.uint("discardBlocksMax", 0xffff_ffff),
    discardRangesMax: saved.uint("discardRangesMax", UNMAP_RANGES_MAX),
  };
  if (areBlocks(facts.blocks, facts.blockBytes)) return facts;
  throw new Error("Cannot restore a disk: there are no such blocks");
}
