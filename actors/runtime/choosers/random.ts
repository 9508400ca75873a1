/**
 * Each choice is drawn, whatever there is to choose from.
 *
 * @module
 */

import type { Chance } from "../../../core/chance.ts";
import { alternativesOf, type ChoiceKind, type Chooser, type Known } from "../chooser.ts";

/** Takes each way as often as any other. */
export class RandomChooser implements Chooser {
  readonly #chance: Chance;

  /** Draws from `chance`. */
  constructor(chance: Chance) {
    this.#chance = chance;
  }

  /** See {@linkcode Chooser.choose}. The place is drawn, not the offset: a seed keeps to its order. */
  choose(_kind: ChoiceKind, count: number, known: Known): number {
    const alternatives = alternativesOf(known);
    const drawn = this.#chance.below(count);
    return alternatives === null ? drawn : (drawn - alternatives.oldestAt + count) % count;
  }
}
