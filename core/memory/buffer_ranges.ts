/**
 * Ranges of a buffer that both sides know: how a packet that uses transfer pages names parts of a GPADL
 * (wire.md 2.3).
 *
 * A range list is a sequence of words of 8 bytes: byte count in the low half, in the high one the offset
 * from the beginning of the buffer, which may be anything.
 *
 * @module
 */

import { assert } from "../assert.ts";
import {
  bytesInRanges,
  type GpaRange,
  partOfRange,
  RANGE_WORD_BYTES,
  readU32,
  writeWord,
} from "./gpa_ranges.ts";
import type { BufferRange } from "./layouts.ts";

/** What can be wrong with ranges of a buffer that a peer wrote. */
export type BufferRangeFault =
  /** No range, or fewer words than ranges. */
  | "emptyRange"
  /** A range has no bytes. */
  | "emptyByteCount"
  /** A range leaves the buffer. */
  | "rangeOutsideBuffer";

/** How much of a list is resolved. */
export interface ResolveBounds {
  /** Bytes that its reader takes. */
  readonly byteCount: number;
  /** Ranges of guest memory that it takes. */
  readonly rangeCount: number;
}

/** Bytes that {@linkcode writeBufferRanges} writes for `ranges`. */
export function bufferRangesBytes(ranges: readonly BufferRange[]): number {
  return ranges.length * RANGE_WORD_BYTES;
}

/** Writes `ranges` into `target` from index `start` on. */
export function writeBufferRanges(
  target: Uint8Array,
  start: number,
  ranges: readonly BufferRange[],
): void {
  let at = start;
  for (const { byteCount, byteOffset } of ranges) {
    writeWord(target, at, byteCount, byteOffset);
    at += RANGE_WORD_BYTES;
  }
}

/**
 * Reads `rangeCount` ranges from `bytes`, index `start` up to `end`. The bytes may change at any time: each
 * is loaded once. Words after the last range are ignored, and the work is bounded by `end - start`.
 */
export function readBufferRanges(
  bytes: Uint8Array,
  start: number,
  end: number,
  rangeCount: number,
): BufferRange[] | "emptyRange" {
  assert(start >= 0 && start <= end && end <= bytes.length, "ranges are read inside their bytes");
  if (rangeCount === 0 || rangeCount > Math.floor((end - start) / RANGE_WORD_BYTES)) {
    return "emptyRange";
  }
  const ranges: BufferRange[] = [];
  for (let at = start; ranges.length < rangeCount; at += RANGE_WORD_BYTES) {
    ranges.push({ byteCount: readU32(bytes, at), byteOffset: readU32(bytes, at + 4) });
  }
  return ranges;
}

/** What is wrong with `ranges` in a buffer of `bufferBytes`; null where each lies in it. */
export function bufferRangesFault(
  ranges: readonly BufferRange[],
  bufferBytes: number,
): BufferRangeFault | null {
  if (ranges.length === 0) return "emptyRange";
  for (const { byteCount, byteOffset } of ranges) {
    if (byteCount === 0) return "emptyByteCount";
    if (byteOffset + byteCount > bufferBytes) return "rangeOutsideBuffer";
  }
  return null;
}

/**
 * The guest memory that `ranges` of `buffer` are, in their order. Ranges may overlap, so that a short
 * list can name far more than the buffer has: once the result is beyond `bounds` it ends, as its reader
 * will take no more of it than that it is too much.
 */
export function resolveBufferRanges(
  buffer: readonly GpaRange[],
  ranges: readonly BufferRange[],
  bounds: ResolveBounds,
): GpaRange[] | BufferRangeFault {
  const fault = bufferRangesFault(ranges, bytesInRanges(buffer));
  if (fault !== null) return fault;
  const starts = startsOf(buffer);
  const resolved: GpaRange[] = [];
  let bytes = 0;
  for (const { byteOffset, byteCount } of ranges) {
    let at = indexAt(starts, byteOffset);
    let skip = byteOffset - starts[at]!;
    for (let left = byteCount; left > 0; at++) {
      const piece = buffer[at]!;
      const taken = Math.min(left, piece.byteCount - skip);
      resolved.push(partOfRange(piece, skip, taken));
      bytes += taken;
      left -= taken;
      skip = 0;
      if (bytes > bounds.byteCount || resolved.length > bounds.rangeCount) return resolved;
    }
  }
  return resolved;
}

/** Where in a buffer each of its pieces begins. */
function startsOf(buffer: readonly GpaRange[]): number[] {
  let start = 0;
  return buffer.map(({ byteCount }) => {
    const at = start;
    start += byteCount;
    return at;
  });
}

/** The last of ascending `starts`, the first of which is 0, that is not beyond `offset`. */
function indexAt(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle]! <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}
