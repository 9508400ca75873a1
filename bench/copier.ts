/**
 * Copies into arrays of somebody else's: as fast as JavaScript has it, with a view for each long one.
 *
 * @module
 */

import { assert } from "../core/assert.ts";
import { NO_BYTES } from "../core/bytes.ts";

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
