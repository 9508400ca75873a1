/**
 * A run as the list of its choices.
 *
 * @module
 */

import type { Choice, ChoiceKind, Chooser, Known } from "../chooser.ts";

/** Has another chooser choose, and keeps what it chose. */
export class Recorder implements Chooser {
  readonly #chooser: Chooser;
  readonly #choices: Choice[] = [];
  /** Choices up to the last one that was not fifo's. */
  #length = 0;

  /** Keeps what `chooser` chooses. */
  constructor(chooser: Chooser) {
    this.#chooser = chooser;
  }

  /** All choices so far, without those at the end that are what fifo would have done. */
  get choices(): readonly Choice[] {
    return this.#choices.slice(0, this.#length);
  }

  /** How many choices there were so far. */
  get steps(): number {
    return this.#choices.length;
  }

  /** See {@linkcode Chooser.choose}. */
  choose(kind: ChoiceKind, count: number, known: Known): number {
    const offset = this.#chooser.choose(kind, count, known);
    this.#choices.push({ kind, count, offset });
    if (offset !== 0) this.#length = this.#choices.length;
    return offset;
  }
}
