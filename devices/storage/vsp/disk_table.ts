/**
 * The disks of a storage controller, by their addresses, and what happens to a command for one of them, or for none
 * (docs/storage.md, section 4).
 *
 * @module
 */

import type { MaybePromise } from "../../../mod.ts";
import type { StorageImage } from "../scsi/image.ts";
import { ScsiDisk } from "../scsi/disk.ts";
import type { GuestData } from "../scsi/guest_data.ts";
import { absentResult, isReportLuns, reportLuns } from "../scsi/luns.ts";
import type { ScsiResult } from "../scsi/result.ts";
import type { DiskSettings } from "../scsi/settings.ts";
import type { DiskAddress, SavedDisk } from "./state.ts";

/** A disk on a controller. Parts of its address that are left out are 0. */
export interface StorageDisk extends Partial<DiskAddress> {
  /** Where its blocks are. It is the program's, and given again to whoever restores. */
  readonly image: StorageImage;
  /** What it says of itself. */
  readonly settings?: DiskSettings;
}

/** An address as one number, by which disks are sorted. */
function keyOf({ pathId, targetId, lun }: DiskAddress): number {
  return pathId * 0x1_0000 + targetId * 0x100 + lun;
}

function checkAddress({ pathId = 0, targetId = 0, lun = 0 }: Partial<DiskAddress>): DiskAddress {
  for (const [name, value] of Object.entries({ pathId, targetId, lun })) {
    if (Number.isInteger(value) && value >= 0 && value <= 0xff) continue;
    throw new RangeError(`Cannot place a SCSI disk: ${name} must be from 0 to 255, not ${value}`);
  }
  return { pathId, targetId, lun };
}

function textOf({ pathId, targetId, lun }: DiskAddress): string {
  return `${pathId}:${targetId}:${lun}`;
}

/** The disks of one controller. */
export class DiskTable {
  readonly #transferBytesMax: number;
  readonly #placed = new Map<number, { readonly address: DiskAddress; readonly disk: ScsiDisk }>();

  /** No disks; `transferBytesMax` is the most that each of them moves at once. */
  constructor(transferBytesMax: number) {
    this.#transferBytesMax = transferBytesMax;
  }

  /** The addresses that have disks, sorted. */
  get addresses(): readonly DiskAddress[] {
    return [...this.#placed.values()].map(({ address }) => address)
      .sort((a, b) => keyOf(a) - keyOf(b));
  }

  /** The disks as they are saved. */
  get saved(): readonly SavedDisk[] {
    return this.addresses.map((address) => ({
      ...address,
      memory: this.#placed.get(keyOf(address))!.disk.memory,
    }));
  }

  /** The disk at an address; null where there is none. */
  at(address: Partial<DiskAddress>): ScsiDisk | null {
    return this.#placed.get(keyOf(checkAddress(address)))?.disk ?? null;
  }

  /**
   * Adds a disk; `saved` are disks one of which it may have been.
   *
   * @throws {RangeError} The address is out of bounds or taken, or one of the settings is out of bounds.
   */
  add({ image, settings = {}, ...place }: StorageDisk, saved: readonly SavedDisk[] = []): void {
    const address = checkAddress(place);
    const key = keyOf(address);
    if (this.#placed.has(key)) {
      throw new RangeError(`Cannot place a SCSI disk: there is one at ${textOf(address)}`);
    }
    const memory = saved.find((disk) => keyOf(disk) === key)?.memory ?? null;
    const disk = new ScsiDisk(image, settings, this.#transferBytesMax, memory);
    this.#placed.set(key, { address, disk });
  }

  /**
   * Takes a disk away. Commands that run on it end as they would.
   *
   * @throws {RangeError} There is no such disk.
   */
  remove(place: Partial<DiskAddress>): void {
    const address = checkAddress(place);
    if (this.#placed.delete(keyOf(address))) return;
    throw new RangeError(`Cannot remove a SCSI disk: there is none at ${textOf(address)}`);
  }

  /** Takes all disks away. */
  clear(): void {
    this.#placed.clear();
  }

  /** Runs the command in `cdb` for the disk at `address`, whether or not there is one. */
  execute(address: DiskAddress, cdb: Uint8Array, data: GuestData): MaybePromise<ScsiResult> {
    const { pathId, targetId, lun } = address;
    if (isReportLuns(cdb)) {
      const luns = this.addresses
        .filter((other) => other.pathId === pathId && other.targetId === targetId)
        .map((other) => other.lun);
      return reportLuns(luns, data);
    }
    const disk = this.#placed.get(keyOf(address))?.disk;
    return disk === undefined ? absentResult(lun, cdb, data) : disk.execute(cdb, data);
  }
}
