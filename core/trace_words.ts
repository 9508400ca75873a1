/**
 * The words of a trace, and what they come to: records are packed into u32 words, and these go through a hash.
 *
 * @module
 */

import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { assert } from "./assert.ts";
import { MixHash } from "./mix_hash.ts";
import { TRACE_EVENTS, type TraceMark } from "./trace_events.ts";

/** Words that wait for the hash; small, as every fabric has them. */
export const WORDS = 512;
/** From here on there is room for a record of fixed shape, its time and what fills up a step included. */
export const WORDS_FREE: number = WORDS - 16;
/** What is beside the shape in the header of a record begins at this bit. */
export const BESIDE_SHIFT = 12;
const U32_COUNT = 2 ** 32;

/** Words of a trace: whoever packs records writes them in place, as a call for each would cost more than it does. */
export abstract class TraceWords {
  /** Words that the hash has not taken in. */
  protected readonly words: Int32Array;
  /** How many there are. */
  protected wordCount = 0;
  /** Time of the latest record; no record has this first one. */
  protected at100ns: number = -1;
  /** What has taken in the words before. */
  protected hash: MixHash = new MixHash();
  /** How many it has. */
  protected hashedWords = 0;

  /** No words; where nothing is recorded, no room for any. */
  constructor(isOn: boolean) {
    this.words = new Int32Array(isOn ? WORDS : 0);
  }

  /** Makes room for a record of fixed shape; where time has passed, says so. Returns where it begins. */
  protected begin(at100ns: number): number {
    if (this.wordCount > WORDS_FREE) this.flush();
    if (at100ns !== this.at100ns) this.#tellTime(at100ns);
    return this.wordCount;
  }

  #tellTime(at100ns: number): void {
    assert(Number.isSafeInteger(at100ns), "a traced time is a safe whole number");
    this.at100ns = at100ns;
    this.words[this.wordCount++] = TRACE_EVENTS.time;
    this.#wide(at100ns);
  }

  #wide(value: number): void {
    this.words[this.wordCount++] = value;
    this.words[this.wordCount++] = Math.floor(value / U32_COUNT);
  }

  /** Packs a value of the record that starts at `start`; its bit there says whether it took two words. */
  protected value(start: number, bit: number, value: number): void {
    if (value >>> 0 === value) {
      this.words[this.wordCount++] = value;
      return;
    }
    assert(Number.isSafeInteger(value), "a traced value is a safe whole number");
    this.words[start]! |= bit << BESIDE_SHIFT + 3;
    this.#wide(value);
  }

  /** Has the hash take bytes, after the words before them. */
  protected takeBytes(bytes: Uint8Array, byteCount: number): void {
    this.pad();
    this.hash.takeWords(this.words, this.wordCount);
    this.hash.takeBytes(bytes, byteCount);
    this.hashedWords += this.wordCount;
    this.wordCount = 0;
  }

  /** Fills up with zeros to a whole step: a payload follows. */
  protected pad(): void {
    while ((this.wordCount & 3) !== 0) this.words[this.wordCount++] = 0;
  }

  /** Has the hash take what comes in whole steps: what is left does not depend on when that was. */
  protected flush(): void {
    const taken = this.hash.takeWords(this.words, this.wordCount);
    this.words.copyWithin(0, taken, this.wordCount);
    this.wordCount -= taken;
    this.hashedWords += taken;
  }

  /** SHA-256 of all words so far, as 64 hexadecimal digits. */
  protected digestOfWords(): string {
    this.flush();
    const total = this.hashedWords + this.wordCount;
    const rest = this.words.subarray(0, this.wordCount);
    const words = [total, Math.floor(total / U32_COUNT), ...this.hash.lanes, ...rest];
    const view = new DataView(new ArrayBuffer(4 * words.length));
    words.forEach((word, index) => view.setInt32(4 * index, word, true));
    return bytesToHex(sha256(new Uint8Array(view.buffer)));
  }

  /** What {@linkcode TraceWords.rewindWords} takes to make the words what they are now. */
  protected markOfWords(): Omit<TraceMark, "entryCount"> {
    this.flush();
    return {
      hash: new MixHash(this.hash),
      hashedWords: this.hashedWords,
      rest: this.words.slice(0, this.wordCount),
      at100ns: this.at100ns,
    };
  }

  /** Forgets the words since a mark was made. */
  protected rewindWords({ hash, hashedWords, rest, at100ns }: Omit<TraceMark, "entryCount">): void {
    this.hash = new MixHash(hash);
    this.hashedWords = hashedWords;
    this.words.set(rest);
    this.wordCount = rest.length;
    this.at100ns = at100ns;
  }
}
