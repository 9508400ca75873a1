/**
 * A fast hash that tells different data apart: a checksum of 128 bits. It does not protect against
 * forgery: who knows it can make two texts of the same hash, as with any hash of this speed.
 *
 * The state is four lanes of 32 bits. A step takes four words: each lane takes one, is multiplied by an
 * odd number, and mixes in another lane. So a step is one-to-one: for the same words, two states that
 * differ still do after it; for the same state, two different foursomes of words lead to different
 * states. A product carries what differs upwards only: therefore the high half of a word is first folded
 * into its low half, or few bits at the top of a word could take back what those before them did. Bytes
 * are little-endian words, so that the result is the same on every machine.
 *
 * The step is written out three times, once for each kind of source: a function that takes four words
 * would have to keep the lanes in memory, which takes twice as long.
 *
 * @module
 */

import type { CopyRoom } from "./blocks.ts";
import { dataViewOf } from "./bytes.ts";

const { imul } = Math;

/** Odd numbers without a pattern: primes that xxHash uses for 32 bits. */
const FACTOR_A = 0x9e3779b1;
const FACTOR_B = 0x85ebca77;
const FACTOR_C = 0xc2b2ae3d;
const FACTOR_D = 0x27d4eb2f;
/** Where the lanes begin: the first fraction digits of pi. */
const START = [0x243f6a88, 0x05a308d3, 0x13198a2e, 0x03707344] as const;

const STEP = 4;
/** Words of a step; an exported name is slower here. */
export const STEP_WORDS: number = STEP;
/** Their bytes. */
const STEP_BYTES = 16;
/** From here on it pays to make a view that has words. */
const VIEW_BYTES_MIN = 256;
/** Steps without words that end a short hash: after these, each bit of it hangs on each bit of the state. */
const LAST_STEPS = 3;

/** Whether words in memory are what they are in the hash. */
const IS_LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

function folded(word: number): number {
  return word ^ word >>> 15;
}

function turn11(x: number): number {
  return x << 11 | x >>> 21;
}

function turn17(x: number): number {
  return x << 17 | x >>> 15;
}

/** The state of a hash of what comes one after the other, without end. */
export class MixHash {
  readonly #lanes: Int32Array;

  /** The state of a hash that has seen nothing, or a copy of another's. */
  constructor(other?: MixHash) {
    this.#lanes = other === undefined ? Int32Array.from(START) : other.#lanes.slice();
  }

  /** Its four lanes. */
  get lanes(): readonly number[] {
    return [...this.#lanes];
  }

  /** Takes as many of the first `count` words as come in fours, and returns how many those were. */
  takeWords(words: Int32Array, count: number): number {
    const lanes = this.#lanes;
    let a = lanes[0]!;
    let b = lanes[1]!;
    let c = lanes[2]!;
    let d = lanes[3]!;
    const end = count & -STEP;
    for (let at = 0; at < end; at += STEP) {
      d = imul(d ^ folded(words[at + 3]!), FACTOR_D);
      b = imul(b ^ folded(words[at + 1]!), FACTOR_B);
      a = imul(a ^ folded(words[at]!), FACTOR_A) + turn11(d) | 0;
      c = imul(c ^ folded(words[at + 2]!), FACTOR_C) + turn11(b) | 0;
      b ^= turn17(a);
      d ^= turn17(c);
    }
    this.#keep(a, b, c, d);
    return end;
  }

  /** Takes `bytes[0, byteCount)`, which must be there, and zeros up to a whole step. Who reads the hash must know how many they were. */
  takeBytes(bytes: Uint8Array, byteCount: number): void {
    if (byteCount >= VIEW_BYTES_MIN) {
      return this.takeView(dataViewOf(bytes, byteCount), 0, byteCount);
    }
    const x = bytes;
    const lanes = this.#lanes;
    let a = lanes[0]!;
    let b = lanes[1]!;
    let c = lanes[2]!;
    let d = lanes[3]!;
    const end = byteCount & -STEP_BYTES;
    for (let at = 0; at < end; at += STEP_BYTES) {
      const last = x[at + 12]! | x[at + 13]! << 8 | x[at + 14]! << 16 | x[at + 15]! << 24;
      const second = x[at + 4]! | x[at + 5]! << 8 | x[at + 6]! << 16 | x[at + 7]! << 24;
      const first = x[at]! | x[at + 1]! << 8 | x[at + 2]! << 16 | x[at + 3]! << 24;
      const third = x[at + 8]! | x[at + 9]! << 8 | x[at + 10]! << 16 | x[at + 11]! << 24;
      d = imul(d ^ folded(last), FACTOR_D);
      b = imul(b ^ folded(second), FACTOR_B);
      a = imul(a ^ folded(first), FACTOR_A) + turn11(d) | 0;
      c = imul(c ^ folded(third), FACTOR_C) + turn11(b) | 0;
      b ^= turn17(a);
      d ^= turn17(c);
    }
    this.#keep(a, b, c, d);
    if (end === byteCount) return;
    for (let at = end; at < byteCount; at++) rest8[at - end] = x[at]!;
    this.#takeRest(byteCount - end);
  }

  /** The same of `view`, from `start` on. */
  takeView(view: DataView, start: number, byteCount: number): void {
    const lanes = this.#lanes;
    let a = lanes[0]!;
    let b = lanes[1]!;
    let c = lanes[2]!;
    let d = lanes[3]!;
    const end = start + (byteCount & -STEP_BYTES);
    for (let at = start; at < end; at += STEP_BYTES) {
      d = imul(d ^ folded(view.getInt32(at + 12, true)), FACTOR_D);
      b = imul(b ^ folded(view.getInt32(at + 4, true)), FACTOR_B);
      a = imul(a ^ folded(view.getInt32(at, true)), FACTOR_A) + turn11(d) | 0;
      c = imul(c ^ folded(view.getInt32(at + 8, true)), FACTOR_C) + turn11(b) | 0;
      b ^= turn17(a);
      d ^= turn17(c);
    }
    this.#keep(a, b, c, d);
    const rest = byteCount & (STEP_BYTES - 1);
    if (rest === 0) return;
    for (let at = 0; at < rest; at++) rest8[at] = view.getUint8(end + at);
    this.#takeRest(rest);
  }

  /**
   * Takes the first `count` words, which come in fours; four more, of which the last is `byteCount`; and then
   * the bytes that `room` holds, which are so many.
   */
  takePacket(
    words: Int32Array,
    count: number,
    first: number,
    second: number,
    third: number,
    byteCount: number,
    room: CopyRoom,
  ): void {
    const lanes = this.#lanes;
    let a = lanes[0]!;
    let b = lanes[1]!;
    let c = lanes[2]!;
    let d = lanes[3]!;
    for (let at = 0; at < count; at += STEP) {
      d = imul(d ^ folded(words[at + 3]!), FACTOR_D);
      b = imul(b ^ folded(words[at + 1]!), FACTOR_B);
      a = imul(a ^ folded(words[at]!), FACTOR_A) + turn11(d) | 0;
      c = imul(c ^ folded(words[at + 2]!), FACTOR_C) + turn11(b) | 0;
      b ^= turn17(a);
      d ^= turn17(c);
    }
    d = imul(d ^ folded(byteCount), FACTOR_D);
    b = imul(b ^ folded(second), FACTOR_B);
    a = imul(a ^ folded(first), FACTOR_A) + turn11(d) | 0;
    c = imul(c ^ folded(third), FACTOR_C) + turn11(b) | 0;
    b ^= turn17(a);
    d ^= turn17(c);
    const start = room.start >> 2;
    const end = IS_LITTLE_ENDIAN ? start + (byteCount >> 4 << 2) : start;
    const payload = room.words;
    for (let at = start; at < end; at += STEP) {
      d = imul(d ^ folded(payload[at + 3]!), FACTOR_D);
      b = imul(b ^ folded(payload[at + 1]!), FACTOR_B);
      a = imul(a ^ folded(payload[at]!), FACTOR_A) + turn11(d) | 0;
      c = imul(c ^ folded(payload[at + 2]!), FACTOR_C) + turn11(b) | 0;
      b ^= turn17(a);
      d ^= turn17(c);
    }
    lanes[0] = a;
    lanes[1] = b;
    lanes[2] = c;
    lanes[3] = d;
    const taken = end - start << 2;
    if (taken < byteCount) this.#takePacketRest(room, taken, byteCount);
  }

  #takePacketRest({ blocks, start }: CopyRoom, taken: number, byteCount: number): void {
    if (!IS_LITTLE_ENDIAN) {
      return this.takeView(dataViewOf(blocks.bytes, start + byteCount), start, byteCount);
    }
    for (let at = taken; at < byteCount; at++) rest8[at - taken] = blocks.bytes[start + at]!;
    this.#takeRest(byteCount - taken);
  }

