/**
 * A private buffer for one packet's body where the ring cannot hold it in one run: it wraps, or
 * the pages are scattered.
 *
 * @module
 */

import { NO_BYTES } from "../bytes.ts";

const NO_WORDS = new Int32Array(0);

/** A buffer that grows to the largest body it was asked for; seen as bytes and as 4-byte words. */
export class Scratch {
  /** The buffer's bytes; replaced when it grows. */
  bytes: Uint8Array = NO_BYTES;
  /** The same bytes as words; replaced when it grows. */
  words: Int32Array = NO_WORDS;

  /** Makes room for `bytes`. The callers bound that number by the size of their ring. */
  reserve(bytes: number): void {
    if (bytes <= this.bytes.byteLength) return;
    const roomBytes = 2 ** Math.ceil(Math.log2(Math.max(bytes, 64)));
    this.bytes = new Uint8Array(roomBytes);
    this.words = new Int32Array(this.bytes.buffer);
  }
}
