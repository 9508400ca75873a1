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
  /**
   * Takes the controller away from the guest, and frees its channels: first its disks, all at once, of which a guest
   * that is ready is told. What runs ends as it would, what the guest still asks ends as where there is no disk, and
   * the channels go when it has asked nothing for 50 ms of virtual time, after 10 s in any case
   * ([storage.md H4](https://jsr.io/@vmbus/kmcl/0.1.0/docs/storage.md)). A second time it does nothing.
   */
  close(): Promise<void>;
}
