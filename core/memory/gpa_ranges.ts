/**
 * GPA ranges: how pages of guest memory are described in a packet or a GPADL (wire.md 3.1).
 *
 * A range list is a sequence of little-endian u64 words. Each range is one header word (byte count
 * in the low half, offset into the first page in the high half) and then a word for each page.
 *
 * @module
 */

import { assert } from "../assert.ts";
import { PAGE_BYTES, pagesSpanned } from "../units.ts";

/** Bytes of a word of a range list. */
export const RANGE_WORD_BYTES = 8;

const U32_COUNT = 0x1_0000_0000;
const U32_MAX = 0xffff_ffff;
/** High half of the largest PFN that a number holds exactly. */
const PFN_HIGH_MAX = 0x1f_ffff;

/** Bytes of guest memory that lie on the listed pages, one page after the other. */
export interface GpaRange {
  /** Bytes in the range. */
  readonly byteCount: number;
  /** Offset of the first byte in the first page, in bytes. */
  readonly byteOffset: number;
  /** Page frame numbers, one for each page that the bytes touch. */
  readonly pfns: readonly number[];
}

/** What can be wrong with a range list that a peer wrote ([wire.md 3.1](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)). */
export type RangeFault =
  /** No word is left for the header of a range. */
  | "emptyRange"
  /** A range has no bytes. */
  | "emptyByteCount"
  /** A range begins beyond its first page. */
  | "offsetTooLarge"
  /** The page count of a range cannot be computed in 32 bits. */
  | "rangeOverflow"
  /** Fewer words are left than a range has pages. */
  | "rangeTooSmall";

/** What is wrong with the numbers of a range, before its pages are looked at (wire.md 3.1). */
export function rangeFault(byteCount: number, byteOffset: number): RangeFault | null {
  if (byteCount === 0) return "emptyByteCount";
  if (byteOffset >= PAGE_BYTES) return "offsetTooLarge";
  return byteCount + PAGE_BYTES - 1 + byteOffset > U32_MAX ? "rangeOverflow" : null;
}

/** Bytes of memory that `ranges` describe. */
export function bytesInRanges(ranges: readonly Pick<GpaRange, "byteCount">[]): number {
  return ranges.reduce((sum, { byteCount }) => sum + byteCount, 0);
}

/** `length` bytes from `offset` on, which may end beyond the byte count of `range`, but not its last page. */
export function partOfRange(range: GpaRange, offset: number, length: number): GpaRange {
  const start = range.byteOffset + offset;
  const byteOffset = start % PAGE_BYTES;
  const first = Math.floor(start / PAGE_BYTES);
  const pages = pagesSpanned(byteOffset, length);
  const whole = pages === range.pfns.length;
  return {
    byteCount: length,
    byteOffset,
    pfns: whole ? range.pfns : range.pfns.slice(first, first + pages),
  };
}

/** Bytes that {@linkcode writeRanges} writes for `ranges`. */
export function rangesBytes(ranges: readonly GpaRange[]): number {
  let words = 0;
  for (const range of ranges) words += 1 + range.pfns.length;
  return words * RANGE_WORD_BYTES;
}

/** Writes `ranges` into `target` from index `start` on, and returns the index after the last byte. */
export function writeRanges(
  target: Uint8Array,
  start: number,
  ranges: readonly GpaRange[],
): number {
  const end = start + rangesBytes(ranges);
  assert(end <= target.length, "a range list is written where it has room");
  let at = start;
  for (const range of ranges) {
    writeWord(target, at, range.byteCount, range.byteOffset);
    at += RANGE_WORD_BYTES;
    for (const pfn of range.pfns) {
      writeWord(target, at, pfn, Math.floor(pfn / U32_COUNT));
      at += RANGE_WORD_BYTES;
    }
  }
  return at;
}

/**
 * Reads `rangeCount` ranges from `bytes`, index `start` up to `end`. The bytes may change at any
 * time: each is loaded once. Words after the last range are ignored.
 *
 * A PFN of 2^53 or more becomes `Number.MAX_SAFE_INTEGER`: no guest has such a page, so that whoever
 * checks PFNs refuses it. The work is bounded by `end - start`, whatever `rangeCount` says.
 */
export function parseRanges(
  bytes: Uint8Array,
  start: number,
  end: number,
  rangeCount: number,
): GpaRange[] | RangeFault {
  assert(start >= 0 && start <= end && end <= bytes.length, "ranges are read inside their bytes");
  const ranges: GpaRange[] = [];
  let at = start;
  for (let index = 0; index < rangeCount; index++) {
    if (end - at < RANGE_WORD_BYTES) return "emptyRange";
    const byteCount = readU32(bytes, at);
    const byteOffset = readU32(bytes, at + 4);
    at += RANGE_WORD_BYTES;
    const fault = rangeFault(byteCount, byteOffset);
    if (fault !== null) return fault;
    const pages = pagesSpanned(byteOffset, byteCount);
    if (Math.floor((end - at) / RANGE_WORD_BYTES) < pages) return "rangeTooSmall";
    const pfns: number[] = [];
    for (let page = 0; page < pages; page++) {
      pfns.push(readPfn(bytes, at));
      at += RANGE_WORD_BYTES;
    }
    ranges.push({ byteCount, byteOffset, pfns });
  }
  return ranges;
}

/** The PFNs of the pages that `byteCount` bytes at guest address `gpa` touch; none for 0 bytes. */
export function pfnsOf(gpa: number, byteCount: number): number[] {
  const pfns: number[] = [];
  if (byteCount === 0) return pfns;
  const first = Math.floor(gpa / PAGE_BYTES);
  const pages = pagesSpanned(gpa % PAGE_BYTES, byteCount);
  for (let page = 0; page < pages; page++) pfns.push(first + page);
  return pfns;
}

function readPfn(bytes: Uint8Array, at: number): number {
  const low = readU32(bytes, at);
  const high = readU32(bytes, at + 4);
  return high > PFN_HIGH_MAX ? Number.MAX_SAFE_INTEGER : high * U32_COUNT + low;
}

/** The u32 at `at`. */
export function readU32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | bytes[at + 1]! << 8 | bytes[at + 2]! << 16 | bytes[at + 3]! << 24) >>> 0;
}

/** Writes a word of 8 bytes by its halves, of which the low 32 bits count. */
export function writeWord(target: Uint8Array, at: number, low: number, high: number): void {
  writeU32(target, at, low);
  writeU32(target, at + 4, high);
}

/** Writes the low 32 bits of `value`. A typed array keeps the low 8 bits of what is stored in it. */
function writeU32(target: Uint8Array, at: number, value: number): void {
  const bits = value >>> 0;
  target[at] = bits;
  target[at + 1] = bits >>> 8;
  target[at + 2] = bits >>> 16;
  target[at + 3] = bits >>> 24;
}
