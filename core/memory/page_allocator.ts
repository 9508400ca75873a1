/**
 * Which pages of a stretch of addresses are free: first fit over a sorted list of free runs.
 *
 * It knows page indices alone, not what lies on the pages.
 *
 * @module
 */

import { assert } from "../assert.ts";

/** Hands out runs of pages, the lowest that fits first. */
export class PageAllocator {
  /** First page of each free run, ascending; two free runs never touch. */
  readonly #starts: number[] = [];
  /** Page after the last of the free run at the same position. */
  readonly #ends: number[] = [];

  /** Makes `pageCount` free pages, numbered from 0. */
  constructor(pageCount: number) {
    if (pageCount > 0) this.#insert(0, 0, pageCount);
  }

  /**
   * Takes the lowest `pageCount` pages in a row and returns the first, or null where there is no such
   * run.
   */
  allocate(pageCount: number): number | null {
    assert(pageCount > 0, "a run of pages has at least one page");
    for (let at = 0; at < this.#starts.length; at++) {
      const first = this.#starts[at]!;
      if (this.#ends[at]! - first >= pageCount) {
        this.#carve(at, first, first + pageCount);
        return first;
      }
    }
    return null;
  }

  /** Takes the `pageCount` pages from `first` on, if all are free. */
  take(first: number, pageCount: number): boolean {
    if (!this.isFree(first, pageCount)) return false;
    this.#carve(this.#runsBelow(first + 1) - 1, first, first + pageCount);
    return true;
  }

  /** Whether the `pageCount` pages from `first` on are all free. */
  isFree(first: number, pageCount: number): boolean {
    assert(pageCount > 0, "a run of pages has at least one page");
    const at = this.#runsBelow(first + 1) - 1;
    return at >= 0 && first + pageCount <= this.#ends[at]!;
  }

  /** Gives back the `pageCount` pages from `first` on, which must be taken. */
  release(first: number, pageCount: number): void {
    const end = first + pageCount;
    const at = this.#runsBelow(first);
    const joinsBefore = at > 0 && this.#ends[at - 1] === first;
    const joinsAfter = at < this.#starts.length && this.#starts[at] === end;
    assert(at === 0 || this.#ends[at - 1]! <= first, "released pages are not free yet");
    assert(at === this.#starts.length || this.#starts[at]! >= end, "released pages are not free");
    if (joinsBefore && joinsAfter) {
      this.#ends[at - 1] = this.#ends[at]!;
      this.#remove(at);
    } else if (joinsBefore) {
      this.#ends[at - 1] = end;
    } else if (joinsAfter) {
      this.#starts[at] = first;
    } else {
      this.#insert(at, first, end);
    }
  }

  /** Cuts the pages from `first` up to `end` out of the free run at position `at`. */
  #carve(at: number, first: number, end: number): void {
    const runStart = this.#starts[at]!;
    const runEnd = this.#ends[at]!;
    if (runStart === first && runEnd === end) {
      this.#remove(at);
    } else if (runStart === first) {
      this.#starts[at] = end;
    } else {
      this.#ends[at] = first;
      if (end < runEnd) this.#insert(at + 1, end, runEnd);
    }
  }

  /** How many free runs begin below `page`, by binary search. */
  #runsBelow(page: number): number {
    let low = 0;
    let high = this.#starts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#starts[middle]! < page) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #insert(at: number, first: number, end: number): void {
    this.#starts.splice(at, 0, first);
    this.#ends.splice(at, 0, end);
  }

  #remove(at: number): void {
    this.#starts.splice(at, 1);
    this.#ends.splice(at, 1);
  }
}
