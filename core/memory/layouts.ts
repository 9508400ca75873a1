/**
 * GPA ranges as layouts (wire.md 2.3, 3.1): for whoever shows them, writes wrong ones, or holds gpa_ranges.ts
 * against them, which reads and writes them by hand, as they are on the way of packets.
 *
 * @module
 */

import {
  array,
  hex,
  type Layout,
  struct,
  type Type,
  u32,
  u64,
  type Values,
  within,
} from "../layout/mod.ts";
import { PAGE_BYTES, pagesSpanned } from "../units.ts";

/** A range of guest memory as its bytes say it: its PFNs may be anything. */
export interface WireRange {
  /** u32: bytes in the range. */
  readonly byteCount: number;
  /** u32: offset of the first byte in the first page. */
  readonly byteOffset: number;
  /** u64: page frame numbers, one for each page that the bytes touch. */
  readonly pfns: readonly (number | bigint)[];
}

/** What comes before the PFNs: 0 bytes, or an offset beyond the first page, are faults (wire.md 3.1). */
const BYTE_COUNT = [0, within(u32, 1, 0xffff_ffff), "bytes"] as const;
const BYTE_OFFSET = [4, within(u32, 0, PAGE_BYTES - 1), "bytes"] as const;

/** Pages of a range, by the two numbers before its PFNs. */
function pagesOf({ byteOffset, byteCount }: Values): number {
  return pagesSpanned(byteOffset as number, byteCount as number);
}

/** A range: a word with its size and offset, then a PFN for each page. */
export const GPA_RANGE: Layout<WireRange> = struct("range", 8, {
  byteCount: BYTE_COUNT,
  byteOffset: BYTE_OFFSET,
  pfns: [
    8,
    array(hex(u64), { formula: "ceil((byteOffset + byteCount) / 4096)", of: pagesOf }),
    "pages",
  ],
});

/** A range in a buffer that both sides know, by its bytes ([wire.md 2.3](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)). */
export type BufferRange = Omit<WireRange, "pfns">;

/** A range of a packet that uses transfer pages. */
export const BUFFER_RANGE: Layout<BufferRange> = struct("range", 8, {
  byteCount: [0, u32, "bytes"],
  byteOffset: [4, u32, "bytes"],
});

/** The words of a GPADL: as many ranges as its header message announces, up to the end. */
export function rangeList(rangeCount: number): Layout<{ readonly ranges: readonly WireRange[] }> {
  const ranges: Type<readonly WireRange[]> = array(GPA_RANGE, {
    formula: String(rangeCount),
    of: () => rangeCount,
  });
  return struct("range list", 0, { ranges: [0, ranges, "ranges"] });
}
