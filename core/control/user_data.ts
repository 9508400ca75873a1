/**
 * What lies in the 120 bytes of user data: the kind of pipe in an offer, and in an open request the
 * place of the channel's MMIO.
 *
 * @module
 */

import { assert } from "../assert.ts";
import { isUint } from "../units.ts";
import { USER_DATA_BYTES } from "./messages.ts";

/** Whether a pipe is a stream of bytes or keeps message boundaries (wire.md 4.4). */
export type PipeType = "byte" | "message";

const PIPE_TYPE_BYTE = 0;
const PIPE_TYPE_MESSAGE = 4;

/** User data of a pipe's offer: u32 pipeType, and nothing in the provider's part (wire.md 4.4). */
export function pipeUserData(pipeType: PipeType): Uint8Array {
  const userData = new Uint8Array(USER_DATA_BYTES);
  viewOf(userData).setUint32(0, pipeType === "byte" ? PIPE_TYPE_BYTE : PIPE_TYPE_MESSAGE, true);
  return userData;
}

/** The kind of pipe that a pipe's offer names; its sender may have written any number there. */
export function readPipeType(userData: Uint8Array): PipeType | "unknownPipeType" {
  switch (viewOf(userData).getUint32(0, true)) {
    case PIPE_TYPE_BYTE:
      return "byte";
    case PIPE_TYPE_MESSAGE:
      return "message";
    default:
      return "unknownPipeType";
  }
}

/** Where a guest has put the MMIO of a channel; both numbers are 0 without MMIO. */
export interface MmioPlacement {
  /** Guest physical address of the first byte. */
  readonly gpa: number;
  /** Bytes from there on. */
  readonly byteCount: number;
}

/**
 * Writes into the user data of an open request where the guest has put the channel's MMIO: u64 gpa
 * at 0, u64 byteCount at 8.
 *
 * No public source shows how the host learns this place: to send it here is this project's own
 * decision.
 */
export function writeMmioPlacement(userData: Uint8Array, gpa: number, byteCount: number): void {
  const view = viewOf(userData);
  writeU64(view, 0, gpa);
  writeU64(view, 8, byteCount);
}

/**
 * Reads what {@linkcode writeMmioPlacement} wrote. A number that is not safe becomes
 * Number.MAX_SAFE_INTEGER, which no guest's address space reaches, so that the range checks of the
 * reader refuse it.
 */
export function readMmioPlacement(userData: Uint8Array): MmioPlacement {
  const view = viewOf(userData);
  return { gpa: readU64(view, 0), byteCount: readU64(view, 8) };
}

function viewOf(userData: Uint8Array): DataView {
  assert(userData.length === USER_DATA_BYTES, "user data has 120 bytes");
  return new DataView(userData.buffer, userData.byteOffset, userData.length);
}

function writeU64(view: DataView, offset: number, value: number): void {
  assert(isUint(value, Number.MAX_SAFE_INTEGER), "a u64 field holds a safe unsigned number");
  view.setBigUint64(offset, BigInt(value), true);
}

function readU64(view: DataView, offset: number): number {
  return Math.min(Number(view.getBigUint64(offset, true)), Number.MAX_SAFE_INTEGER);
}
