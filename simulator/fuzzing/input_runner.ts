/**
 * Runs inputs of a target one by one, between guard bytes, and sees what went wrong.
 *
 * An input lies in a longer buffer, as what a peer wrote does. A target that looks beyond its input reads
 * something all the same, and nothing is thrown; so inputs are run a second time with other bytes around
 * them: where the outcome differs, or what the target took note of, it looked there.
 *
 * @module
 */

import { describe } from "../../core/describe.ts";
import { crashOf, type FuzzFailure } from "./finding.ts";
import type { FuzzNote, FuzzRun, WholeTarget } from "./target.ts";

const GUARD_BYTES = 64;
const { imul } = Math;

/** A buffer with room for the longest input, and bytes of one value around it. */
class Surroundings {
  readonly #bytes: Uint8Array;
  readonly #value: number;

  constructor(inputBytesMax: number, value: number) {
    this.#bytes = new Uint8Array(2 * GUARD_BYTES + inputBytesMax).fill(value);
    this.#value = value;
  }

  /** Puts an input there: `bytes` from `start` to `end`. */
  place(bytes: Uint8Array, start: number, end: number): Uint8Array {
    const all = this.#bytes;
    const to = GUARD_BYTES + end - start;
    for (let from = start, at = GUARD_BYTES; from < end; from++, at++) all[at] = bytes[from]!;
    all.fill(this.#value, to, to + GUARD_BYTES);
    return all.subarray(GUARD_BYTES, to);
  }

  /** What was written to since: null for nothing. */
  written(bytes: Uint8Array, start: number, end: number): string | null {
    const all = this.#bytes;
    const to = GUARD_BYTES + end - start;
    for (let at = 0; at < GUARD_BYTES; at++) {
      if (all[at] !== this.#value) return `byte ${at - GUARD_BYTES}, before the input`;
      if (all[to + at] !== this.#value) return `byte ${to + at - GUARD_BYTES}, behind the input`;
    }
    for (let from = start; from < end; from++) {
      const at = GUARD_BYTES + from - start;
      if (all[at] !== bytes[from]) return `byte ${from - start} of the input`;
    }
    return null;
  }
}

/** Runs inputs of one target. What became of the last one stands in its fields, so that none costs an object. */
export class InputRunner {
  /** What became of the input, in the target's words; empty where it failed. */
  outcome = "";
  /** What is wrong; null: nothing. */
  failure: FuzzFailure | null = null;
  readonly #run: FuzzRun;
  readonly #first: Surroundings;
  readonly #second: Surroundings;
  /** What the target took note of, mixed. */
  #noted = 0;
  readonly #note: FuzzNote = (value) => {
    this.#noted = imul(this.#noted ^ value, 0x9e37_79b1) ^ this.#noted >>> 15;
  };

  /** One for `target`. */
  constructor({ run, inputBytesMax }: WholeTarget) {
    this.#run = run;
    this.#first = new Surroundings(inputBytesMax, 0xa5);
    this.#second = new Surroundings(inputBytesMax, 0x00);
  }

  /**
   * Runs `bytes` from `start` to `end`; a promise where the target gives one. One that is `isChecked` is run
   * twice, with other bytes around it.
   */
  run(bytes: Uint8Array, start: number, end: number, isChecked: boolean): Promise<void> | null {
    this.#noted = 0;
    this.failure = null;
    const run = this.#run; // called as a function of nobody, as stacks then name it
    try {
      const outcome = run(this.#first.place(bytes, start, end), this.#note);
      if (typeof outcome !== "string") return this.#await(outcome, bytes, start, end, isChecked);
      this.outcome = outcome;
      if (isChecked) this.#again(bytes, start, end);
    } catch (error) {
      this.#crashed(error);
    }
    return null;
  }

  #crashed(error: unknown): void {
    this.outcome = "";
    this.failure = crashOf(error);
  }

  #again(bytes: Uint8Array, start: number, end: number): void {
    const { outcome } = this;
    const noted = this.#noted;
    this.#noted = 0;
    const run = this.#run;
    const again = run(this.#second.place(bytes, start, end), this.#note);
    this.#compare(outcome, noted, String(again), bytes, start, end);
  }

  async #await(
    promise: Promise<string>,
    bytes: Uint8Array,
    start: number,
    end: number,
    isChecked: boolean,
  ): Promise<void> {
    try {
      const outcome: unknown = await promise;
      if (typeof outcome !== "string") {
        throw new TypeError(`Cannot say what became of it: run gives ${describe(outcome)}`);
      }
      this.outcome = outcome;
      if (!isChecked) return;
      const noted = this.#noted;
      this.#noted = 0;
      const run = this.#run;
      const again = await run(this.#second.place(bytes, start, end), this.#note);
      this.#compare(outcome, noted, again, bytes, start, end);
    } catch (error) {
      this.#crashed(error);
    }
  }

  #compare(
    outcome: string,
    noted: number,
    again: string,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    const written = this.#first.written(bytes, start, end) ??
      this.#second.written(bytes, start, end);
    if (written !== null) {
      this.failure = { kind: "bounds", place: "a write", message: `it wrote to ${written}` };
    } else if (again !== outcome) {
      this.#foundRead(`it ends as ${JSON.stringify(outcome)} or as ${JSON.stringify(again)}`);
    } else if (noted !== this.#noted) this.#foundRead("it reads other values");
  }

  #foundRead(what: string): void {
    const message = `${what}, by what stands around the input`;
    this.failure = { kind: "bounds", place: "a read", message };
  }
}
