/**
 * The pipe header: 8 bytes before each datagram of a pipe channel, which carry its exact length
 * (wire.md 2.4, message mode; kmcl.md 7).
 *
 * @module
 */

import { assert } from "../assert.ts";
import { isUint } from "../units.ts";

/** Bytes of the header: u32 packet type, u32 length of the data that follows. */
export const PIPE_HEADER_BYTES = 8;
/** Most bytes of data in one datagram. */
export const PIPE_DATA_MAX = 16384;

/** The only packet type of message mode: the others belong to byte mode. */
const PIPE_TYPE_DATA = 1;

/**
 * Why a datagram is refused: its header names another packet type than data, or a length that exceeds
 * what arrived or the maximum (or the header is not complete).
 */
export type PipeFault = "badPipePacketType" | "badPipeLength";

/** Writes the header of a datagram of `dataBytes`, at most 16384, into `target` from `start` on. */
export function writePipeHeader(target: Uint8Array, start: number, dataBytes: number): void {
  assert(isUint(dataBytes, PIPE_DATA_MAX), "a datagram has at most 16384 bytes");
  writeU32(target, start, PIPE_TYPE_DATA);
  writeU32(target, start + 4, dataBytes);
}

/**
 * Bytes of data in the datagram whose `payloadBytes`, header included, begin at `start`; or the
 * peer's fault. The data begins {@linkcode PIPE_HEADER_BYTES} after `start`.
 */
export function readPipeHeader(
  bytes: Uint8Array,
  start: number,
  payloadBytes: number,
): number | PipeFault {
  if (payloadBytes < PIPE_HEADER_BYTES) return "badPipeLength";
  if (readU32(bytes, start) !== PIPE_TYPE_DATA) return "badPipePacketType";
  const dataBytes = readU32(bytes, start + 4);
  if (dataBytes > PIPE_DATA_MAX || dataBytes > payloadBytes - PIPE_HEADER_BYTES) {
    return "badPipeLength";
  }
  return dataBytes;
}

function writeU32(target: Uint8Array, start: number, value: number): void {
  target[start] = value;
  target[start + 1] = value >>> 8;
  target[start + 2] = value >>> 16;
  target[start + 3] = value >>> 24;
}

function readU32(bytes: Uint8Array, start: number): number {
  return (bytes[start]! | bytes[start + 1]! << 8 | bytes[start + 2]! << 16 |
    bytes[start + 3]! << 24) >>> 0;
}
