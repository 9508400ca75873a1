/**
 * A block device, as FatFs wants a disk.
 *
 * @module
 */

import type { BlockDevice } from "../../devices/storage/block_device.ts";
import { DISK_ANSWERS, DISK_COMMANDS, DISK_IS_PROTECTED, type FatDisk } from "./library.ts";

/** `device` as FatFs wants a disk. What the device throws is kept in `failure`, as FatFs says only that it failed. */
export function diskOn(device: BlockDevice, failure: { cause: unknown }): FatDisk {
  const { blockBytes } = device;
  const attempt = async (work: () => Promise<void>): Promise<number> => {
    try {
      await work();
      return DISK_ANSWERS.ok;
    } catch (error) {
      failure.cause = error;
      return DISK_ANSWERS.failed;
    }
  };
  const areaOf = (memory: () => Uint8Array, at: number, count: number) =>
    memory().subarray(at, at + count * blockBytes);
  const put = (memory: () => Uint8Array, at: number, byteCount: 2 | 4, value: number) => {
    for (let byte = 0; byte < byteCount; byte++) memory()[at + byte] = value >>> (8 * byte);
  };
  return {
    status: () => device.isReadOnly ? DISK_IS_PROTECTED : 0,
    read: (memory, at, sector, count) =>
      attempt(() => device.read(sector, areaOf(memory, at, count))),
    write: async (memory, at, sector, count) =>
      device.isReadOnly
        ? DISK_ANSWERS.writeProtected
        : await attempt(() => device.write(sector, areaOf(memory, at, count))),
    command: async (memory, command, at) => {
      switch (command) {
        case DISK_COMMANDS.sync:
          return await attempt(() => device.flush());
        case DISK_COMMANDS.sectorCount:
          put(memory, at, 4, Math.min(device.blocks, 2 ** 32 - 1));
          return DISK_ANSWERS.ok;
        case DISK_COMMANDS.sectorBytes:
          put(memory, at, 2, blockBytes);
          return DISK_ANSWERS.ok;
        case DISK_COMMANDS.blockSectors:
          put(memory, at, 4, 1);
          return DISK_ANSWERS.ok;
        default:
          return DISK_ANSWERS.badParameter;
      }
    },
  };
}
