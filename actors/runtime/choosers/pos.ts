/**
 * Partial-order sampling: of orders that differ only in items which do not touch each other, no more are
 * tried than of others. (Yuan, Yang, Gu: Partial Order Aware Concurrency Sampling, 2018.)
 *
 * @module
 */

import type { Chance } from "../../../core/chance.ts";
import {
  type Alternative,
  alternativesOf,
  type ChoiceKind,
  type Chooser,
  collide,
  type Known,
} from "../chooser.ts";
import { PRIORITY_BOUND } from "./priorities.ts";

/** What was drawn for an item. */
interface Drawn {
  /** When the item was scheduled that it was drawn for. */
  readonly order: number;
  readonly priority: number;
}

/**
 * Takes the item with the highest priority. Each is drawn when its item is first met, and anew where an item
 * ran that touches what this one touches.
 */
export class PosChooser implements Chooser {
  readonly #chance: Chance;
  readonly #drawn = new WeakMap<Alternative, Drawn>();

  /** Draws from `chance`. */
  constructor(chance: Chance) {
    this.#chance = chance;
  }

  /** See {@linkcode Chooser.choose}. */
  choose(_kind: ChoiceKind, count: number, known: Known): number {
    const alternatives = alternativesOf(known);
    if (alternatives === null) return this.#chance.below(count);
    let best = 0;
    let highest = -1;
    for (let offset = 0; offset < count; offset++) {
      const priority = this.#priorityOf(alternatives.at(offset));
      if (priority > highest) [best, highest] = [offset, priority];
    }
    const { touches } = alternatives.at(best);
    for (let offset = 0; offset < count; offset++) {
      const other = alternatives.at(offset);
      if (offset === best || collide(touches, other.touches)) this.#drawn.delete(other);
    }
    return best;
  }

  #priorityOf(item: Alternative): number {
    const known = this.#drawn.get(item);
    // An item that was scheduled anew is another one: it ran without a choice, or was dropped.
    if (known?.order === item.order) return known.priority;
    const priority = this.#chance.below(PRIORITY_BOUND);
    this.#drawn.set(item, { order: item.order, priority });
    return priority;
  }
}
