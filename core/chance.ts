/**
 * Seeded chance: the only source of randomness in a run. The same seed gives the same draws in every
 * process.
 *
 * @module
 */

import { sha256 } from "@noble/hashes/sha2.js";
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plusFromState } from "pure-rand/generator/xoroshiro128plus";
import type { RandomGenerator } from "pure-rand/types/RandomGenerator";
import { describe } from "./describe.ts";

const SEED_MAX = 0xffff_ffff_ffff_ffffn;

/** 32-bit words of a stream's key, and of the generator's state. */
const KEY_WORDS = 4;
const GENERATOR_WORDS = 4;

/**
 * A stream of draws. Each part of a run takes a stream of its own with {@linkcode Chance.fork}, so
 * that a draw more in one part does not change what the others draw.
 */
export class Chance {
  /** Names the stream for its forks; it stays as it is while numbers are drawn. */
  readonly #key: readonly number[];
  readonly #generator: RandomGenerator;

  private constructor(key: readonly number[], generatorState: readonly number[]) {
    this.#key = key;
    this.#generator = xoroshiro128plusFromState(generatorState);
  }

  /**
   * The stream of `seed`, a whole number from 0 to 2^64 - 1. A number and a bigint of the same
   * value mean the same seed; a number beyond Number.MAX_SAFE_INTEGER is refused, as it may not be
   * the one that was meant.
   *
   * @throws {TypeError} `seed` is neither a number nor a bigint.
   * @throws {RangeError} `seed` is a fraction, negative or too large.
   */
  static fromSeed(seed: number | bigint): Chance {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, checkedSeed(seed), true);
    return Chance.#fromHashOf(bytes);
  }

  /**
   * A stream that continues where another stood when `state` was taken from it.
   *
   * @throws {RangeError} `state` is nothing that {@linkcode Chance.state} returns.
   */
  static fromState(state: readonly number[]): Chance {
    const key = state.slice(0, KEY_WORDS);
    const generatorState = state.slice(KEY_WORDS);
    if (
      state.length !== KEY_WORDS + GENERATOR_WORDS ||
      state.some((word) => (word | 0) !== word) ||
      generatorState.every((word) => word === 0) // from there the generator draws 0 for ever
    ) {
      throw new RangeError(
        `Cannot restore a stream of chance as this is not the state of one: ${state}`,
      );
    }
    return new Chance(key, generatorState);
  }

  /** The stream called `name` below this one. It depends on seed and names alone, not on draws. */
  fork(name: string): Chance {
    const nameBytes = new TextEncoder().encode(name);
    const bytes = new Uint8Array(KEY_WORDS * 4 + nameBytes.length);
    const view = new DataView(bytes.buffer);
    this.#key.forEach((word, index) => view.setInt32(index * 4, word, true));
    bytes.set(nameBytes, KEY_WORDS * 4);
    return Chance.#fromHashOf(bytes);
  }

  /**
   * A whole number from 0 to `n` - 1, each as likely as any other.
   *
   * @throws {RangeError} `n` is not a safe whole number, or less than 1.
   */
  below(n: number): number {
    if (!Number.isSafeInteger(n) || n < 1) {
      throw new RangeError(`Cannot draw as the bound is not a safe whole number above 0: ${n}`);
    }
    return uniformInt(this.#generator, 0, n - 1);
  }

  /**
   * `n` random bytes.
   *
   * @throws {RangeError} `n` is not a safe whole number, or negative, or more than memory holds.
   */
  bytes(n: number): Uint8Array {
    if (!Number.isSafeInteger(n) || n < 0) {
      throw new RangeError(`Cannot draw bytes as their count is not a safe whole number: ${n}`);
    }
    const bytes = new Uint8Array(n);
    let word = 0;
    for (let index = 0; index < n; index++) {
      word = index % 4 === 0 ? this.#generator.next() : word >> 8;
      bytes[index] = word;
    }
    return bytes;
  }

  /** Where the stream stands, as 32-bit signed numbers for {@linkcode Chance.fromState}. */
  state(): readonly number[] {
    return [...this.#key, ...this.#generator.getState()];
  }

  /** The first half of the hash becomes the key, the second the generator's first state. */
  static #fromHashOf(bytes: Uint8Array): Chance {
    const hash = sha256(bytes);
    const view = new DataView(hash.buffer, hash.byteOffset, hash.length);
    const words = Array.from(
      { length: KEY_WORDS + GENERATOR_WORDS },
      (_, index) => view.getInt32(index * 4, true),
    );
    return new Chance(words.slice(0, KEY_WORDS), words.slice(KEY_WORDS));
  }
}

function checkedSeed(seed: number | bigint): bigint {
  if (typeof seed !== "number" && typeof seed !== "bigint") {
    throw new TypeError(`Cannot seed chance as the seed is no number: ${describe(seed)}`);
  }
  if (typeof seed === "number" && !Number.isSafeInteger(seed)) {
    throw new RangeError(`Cannot seed chance as the seed is not a safe whole number: ${seed}`);
  }
  const value = BigInt(seed);
  if (value < 0n || value > SEED_MAX) {
    throw new RangeError(`Cannot seed chance as the seed is not from 0 to 2^64 - 1: ${seed}`);
  }
  return value;
}
