/**
 * Ranges of guest memory as a peer describes them in packets and GPADLs (wire.md 3.1).
 *
 * @module
 */

import { type GpaRange, rangeFault } from "../../core/memory/gpa_ranges.ts";
import { PAGE_BYTES, pagesSpanned } from "../../core/units.ts";
import { requireArray, requireObject, requireUint } from "./checks.ts";

/**
 * One range of whole pages, in that order.
 *
 * @throws {TypeError} `pfns` is no array.
 */
export function wholePages(pfns: readonly number[]): GpaRange {
  requireArray("describe pages", "pfns", pfns);
  return { byteOffset: 0, byteCount: pfns.length * PAGE_BYTES, pfns };
}

/**
 * Lets ranges through whose numbers fit their fields, and, where they are to be right, describe memory as
 * they should. Whether there is such memory is not looked at.
 *
 * @throws {RangeError} One does not.
 * @throws {TypeError} There is no list, or something else in it; both texts begin `Cannot ${action}`.
 */
export function requireRanges(
  action: string,
  ranges: readonly GpaRange[],
  mustBe: "writable" | "right",
): void {
  requireArray(action, "ranges", ranges);
  ranges.forEach((range, at) => {
    requireObject(action, `range ${at}`, range);
    const { byteCount, byteOffset, pfns } = range;
    requireUint(action, `byteCount of range ${at}`, byteCount);
    requireUint(action, `byteOffset of range ${at}`, byteOffset);
    requireArray(action, `pfns of range ${at}`, pfns);
    for (const pfn of pfns) {
      requireUint(action, `a PFN of range ${at}`, pfn, Number.MAX_SAFE_INTEGER);
    }
    if (mustBe === "writable") return;
    const pageCount = pagesSpanned(byteOffset, byteCount);
    const fault = rangeFault(byteCount, byteOffset) ??
      (pfns.length === pageCount ? null : `${pfns.length} PFNs for ${pageCount} pages`);
    if (fault !== null) throw new RangeError(`Cannot ${action}: range ${at} is wrong: ${fault}`);
  });
}
