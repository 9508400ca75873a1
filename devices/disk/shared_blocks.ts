/**
 * What the disk's two drivers see in shared memory: the register block in MMIO, and the status block in
 * a GPADL. It belongs to the header protocol.ts.
 *
 * @module
 */

import {
  bit,
  constant,
  Damage,
  hex,
  type Layout,
  oneOf,
  reserved,
  size64,
  struct,
  u32,
} from "../../core/layout/mod.ts";
import { DISK_ANSWERS, DISK_VERSION, type DiskAnswer } from "./protocol.ts";

/** Smallest block of a disk, in bytes. Every size of a block is a power of two. */
export const BLOCK_BYTES_MIN = 512;
/** Largest block of a disk, in bytes. */
export const BLOCK_BYTES_MAX = 65_536;
const U32_MAX = 0xffff_ffff;

// -- The register block

/** Bytes of the register block, at the beginning of the channel's MMIO. */
export const REGISTER_BLOCK_BYTES = 32;
/** `DISK`. */
const MAGIC = 0x4b53_4944;

/** What the disk can do. */
export interface DiskRegisters {
  /** Bytes of a block. */
  readonly blockBytes: number;
  /** Blocks that it has. */
  readonly blockCount: number;
  /** Whether writes are refused. */
  readonly isReadOnly: boolean;
  /** Most bytes of one read or write: whole blocks. */
  readonly transferBytesMax: number;
  /** Requests that the disk takes at once. */
  readonly queueDepth: number;
}

/** Why a register block is not believed. */
export type RegisterFault =
  | "noDisk"
  | "wrongVersion"
  | "badBlockBytes"
  | "badBlockCount"
  | "badTransferBytes"
  | "badQueueDepth";

/** What is wrong with the numbers of a disk; null where they go together. */
export function findRegisterFault(registers: DiskRegisters): RegisterFault | null {
  const { blockBytes, blockCount, transferBytesMax, queueDepth } = registers;
  const isPower = Number.isInteger(Math.log2(blockBytes));
  if (!isPower || blockBytes < BLOCK_BYTES_MIN || blockBytes > BLOCK_BYTES_MAX) {
    return "badBlockBytes";
  }
  const isCount = blockCount >= 1 && Number.isSafeInteger(blockCount * blockBytes);
  if (!isCount || !Number.isInteger(blockCount)) return "badBlockCount";
  const isTransfer = transferBytesMax >= blockBytes && transferBytesMax <= U32_MAX;
  if (!isTransfer || transferBytesMax % blockBytes !== 0) return "badTransferBytes";
  const isDepth = Number.isInteger(queueDepth) && queueDepth >= 1 && queueDepth <= U32_MAX;
  return isDepth ? null : "badQueueDepth";
}

/** How the register block lies in bytes. */
export const DISK_REGISTERS: Layout<DiskRegisters & { readonly version: number }> = struct(
  "register block",
  REGISTER_BLOCK_BYTES,
  {
    magic: [0, constant(hex(u32), MAGIC)],
    version: [4, u32],
    blockBytes: [8, u32, "bytes"],
    isReadOnly: [12, bit(u32, 0)],
    blockCount: [16, size64, "blocks"],
    transferBytesMax: [24, u32, "bytes"],
    queueDepth: [28, u32, "requests"], // more wait in the ring
  },
);

/**
 * The bytes of a register block.
 *
 * @throws {RangeError} A number does not fit its field: {@linkcode findRegisterFault} says so before.
 */
export function encodeRegisters(registers: DiskRegisters): Uint8Array {
  return DISK_REGISTERS.encode({ ...registers, version: DISK_VERSION });
}

/** What a register block says, or what is wrong with it. */
export function decodeRegisters(bytes: Uint8Array): DiskRegisters | RegisterFault {
  const read = DISK_REGISTERS.decode(bytes);
  if (read instanceof Damage) return "noDisk";
  const { version, ...registers } = read;
  if (version !== DISK_VERSION) return "wrongVersion";
  return findRegisterFault(registers) ?? registers;
}

// -- The status block

/** Bytes of the status block, at the beginning of its GPADL. */
export const STATUS_BLOCK_BYTES = 32;

/** What the disk has done since it was made. */
export interface DiskStatus {
  /** One more with every change. */
  readonly generation: number;
  /** The last answer that was not `"ok"`; `"ok"` while there was none. */
  readonly lastError: DiskAnswer;
  /** Blocks read. */
  readonly blocksRead: number;
  /** Blocks written. */
  readonly blocksWritten: number;
  /** Most requests that were carried out together. */
  readonly deepestQueue: number;
}

/** How the status block lies in bytes. */
export const DISK_STATUS: Layout<DiskStatus> = struct("status block", STATUS_BLOCK_BYTES, {
  generation: [0, u32],
  lastError: [4, oneOf(u32, DISK_ANSWERS)],
  blocksRead: [8, size64, "blocks"],
  blocksWritten: [16, size64, "blocks"],
  deepestQueue: [24, u32, "requests"],
  reserved: [28, reserved(4)],
});

/** The bytes of a status block. */
export function encodeStatus(status: DiskStatus): Uint8Array {
  return DISK_STATUS.encode(status);
}

/** What a status block says; null where its bytes are not one. */
export function decodeStatus(bytes: Uint8Array): DiskStatus | null {
  const status = DISK_STATUS.decode(bytes);
  return status instanceof Damage ? null : status;
}
