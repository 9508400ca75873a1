/**
 * A private buffer for one packet where the ring cannot hold it in one run: it wraps, or the pages are
 * scattered.
 *
 * @module
 */

import { BLOCK_BYTES, Blocks, NO_BLOCKS, NO_WORDS } from "../blocks.ts";

/**
 * A buffer that grows to the largest packet it was asked for. Many rings may have it in common: whoever looks
 * at a packet in it is done with that before another ring's packet comes in.
 */
export class Scratch {
  /** How many packets came into it: the last one is there. A number keeps no ring of a guest that is gone. */
  packets = 0;
  /** The buffer; replaced when it grows. */
  blocks: Blocks = NO_BLOCKS;
  /** The same bytes as 4-byte words; replaced when it grows. */
  words: Int32Array = NO_WORDS;

  /**
   * Makes room for `bytes`, and for a block on either side of them. The callers bound that number by the
   * size of their ring.
   */
  reserve(bytes: number): void {
    const neededBytes = bytes + 2 * BLOCK_BYTES;
    if (neededBytes <= this.blocks.bytes.length) return;
    const room = new Uint8Array(2 ** Math.ceil(Math.log2(neededBytes)));
    this.blocks = new Blocks(room);
    this.words = new Int32Array(room.buffer);
  }
}
