/**
 * Byte mutations: what is in order, changed a little, so that it comes far before it is refused.
 *
 * @module
 */

import type { Chance } from "../../core/chance.ts";

/** Numbers that checks are about, as the low bits of a field. */
const EDGES = [
  ...[0, 1, 2, 3, 4, 6, 7, 8, 9, 11, 15, 16, 24, 31, 32, 63, 64, 127, 128, 192, 196, 204, 255],
  ...[256, 511, 512, 1023, 1024, 4095, 4096, 0x7fff, 0x8000, 0xfff8, 0xffff],
  ...[0x1_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_f000, 0xffff_fff8, 0xffff_ffff],
] as const;
/** Largest change of a number that is there. */
const STEP_MAX = 16;
/** One input is changed so often at most. */
const CHANGES_MAX = 6;
const CHUNK_BYTES_MAX = 32;

/** Changes bytes in place, in a buffer with room for the longest input. */
export class Mutator {
  readonly #words: readonly Uint8Array[];
  readonly #bytesMax: number;
  #bytes: Uint8Array = new Uint8Array(0);
  #start = 0;
  #length = 0;

  /** One for inputs of at most `bytesMax` bytes, in which `words` mean something. */
  constructor(words: readonly Uint8Array[], bytesMax: number) {
    this.#words = words;
    this.#bytesMax = bytesMax;
  }

  /**
   * Changes the `length` bytes from `start` of `bytes` a few times, and returns how many they are then.
   * `other` is another input, of which parts may be taken.
   */
  mutate(
    chance: Chance,
    bytes: Uint8Array,
    start: number,
    length: number,
    other: Uint8Array,
  ): number {
    this.#bytes = bytes;
    this.#start = start;
    this.#length = length;
    const changes = 1 + chance.below(chance.below(4) === 0 ? CHANGES_MAX : 2);
    for (let left = changes; left > 0; left--) this.#change(chance, other);
    return this.#length;
  }

  #change(chance: Chance, other: Uint8Array): void {
    if (this.#length === 0) return this.#insert(chance);
    switch (chance.below(12)) {
      case 0:
        return this.#set(chance.below(this.#length), 1, this.#bit(chance));
      case 1:
        return this.#set(chance.below(this.#length), 1, chance.below(256));
      case 2:
      case 3:
        return this.#edge(chance);
      case 4:
      case 5:
        return this.#step(chance);
      case 6:
        return this.#remove(chance);
      case 7:
        return this.#insert(chance);
      case 8:
        return this.#repeat(chance);
      case 9:
        return this.#word(chance);
      case 10:
        return this.#take(chance, other);
      default:
        this.#length = chance.below(this.#length + 1);
    }
  }

  /** Writes the low `width` bytes of `value` at `at`, as far as there is room. */
  #set(at: number, width: number, value: number): void {
    const end = Math.min(at + width, this.#length);
    for (let to = at, rest = value; to < end; to++, rest >>>= 8) {
      this.#bytes[this.#start + to] = rest;
    }
  }

  #bit(chance: Chance): number {
    const at = chance.below(this.#length);
    return this.#bytes[this.#start + at]! ^ 1 << chance.below(8);
  }

  /** A place for a number of `width` bytes, as a rule where such a number would be aligned. */
  #place(chance: Chance, width: number): number {
    const at = chance.below(this.#length);
    return chance.below(4) === 0 ? at : at - at % width;
  }

  #edge(chance: Chance): void {
    const width = 1 << chance.below(3);
    this.#set(this.#place(chance, width), width, EDGES[chance.below(EDGES.length)]!);
  }

  #step(chance: Chance): void {
    const width = 1 << chance.below(3);
    const at = this.#place(chance, width);
    let value = 0;
    for (let byte = Math.min(width, this.#length - at) - 1; byte >= 0; byte--) {
      value = value << 8 | this.#bytes[this.#start + at + byte]!;
    }
    this.#set(at, width, value + 1 + chance.below(STEP_MAX) * (chance.below(2) === 0 ? 1 : -1));
  }

  #remove(chance: Chance): void {
    const at = chance.below(this.#length);
    const count = Math.min(this.#length - at, 1 + chance.below(CHUNK_BYTES_MAX));
    this.#bytes.copyWithin(this.#start + at, this.#start + at + count, this.#start + this.#length);
    this.#length -= count;
  }

  /** Makes room for up to `count` bytes at `at`, and returns for how many. */
  #open(at: number, count: number): number {
    const room = Math.min(count, this.#bytesMax - this.#length);
    const from = this.#start + at;
    this.#bytes.copyWithin(from + room, from, this.#start + this.#length);
    this.#length += room;
    return room;
  }

  #insert(chance: Chance): void {
    const at = chance.below(this.#length + 1);
    const count = this.#open(at, 1 + chance.below(8));
    const value = chance.below(2) === 0 ? 0 : chance.below(256);
    this.#bytes.fill(value, this.#start + at, this.#start + at + count);
  }

  #repeat(chance: Chance): void {
    const from = chance.below(this.#length);
    const count = Math.min(this.#length - from, 1 + chance.below(CHUNK_BYTES_MAX));
    const room = this.#open(from, count);
    const at = this.#start + from;
    this.#bytes.copyWithin(at, at + room, at + 2 * room);
  }

  #word(chance: Chance): void {
    const words = this.#words;
    if (words.length === 0) return this.#edge(chance);
    const word = words[chance.below(words.length)]!;
    const at = chance.below(this.#length);
    const count = chance.below(2) === 0
      ? this.#open(at, word.length)
      : Math.min(word.length, this.#length - at);
    for (let byte = 0; byte < count; byte++) this.#bytes[this.#start + at + byte] = word[byte]!;
  }

  /** A part of another input, at the same place or at any. */
  #take(chance: Chance, other: Uint8Array): void {
    if (other.length === 0) return;
    const from = chance.below(other.length);
    const wanted = chance.below(2) === 0 ? 1 + chance.below(CHUNK_BYTES_MAX) : other.length;
    const at = chance.below(2) === 0 ? Math.min(from, this.#length) : chance.below(this.#length);
    const count = Math.min(wanted, other.length - from, this.#bytesMax - at);
    for (let byte = 0; byte < count; byte++) {
      this.#bytes[this.#start + at + byte] = other[from + byte]!;
    }
    this.#length = Math.max(this.#length, at + count);
  }
}
