/**
 * The memory that a ring lies in: loads and stores of its words, and copies into and out of its data
 * area. It hides whether the pages are contiguous, and whether somebody else can write to them.
 *
 * @module
 */

import { assert } from "../assert.ts";
import { Blocks, CopyRoom } from "../blocks.ts";
import { lengthOf, partOf } from "../bytes.ts";
import { PAGE_BYTES } from "../units.ts";
import * as layout from "./layout.ts";

// Names of this module's own: an imported one is loaded and checked again wherever it is used, as a
// compiler of one function at a time must, and a packet's way has dozens of them (performance.md 4).
const {
  FEATURE_BITS_OFFSET,
  FEATURE_PENDING_SEND_SIZE,
  INTERRUPT_MASK_OFFSET,
  LENGTH8_MAX,
  PENDING_SEND_SIZE_OFFSET,
  READ_INDEX_OFFSET,
  RING_DATA_PAGES_MAX,
  TRAILER_BYTES,
  UNUSED_BYTES,
  WRITE_INDEX_OFFSET,
} = layout;
const { load: atomicLoad, store: atomicStore } = Atomics;

/**
 * What a peer did wrong ([wire.md 1.9](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)). A ring end that found a fault is dead: it says the same
 * fault from then on, and does not try to find its place again.
 */
export type RingFault =
  | "invalidWriteIndex"
  | "invalidReadIndex"
  | "invalidDataAvailable"
  | "invalidDescriptorLengths"
  | "invalidDescriptorFlags"
  | "invalidDescriptorType"
  | "invalidGpaDirectRangeCount"
  | "interruptsExternallyMasked";

/**
 * Who may touch a ring's memory while one of its ends works:
 * - `"shared"`: anybody, such as another thread, another process that maps it, or native code. Each load
 *   and store of the control page is atomic, in one order for all, with a full fence between a store and
 *   the load after it;
 * - `"exclusive"`: this thread alone, which runs both ends. Then program order is enough.
 *
 * The class of the buffer does not tell them apart: an ArrayBuffer may lie over memory that is mapped
 * elsewhere too. In plain accesses a compiler or a processor may move the load of the mask or of an index
 * before the store of the other index; each side then takes the other to be awake, and a wake-up is lost
 * (wire.md 1.8).
 */
export type RingSharing = "shared" | "exclusive";

/**
 * The words of a control page, each by its place in it, for one of the two {@linkcode RingSharing}. Two short
 * classes: V8 puts their functions wherever they are called, and asks nobody which of the two it is.
 */
export interface ControlWords {
  /** Loads a u32, in order with other loads and stores. */
  load(word: number): number;
  /** Stores a u32, in order with other loads and stores. */
  store(word: number, value: number): void;
  /** Stores 0 everywhere, before anybody else knows of the page. */
  clear(): void;
}

/** Others may touch the page: program order is not enough. */
class SharedWords implements ControlWords {
  readonly #words: Uint32Array;

  constructor(words: Uint32Array) {
    this.#words = words;
  }