  /** Takes the words of a text, see {@linkcode wordsOfText}, and zeros up to a whole step. */
  takeText(text: string): void {
    const { length } = text;
    const words = new Int32Array(Math.ceil((1 + length / 2) / STEP) * STEP);
    words[0] = length;
    for (let at = 0; at < length; at++) {
      words[1 + (at >> 1)]! |= text.charCodeAt(at) << (at & 1) * 16;
    }
    this.takeWords(words, words.length);
  }

  /** Ends it, and gives 64 bits as 16 hexadecimal digits. */
  finish(): string {
    this.takeWords(new Int32Array(LAST_STEPS * STEP), LAST_STEPS * STEP);
    const [a, b, c, d] = this.lanes as unknown as [number, number, number, number];
    return hex(b ^ imul(d, FACTOR_C)) + hex(a ^ imul(c, FACTOR_B));
  }

  #keep(a: number, b: number, c: number, d: number): void {
    const lanes = this.#lanes;
    lanes[0] = a;
    lanes[1] = b;
    lanes[2] = c;
    lanes[3] = d;
  }

  /** Takes the first `byteCount` bytes of the room for less than a step. */
  #takeRest(byteCount: number): void {
    for (let at = byteCount; at < STEP_BYTES; at++) rest8[at] = 0;
    for (let at = 0; at < STEP; at++) restWords[at] = restView.getInt32(4 * at, true);
    this.takeWords(restWords, STEP);
  }
}

/** Room for less than a step; it holds nothing from one call to the next. */
const rest8 = new Uint8Array(STEP_BYTES);
const restView = new DataView(rest8.buffer);
const restWords = new Int32Array(STEP);

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, "0");
}

/** The 64-bit hash of `bytes[0, byteCount)`, as 16 hexadecimal digits. */
export function hashOfBytes(bytes: Uint8Array, byteCount: number): string {
  const hash = new MixHash();
  hash.takeWords(Int32Array.of(byteCount, Math.floor(byteCount / 2 ** 32), 0, 0), STEP);
  hash.takeBytes(bytes, byteCount);
  return hash.finish();
}

/** A text as words: how many UTF-16 units it has, then two of them in each. */
export function wordsOfText(text: string): readonly number[] {
  const words = [text.length];
  for (let at = 0; at < text.length; at += 2) {
    const next = at + 1 < text.length ? text.charCodeAt(at + 1) : 0;
    words.push(text.charCodeAt(at) | next << 16);
  }
  return words;
}
