/**
 * Checks the numbers that programs pass to a guest memory, and words the errors.
 *
 * @module
 */

import { isUint } from "../units.ts";

/** Bytes in a megabyte of MMIO. The MMIO window begins and ends at a multiple of it. */
export const MEGABYTE_BYTES = 0x10_0000;

/**
 * Pages that a partition may have: 2 GiB. Any part of such a memory fits one GPA range, whose byte
 * count has 32 bits (wire.md 3.1).
 */
export const GUEST_PAGES_MAX = 0x8_0000;

/** Megabytes that an MMIO window may have. One channel may ask for 65 535 twice (kmcl.md 5). */
export const MMIO_MEGABYTES_MAX = 0x2_0000;

/**
 * Checks the sizes of a memory.
 *
 * @throws {RangeError} One is out of its bounds.
 */
export function checkSizes(pageCount: number, mmioMegabytes: number): void {
  if (!isUint(pageCount, GUEST_PAGES_MAX) || pageCount === 0) {
    throw new RangeError(
      `Cannot make a guest memory of ${show(pageCount)} pages: a whole number from 1 to ` +
        `${GUEST_PAGES_MAX} is needed`,
    );
  }
  if (!isUint(mmioMegabytes, MMIO_MEGABYTES_MAX)) {
    throw new RangeError(
      `Cannot make an MMIO window of ${show(mmioMegabytes)} MiB: a whole number from 0 to ` +
        `${MMIO_MEGABYTES_MAX} is needed`,
    );
  }
}

/**
 * Checks that an address and a number of bytes are whole numbers.
 *
 * @throws {RangeError} One is not a whole number from 0 on; the text begins `Cannot ${action}`.
 */
export function checkStretch(action: string, gpa: number, byteCount: number): void {
  if (!isUint(gpa, Number.MAX_SAFE_INTEGER)) {
    throw new RangeError(
      `Cannot ${action} guest memory at ${show(gpa)}: an address is a whole number from 0`,
    );
  }
  if (!isUint(byteCount, Number.MAX_SAFE_INTEGER)) {
    throw new RangeError(
      `Cannot ${action} ${show(byteCount)} bytes at ${hex(gpa)}: a whole number from 0 is needed`,
    );
  }
}

/** The error of a stretch that is not inside its bounds. */
export function outside(
  action: string,
  gpa: number,
  byteCount: number,
  reason: string,
): RangeError {
  return new RangeError(`Cannot ${action} ${byteCount} bytes at ${hex(gpa)}: ${reason}`);
}

/** An address as people write it. */
export function hex(address: number): string {
  return `0x${address.toString(16)}`;
}

/** How an argument of a wrong kind appears in an error text. */
export function show(value: unknown): string {
  return typeof value === "number" ? String(value) : `a value of type ${typeof value}`;
}
