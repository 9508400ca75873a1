/**
 * What the disk's two drivers see in shared memory: the register block in MMIO, and the status block in
 * a GPADL. It belongs to the header protocol.ts.
 *
 * @module
 */

import { readU64, viewOf, writeU64 } from "./fields.ts";
import { DISK_ANSWERS, DISK_VERSION, type DiskAnswer } from "./protocol.ts";

/** Smallest block of a disk, in bytes. Every size of a block is a power of two. */
export const BLOCK_BYTES_MIN = 512;
/** Largest block of a disk, in bytes. */
export const BLOCK_BYTES_MAX = 65_536;
const U32_MAX = 0xffff_ffff;

// -- The register block
//
//   0  u32  magic: "DISK"
//   4  u32  version
//   8  u32  bytes of a block
//  12  u32  flags: 1 = read only
//  16  u64  blocks, low half first
//  24  u32  most bytes of one read or write
//  28  u32  most requests at once; more wait in the ring

/** Bytes of the register block, at the beginning of the channel's MMIO. */
export const REGISTER_BLOCK_BYTES = 32;
const MAGIC = 0x4b53_4944;
const FLAG_READ_ONLY = 1;

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

/** The bytes of a register block. */
export function encodeRegisters(registers: DiskRegisters): Uint8Array {
  const bytes = new Uint8Array(REGISTER_BLOCK_BYTES);
  const view = viewOf(bytes);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, DISK_VERSION, true);
  view.setUint32(8, registers.blockBytes, true);
  view.setUint32(12, registers.isReadOnly ? FLAG_READ_ONLY : 0, true);
  writeU64(view, 16, registers.blockCount);
  view.setUint32(24, registers.transferBytesMax, true);
  view.setUint32(28, registers.queueDepth, true);
  return bytes;
}

/** What a register block says, or what is wrong with it. */
export function decodeRegisters(bytes: Uint8Array): DiskRegisters | RegisterFault {
  if (bytes.length < REGISTER_BLOCK_BYTES) return "noDisk";
  const view = viewOf(bytes);
  if (view.getUint32(0, true) !== MAGIC) return "noDisk";
  if (view.getUint32(4, true) !== DISK_VERSION) return "wrongVersion";
  const registers = {
    blockBytes: view.getUint32(8, true),
    isReadOnly: (view.getUint32(12, true) & FLAG_READ_ONLY) !== 0,
    blockCount: readU64(view, 16),
    transferBytesMax: view.getUint32(24, true),
    queueDepth: view.getUint32(28, true),
  };
  return findRegisterFault(registers) ?? registers;
}

// -- The status block
//
//   0  u32  generation: one more with every change of the block
//   4  u32  the last answer that was not "ok"; 0 while there was none
//   8  u64  blocks read
//  16  u64  blocks written
//  24  u32  most requests that were carried out together
//  28  u32  0

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

/** The bytes of a status block. */
export function encodeStatus(status: DiskStatus): Uint8Array {
  const bytes = new Uint8Array(STATUS_BLOCK_BYTES);
  const view = viewOf(bytes);
  view.setUint32(0, status.generation, true);
  view.setUint32(4, DISK_ANSWERS.indexOf(status.lastError), true);
  writeU64(view, 8, status.blocksRead);
  writeU64(view, 16, status.blocksWritten);
  view.setUint32(24, status.deepestQueue, true);
  return bytes;
}

/** What a status block says; null where its bytes are not one. */
export function decodeStatus(bytes: Uint8Array): DiskStatus | null {
  if (bytes.length < STATUS_BLOCK_BYTES) return null;
  const view = viewOf(bytes);
  const lastError = DISK_ANSWERS[view.getUint32(4, true)];
  if (lastError === undefined) return null;
  return {
    generation: view.getUint32(0, true),
    lastError,
    blocksRead: readU64(view, 8),
    blocksWritten: readU64(view, 16),
    deepestQueue: view.getUint32(24, true),
  };
}
