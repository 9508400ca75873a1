/**
 * Copies out of memory that another side may write to, without allocation.
 *
 * JavaScript copies a part of a long array fast only through a view of just that part, an object of a
 * hundred bytes. Here views are made once, one for each block of an array. Whole blocks are copied, and
 * what they bring along from before and after the part falls into margins beside the copy.
 *
 * @module
 */

import { assert } from "./assert.ts";
import { NO_BYTES } from "./bytes.ts";

const BLOCK_SHIFT = 11;
/** Bytes of a block, and of each margin that a copy of more than a few bytes needs; an exported name is slower here. */
const BLOCK = 1 << BLOCK_SHIFT;
/** Up to this many bytes are copied 8 at a time: faster, and no margin is needed. */
const WORDS_BYTES_MAX = 256;
/**
 * So few bytes are mostly ones that were stored a moment ago as words of 4, such as a descriptor. A processor
 * forwards such a store to a load of the same word; a load of two words at once must wait until all that was
 * stored before is in its cache.
 */
const FEW_BYTES_MAX = 32;
/**
 * More bytes than these are copied through a view of their own: beside so many its cost does not show. So
 * is every copy out of shared memory, where each byte that a block copies in vain costs more.
 */
const BLOCKS_BYTES_MAX = 8192;

/** Most bytes of a copy: the places in its room are reckoned with as signed words. */
const COPY_BYTES_MAX = 2 ** 31 - 4 * BLOCK;

/** Bytes of one of the {@linkcode Blocks} of an array. A page holds a whole number of them. */
export const BLOCK_BYTES: number = BLOCK;

/** What fills a buffer that must not be read any longer. */
const POISON = 0xdd;
/** The same eight times, as a number: to store it is quicker than to store bytes or words. */
const POISON_DOUBLE = new Float64Array(new Uint8Array(8).fill(POISON).buffer)[0]!;

/** Overwrites `bytes`, which a driver had and may have transferred. */
export function poison(bytes: Uint8Array): void {
  try {
    Uint8Array.prototype.fill.call(bytes, POISON);
  } catch { // it transferred them: then they are its own
  }
}

/** An array, with views of it that are made once. */
export class Blocks {
  /** The array. */
  readonly bytes: Uint8Array;
  readonly #buffer: ArrayBufferLike;
  readonly #byteOffset: number;
  readonly #words: DataView;
  /** Longer parts than this are copied through a view of their own. */
  readonly #blocksBytesMax: number;
  /** The views of its blocks that were needed so far. */
  readonly #blocks: Uint8Array[] = [];

