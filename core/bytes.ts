/**
 * Copying without allocation for the sizes that most packets have.
 *
 * @module
 */

/** No bytes: one array, wherever one is needed that holds nothing. */
export const NO_BYTES: Uint8Array = new Uint8Array(0);

/** The first `byteCount` bytes of `source`; nothing may also be taken of one whose buffer was transferred. */
export function firstBytes(source: Uint8Array, byteCount: number): Uint8Array {
  return byteCount === 0 ? NO_BYTES : source.subarray(0, byteCount);
}

/** Below this many bytes a loop is faster than making a view for `set`. */
const LOOP_BYTES_MAX = 128;

/**
 * Copies `byteCount` bytes from `start` of `source` to `targetStart` of `target`. Where that is nothing,
 * the arrays may be of a buffer that was transferred, at which `set` would throw.
 */
export function copyBytes(
  target: Uint8Array,
  source: Uint8Array,
  start: number,
  byteCount: number,
  targetStart = 0,
): void {
  if (byteCount === source.length && byteCount > 0) {
    target.set(source, targetStart); // from 0 on: there is no more
  } else if (byteCount > LOOP_BYTES_MAX) {
    target.set(source.subarray(start, start + byteCount), targetStart);
  } else {
    for (let at = 0; at < byteCount; at++) target[targetStart + at] = source[start + at]!;
  }
}