  load(word: number): number {
    return atomicLoad(this.#words, word);
  }

  store(word: number, value: number): void {
    atomicStore(this.#words, word, value);
  }

  clear(): void {
    this.#words.fill(0);
  }
}

/** This thread alone touches the page. */
class ExclusiveWords implements ControlWords {
  readonly #words: Uint32Array;

  constructor(words: Uint32Array) {
    this.#words = words;
  }

  load(word: number): number {
    return this.#words[word]!;
  }

  store(word: number, value: number): void {
    this.#words[word] = value;
  }

  clear(): void {
    this.#words.fill(0);
  }
}

/** Hears of each load and store of a word of one ring's control page, before it is made. */
export type RingWatch = (word: number, isStore: boolean) => void;

/** The words of another one, of whose use somebody hears. */
class WatchedWords implements ControlWords {
  readonly #words: ControlWords;
  readonly #watch: RingWatch;
  readonly #count: number;

  constructor(words: ControlWords, watch: RingWatch, count: number) {
    this.#words = words;
    this.#watch = watch;
    this.#count = count;
  }

  load(word: number): number {
    this.#watch(word, false);
    return this.#words.load(word);
  }

  store(word: number, value: number): void {
    this.#watch(word, true);
    this.#words.store(word, value);
  }

  clear(): void {
    for (let word = 0; word < this.#count; word++) this.#watch(word, true);
    this.#words.clear();
  }
}

/** The words of a control page as they stand there, unchecked. */
export interface RingControl {
  /** Offset in the data area where the next packet will start. */
  readonly writeIndex: number;
  /** Offset in the data area of the oldest unread packet. */
  readonly readIndex: number;
  /** Not 0: the writer must not signal. */
  readonly interruptMask: number;
  /** Free bytes that a blocked writer waits for, or 0. */
  readonly pendingSendSize: number;
  /** Bit 0: the writer uses the pending send size. */
  readonly featureBits: number;
}

/**
 * The most bytes, trailer included, that a writer puts into a ring with `dataBytes` as one packet
 * (wire.md 1.3). A descriptor's 16-bit length bounds it as well (wire.md 2.1).
 */
export function largestPacketBytes(dataBytes: number): number {
  return Math.min(dataBytes - 2 * UNUSED_BYTES, LENGTH8_MAX * 8 + TRAILER_BYTES);
}

/** Data pages of the smallest ring with room for a packet of `packetBytes`, trailer included. */
export function smallestDataPages(packetBytes: number): number {
  return Math.ceil((packetBytes + 2 * UNUSED_BYTES) / PAGE_BYTES);
}

function checkPieces(pieces: readonly Uint8Array[]): void {
  let pageCount = 0;
  for (const piece of pieces) {
    if (piece.byteLength === 0 || piece.byteLength % PAGE_BYTES !== 0) {
      throw new RangeError(
        `Cannot make a ring of ${piece.byteLength} bytes: a piece is one or more whole pages of ${PAGE_BYTES} bytes`,
      );
    }
    if (piece.byteOffset % 8 !== 0) {
      throw new RangeError(
        `Cannot make a ring at byte ${piece.byteOffset} of its buffer: words of 8 bytes must be aligned`,
      );
    }
    pageCount += piece.byteLength / PAGE_BYTES;
  }
  if (pageCount < 2 || pageCount > RING_DATA_PAGES_MAX + 1) {
    throw new RangeError(
      `Cannot make a ring of ${pageCount} pages: it has one control page and 1 to ${RING_DATA_PAGES_MAX} data pages`,
    );
  }
}

/** The data area where it is one run of bytes, else nothing. */
function contiguousData(pieces: readonly Uint8Array[]): Uint8Array {
  const afterControl = pieces[0]!.subarray(PAGE_BYTES);
  if (pieces.length === 1) return afterControl;
  return pieces.length === 2 && afterControl.byteLength === 0 ? pieces[1]! : new Uint8Array(0);
}

function wordsOf(bytes: Uint8Array): Int32Array {
  return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
}

/** The data pages, each by itself. */
function dataPages(pieces: readonly Uint8Array[]): Blocks[] {
  const pages: Blocks[] = [];
  for (const piece of pieces) {
    for (let at = 0; at < piece.byteLength; at += PAGE_BYTES) {
      pages.push(new Blocks(piece.subarray(at, at + PAGE_BYTES)));
    }
  }
  return pages.slice(1);
}

/** One ring's control page and data area. Both ends of the ring may be built over one of these. */
export class RingMemory {
  /** Bytes of the data area, a multiple of 4096. */
  readonly dataBytes: number;
  /** The data area where it is contiguous; empty where its pages are scattered. */
  readonly data: Uint8Array;
  /** The bytes of {@linkcode RingMemory.data}, to copy from. */
  readonly blocks: Blocks;
  /** The bytes of {@linkcode RingMemory.data} as 4-byte words. */
  readonly words: Int32Array;
  /** Length of {@linkcode RingMemory.data}: up to here, bytes can be used in place. */
  readonly contiguousBytes: number;
  /** The words of the control page. */
  readonly control: ControlWords;
  /** The data area in equal runs: one, or one a page where pages are scattered. */
  readonly #runs: readonly Blocks[];
  readonly #runBytes: number;

  /**
   * `pieces` are views of whole pages in ring order, the control page first. One piece is fastest;
   * each may lie anywhere, in plain or in shared buffers.
   *
   * @param sharing Whoever makes the memory, and knows that nobody else touches it, may say `"exclusive"`.
   * @param watch Hears of each use of the control page; null: nobody does.
   * @throws {RangeError} A piece is not whole aligned pages, or there are too few or too many.
   */
  constructor(
    pieces: readonly Uint8Array[],
    sharing: RingSharing = "shared",
    watch: RingWatch | null = null,
  ) {
    checkPieces(pieces);
    const control = pieces[0]!.subarray(0, PAGE_BYTES);
    const words = new Uint32Array(control.buffer, control.byteOffset, PAGE_BYTES / 4);
    const plain = sharing === "shared" ? new SharedWords(words) : new ExclusiveWords(words);
    this.control = watch === null ? plain : new WatchedWords(plain, watch, words.length);
    this.data = contiguousData(pieces);
    this.blocks = new Blocks(this.data);
    this.words = wordsOf(this.data);
    this.contiguousBytes = this.data.byteLength;
    const isContiguous = this.contiguousBytes !== 0;
    this.#runs = isContiguous ? [this.blocks] : dataPages(pieces);
    this.#runBytes = isContiguous ? this.contiguousBytes : PAGE_BYTES;
    this.dataBytes = this.#runs.length * this.#runBytes;
  }

  /**
   * What the guest does before it describes the ring: all zero but the feature bit (wire.md 9), which there is
   * from version 2.4 on.
   */
  initialize(hasPendingSendSize = true): void {
    this.control.clear();
    if (hasPendingSendSize) this.store(FEATURE_BITS_OFFSET, FEATURE_PENDING_SEND_SIZE);
  }

  /** The control page's words as they are, for tools. Not for decisions: nothing is checked. */
  snapshot(): RingControl {
    return {
      writeIndex: this.load(WRITE_INDEX_OFFSET),
      readIndex: this.load(READ_INDEX_OFFSET),
      interruptMask: this.load(INTERRUPT_MASK_OFFSET),
      pendingSendSize: this.load(PENDING_SEND_SIZE_OFFSET),
      featureBits: this.load(FEATURE_BITS_OFFSET),
    };
  }

  /** Loads the u32 at byte `offset` of the control page; in order with other loads and stores. */
  load(offset: number): number {
    return this.control.load(offset >> 2);
  }

  /** Stores a u32 at byte `offset` of the control page; in order with other loads and stores. */
  store(offset: number, value: number): void {
    this.control.store(offset >> 2, value);
  }

  /** Copies `byteCount` bytes from `start` of `source` to `offset`, wrapping. */
  copyIn(offset: number, source: Blocks, start: number, byteCount: number): void {
    let run = this.#runAt(offset);
    let at = offset - run * this.#runBytes;
    for (let done = 0; done < byteCount; at = 0) {
      const count = Math.min(byteCount - done, this.#runBytes - at);
      source.copyExactly(this.#runs[run]!, at, start + done, count);
      done += count;
      run = this.#runAfter(run);
    }
  }

  /** The same out of any array, also a driver's. Each run that it goes to costs a view. */
  copyArrayIn(offset: number, source: Uint8Array, start: number, byteCount: number): void {
    assert(start + byteCount <= lengthOf(source), "what is copied lies inside its array");
    let run = this.#runAt(offset);
    let at = offset - run * this.#runBytes;
    for (let done = 0; done < byteCount; at = 0) {
      const count = Math.min(byteCount - done, this.#runBytes - at);
      this.#runs[run]!.bytes.set(partOf(source, start + done, count), at);
      done += count;
      run = this.#runAfter(run);
    }
  }

  /**
   * Copies `byteCount` bytes from `offset`, wrapping, to `start` of `target`. A block of `target` before
   * and after them may be overwritten; not more, as each run ends with a block.
   */
  copyOut(offset: number, target: Blocks, start: number, byteCount: number): void {
    let run = this.#runAt(offset);
    let at = offset - run * this.#runBytes;
    for (let done = 0; done < byteCount; at = 0) {
      const count = Math.min(byteCount - done, this.#runBytes - at);
      this.#runs[run]!.copyFreely(target, start + done, at, count, byteCount);
      done += count;
      run = this.#runAfter(run);
    }
  }

  /** A copy of `byteCount` bytes from `offset`, wrapping. */
  copyOf(offset: number, byteCount: number): Uint8Array {
    const room = new CopyRoom();
    room.reserve(byteCount);
    this.copyOut(offset, room.blocks, room.start, byteCount);
    return room.copy;
  }

  /** Which run `offset` lies in. */
  #runAt(offset: number): number {
    return offset / this.#runBytes | 0;
  }

  /** The run after that one: after the last, the first. */
  #runAfter(run: number): number {
    return run + 1 === this.#runs.length ? 0 : run + 1;
  }
}
