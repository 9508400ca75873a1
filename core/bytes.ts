/**
 * Copying without allocation for the sizes that most packets have.
 *
 * @module
 */

/** No bytes: one array, wherever one is needed that holds nothing. */
export const NO_BYTES: Uint8Array = new Uint8Array(0);

/** Below this many bytes a loop is faster than making a view for `set`. */
const LOOP_BYTES_MAX = 128;

/** Copies `byteCount` bytes from `start` of `source` to the beginning of `target`. */
export function copyBytes(
  target: Uint8Array,
  source: Uint8Array,
  start: number,
  byteCount: number,
): void {
  if (byteCount === source.length) target.set(source); // from 0 on, as there is no more
  else if (byteCount > LOOP_BYTES_MAX) target.set(source.subarray(start, start + byteCount));
  else for (let at = 0; at < byteCount; at++) target[at] = source[start + at]!;
}

/** Room for private copies, one at a time, kept from one to the next. */
export class CopyRoom {
  #room = NO_BYTES;
  #copy = NO_BYTES;
  /** Length of the copy: to ask the array itself takes longer. */
  #copyBytes = 0;

  /** A copy of `byteCount` bytes from `start` of `source`, exactly that long, valid until the next. */
  take(source: Uint8Array, start: number, byteCount: number): Uint8Array {
    if (byteCount !== this.#copyBytes) this.#resize(byteCount);
    copyBytes(this.#copy, source, start, byteCount);
    return this.#copy;
  }

  #resize(byteCount: number): void {
    if (this.#room.length < byteCount) this.#room = new Uint8Array(byteCount);
    this.#copy = this.#room.subarray(0, byteCount);
    this.#copyBytes = byteCount;
  }
}
