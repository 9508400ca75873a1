/**
 * Copying without allocation for the sizes that most packets have.
 *
 * @module
 */

import { assert } from "./assert.ts";

/** No bytes: one array, wherever one is needed that holds nothing. */
export const NO_BYTES: Uint8Array = new Uint8Array(0);

/** Below this many bytes a loop is faster than making a view for `set`. */
const LOOP_BYTES_MAX = 128;

/** Copies `byteCount` bytes from `start` of `source` to `targetStart` of `target`. */
export function copyBytes(
  target: Uint8Array,
  source: Uint8Array,
  start: number,
  byteCount: number,
  targetStart = 0,
): void {
  if (byteCount === source.length) target.set(source, targetStart); // from 0 on: there is no more
  else if (byteCount > LOOP_BYTES_MAX) {
    target.set(source.subarray(start, start + byteCount), targetStart);
  } else {
    for (let at = 0; at < byteCount; at++) target[targetStart + at] = source[start + at]!;
  }
}

const NO_VIEW = new DataView(NO_BYTES.buffer);

/** Up to this many bytes words are faster than making a view for `set`. */
const WORDS_BYTES_MAX = 256;

/**
 * Copies between arrays that stay the same from one time to the next: up to a certain length 8 bytes
 * at a time, through views that are made once for an array.
 */
export class Copier {
  #target = NO_BYTES;
  #targetView = NO_VIEW;
  #source = NO_BYTES;
  #sourceView = NO_VIEW;
  /** Of the last long copy, with its buffer and its place there: a view of these is made faster than by `subarray`. */
  #longSource = NO_BYTES;
  #longSourceBuffer: ArrayBufferLike = NO_BYTES.buffer;
  #longSourceOffset = 0;

  /** Copies `byteCount` bytes from `start` of `source` to the beginning of `target`. */
  copy(target: Uint8Array, source: Uint8Array, start: number, byteCount: number): void {
    if (byteCount > WORDS_BYTES_MAX) return this.#copyMany(target, source, start, byteCount);
    if (target !== this.#target || source !== this.#source) this.#see(target, source);
    const targetView = this.#targetView;
    const sourceView = this.#sourceView;
    const wordsEnd = byteCount & ~7;
    for (let at = 0; at < wordsEnd; at += 8) {
      targetView.setBigUint64(at, sourceView.getBigUint64(start + at, true), true);
    }
    for (let at = wordsEnd; at < byteCount; at++) target[at] = source[start + at]!;
  }

  #copyMany(target: Uint8Array, source: Uint8Array, start: number, byteCount: number): void {
    if (source !== this.#longSource) {
      this.#longSource = source;
      this.#longSourceBuffer = source.buffer;
      this.#longSourceOffset = source.byteOffset;
    }
    assert(start + byteCount <= source.length, "what is copied lies inside its array");
    target.set(new Uint8Array(this.#longSourceBuffer, this.#longSourceOffset + start, byteCount));
  }

  /** Keeps a view of each; one that is kept already stays. */
  #see(target: Uint8Array, source: Uint8Array): void {
    if (target !== this.#target) this.#targetView = viewOf(target);
    if (source !== this.#source) this.#sourceView = viewOf(source);
    this.#target = target;
    this.#source = source;
  }
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

/** Room for private copies, one at a time, kept from one to the next. */
export class CopyRoom {
  #room = NO_BYTES;
  #copy = NO_BYTES;
  readonly #copier = new Copier();

  /** A copy of `byteCount` bytes from `start` of `source`, exactly that long, valid until the next. */
  take(source: Uint8Array, start: number, byteCount: number): Uint8Array {
    if (this.#copy.length !== byteCount) this.#resize(byteCount);
    if (byteCount > 0) this.#copier.copy(this.#copy, source, start, byteCount);
    return this.#copy;
  }

  /** Also where whoever was given the last copy transferred its buffer, and left an array of no length. */
  #resize(byteCount: number): void {
    if (this.#room.length < byteCount) this.#room = new Uint8Array(byteCount);
    this.#copy = this.#room.subarray(0, byteCount);
  }
}
