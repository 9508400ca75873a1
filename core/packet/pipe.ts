/**
 * The pipe header: 8 bytes before the data of each packet of a pipe, which carry its exact length (wire.md
 * 2.4). In message mode a packet is a datagram (kmcl.md 7); in byte mode it is a piece of a stream.
 *
 * @module
 */

import { assert } from "../assert.ts";
import { isUint } from "../units.ts";

/** Bytes of the header: u32 packet type, u32 length of the data that follows. */
export const PIPE_HEADER_BYTES = 8;
/** Most bytes of data in one datagram, and in one packet of a stream that somebody else writes. */
export const PIPE_DATA_MAX = 16384;
/** Most bytes of a stream that this package puts into one packet. */
export const STREAM_DATA_MAX = 2048;

/** The only packet type of message mode. */
const PIPE_TYPE_DATA = 1;
/** Byte mode: data of which the reader has taken a part. Only a reader writes it, in the place of the above. */
const PIPE_TYPE_PARTLY_TAKEN = 2;

/**
 * Why a packet of a pipe is refused: its header names a packet type that its mode does not have, or a length
 * that exceeds what arrived or the maximum (or the header is not complete); or it says that all of it was taken.
 */
export type PipeFault = "badPipePacketType" | "badPipeLength";

/** Writes the header of a packet with `dataBytes`, at most 16384, into `target` from `start` on. */
export function writePipeHeader(target: Uint8Array, start: number, dataBytes: number): void {
  assert(isUint(dataBytes, PIPE_DATA_MAX), "a packet of a pipe has at most 16384 bytes");
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

/** The header of a packet of a stream: one record, which its reader uses again. Nothing in it is trusted twice. */
export class StreamHeader {
  /** Bytes of data in the packet; 0: the stream ends here. */
  dataBytes = 0;
  /** How many of them a reader has taken before. */
  takenBytes = 0;

  /**
   * Reads the header of the packet whose `payloadBytes`, header included, begin at `start`. Returns null, or
   * the peer's fault: then this is as it was. What says that some was taken may come from the peer as well.
   */
  read(bytes: Uint8Array, start: number, payloadBytes: number): PipeFault | null {
    if (payloadBytes < PIPE_HEADER_BYTES) return "badPipeLength";
    const type = readU32(bytes, start);
    if (type !== PIPE_TYPE_DATA && type !== PIPE_TYPE_PARTLY_TAKEN) return "badPipePacketType";
    const length = readU32(bytes, start + 4);
    const isPartlyTaken = type === PIPE_TYPE_PARTLY_TAKEN;
    const dataBytes = isPartlyTaken ? length & 0xffff : length;
    const takenBytes = isPartlyTaken ? length >>> 16 : 0;
    if (dataBytes > PIPE_DATA_MAX || dataBytes > payloadBytes - PIPE_HEADER_BYTES) {
      return "badPipeLength";
    }
    if (isPartlyTaken && takenBytes >= dataBytes) return "badPipeLength";
    this.dataBytes = dataBytes;
    this.takenBytes = takenBytes;
    return null;
  }
}

/** Writes into `target`, from its beginning on, that `takenBytes` of a packet's `dataBytes` were taken: not all. */
export function writePartlyTaken(target: Uint8Array, dataBytes: number, takenBytes: number): void {
  const isPart = isUint(dataBytes, PIPE_DATA_MAX) && isUint(takenBytes, dataBytes - 1);
  assert(isPart, "a packet of which all was taken is passed");
  writeU32(target, 0, PIPE_TYPE_PARTLY_TAKEN);
  writeU32(target, 4, dataBytes | takenBytes << 16);
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