  /** Blocks of `bytes`, from its beginning on. */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#buffer = bytes.buffer;
    this.#byteOffset = bytes.byteOffset;
    this.#words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#blocksBytesMax = bytes.buffer instanceof ArrayBuffer ? BLOCKS_BYTES_MAX : 0;
  }

  /**
   * Copies `byteCount` bytes from `start` on to `targetStart` of `target`. Up to {@linkcode BLOCK_BYTES}
   * bytes before and after them may be overwritten in `target`, and must be there.
   *
   * @param wholeBytes Of how many bytes they are a piece: beside many, a view for each piece does not show.
   */
  copyFreely(
    target: Blocks,
    targetStart: number,
    start: number,
    byteCount: number,
    wholeBytes: number = byteCount,
  ): void {
    if (byteCount <= WORDS_BYTES_MAX) this.#copyWords(target, targetStart, start, byteCount);
    else this.#copyMany(target, targetStart, start, byteCount, wholeBytes);
  }

  /** Copies `byteCount` bytes from `start` on to `targetStart` of `target`, and overwrites nothing else. */
  copyExactly(target: Blocks, targetStart: number, start: number, byteCount: number): void {
    this.#assertInside(start, byteCount);
    if (byteCount <= FEW_BYTES_MAX) return this.#copyFew(target, targetStart, start, byteCount);
    if (byteCount > this.#blocksBytesMax) {
      return this.#copyView(target, targetStart, start, byteCount);
    }
    const headBytes = Math.min(-start & (BLOCK - 1), byteCount);
    const tailBytes = (byteCount - headBytes) & (BLOCK - 1);
    const tail = byteCount - tailBytes;
    this.#copyWords(target, targetStart, start, headBytes);
    if (tail > headBytes) {
      this.#copyBlocks(target, targetStart + headBytes, start + headBytes, tail - headBytes);
    }
    this.#copyWords(target, targetStart + tail, start + tail, tailBytes);
  }

  #copyMany(
    target: Blocks,
    targetStart: number,
    start: number,
    byteCount: number,
    wholeBytes: number,
  ): void {
    this.#assertInside(start, byteCount);
    if (wholeBytes > this.#blocksBytesMax) this.#copyView(target, targetStart, start, byteCount);
    else this.#copyBlocks(target, targetStart, start, byteCount);
  }

  /** Words and bytes outside either array throw. */
  #copyWords(target: Blocks, targetStart: number, start: number, byteCount: number): void {
    const words = this.#words;
    const targetWords = target.#words;
    const pairsEnd = byteCount & ~15;
    for (let at = 0; at < pairsEnd; at += 16) {
      const from = start + at;
      const to = targetStart + at;
      targetWords.setBigUint64(to, words.getBigUint64(from, true), true);
      targetWords.setBigUint64(to + 8, words.getBigUint64(from + 8, true), true);
    }
    if (pairsEnd < byteCount) this.#copyTail(target, targetStart, start, pairsEnd, byteCount);
  }

  /** Copies a few bytes, 4 at a time. */
  #copyFew(target: Blocks, targetStart: number, start: number, byteCount: number): void {
    const words = this.#words;
    const targetWords = target.#words;
    let at = 0;
    for (; at + 4 <= byteCount; at += 4) {
      targetWords.setInt32(targetStart + at, words.getInt32(start + at, true), true);
    }
    for (; at < byteCount; at++) {
      targetWords.setUint8(targetStart + at, words.getUint8(start + at));
    }
  }

  /** What comes after the last pair of words: a word, and bytes. */
  #copyTail(target: Blocks, targetStart: number, start: number, from: number, to: number): void {
    const words = this.#words;
    const targetWords = target.#words;
    let at = from;
    if (to - at >= 8) {
      targetWords.setBigUint64(targetStart + at, words.getBigUint64(start + at, true), true);
      at += 8;
    }
    for (; at < to; at++) {
      targetWords.setUint8(targetStart + at, words.getUint8(start + at));
    }
  }

  /** Copies the blocks that the bytes lie in. */
  #copyBlocks(target: Blocks, targetStart: number, start: number, byteCount: number): void {
    const end = start + byteCount;
    let at = targetStart - (start & (BLOCK - 1));
    for (let index = start >> BLOCK_SHIFT; index << BLOCK_SHIFT < end; index++) {
      target.bytes.set(this.#blocks[index] ?? this.#makeBlock(index), at);
      at += BLOCK;
    }
  }

  #copyView(target: Blocks, targetStart: number, start: number, byteCount: number): void {
    const view = new Uint8Array(this.#buffer, this.#byteOffset + start, byteCount); // faster than subarray
    target.bytes.set(view, targetStart);
  }

  /** Copies would quietly be too short. */
  #assertInside(start: number, byteCount: number): void {
    assert(start + byteCount <= this.bytes.length, "what is copied lies inside its array");
  }

  #makeBlock(index: number): Uint8Array {
    const start = index << BLOCK_SHIFT;
    const block = this.bytes.subarray(start, start + BLOCK);
    this.#blocks[index] = block;
    return block;
  }
}

/** Blocks of no bytes: one object, wherever one is needed that holds nothing. */
export const NO_BLOCKS: Blocks = new Blocks(NO_BYTES);

/** The words of no bytes. */
export const NO_WORDS: Int32Array = new Int32Array(0);
const NO_DOUBLES = new Float64Array(0);

/** A copy of no bytes has room, too: where the room has lost its length, it was transferred. */
const ROOM_BYTES_MIN = 8;
/** Rooms that rest before one is used again; a power of two. */
const RESTING_ROOMS = 16;

