/**
 * Probabilistic concurrency testing: few workers are overtaken, at few places. A mistake that needs `depth`
 * steps in one order is found in each run with a probability that is known. (Burckhardt, Kothari, Musuvathi,
 * Nagarakatte: A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs, 2010.)
 *
 * @module
 */

import type { Chance } from "../../../core/chance.ts";
import {
  type Alternative,
  type Alternatives,
  alternativesOf,
  type ChoiceKind,
  type Chooser,
  type Known,
} from "../chooser.ts";
import { PRIORITY_BOUND } from "./priorities.ts";

/** Where it is not known how many choices a run has, one of these powers of two is drawn: 8 to 4096. */
const LEAST_EXPONENT = 3;
const EXPONENTS = 10;

/** Choices for which a worker may be kept waiting. */
const UNFAIR_CHOICES = 10_000;

/** What {@linkcode PctChooser} has to know. */
export interface PctBounds {
  /** Steps whose order makes the mistake, 1 at least: one less than priorities change. */
  readonly depth: number;
  /** Choices that a run is expected to have; null: unknown, and drawn. */
  readonly steps: number | null;
}

/**
 * Takes the item whose worker has the highest priority. At `depth` - 1 of the choices, which are drawn, the
 * worker that would be taken becomes the last of all. Long after the last of these each way is as likely as
 * any other, as a worker that waits for another would else keep it from running for ever.
 */
export class PctChooser implements Chooser {
  readonly #chance: Chance;
  readonly #unfairSteps: number;
  /** Choices at which a priority changes. */
  readonly #changes = new Set<number>();
  readonly #priorities = new WeakMap<object, number>();
  /** Choices so far. */
  #step = 0;
  #lowest = 0;

  /** Draws from `chance`. */
  constructor(chance: Chance, { depth, steps: given }: PctBounds) {
    this.#chance = chance;
    const steps = given ?? 2 ** (LEAST_EXPONENT + chance.below(EXPONENTS));
    this.#unfairSteps = Math.max(steps, UNFAIR_CHOICES);
    for (let change = 1; change < depth; change++) this.#changes.add(chance.below(steps));
  }

  /** See {@linkcode Chooser.choose}. */
  choose(_kind: ChoiceKind, count: number, known: Known): number {
    const alternatives = alternativesOf(known);
    if (alternatives === null) return this.#chance.below(count);
    const step = this.#step++;
    if (step >= this.#unfairSteps) return this.#chance.below(count);
    const first = this.#highest(count, alternatives);
    if (!this.#changes.has(step)) return first;
    this.#priorities.set(alternatives.at(first).worker, --this.#lowest);
    return this.#highest(count, alternatives);
  }

  /** The first one of the worker with the highest priority; one that would put itself off comes last. */
  #highest(count: number, alternatives: Alternatives): number {
    let best = 0;
    let highest = -Infinity;
    let isBestPutOff = true;
    for (let offset = 0; offset < count; offset++) {
      const item = alternatives.at(offset);
      const priority = this.#priorityOf(item);
      const isPutOff = item.itemsAhead === 0;
      const isBetter = isPutOff === isBestPutOff ? priority > highest : isBestPutOff;
      if (isBetter) [best, highest, isBestPutOff] = [offset, priority, isPutOff];
    }
    return best;
  }

  #priorityOf({ worker }: Alternative): number {
    let priority = this.#priorities.get(worker);
    if (priority === undefined) {
      priority = this.#chance.below(PRIORITY_BOUND);
      this.#priorities.set(worker, priority);
    }
    return priority;
  }
}
