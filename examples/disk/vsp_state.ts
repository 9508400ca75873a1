/**
 * What the disk's VSP is told, and what it knows. All of it is plain data, so that it can be shown, and
 * kept; the channel and what hangs on it are the driver's, vsp.ts.
 *
 * @module
 */

import type { DiskImage } from "./image.ts";
import { type DiskRegisters, type DiskStatus, findRegisterFault } from "./shared_blocks.ts";

/** How a disk is made. */
export interface DiskServerOptions {
  /** Interface instance of the offer: which disk it is, where a guest has several. */
  readonly instance: string;
  /** Bytes of a block: a power of two from 512 to 65 536. Default 512. */
  readonly blockBytes?: number;
  /** Most bytes of one read or write: whole blocks. Default 65 536. */
  readonly transferBytesMax?: number;
  /** Requests that are taken from the ring at once. Default 32. */
  readonly queueDepth?: number;
  /** Whether writes are refused. Default false. */
  readonly isReadOnly?: boolean;
}

/** All that the driver knows, as plain data; the channel and what hangs on it aside. */
export interface DiskServerState {
  /** What it tells the guest of the disk. */
  readonly registers: DiskRegisters;
  /** What it has done. */
  status: DiskStatus;
  /** The GPADL of the guest's status block; null until the guest has negotiated. */
  statusGpadl: number | null;
  /** Why the image was last at fault; null while it never was. */
  imageFault: string | null;
}

/** The registers of a disk on `image`. */
function registersOf(image: DiskImage, options: DiskServerOptions): DiskRegisters {
  const { blockBytes = 512, transferBytesMax = 65_536, queueDepth = 32, isReadOnly = false } =
    options;
  const blockCount = image.byteCount / blockBytes;
  const registers = { blockBytes, blockCount, transferBytesMax, queueDepth, isReadOnly };
  const fault = findRegisterFault(registers);
  if (fault !== null) {
    throw new RangeError(`Cannot create a disk: ${fault} in ${JSON.stringify(registers)}`);
  }
  return registers;
}

/**
 * What the driver of a new disk knows.
 *
 * @throws {RangeError} The numbers of the options do not go together, or the image is not whole blocks.
 */
export function createState(image: DiskImage, options: DiskServerOptions): DiskServerState {
  return {
    registers: registersOf(image, options),
    status: {
      generation: 0,
      lastError: "ok",
      blocksRead: 0,
      blocksWritten: 0,
      deepestQueue: 0,
    },
    statusGpadl: null,
    imageFault: null,
  };
}