/**
 * Room for private copies, one at a time, kept from one to the next. A copy is for a driver, who may
 * transfer its buffer: then there is new room, also for a copy of no bytes.
 */
export class CopyRoom {
  /** The copy: exactly as many bytes as were reserved last. */
  copy: Uint8Array = NO_BYTES;
  /** What the copy lies in, with room for a block before and after a long one. */
  blocks: Blocks = NO_BLOCKS;
  /** The same as words of the machine's own order. */
  words: Int32Array = NO_WORDS;
  /** The same by eight bytes. */
  #doubles: Float64Array = NO_DOUBLES;
  /** Where the copy begins in there, in bytes: at a whole word. */
  start = 0;
  #copyBytes = 0;

  /** Has {@linkcode CopyRoom.copy} be `byteCount` bytes long; the copy before it is gone. */
  reserve(byteCount: number): void {
    if (!this.#has(byteCount)) this.#resize(byteCount);
  }

  /** As {@linkcode CopyRoom.reserve}, for a size that somebody else chose; false where this machine has no memory for it. */
  tryReserve(byteCount: number): boolean {
    if (byteCount > COPY_BYTES_MAX) return false;
    try {
      this.reserve(byteCount);
      return true;
    } catch (error) {
      if (error instanceof RangeError) return false;
      throw error;
    }
  }

  /** Has the copy be of `byteCount` bytes from `start` of `source` on. */
  take(source: Blocks, start: number, byteCount: number): Uint8Array {
    if (!this.#has(byteCount)) this.#resize(byteCount);
    source.copyFreely(this.blocks, this.start, start, byteCount);
    return this.copy;
  }

  /** Overwrites the copy, unless it was transferred: its reader must not read it any longer. */
  poison(): void {
    const byteCount = this.#copyBytes;
    if (byteCount > WORDS_BYTES_MAX) return this.#poisonLong(byteCount);
    // A short copy begins with the room, which has whole words. A transferred one cannot be written.
    const doubles = this.#doubles;
    for (let at = 0; at << 3 < byteCount; at++) doubles[at] = POISON_DOUBLE;
  }

  /** Whether the copy is of that length. It is a driver's to do anything with; what it lies in tells whether it was transferred. */
  #has(byteCount: number): boolean {
    return this.#copyBytes === byteCount && this.words.length !== 0;
  }

  #poisonLong(byteCount: number): void {
    const { bytes } = this.blocks;
    if (bytes.length > 0) bytes.fill(POISON, this.start, this.start + byteCount);
  }

  #resize(byteCount: number): void {
    const marginBytes = byteCount > WORDS_BYTES_MAX ? BLOCK : 0;
    const roomBytes = Math.max((byteCount + 7 & ~7) + 2 * marginBytes, ROOM_BYTES_MIN);
    if (this.blocks.bytes.length < roomBytes) this.#renew(roomBytes);
    this.start = marginBytes;
    this.copy = this.blocks.bytes.subarray(marginBytes, marginBytes + byteCount);
    this.#copyBytes = byteCount;
  }

  #renew(roomBytes: number): void {
    const bytes = new Uint8Array(roomBytes);
    this.blocks = new Blocks(bytes);
    this.words = new Int32Array(bytes.buffer, 0, roomBytes >> 2);
    this.#doubles = new Float64Array(bytes.buffer, 0, roomBytes >> 3);
  }
}

/**
 * Rooms whose copies a driver may still read although it should not: each is used again only after a
 * while.
 */
export class RestingRooms {
  readonly #rooms: CopyRoom[] = Array.from({ length: RESTING_ROOMS }, () => new CopyRoom());
  #next = 0;

  /** Poisons `room`, and has it rest; the room that is returned instead has rested longest. */
  exchange(room: CopyRoom): CopyRoom {
    room.poison();
    const at = this.#next;
    this.#next = (at + 1) & (RESTING_ROOMS - 1);
    const rested = this.#rooms[at]!;
    this.#rooms[at] = room;
    return rested;
  }
}
