/**
 * The ring's layout and arithmetic (wire.md 1.1-1.4, 2.1-2.2): one control page, then data pages
 * in which packets follow each other in 8-byte words.
 *
 * @module
 */

import { assert } from "../assert.ts";
import { PAGE_BYTES } from "../units.ts";

/** Control page, u32, the writer's: where in the data area the next packet will start. */
export const WRITE_INDEX_OFFSET = 0;
/** Control page, u32, the reader's: where in the data area the oldest unread packet starts. */
export const READ_INDEX_OFFSET = 4;
/** Control page, u32, the reader's: not 0 = do not signal that the ring is no longer empty. */
export const INTERRUPT_MASK_OFFSET = 8;
/** Control page, u32, the writer's: free bytes that a blocked writer waits for; 0 = not blocked. */
export const PENDING_SEND_SIZE_OFFSET = 12;
/** Control page, u32, the writer's: bit {@linkcode FEATURE_PENDING_SEND_SIZE}; the rest is 0. */
export const FEATURE_BITS_OFFSET = 64;
/** The same as places of words in the control page. */
export const WRITE_INDEX_WORD: number = WRITE_INDEX_OFFSET / 4;
/** See {@linkcode READ_INDEX_OFFSET}. */
export const READ_INDEX_WORD: number = READ_INDEX_OFFSET / 4;
/** See {@linkcode INTERRUPT_MASK_OFFSET}. */
export const INTERRUPT_MASK_WORD: number = INTERRUPT_MASK_OFFSET / 4;
/** See {@linkcode PENDING_SEND_SIZE_OFFSET}. */
export const PENDING_SEND_SIZE_WORD: number = PENDING_SEND_SIZE_OFFSET / 4;
/** The writer uses the pending send size. */
export const FEATURE_PENDING_SEND_SIZE = 1;

/** Type u16, dataOffset8 u16, length8 u16, flags u16, transactionId u64. */
export const DESCRIPTOR_BYTES = 16;
/** Zero u32, then the offset of the packet's descriptor u32. No reader relies on it. */
export const TRAILER_BYTES = 8;
/** What a packet takes beside its padded body. */
const FRAME_BYTES = DESCRIPTOR_BYTES + TRAILER_BYTES;
/** Bytes that stay free, as a full ring would look empty. */
export const UNUSED_BYTES = 8;

/** Descriptor's type of a packet that carries its data in the ring. */
export const PACKET_TYPE_IN_BAND = 6;
/** Descriptor's type of a packet whose data lies in a buffer that both sides know. */
export const PACKET_TYPE_TRANSFER_PAGES = 7;
/** Descriptor's type of a packet that lists guest pages. */
export const PACKET_TYPE_GPA_DIRECT = 9;
/** Descriptor's type of the answer to a packet that asked for one. */
export const PACKET_TYPE_COMPLETION = 11;

/** Descriptor's flag: the sender wants a completion. The other bits must be 0. */
export const DESCRIPTOR_FLAG_COMPLETION_REQUESTED = 1;

/** Largest `length8` of a descriptor, a u16: 8-byte words from descriptor to padding. */
export const LENGTH8_MAX = 0xffff;

/** Most data pages of a ring: a GPADL has 8190 pages, and the other ring needs 2 (wire.md 1.10). */
export const RING_DATA_PAGES_MAX = 8187;

/** Bytes in the ring of a packet whose descriptor is followed by `bodyBytes`, trailer included. */
export function packetTotalBytes(bodyBytes: number): number {
  return bodyBytes + (-bodyBytes & 7) + FRAME_BYTES; // roundUp8, without an imported name
}

/** Whether `value` may be an index of a ring with `dataBytes`. */
export function isRingIndex(value: number, dataBytes: number): boolean {
  return value < dataBytes && (value & 7) === 0;
}

/** `index` moved on by `bytes`, at most once around. Rings need not be powers of two: no masks. */
export function advanceIndex(index: number, bytes: number, dataBytes: number): number {
  const moved = index + bytes;
  return moved >= dataBytes ? moved - dataBytes : moved;
}

/** Bytes from `readIndex` to `writeIndex`; equal indices mean an empty ring, never a full one. */
export function usedBetween(writeIndex: number, readIndex: number, dataBytes: number): number {
  if (writeIndex >= readIndex) return writeIndex - readIndex; // |....r####w....|
  return dataBytes - readIndex + writeIndex; //                  |####w....r####|
}

assert(
  DESCRIPTOR_BYTES % 8 === 0 && TRAILER_BYTES % 8 === 0 && PAGE_BYTES % 8 === 0,
  "packets and pages are whole 8-byte words, so that no word splits where the ring wraps",
);
assert(
  (RING_DATA_PAGES_MAX + 1) * PAGE_BYTES <= 0x7fff_ffff,
  "offsets in a ring survive 32-bit shifts",
);
assert(
  new Uint8Array(Uint32Array.of(1).buffer)[0] === 1,
  "this machine is little-endian, as the words of the ring are",
);
