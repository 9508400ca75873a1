/**
 * A batch of inputs, made before the first of them runs: so a batch can be made again, whatever its inputs
 * did, and the one that did it be found.
 *
 * @module
 */

import { Chance } from "../../core/chance.ts";
import { Mutator } from "./mutate.ts";
import type { WholeTarget } from "./target.ts";

/** One of so many inputs is drawn anew, where the target can draw some. */
const CASES_PER_DRAW = 64;
const DRAW_SEEDS = 2 ** 31 - 1;

/** The inputs of one batch, side by side. */
export class Batch {
  /** All of them. */
  readonly bytes: Uint8Array;
  readonly #target: WholeTarget;
  readonly #stream: Chance;
  readonly #mutator: Mutator;
  readonly #lengths: Uint32Array;

  /** Batches of the run with `seed`. */
  constructor(target: WholeTarget, seed: number | bigint) {
    const { batchCases, inputBytesMax, words, name } = target;
    this.bytes = new Uint8Array(batchCases * inputBytesMax);
    this.#target = target;
    this.#stream = Chance.fromSeed(seed).fork(name);
    this.#mutator = new Mutator(words, inputBytesMax);
    this.#lengths = new Uint32Array(batchCases);
  }

  /** Makes batch `number`, of what is in `pool`: it depends on nothing else. */
  make(number: number, pool: readonly Uint8Array[]): void {
    const { draw, batchCases, inputBytesMax } = this.#target;
    const chance = this.#stream.fork(`batch ${number}`);
    const drawn = draw?.(chance.below(DRAW_SEEDS), Math.ceil(batchCases / CASES_PER_DRAW)) ?? [];
    // What the run begins with comes first, as it is.
    const whole = number === 0 ? [...pool, ...drawn] : drawn;
    for (let at = 0; at < batchCases; at++) {
      const base = whole[at] ?? this.#choose(chance, pool, drawn);
      const start = at * inputBytesMax;
      const length = Math.min(base.length, inputBytesMax);
      for (let byte = 0; byte < length; byte++) this.bytes[start + byte] = base[byte]!;
      this.#lengths[at] = at < whole.length ? length : this.#mutator.mutate(
        chance,
        this.bytes,
        start,
        length,
        this.#choose(chance, pool, drawn),
      );
    }
  }

  /** An input to begin with: what was drawn or found last more often than the others. */
  #choose(
    chance: Chance,
    pool: readonly Uint8Array[],
    drawn: readonly Uint8Array[],
  ): Uint8Array {
    const way = chance.below(4);
    if (way === 0 && drawn.length > 0) return drawn[chance.below(drawn.length)]!;
    const { length } = pool;
    const back = way === 1 ? Math.min(length, 32) : length;
    return pool[length - 1 - chance.below(back)]!;
  }

  /** Where input `at` begins in {@linkcode Batch.bytes}. */
  startOf(at: number): number {
    return at * this.#target.inputBytesMax;
  }

  /** Where it ends. */
  endOf(at: number): number {
    return this.startOf(at) + this.#lengths[at]!;
  }

  /** A copy of input `at`. */
  copy(at: number): Uint8Array {
    return this.bytes.slice(this.startOf(at), this.endOf(at));
  }
}
