/**
 * The interrupt page: which channels are signalled, where not each has a signal of its own, as before version 2.4
 * (wire.md section 6). Whoever signals a channel sets its bit, then raises the event that all share; whoever hears
 * that takes all bits.
 *
 * All of it is the guest's memory: any bit may be set at any time, whether there is such a channel or not. Words are
 * read and written with Atomics, as guest and host may be different threads.
 *
 * @module
 */

import { assert } from "../assert.ts";
import { PAGE_BYTES } from "../units.ts";

/** Whom a bit is for. */
export type InterruptHalf = "toGuest" | "toHost";

/** The word of each half that has the bit of channel 0. */
const FIRST_WORD: Readonly<Record<InterruptHalf, number>> = {
  toGuest: 0,
  toHost: PAGE_BYTES / 2 / 4,
};

/** Highest channel id (wire.md 4.4): what lies behind its bit is nobody's. */
const CHANNEL_ID_MAX = 2047;
const WORDS = (CHANNEL_ID_MAX + 1) / 32;

const { exchange, load, or } = Atomics;

/** An interrupt page over its 4096 bytes. */
export class InterruptPage {
  readonly #words: Uint32Array;

  /** The page that `bytes` are: 4096, aligned to 8. */
  constructor(bytes: Uint8Array) {
    this.#words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  }

  /** Signals a channel. */
  set(half: InterruptHalf, channelId: number): void {
    assert(channelId >>> 0 <= CHANNEL_ID_MAX, "a channel id is at most 2047");
    or(this.#words, FIRST_WORD[half] + (channelId >> 5), (1 << (channelId & 31)) >>> 0);
  }

  /** Takes all bits of a half; `each` hears of each that was set, the lowest first, 0 too, which is no channel. */
  take(half: InterruptHalf, each: (channelId: number) => void): void {
    const first = FIRST_WORD[half];
    for (let word = 0; word < WORDS; word++) {
      if (load(this.#words, first + word) === 0) continue;
      for (let bits = exchange(this.#words, first + word, 0); bits !== 0; bits &= bits - 1) {
        each(word * 32 + 31 - Math.clz32(bits & -bits));
      }
    }
  }

  /** The channels whose bits are set in a half, the lowest first. */
  pending(half: InterruptHalf): number[] {
    const ids: number[] = [];
    const first = FIRST_WORD[half];
    for (let word = 0; word < WORDS; word++) {
      for (let bits = load(this.#words, first + word); bits !== 0; bits &= bits - 1) {
        ids.push(word * 32 + 31 - Math.clz32(bits & -bits));
      }
    }
    return ids;
  }
}
