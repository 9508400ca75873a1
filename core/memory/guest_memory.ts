/**
 * The memory of one partition: RAM, from address 0 on where nobody says otherwise, and a window for MMIO above it.
 *
 * RAM is taken when it is first touched ({@linkcode PageStore}). What a program sees of it is
 * {@linkcode GuestMemory}; the package itself works with {@linkcode GuestRam}, which also has pins,
 * residency and shared views.
 *
 * @module
 */

import { assert } from "../assert.ts";
import { requireBytes } from "../arguments.ts";
import { lengthOf } from "../bytes.ts";
import { isUint, PAGE_BYTES } from "../units.ts";
import { type GpaRange, pfnsOf } from "./gpa_ranges.ts";
import { checkSizes, checkStretch, hex, MEGABYTE_BYTES, outside, show } from "./memory_checks.ts";
import type { RingSharing, RingWatch } from "../ring/ring_memory.ts";
import { arePageRuns, isAscending, type MemoryImage } from "./memory_image.ts";
import type { GuestRamOptions } from "./given_ram.ts";
import { isHidden, type Isolation } from "./isolation.ts";
import { MmioWindow, type StorePlace } from "./mmio_window.ts";
import { PageAllocator } from "./page_allocator.ts";
import { PageStates } from "./page_states.ts";
import { PageStore } from "./page_store.ts";
import type { GuestBuffer, GuestMemory, MemoryMisuse, OnMemoryUse, OnMmioChange } from "./types.ts";

export { GUEST_PAGES_MAX, MEGABYTE_BYTES, MMIO_MEGABYTES_MAX } from "./memory_checks.ts";
export type { GuestBuffer, GuestMemory, MemoryMisuse };

/** The memory of one partition, with what only this package may do to it. */
export class GuestRam implements GuestMemory {
  /** Pages of RAM. */
  readonly pageCount: number;
  /** Guest address of the first byte of RAM. */
  readonly baseGpa: number;
  /** Who may touch rings in it while their ends work. */
  readonly sharing: RingSharing;
  /** Size of the MMIO window in MiB. */
  readonly mmioMegabytes: number;
  /** Guest address of the MMIO window: the first multiple of 1 MiB at or above the end of RAM. */
  readonly mmioGpa: number;
  /** Called with each misuse of this memory. */
  readonly onMisuse: (rule: MemoryMisuse, message: string) => void;
  /** Called after each use that has changed something. */
  onUse: OnMemoryUse | null = null;
  /** Called after each change of what MMIO there is. */
  onMmio: OnMmioChange | null = null;
  /** Who hears of the control page of a ring that begins at page `pfn`, from its making on; null: nobody does. */
  ringWatch: ((pfn: number) => RingWatch) | null = null;
  /** What of it the host can read; null: all of it, as the guest is not isolated. */
  isolation: Isolation | null = null;
  /** Whether nothing of what is asked for is left, whatever is free; null: what is free can be had. */
  isExhausted: ((what: "pages" | "mmio") => boolean) | null = null;

  readonly #store: PageStore;
  readonly #free: PageAllocator;
  /** Its guest is somebody else's code, and none of its pages is ours to give. */
  readonly #isInUse: boolean;
  readonly #states: PageStates;
  readonly #mmio: MmioWindow;
  readonly #buffers: Map<number, GuestBuffer> = new Map();
  /** All buffers that were ever handed out: any other value is rejected without being read. */
  readonly #handedOut: WeakSet<object> = new WeakSet();

  /**
   * Makes a memory that is all zero and all free. It takes no real memory until it is touched.
   *
   * @throws {RangeError} A size is out of its bounds.
   */
  constructor(options: GuestRamOptions) {
    const { pageCount, mmioMegabytes, given = null } = options;
    checkSizes(pageCount, mmioMegabytes);
    this.pageCount = pageCount;
    this.mmioMegabytes = mmioMegabytes;
    this.onMisuse = options.onMisuse;
    this.baseGpa = given?.baseGpa ?? 0;
    this.sharing = given === null ? "exclusive" : "shared";
    this.#store = given === null ? new PageStore(pageCount) : PageStore.over(given.bytes);
    this.#isInUse = given?.isInUse === true;
    this.#free = new PageAllocator(this.#isInUse ? 0 : pageCount);
    this.#states = new PageStates(this.baseGpa / PAGE_BYTES);
    this.mmioGpa = Math.ceil(this.#endGpa / MEGABYTE_BYTES) * MEGABYTE_BYTES;
    this.#mmio = new MmioWindow(this.mmioGpa, mmioMegabytes * MEGABYTE_BYTES);
  }

  /** Guest address of the first byte after RAM. */
  get #endGpa(): number {
    return this.baseGpa + this.#store.byteCount;
  }

