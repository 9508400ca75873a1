/**
 * The state of each page of RAM beside its bytes: how often it is pinned, and whether it is paged out.
 *
 * @module
 */

import { assert } from "../assert.ts";

/** Pages that there are states for at first; most guests use the lowest pages alone. */
const FEW_PAGES = 64;

/** Pins and residency of the pages of one memory. The caller checks PFNs. */
export class PageStates {
  /** The lowest page that there is. */
  readonly #firstPfn: number;
  /** Pins on each page; pages beyond its end are not pinned. */
  #pins = new Uint32Array(FEW_PAGES);
  /** 1 for each page that is paged out; those beyond its end are not. */
  #pagedOut = new Uint8Array(FEW_PAGES);
  #pinnedPages = 0;

  /** No page from `firstPfn` on is pinned or paged out. */
  constructor(firstPfn = 0) {
    this.#firstPfn = firstPfn;
  }

  /** Pages that are pinned at least once. */
  get pinnedPages(): number {
    return this.#pinnedPages;
  }

  /** How many of `pfns` are pinned at least once. */
  pinnedAmong(pfns: readonly number[]): number {
    let count = 0;
    for (let at = 0; at < pfns.length; at++) {
      if ((this.#pins[pfns[at]! - this.#firstPfn] ?? 0) !== 0) count++;
    }
    return count;
  }

  /** Pins each of `pfns` once more. A page that is listed twice is pinned twice. */
  pin(pfns: readonly number[]): void {
    for (let at = 0; at < pfns.length; at++) {
      const page = pfns[at]! - this.#firstPfn;
      if (page >= this.#pins.length) this.#growPins(page);
      if (this.#pins[page] === 0) this.#pinnedPages++;
      this.#pins[page]! += 1;
    }
  }

  #growPins(page: number): void {
    const more = new Uint32Array(roomFor(page));
    more.set(this.#pins);
    this.#pins = more;
  }

  /** Takes back what one {@linkcode PageStates.pin} of the same `pfns` did. */
  unpin(pfns: readonly number[]): void {
    for (let at = 0; at < pfns.length; at++) {
      const page = pfns[at]! - this.#firstPfn;
      assert((this.#pins[page] ?? 0) !== 0, "unpinned pages are pinned");
      this.#pins[page]! -= 1;
      if (this.#pins[page] === 0) this.#pinnedPages--;
    }
  }

  /** Whether all of `pfns` are resident. */
  isResident(pfns: readonly number[]): boolean {
    for (let at = 0; at < pfns.length; at++) {
      if (this.#pagedOut[pfns[at]! - this.#firstPfn] === 1) return false;
    }
    return true;
  }

  /** The pages that are paged out, in order. */
  get pagedOut(): number[] {
    const pfns: number[] = [];
    const pagedOut = this.#pagedOut;
    for (let page = pagedOut.indexOf(1); page >= 0; page = pagedOut.indexOf(1, page + 1)) {
      pfns.push(page + this.#firstPfn);
    }
    return pfns;
  }

  /** Makes each of `pfns` resident, or pages each out. */
  setResident(pfns: readonly number[], resident: boolean): void {
    const state = resident ? 0 : 1;
    for (let at = 0; at < pfns.length; at++) {
      const page = pfns[at]! - this.#firstPfn;
      if (page >= this.#pagedOut.length) {
        if (resident) continue;
        const more = new Uint8Array(roomFor(page));
        more.set(this.#pagedOut);
        this.#pagedOut = more;
      }
      this.#pagedOut[page] = state;
    }
  }
}

/** Length of an array that has room for `page`. */
function roomFor(page: number): number {
  return 2 ** Math.ceil(Math.log2(page + 1));
}
