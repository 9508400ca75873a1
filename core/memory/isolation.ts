/**
 * Which pages of an isolated guest its host can read: those that the guest has shared, each as often as there are
 * reasons for it (kmcl.md X17).
 *
 * @module
 */

import { assert } from "../assert.ts";
import { type GpaRange, pfnsOf } from "./gpa_ranges.ts";
import { hex } from "./memory_checks.ts";
import type { MemoryMisuse } from "./types.ts";

/** Hears of pages that have just become shared, or private again. */
export type OnVisibility = (pfns: readonly number[], isShared: boolean) => void;

/** The shared pages of one memory; all others are its guest's alone. */
export class Isolation {
  /** Whether the code that runs is a driver's of the host. */
  readonly isHostRunning: () => boolean;
  /** Hears of each change, in the middle of what brings it about; null: nobody does. */
  onVisibility: OnVisibility | null = null;
  /** Reasons for which a page is shared, by page; pages without are private. */
  readonly #reasons = new Map<number, number>();

  /** No page is shared yet. */
  constructor(isHostRunning: () => boolean) {
    this.isHostRunning = isHostRunning;
  }

  /** Pages that are shared. */
  get sharedPages(): number {
    return this.#reasons.size;
  }

  /** Whether all of `pfns` are shared. */
  areShared(pfns: readonly number[]): boolean {
    return pfns.every((pfn) => this.#reasons.has(pfn));
  }

  /** Shares each of `pfns` for one more reason. A page that is listed twice has two. */
  share(pfns: readonly number[]): void {
    const fresh = this.onVisibility === null ? null : this.#without(pfns);
    for (const pfn of pfns) this.#reasons.set(pfn, (this.#reasons.get(pfn) ?? 0) + 1);
    if (fresh !== null && fresh.length > 0) this.onVisibility?.(fresh, true);
  }

  /** Those of `pfns` that are private, each once. */
  #without(pfns: readonly number[]): readonly number[] {
    return [...new Set(pfns)].filter((pfn) => !this.#reasons.has(pfn));
  }

  /** Takes back what one {@linkcode Isolation.share} of the same `pfns` did. */
  unshare(pfns: readonly number[]): void {
    for (const pfn of pfns) {
      const reasons = this.#reasons.get(pfn);
      assert(reasons !== undefined, "a page that becomes private was shared");
      if (reasons === 1) this.#reasons.delete(pfn);
      else this.#reasons.set(pfn, reasons - 1);
    }
    if (this.onVisibility === null) return;
    const hidden = this.#without(pfns);
    if (hidden.length > 0) this.onVisibility(hidden, false);
  }
}

/** The memory of a guest, as far as it matters who reads it. */
export interface MaybeIsolated {
  /** What of it the host can read; null: all. */
  readonly isolation: Isolation | null;
  /** Where RAM has ended, and MMIO begins. */
  readonly mmioGpa: number;
  /** Called with each misuse. */
  readonly onMisuse: (rule: MemoryMisuse, message: string) => void;
  /** Whether each of `pfns` is a page of RAM. */
  holdsPfns(pfns: readonly number[]): boolean;
}

/** Shares the pages of `ranges` with the host; nothing where it reads all of the guest's memory anyway. */
export function shareRanges({ isolation }: MaybeIsolated, ranges: readonly GpaRange[]): void {
  if (isolation === null) return;
  for (const { pfns } of ranges) isolation.share(pfns);
}

/** Takes back what one {@linkcode shareRanges} of the same `ranges` did. */
export function unshareRanges({ isolation }: MaybeIsolated, ranges: readonly GpaRange[]): void {
  if (isolation === null) return;
  for (const { pfns } of ranges) isolation.unshare(pfns);
}

/**
 * Whether whoever serves the guest can read each of `pfns`: a page of RAM, and one that the guest has shared, where it
 * is isolated and not served inside itself (`isTrusted`).
 */
export function isReachable(
  memory: MaybeIsolated,
  pfns: readonly number[],
  isTrusted: boolean,
): boolean {
  if (!memory.holdsPfns(pfns)) return false;
  return isTrusted || memory.isolation === null || memory.isolation.areShared(pfns);
}

/**
 * Whether a driver of the host touches RAM that its guest keeps to itself: a violation, and refused. The bytes lie in
 * RAM, or in MMIO, which is the host's as well.
 */
export function isHidden(
  memory: MaybeIsolated,
  action: string,
  gpa: number,
  byteCount: number,
): boolean {
  const { isolation } = memory;
  if (isolation === null || gpa >= memory.mmioGpa || byteCount === 0) return false;
  if (!isolation.isHostRunning() || isolation.areShared(pfnsOf(gpa, byteCount))) return false;
  const what = `${byteCount} bytes at ${hex(gpa)}`;
  memory.onMisuse(
    "host access to a private page",
    `Cannot ${action} ${what}: the guest has not shared them`,
  );
  return true;
}
