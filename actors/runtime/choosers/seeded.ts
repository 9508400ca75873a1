/**
 * What a seed chooses: items as a schedule has it, all else by chance.
 *
 * @module
 */

import type { Chance } from "../../../core/chance.ts";
import type { ChoiceKind, Chooser, Known } from "../chooser.ts";

/**
 * Has a schedule choose among items, and draws what is drawn whatever the schedule is: so the same seed brings
 * the same faults and sizes in any order of the work.
 */
export class SeededChooser implements Chooser {
  readonly #items: Chooser;
  readonly #chance: Chance;

  /** Chooses items as `items` does, and draws the rest from `chance`. */
  constructor(items: Chooser, chance: Chance) {
    this.#items = items;
    this.#chance = chance;
  }

  /** See {@linkcode Chooser.choose}. */
  choose(kind: ChoiceKind, count: number, known: Known): number {
    if (known !== null && "draw" in known) return known.draw(this.#chance);
    return this.#items.choose(kind, count, known);
  }
}