  /** Whether `value` is a guest memory of this package. */
  static isGuestRam(value: unknown): value is GuestRam {
    return typeof value === "object" && value !== null && #store in value;
  }

  // -- Allocation

  /** See {@linkcode GuestMemory.allocate}. */
  allocate(byteCount: number): GuestBuffer {
    this.#store.requireLive();
    if (!isUint(byteCount, Number.MAX_SAFE_INTEGER) || byteCount === 0) {
      throw new RangeError(
        `Cannot allocate ${show(byteCount)} bytes of guest memory: a whole number from 1 is needed`,
      );
    }
    const buffer = this.tryAllocate(byteCount);
    if (buffer === null) {
      const reason = this.#isInUse
        ? "all of it is its guest's, which somebody else wrote"
        : `too few of its ${this.pageCount} pages are free in a row`;
      throw new RangeError(`Cannot allocate ${byteCount} bytes of guest memory: ${reason}`);
    }
    return buffer;
  }

  /** As {@linkcode GuestRam.allocate}; null = out of memory. `byteCount` is a whole number from 1. */
  tryAllocate(byteCount: number): GuestBuffer | null {
    assert(byteCount > 0, "a guest buffer has at least one byte");
    if (this.isExhausted?.("pages") === true) return null;
    const pages = Math.ceil(byteCount / PAGE_BYTES);
    const first = this.#free.allocate(pages);
    if (first === null) return null;
    this.#store.clear(first * PAGE_BYTES, pages * PAGE_BYTES);
    const buffer = this.#keepBuffer(this.baseGpa + first * PAGE_BYTES, byteCount);
    this.#states.setResident(buffer.pfns, true);
    this.onUse?.("memoryAllocated", buffer.gpa, byteCount, null);
    return buffer;
  }

