/**
 * Fuzzes one target in this process, batch by batch.
 *
 * @module
 */

import { isBytes } from "../../core/bytes.ts";
import { Batch } from "./batch.ts";
import { type FuzzFailure, isSameFailure } from "./finding.ts";
import { InputRunner } from "./input_runner.ts";
import type { StillFails } from "./shrink.ts";
import { type FuzzTarget, type WholeTarget, wholeTarget } from "./target.ts";

/** One of so many inputs is run a second time, with other bytes around it. */
const CASES_PER_CHECK = 8;
/** Inputs that are kept because something new happened, at most. */
const KEPT_MAX = 4096;
/** To find the inputs of one batch that reach something new, so many parts of it are run again at most. */
const PARTS_MAX = 400;

/** What ran since the last look. */
export interface FuzzLook {
  /** Whether some of it ran for the first time, as far as is remembered. */
  readonly isNew: boolean;
  /** Remembers it: from now on it is not new. */
  remember(): void;
}

/** Says whether code ran that never had before. */
export interface FuzzGuide {
  /** Looks at what ran since the last look. */
  look(): Promise<FuzzLook>;
}

/** An input that failed. */
export interface FailedInput {
  /** What is wrong. */
  readonly failure: FuzzFailure;
  /** The input. */
  readonly input: Uint8Array;
  /** Its place among all inputs of the run. */
  readonly at: number;
}

/** What came of a batch. */
export interface BatchEnd {
  /** Inputs that were run. */
  readonly cases: number;
  /** The first input of each failure. */
  readonly failed: readonly FailedInput[];
  /** Inputs that are kept from now on, as something new happened. */
  readonly kept: readonly Uint8Array[];
}

/** How a target is fuzzed. */
export interface FuzzerOptions {
  /** Makes the inputs. */
  readonly seed: number | bigint;
  /** Says what is worth keeping. Default: outcomes alone say so. */
  readonly guide?: FuzzGuide | null;
  /** Inputs that were kept before, in order. */
  readonly kept?: readonly Uint8Array[];
  /** Outcomes that came before. */
  readonly known?: readonly string[];
}

/** What hears how far a batch is. */
export interface BatchHooks {
  /** The first input that is run. Default: 0. */
  readonly from?: number;
  /** Hears of each input before it runs. */
  readonly onInput?: ((at: number, input: Uint8Array) => void) | null;
  /** Hears that a part of the batch is run again. */
  readonly onPart?: () => void;
}

/** A part of a batch. */
interface Part {
  readonly from: number;
  readonly to: number;
}

/** Fuzzes one target. */
export class Fuzzer {
  /** The target, with its defaults. */
  readonly target: WholeTarget;
  /** How often each outcome came. */
  readonly outcomes = new Map<string, number>();
  readonly #runner: InputRunner;
  readonly #batch: Batch;
  readonly #guide: FuzzGuide | null;
  readonly #known: Set<string>;
  readonly #seeds: number;
  readonly #pool: Uint8Array[];

  private constructor(
    target: WholeTarget,
    seeds: readonly Uint8Array[],
    { seed, guide = null, kept = [], known = [] }: FuzzerOptions,
  ) {
    this.target = target;
    this.#known = new Set(known);
    this.#runner = new InputRunner(target);
    this.#batch = new Batch(target, seed);
    this.#guide = guide;
    this.#pool = [...seeds.length > 0 ? seeds : [new Uint8Array(0)], ...kept];
    this.#seeds = this.#pool.length - kept.length;
  }

  /** One for `target`, once its seeds are there. */
  static async start(target: FuzzTarget, options: FuzzerOptions): Promise<Fuzzer> {
    const seeds: unknown = await target.seeds();
    if (!Array.isArray(seeds) || !seeds.every(isBytes)) {
      throw new TypeError(`Cannot fuzz ${target.name}: its seeds must be a list of Uint8Array`);
    }
    return new Fuzzer(wholeTarget(target), seeds, options);
  }

  /** How many inputs are kept beside the seeds. */
  get keptCount(): number {
    return this.#pool.length - this.#seeds;
  }

  /** Runs batch `number`, from input `from` on. */
  async runBatch(
    number: number,
    { from = 0, onInput = null, onPart = () => {} }: BatchHooks = {},
  ): Promise<BatchEnd> {
    const batch = this.#batch;
    batch.make(number, this.#pool);
    const failed: FailedInput[] = [];
    const fresh = new Set<number>();
    const { batchCases } = this.target;
    for (let at = from; at < batchCases; at++) {
      onInput?.(at, batch.copy(at));
      const running = this.#runOne(number, at);
      if (running !== null) await running;
      const { outcome, failure } = this.#runner;
      if (failure !== null) {
        if (failed.some((other) => isSameFailure(other.failure, failure))) continue;
        failed.push({ failure, input: batch.copy(at), at: number * batchCases + at });
        continue;
      }
      this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
      if (this.#known.has(outcome)) continue;
      this.#known.add(outcome);
      fresh.add(at);
    }
    if (this.#guide !== null && failed.length === 0) await this.#findNew(number, fresh, onPart);
    const kept = [...fresh].toSorted((a, b) => a - b).map((at) => batch.copy(at))
      .slice(0, KEPT_MAX - this.keptCount);
    this.#pool.push(...kept);
    return { cases: batchCases - from, failed, kept };
  }

  #runOne(number: number, at: number): Promise<void> | null {
    const batch = this.#batch;
    const isChecked = (number + at) % CASES_PER_CHECK === 0;
    return this.#runner.run(batch.bytes, batch.startOf(at), batch.endOf(at), isChecked);
  }

  /** Adds to `fresh` the inputs of the batch that reach code which no input has reached. */
  async #findNew(number: number, fresh: Set<number>, onPart: () => void): Promise<void> {
    const guide = this.#guide!;
    const all = await guide.look();
    if (!all.isNew) return;
    const middle = this.target.batchCases >> 1;
    const parts: Part[] = [{ from: middle, to: this.target.batchCases }, { from: 0, to: middle }];
    for (let left = PARTS_MAX; parts.length > 0 && left > 0; left--) {
      const { from, to } = parts.pop()!;
      if (from === to) continue;
      onPart();
      await this.#rerun(number, from, to);
      const look = await guide.look();
      if (!look.isNew) continue;
      if (to - from > 1) {
        const middle = from + to >> 1;
        parts.push({ from: middle, to }, { from, to: middle });
        continue;
      }
      fresh.add(from);
      look.remember();
    }
    // What no single input reaches again, as what draws them, is not looked for a second time.
    if (parts.length === 0) all.remember();
  }

  async #rerun(number: number, from: number, to: number): Promise<void> {
    for (let at = from; at < to; at++) {
      const running = this.#runOne(number, at);
      if (running !== null) await running;
    }
  }

  /** What is wrong with how the target takes `input`; null: nothing. */
  async tryInput(input: Uint8Array): Promise<FuzzFailure | null> {
    const whole = input.subarray(0, this.target.inputBytesMax);
    await this.#runner.run(whole, 0, whole.length, true);
    return this.#runner.failure;
  }

  /** Copies of the first inputs of the last batch, `count` at most. */
  lastInputs(count: number): readonly Uint8Array[] {
    const length = Math.min(count, this.target.batchCases);
    return Array.from({ length }, (_, at) => this.#batch.copy(at));
  }

  /** What tells whether an input fails as another did. */
  stillFails(failure: FuzzFailure): StillFails {
    return async (input) => isSameFailure(failure, await this.tryInput(input));
  }
}
