/**
 * What is saved of a partition's memory (docs/saved-state.md): no page that is all zero, no pin. Pins
 * follow from packets and GPADLs, which are saved elsewhere.
 *
 * @module
 */

import { assert } from "../assert.ts";
import { PAGE_BYTES } from "../units.ts";

/** Most pages in one run: 1 MiB, so that a run is a piece that a reader can take at once. */
export const RUN_PAGES_MAX = 256;

/** Pages in a row, each with a byte that is not zero. */
export interface PageRun {
  /** Number of the first page, counted from the beginning of what the run is of. */
  readonly first: number;
  /** Their bytes. */
  readonly bytes: Uint8Array;
}

/** A stretch of memory that is allocated. */
export interface BufferImage {
  /** Guest address of its first byte. */
  readonly gpa: number;
  /** Bytes that were asked for. */
  readonly byteCount: number;
}

/** One range of the MMIO window. */
export interface MmioRangeImage extends BufferImage {
  /** Whether the guest holds the addresses. */
  readonly isReserved: boolean;
  /** What is in the host's backing; null without backing. */
  readonly backing: readonly PageRun[] | null;
}

/** A partition's memory, apart from its size. */
export interface MemoryImage {
  /** What is in RAM, in order. */
  readonly runs: readonly PageRun[];
  /** The buffers that are allocated, by address. */
  readonly buffers: readonly BufferImage[];
  /** The pages that are paged out, in order. */
  readonly pagedOut: readonly number[];
  /** The ranges of the MMIO window, by address. */
  readonly mmio: readonly MmioRangeImage[];
}

/** The pages of `bytes` that are not all zero, as runs that are as long as may be. Nothing is copied. */
export function pageRuns(bytes: Uint8Array): PageRun[] {
  assert(
    bytes.byteOffset % 8 === 0 && bytes.length % PAGE_BYTES === 0,
    "page runs are found in whole pages",
  );
  const words = new BigUint64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8);
  const pageCount = bytes.length / PAGE_BYTES;
  const runs: PageRun[] = [];
  for (let page = 0; page < pageCount; page++) {
    if (isZeroPage(words, page)) continue;
    const first = page;
    const most = Math.min(pageCount, first + RUN_PAGES_MAX);
    while (page + 1 < most && !isZeroPage(words, page + 1)) page++;
    runs.push({ first, bytes: bytes.subarray(first * PAGE_BYTES, (page + 1) * PAGE_BYTES) });
  }
  return runs;
}

/**
 * Whether `runs` are what {@linkcode pageRuns} makes of some memory of `pageCount` pages: the same memory
 * is never saved in two ways.
 */
export function arePageRuns(runs: readonly PageRun[], pageCount: number): boolean {
  let next = 0;
  let isJoined = false;
  for (const { first, bytes } of runs) {
    const pages = bytes.length / PAGE_BYTES;
    if (!Number.isInteger(pages) || pages === 0 || pages > RUN_PAGES_MAX) return false;
    if (first < next || first + pages > pageCount) return false;
    if (isJoined && first === next) return false;
    next = first + pages;
    isJoined = pages < RUN_PAGES_MAX;
    const copy = bytes.byteOffset % 8 === 0 ? bytes : bytes.slice();
    const words = new BigUint64Array(copy.buffer, copy.byteOffset, copy.length / 8);
    for (let page = 0; page < pages; page++) if (isZeroPage(words, page)) return false;
  }
  return true;
}

function isZeroPage(words: BigUint64Array, page: number): boolean {
  const end = (page + 1) * (PAGE_BYTES / 8);
  for (let at = end - PAGE_BYTES / 8; at < end; at++) if (words[at] !== 0n) return false;
  return true;
}

/** Whether each of `numbers` is larger than the one before. */
export function isAscending(numbers: readonly number[]): boolean {
  return numbers.every((number, at) => at === 0 || numbers[at - 1]! < number);
}
