/**
 * Sizes, and the C integer types that documented parameters have.
 *
 * @module
 */

/** Bytes in a page of guest memory. */
export const PAGE_BYTES = 4096;

/** `bytes` rounded up to a multiple of 8: packets, rings and range lists are counted in such words. */
export function roundUp8(bytes: number): number {
  return bytes + (-bytes & 7);
}

/** Pages that `byteCount` bytes touch when they begin `byteOffset` bytes into the first one. */
export function pagesSpanned(byteOffset: number, byteCount: number): number {
  return Math.ceil((byteOffset + byteCount) / PAGE_BYTES);
}

/** A 64-bit number of two halves as people read it: a number where that is exact, else decimal text. */
export function showU64(low: number, high: number): number | string {
  const value = high * 2 ** 32 + low;
  return Number.isSafeInteger(value) ? value : String(BigInt(high) << 32n | BigInt(low));
}

/** Whether `value` is a whole number from 0 to `max`, so that a C type with that maximum holds it. */
export function isUint(value: unknown, max: number): value is number {
  return Number.isInteger(value) && value as number >= 0 && value as number <= max;
}

/** Whether a C `UINT8` can hold `value`. */
export function isU8(value: unknown): value is number {
  return isUint(value, 0xff);
}

/** Whether a C `UINT16` can hold `value`. */
export function isU16(value: unknown): value is number {
  return isUint(value, 0xffff);
}

/** Whether a C `UINT32` can hold `value`. */
export function isU32(value: unknown): value is number {
  return typeof value === "number" && value >>> 0 === value;
}
