/**
 * What the disk's VSP is told, and what it knows. All of it is plain data, so that it can be shown, and
 * saved; the channel and what hangs on it are the driver's, vsp.ts.
 *
 * @module
 */

import type { PlainData, SavedFields } from "../../mod.ts";
import type { DiskImage } from "../image.ts";
import { checkInstance } from "../instance.ts";
import { DISK_ANSWERS } from "./protocol.ts";
import { type DiskRegisters, type DiskStatus, findRegisterFault } from "./shared_blocks.ts";

/** How a disk is made: plain data. */
export type DiskServerOptions = {
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
};

/** All that the driver knows, as plain data; the channel and what hangs on it aside. */
export interface DiskServerState {
  /** Interface instance of the offer. */
  readonly instance: string;
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
 * @throws {TypeError} There is no instance.
 */
export function createState(image: DiskImage, options: DiskServerOptions): DiskServerState {
  const instance = checkInstance("create a disk", options);
  return {
    instance,
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

/** The state as it is saved. */
export function saveState(state: DiskServerState): PlainData {
  return { ...state, registers: { ...state.registers }, status: { ...state.status } };
}

/**
 * Reads what {@linkcode saveState} told, for a disk that continues on `image`.
 *
 * @throws {Error} It is not such a state, or the image has another size now.
 */
export function restoreState(image: DiskImage, saved: SavedFields): DiskServerState {
  const { blockCount, ...options } = saved.record("registers", (registers) => ({
    blockCount: registers.uint("blockCount"),
    blockBytes: registers.uint("blockBytes"),
    transferBytesMax: registers.uint("transferBytesMax"),
    queueDepth: registers.uint("queueDepth"),
    isReadOnly: registers.flag("isReadOnly"),
  }));
  // The same checks as for a new disk.
  const state = createState(image, { instance: saved.guid("instance"), ...options });
  if (state.registers.blockCount !== blockCount) {
    throw new Error(`Cannot restore a disk of ${blockCount} blocks: its image has another size`);
  }
  return {
    ...state,
    status: saved.record("status", (status) => ({
      generation: status.uint("generation", 0xffff_ffff),
      lastError: status.word("lastError", DISK_ANSWERS),
      blocksRead: status.uint("blocksRead"),
      blocksWritten: status.uint("blocksWritten"),
      deepestQueue: status.uint("deepestQueue", 0xffff_ffff),
    })),
    statusGpadl: saved.orNull("statusGpadl", () => saved.uint("statusGpadl", 0xffff_ffff)),
    imageFault: saved.orNull("imageFault", () => saved.text("imageFault")),
  };
}
