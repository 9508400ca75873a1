/**
 * Uniform random walk: whoever has more work ahead is taken more often, so that each order of all the work
 * is about as likely as any other. (Zhao, Wolff, Mathur, Roychoudhury: Selectively Uniform Concurrency
 * Testing, 2025.)
 *
 * @module
 */

import type { Chance } from "../../../core/chance.ts";
import { alternativesOf, type ChoiceKind, type Chooser, type Known } from "../chooser.ts";

/**
 * Takes an item with a probability in proportion to the items that its work will take. That is what is
 * queued now, not what is still to come, which nobody knows.
 */
export class UrwChooser implements Chooser {
  readonly #chance: Chance;

  /** Draws from `chance`. */
  constructor(chance: Chance) {
    this.#chance = chance;
  }

  /** See {@linkcode Chooser.choose}. */
  choose(_kind: ChoiceKind, count: number, known: Known): number {
    const alternatives = alternativesOf(known);
    if (alternatives === null) return this.#chance.below(count);
    let ahead = 0;
    for (let offset = 0; offset < count; offset++) ahead += alternatives.at(offset).itemsAhead;
    if (ahead === 0) return this.#chance.below(count);
    let drawn = this.#chance.below(ahead);
    let offset = 0;
    while (drawn >= alternatives.at(offset).itemsAhead) {
      drawn -= alternatives.at(offset).itemsAhead;
      offset++;
    }
    return offset;
  }
}
