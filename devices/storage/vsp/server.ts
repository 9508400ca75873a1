/**
 * A storage controller as the program that made it sees it.
 *
 * @module
 */

import type { HostDriverInstance } from "../../../mod.ts";
import type { DiskAddress, StorageServerState } from "./state.ts";
import type { StorageDisk } from "./disk_table.ts";
import type { StorageImage } from "../scsi/image.ts";
import type { DiskMemory } from "../scsi/disk.ts";

/** A disk of a controller. */
export interface ServedDisk {
  /** Where its blocks are. */
  readonly image: StorageImage;
  /** Blocks that it has, as the guest last heard. */
  readonly blocks: number;
  /** Whether writes are refused. */
  readonly isReadOnly: boolean;
  /** What it keeps between commands. */
  readonly memory: DiskMemory;
  /** Why the image was last at fault, in words; null while it never was. */
  readonly imageFault: string | null;
}

/** A storage controller, offered to one guest. */
export interface StorageServer extends HostDriverInstance {
  /** What its driver knows. */
  readonly state: StorageServerState;
  /** Whether it is offered to the guest: not so where it was taken away. */
  readonly isOffered: boolean;
  /** The addresses of its disks, sorted. */
  readonly addresses: readonly DiskAddress[];
  /** The disk at an address; null where there is none. */
  disk(address: Partial<DiskAddress>): ServedDisk | null;
  /**
   * Adds a disk, of which a guest that is ready is told.
   *
   * @throws {RangeError} The address is out of bounds or taken, or one of the settings is out of bounds.
   */
  addDisk(disk: StorageDisk): void;
  /**
   * Takes a disk away, of which a guest that is ready is told. Commands that run on it end as they would.
   *
   * @throws {RangeError} There is no such disk.
   */
  removeDisk(address: Partial<DiskAddress>): void;
  /** Takes the controller away from the guest, and frees its channels. A second time it does nothing. */
  close(): Promise<void>;
}