  #keepBuffer(gpa: number, byteCount: number): GuestBuffer {
    // Frozen, because what it says decides what free() gives back.
    const buffer = Object.freeze({ gpa, byteCount, pfns: Object.freeze(pfnsOf(gpa, byteCount)) });
    this.#buffers.set(gpa, buffer);
    this.#handedOut.add(buffer);
    return buffer;
  }

  /** See {@linkcode GuestMemory.free}. */
  free(buffer: GuestBuffer): void {
    this.#store.requireLive();
    const what = this.#handedOut.has(buffer) ? `the buffer at ${hex(buffer.gpa)}` : show(buffer);
    if (!this.isAllocated(buffer)) {
      throw new RangeError(
        `Cannot free a guest buffer: ${what} is not allocated in this memory`,
      );
    }
    const pinned = this.#states.pinnedAmong(buffer.pfns);
    if (pinned > 0) {
      const message = `Cannot free ${what}: ${pinned} of its pages are pinned`;
      this.onMisuse("guest memory freed while pinned", message);
      return;
    }
    this.#buffers.delete(buffer.gpa);
    this.#free.release((buffer.gpa - this.baseGpa) / PAGE_BYTES, buffer.pfns.length);
    this.onUse?.("memoryFreed", buffer.gpa, buffer.byteCount, null);
  }

  /** Whether `value` is a buffer that this memory handed out and that was not freed since. */
  isAllocated(value: unknown): value is GuestBuffer {
    if (!this.#handedOut.has(value as object)) return false;
    return this.#buffers.get((value as GuestBuffer).gpa) === value;
  }

  /** The buffers that are allocated now, by guest address. */
  get buffers(): ReadonlyMap<number, GuestBuffer> {
    return this.#buffers;
  }

  // -- Bytes

  /** See {@linkcode GuestMemory.read}. */
  read(gpa: number, byteCount: number): Uint8Array {
    const { store, offset } = this.#locate("read", gpa, byteCount);
    if (isHidden(this, "read", gpa, byteCount)) return new Uint8Array(byteCount);
    return store.read(offset, byteCount);
  }

  /** See {@linkcode GuestMemory.write}. */
  write(gpa: number, view: ArrayBufferView): void {
    const bytes = requireBytes("write to guest memory", view);
    const byteCount = lengthOf(bytes);
    const { store, offset } = this.#locate("write", gpa, byteCount);
    if (isHidden(this, "write", gpa, byteCount)) return;
    store.view(offset, byteCount).set(bytes);
    this.onUse?.("memoryWritten", gpa, byteCount, bytes);
  }

  /** Whether `byteCount` bytes at guest address `gpa` lie inside RAM. */
  holds(gpa: number, byteCount: number): boolean {
    const { baseGpa } = this;
    return isUint(gpa, this.#endGpa) && gpa >= baseGpa && isUint(byteCount, this.#endGpa - gpa);
  }

  /** Whether each of `pfns` is a page of RAM. */
  holdsPfns(pfns: readonly number[]): boolean {
    const first = this.baseGpa / PAGE_BYTES;
    const last = first + this.pageCount - 1;
    for (let at = 0; at < pfns.length; at++) {
      if (!isUint(pfns[at], last) || pfns[at]! < first) return false;
    }
    return true;
  }

  /** The shared bytes of `byteCount` bytes of RAM at `gpa`, which the caller has checked. */
  view(gpa: number, byteCount: number): Uint8Array {
    assert(this.holds(gpa, byteCount), "a view lies inside RAM");
    return this.#store.view(gpa - this.baseGpa, byteCount);
  }

  /**
   * The shared bytes of `ranges`, in order, at least one view for each range. Pages that follow each
   * other in RAM as they do in the range share a view. The caller has checked the PFNs.
   */
  pieces(ranges: readonly GpaRange[]): Uint8Array[] {
    const views: Uint8Array[] = [];
    for (const range of ranges) this.appendPieces(range, views);
    return views;
  }

  /** Appends to `views` what {@linkcode GuestRam.pieces} says of one range. */
  appendPieces(range: GpaRange, views: Uint8Array[]): void {
    const { pfns } = range;
    let left = range.byteCount;
    let offset = range.byteOffset;
    let at = 0;
    while (left > 0) {
      assert(at < pfns.length, "a range lists each page that it touches");
      const first = pfns[at]!;
      let pages = 1;
      while (at + pages < pfns.length && pfns[at + pages] === first + pages) pages++;
      const byteCount = Math.min(left, pages * PAGE_BYTES - offset);
      views.push(this.view(first * PAGE_BYTES + offset, byteCount));
      left -= byteCount;
      offset = 0;
      at += pages;
    }
  }

  // -- Pins and residency

  /** Pins each of `pfns` once more, all pages of RAM. A page that is listed twice is pinned twice. */
  pin(pfns: readonly number[]): void {
    assert(this.holdsPfns(pfns), "pinned pages are pages of RAM");
    this.#states.pin(pfns);
  }

  /** Takes back what one {@linkcode GuestRam.pin} of the same `pfns` did. */
  unpin(pfns: readonly number[]): void {
    assert(this.holdsPfns(pfns), "unpinned pages are pages of RAM");
    this.#states.unpin(pfns);
  }

  /** Pages that are pinned at least once. */
  get pinnedPages(): number {
    return this.#states.pinnedPages;
  }

  /** See {@linkcode GuestMemory.pageOut}. Pins of a guest do not bind the paging of its host. */
  pageOut(gpa: number, byteCount: number): void {
    this.requireRam("page out", gpa, byteCount);
    this.#states.setResident(pfnsOf(gpa, byteCount), false);
    this.onUse?.("memoryPagedOut", gpa, byteCount, null);
  }

  /** Whether all of `pfns` are resident. */
  isResident(pfns: readonly number[]): boolean {
    return this.#states.isResident(pfns);
  }

  /** Brings in each of `pfns`, all pages of RAM, that is paged out. */
  bringIn(pfns: readonly number[]): void {
    this.#states.setResident(pfns, true);
  }

  // -- MMIO

  /** For the guest: {@linkcode MmioWindow.reserve}. */
  reserveMmio(byteCount: number): number | null {
    if (this.isExhausted?.("mmio") === true) return null;
    const gpa = this.#mmio.reserve(byteCount);
    if (gpa !== null) this.onMmio?.("reserved", gpa, byteCount);
    return gpa;
  }

  /** For the guest: {@linkcode MmioWindow.release}. */
  releaseMmio(gpa: number): void {
    this.#mmio.release(gpa);
    this.onMmio?.("released", gpa, null);
  }

  /** For the host: {@linkcode MmioWindow.canPlace}. */
  canPlaceMmio(gpa: number, byteCount: number): boolean {
    return this.#mmio.canPlace(gpa, byteCount);
  }

  /** For the host: {@linkcode MmioWindow.place}. */
  placeMmio(gpa: number, byteCount: number): boolean {
    const isPlaced = this.#mmio.place(gpa, byteCount);
    if (isPlaced) this.onMmio?.("mapped", gpa, byteCount);
    return isPlaced;
  }

  /** For the host: {@linkcode MmioWindow.remove}. */
  removeMmio(gpa: number): void {
    this.#mmio.remove(gpa);
    this.onMmio?.("unmapped", gpa, null);
  }

  // -- Real memory

  /** Bytes of real memory that are taken, MMIO included. */
  get takenBytes(): number {
    return this.#store.takenBytes + this.#mmio.takenBytes;
  }

  /** Gives all real memory back at once: views are detached, and later uses throw. */
  giveBack(): void {
    this.#store.giveBack();
    this.#mmio.giveBack();
    this.#buffers.clear();
  }

  // -- Saving

  /** What a saved state keeps of it. The bytes are the memory's own: use them at once. */
  get image(): MemoryImage {
    const buffers = [...this.#buffers.values()].map(({ gpa, byteCount }) => ({ gpa, byteCount }));
    return {
      runs: this.#store.runs,
      buffers: buffers.sort((a, b) => a.gpa - b.gpa),
      pagedOut: this.#states.pagedOut,
      mmio: this.#mmio.image,
    };
  }

  /**
   * Makes this memory, which is as new, what `image` says. False where it is not an image of a memory of
   * this size, or where this machine cannot provide what it takes; the memory is then unusable.
   */
  restore(image: MemoryImage): boolean {
    const { runs, buffers, pagedOut, mmio } = image;
    if (!arePageRuns(runs, this.pageCount) || !this.holdsPfns(pagedOut)) return false;
    if (!isAscending(pagedOut) || !isAscending(buffers.map(({ gpa }) => gpa))) return false;
    for (const { gpa, byteCount } of buffers) {
      if (gpa % PAGE_BYTES !== 0 || byteCount === 0 || !this.holds(gpa, byteCount)) return false;
      if (!this.#free.take((gpa - this.baseGpa) / PAGE_BYTES, Math.ceil(byteCount / PAGE_BYTES))) {
        return false;
      }
      this.#keepBuffer(gpa, byteCount);
    }
    this.#states.setResident(pagedOut, false);
    if (!isAscending(mmio.map(({ gpa }) => gpa))) return false;
    try {
      this.#store.place(runs);
      return mmio.every((range) => this.#mmio.add(range));
    } catch (error) {
      if (error instanceof RangeError) return false; // of the machine: all sizes were checked
      throw error;
    }
  }

  // -- Checks

  /**
   * Checks a stretch of RAM that a program named.
   *
   * @throws {RangeError} The bytes are not all inside RAM; the text begins `Cannot ${action}`.
   */
  requireRam(action: string, gpa: number, byteCount: number): void {
    this.#requireNumbers(action, gpa, byteCount);
    if (!this.holds(gpa, byteCount)) {
      const begin = this.baseGpa === 0 ? "" : `begins at ${hex(this.baseGpa)} and `;
      const reason = `the guest's memory ${begin}ends at ${hex(this.#endGpa)}`;
      throw outside(action, gpa, byteCount, reason);
    }
  }

  /** Where a range lies that a program named. */
  #locate(action: string, gpa: number, byteCount: number): StorePlace {
    this.#requireNumbers(action, gpa, byteCount);
    if (gpa < this.mmioGpa) {
      this.requireRam(action, gpa, byteCount);
      return { store: this.#store, offset: gpa - this.baseGpa };
    }
    const placed = this.#mmio.find(gpa, byteCount);
    if (placed === null) throw outside(action, gpa, byteCount, "no MMIO range holds them all");
    return placed;
  }

  #requireNumbers(action: string, gpa: number, byteCount: number): void {
    this.#store.requireLive();
    checkStretch(action, gpa, byteCount);
  }
}
