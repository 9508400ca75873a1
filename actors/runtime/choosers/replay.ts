/**
 * Choices that are made again.
 *
 * @module
 */

import { isUint } from "../../../core/units.ts";
import type { Choice, ChoiceKind, Chooser, Known } from "../chooser.ts";

/** A run is not the one that is replayed any more. */
export class ReplayError extends Error {
  /** Tells it from other errors. */
  override readonly name = "ReplayError";
  /** The choice at which they differ, from 0. */
  readonly step: number;

  /** At `step` there were `count` ways to choose a `kind`, and not what `expected` says. */
  constructor(step: number, expected: Choice, kind: ChoiceKind, count: number) {
    super(
      `Cannot replay step ${step}: it chose ${expected.offset} of ${expected.count} ` +
        `(${expected.kind}), and now there are ${count} (${kind})`,
    );
    this.step = step;
  }
}

/** Makes the choices of a recorded run again, and then what fifo would do, as trailing zeros are not kept. */
export class ReplayChooser implements Chooser {
  readonly #choices: readonly Choice[];
  #step = 0;

  /** Makes `choices` again. */
  constructor(choices: readonly Choice[]) {
    this.#choices = choices;
  }

  /**
   * See {@linkcode Chooser.choose}.
   *
   * @throws {ReplayError} Another kind or count than was recorded; again at each further choice.
   */
  choose(kind: ChoiceKind, count: number): number {
    const expected = this.#choices[this.#step];
    if (expected === undefined) return 0;
    const { offset } = expected;
    if (expected.kind !== kind || expected.count !== count || !isUint(offset, count - 1)) {
      throw new ReplayError(this.#step, expected, kind, count);
    }
    this.#step++;
    return offset;
  }
}

/** Begins with offsets that are given, whatever there is to choose from, and then lets another chooser choose. */
export class PrefixChooser implements Chooser {
  readonly #offsets: readonly number[];
  readonly #rest: Chooser;
  #step = 0;

  /** Begins with `offsets`, and continues with `rest`. */
  constructor(offsets: readonly number[], rest: Chooser) {
    this.#offsets = offsets;
    this.#rest = rest;
  }

  /** See {@linkcode Chooser.choose}. An offset that there is no way for is 0. */
  choose(kind: ChoiceKind, count: number, known: Known): number {
    if (this.#step >= this.#offsets.length) return this.#rest.choose(kind, count, known);
    const offset = this.#offsets[this.#step++]!;
    return offset < count ? offset : 0;
  }
}
