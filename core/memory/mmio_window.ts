/**
 * The stretch of guest addresses that devices use for memory-mapped I/O (MMIO).
 *
 * The two sides of a channel hold a range independently: the guest reserves addresses, and the host
 * places backing there when the channel opens. A range is free again when both have released it, in
 * either order.
 *
 * @module
 */

import { assert } from "../assert.ts";
import { isUint, PAGE_BYTES } from "../units.ts";
import { arePageRuns, type MmioRangeImage } from "./memory_image.ts";
import { PageAllocator } from "./page_allocator.ts";
import { PageStore } from "./page_store.ts";

/** One range of the window. */
interface MmioRange {
  readonly gpa: number;
  readonly byteCount: number;
  /** Whether the guest holds the addresses. */
  reserved: boolean;
  /** The backing that the host placed there, or null. */
  backing: PageStore | null;
}

/** Where bytes lie. */
export interface StorePlace {
  /** What they lie in. */
  readonly store: PageStore;
  /** Address of the first in it. */
  readonly offset: number;
}

/** The MMIO ranges of one partition. */
export class MmioWindow {
  readonly #gpa: number;
  readonly #byteCount: number;
  readonly #pages: PageAllocator;
  readonly #ranges: Map<number, MmioRange> = new Map();

  /** Makes an empty window of `byteCount` bytes at guest address `gpa`, both whole pages. */
  constructor(gpa: number, byteCount: number) {
    this.#gpa = gpa;
    this.#byteCount = byteCount;
    this.#pages = new PageAllocator(byteCount / PAGE_BYTES);
  }

  /** Reserves the lowest free addresses for `byteCount` bytes (whole pages); null = no room. */
  reserve(byteCount: number): number | null {
    assert(byteCount % PAGE_BYTES === 0, "MMIO is reserved in whole pages");
    const page = this.#pages.allocate(byteCount / PAGE_BYTES);
    if (page === null) return null;
    const gpa = this.#gpa + page * PAGE_BYTES;
    this.#ranges.set(gpa, { gpa, byteCount, reserved: true, backing: null });
    return gpa;
  }

  /** Ends the reservation that begins at `gpa`. */
  release(gpa: number): void {
    const range = this.#ranges.get(gpa);
    assert(range !== undefined && range.reserved, "released MMIO is reserved");
    range.reserved = false;
    this.#drop(range);
  }

  /**
   * Whether backing can be placed there: whole pages inside the window that are free, or exactly one
   * reserved range. The numbers may come from a hostile guest.
   */
  canPlace(gpa: number, byteCount: number): boolean {
    if (!isUint(gpa, Number.MAX_SAFE_INTEGER) || gpa < this.#gpa || gpa % PAGE_BYTES !== 0) {
      return false;
    }
    const room = this.#gpa + this.#byteCount - gpa;
    if (!isUint(byteCount, room) || byteCount === 0 || byteCount % PAGE_BYTES !== 0) return false;
    const range = this.#ranges.get(gpa);
    if (range !== undefined) return range.backing === null && range.byteCount === byteCount;
    return this.#pages.isFree((gpa - this.#gpa) / PAGE_BYTES, byteCount / PAGE_BYTES);
  }

  /**
   * Places zeroed backing and returns true. False where {@linkcode MmioWindow.canPlace} refuses. It takes
   * no real memory until it is touched.
   */
  place(gpa: number, byteCount: number): boolean {
    if (!this.canPlace(gpa, byteCount)) return false;
    const backing = new PageStore(byteCount / PAGE_BYTES);
    const range = this.#ranges.get(gpa);
    if (range !== undefined) {
      range.backing = backing;
      return true;
    }
    this.#ranges.set(gpa, { gpa, byteCount, reserved: false, backing });
    return this.#pages.take((gpa - this.#gpa) / PAGE_BYTES, byteCount / PAGE_BYTES);
  }

  /** Takes away the backing that was placed at `gpa`. */
  remove(gpa: number): void {
    const range = this.#ranges.get(gpa);
    assert(range !== undefined && range.backing !== null, "removed MMIO is placed");
    range.backing.giveBack();
    range.backing = null;
    this.#drop(range);
  }

  /** Where `byteCount` bytes at `gpa` lie; null unless one placed range holds them all. */
  find(gpa: number, byteCount: number): StorePlace | null {
    for (const range of this.#ranges.values()) {
      const offset = gpa - range.gpa;
      if (range.backing !== null && offset >= 0 && offset + byteCount <= range.byteCount) {
        return { store: range.backing, offset };
      }
    }
    return null;
  }

  /** Bytes of real memory that are taken. */
  get takenBytes(): number {
    return [...this.#ranges.values()].reduce(
      (sum, range) => sum + (range.backing?.takenBytes ?? 0),
      0,
    );
  }

  /** Gives all real memory back. */
  giveBack(): void {
    for (const { backing } of this.#ranges.values()) backing?.giveBack();
  }

  /** What a saved state keeps of it. The bytes are the backing's own. */
  get image(): MmioRangeImage[] {
    const ranges = [...this.#ranges.values()].sort((a, b) => a.gpa - b.gpa);
    return ranges.map(({ gpa, byteCount, reserved, backing }) => ({
      gpa,
      byteCount,
      isReserved: reserved,
      backing: backing?.runs ?? null,
    }));
  }

  /** Adds a saved range; false where this window cannot have it. */
  add({ gpa, byteCount, isReserved, backing }: MmioRangeImage): boolean {
    if (this.#ranges.has(gpa) || !this.canPlace(gpa, byteCount)) return false;
    if (!isReserved && backing === null) return false;
    if (backing !== null) {
      if (!arePageRuns(backing, byteCount / PAGE_BYTES) || !this.place(gpa, byteCount)) {
        return false;
      }
      const range = this.#ranges.get(gpa)!;
      range.backing!.place(backing);
      range.reserved = isReserved;
      return true;
    }
    this.#ranges.set(gpa, { gpa, byteCount, reserved: true, backing: null });
    return this.#pages.take((gpa - this.#gpa) / PAGE_BYTES, byteCount / PAGE_BYTES);
  }

  /** Forgets `range` and frees its addresses when neither side holds it any longer. */
  #drop(range: MmioRange): void {
    if (range.reserved || range.backing !== null) return;
    this.#ranges.delete(range.gpa);
    this.#pages.release((range.gpa - this.#gpa) / PAGE_BYTES, range.byteCount / PAGE_BYTES);
  }
}
