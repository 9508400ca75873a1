/**
 * Copying without allocation for the sizes that most packets have.
 *
 * @module
 */

/** Below this many bytes a loop is faster than making a view for `set`. */
const LOOP_BYTES_MAX = 128;

/** Copies `byteCount` bytes from `start` of `source` to the beginning of `target`. */
export function copyBytes(
  target: Uint8Array,
  source: Uint8Array,
  start: number,
  byteCount: number,
): void {
  if (byteCount > LOOP_BYTES_MAX) target.set(source.subarray(start, start + byteCount));
  else for (let at = 0; at < byteCount; at++) target[at] = source[start + at]!;
}

/** Room for private copies, one at a time, kept from one to the next. */
export class CopyRoom {
  #room: Uint8Array = new Uint8Array(0);
  #copy: Uint8Array = this.#room;

  /** A copy of `byteCount` bytes from `start` of `source`, exactly that long, valid until the next. */
  take(source: Uint8Array, start: number, byteCount: number): Uint8Array {
    if (this.#room.length < byteCount) this.#room = new Uint8Array(byteCount);
    if (this.#copy.length !== byteCount) this.#copy = this.#room.subarray(0, byteCount);
    copyBytes(this.#copy, source, start, byteCount);
    return this.#copy;
  }
}
