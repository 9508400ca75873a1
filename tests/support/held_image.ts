/**
 * A disk whose reads end when a test tells them to.
 *
 * @module
 */

import type { StorageImage } from "../../devices/storage/mod.ts";
import { RawStorage, type StorageStageOptions } from "./storage_stage.ts";

/** A read that is held. */
export interface HeldEnd {
  readonly offset: number;
  readonly end: (error?: Error) => void;
}

/** An image whose reads end when they are told to: `ends` has a call for each. */
export function heldImage(callsMax: number): {
  readonly image: StorageImage;
  readonly ends: HeldEnd[];
} {
  const ends: HeldEnd[] = [];
  const image: StorageImage = {
    byteCount: 1 << 20,
    callsMax,
    isInFabric: true,
    read: (offset, into) =>
      new Promise<void>((resolve, reject) =>
        ends.push({
          offset,
          end: (error) =>
            error === undefined ? (into.fill(offset / 512), resolve()) : reject(error),
        })
      ),
    write: () => {},
    flush: () => {},
  };
  return { image, ends };
}

/** Reads that are under way. */
export interface Reading {
  readonly raw: RawStorage;
  readonly ends: HeldEnd[];
  /** First bytes of those that have ended, once the image's promises are through. */
  readonly ended: () => Promise<(number | null)[]>;
}

/** A controller with such a disk, and the reads of blocks 0, 1, … that are under way. */
export async function reading(
  callsMax: number,
  count: number,
  options: StorageStageOptions = {},
): Promise<Reading> {
  const { image, ends } = heldImage(callsMax);
  const raw = await RawStorage.ready({ ...options, disks: [{ image }] });
  const begun = Array.from(
    { length: count },
    (_, lba) => raw.begin({ operation: "read10", blockFlags: 0, lba, blocks: 1 }, { data: 512 }),
  );
  await raw.stage.fabric.settle();
  const ended = async () => {
    await Promise.resolve();
    await new Promise((resolve) => setTimeout(resolve));
    await raw.stage.fabric.settle();
    return begun.map((command) => command.end()?.data[0] ?? null);
  };
  return { raw, ends, ended };
}
