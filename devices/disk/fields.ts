/**
 * Fields of 64 bits: what the disk's header needs beside `DataView`.
 *
 * @module
 */

const TWO_POW_32 = 2 ** 32;

/** A view of `bytes`, for fields of up to 32 bits. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A u64, exact up to 2^53. What is larger comes out rounded, and no disk is that large. */
export function readU64(view: DataView, at: number): number {
  return view.getUint32(at + 4, true) * TWO_POW_32 + view.getUint32(at, true);
}

/** Stores a whole number up to 2^53 as a u64. */
export function writeU64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % TWO_POW_32, true);
  view.setUint32(at + 4, Math.floor(value / TWO_POW_32), true);
}
