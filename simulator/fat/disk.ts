/**
 * A block device, as FatFs wants a disk.
 *
 * @module
 */

import type { BlockDevice } from "../../devices/storage/block_device.ts";
import { DISK_ANSWERS, DISK_COMMANDS, DISK_IS_PROTECTED, type FatDisk } from "./library.ts";

/** The disk of an instance of the library, which is loaded before there is a device. */
export class DiskSeat implements FatDisk {
  /** What the device threw last: FatFs says only that it failed. */
  failure: unknown = null;
  #device: BlockDevice | null = null;

  /** From now on the disk is `device`, which no other may follow: what is mounted is on it. */
  take(device: BlockDevice): void {
    if (this.#device !== null) throw new Error("Cannot mount a second volume with one preparation");
    this.#device = device;
  }

  get #taken(): BlockDevice {
    if (this.#device === null) throw new Error("Cannot use a disk before there is one");
    return this.#device;
  }

  /** See {@linkcode FatDisk.status}. */
  status(): number {
    return this.#taken.isReadOnly ? DISK_IS_PROTECTED : 0;
  }

  /** See {@linkcode FatDisk.read}. */
  read(memory: () => Uint8Array, at: number, sector: number, count: number): Promise<number> {
    return this.#attempt((device) => device.read(sector, this.#area(memory, at, count)));
  }

  /** See {@linkcode FatDisk.write}. */
  async write(
    memory: () => Uint8Array,
    at: number,
    sector: number,
    count: number,
  ): Promise<number> {
    if (this.#taken.isReadOnly) return DISK_ANSWERS.writeProtected;
    return await this.#attempt((device) => device.write(sector, this.#area(memory, at, count)));
  }

  /** See {@linkcode FatDisk.command}. */
  async command(memory: () => Uint8Array, command: number, at: number): Promise<number> {
    const answer = (byteCount: 2 | 4, value: number) => {
      for (let byte = 0; byte < byteCount; byte++) memory()[at + byte] = value >>> (8 * byte);
      return DISK_ANSWERS.ok;
    };
    switch (command) {
      case DISK_COMMANDS.sync:
        return await this.#attempt((device) => device.flush());
      case DISK_COMMANDS.sectorCount:
        return answer(4, Math.min(this.#taken.blocks, 2 ** 32 - 1));
      case DISK_COMMANDS.sectorBytes:
        return answer(2, this.#taken.blockBytes);
      case DISK_COMMANDS.blockSectors:
        return answer(4, 1);
      default:
        return DISK_ANSWERS.badParameter;
    }
  }

  /** The memory of so many sectors: it stays where it is while the disk is asked. */
  #area(memory: () => Uint8Array, at: number, count: number): Uint8Array {
    return memory().subarray(at, at + count * this.#taken.blockBytes);
  }

  async #attempt(work: (device: BlockDevice) => Promise<void>): Promise<number> {
    try {
      await work(this.#taken);
      return DISK_ANSWERS.ok;
    } catch (error) {
      this.failure = error;
      return DISK_ANSWERS.failed;
    }
  }
}
