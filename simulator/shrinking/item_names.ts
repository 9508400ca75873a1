/**
 * Names of work items that mean the same in runs which are not quite the same.
 *
 * @module
 */

import type { Alternative } from "../../actors/runtime/chooser.ts";
import { NOT_SCHEDULED } from "../../actors/runtime/processor.ts";

/** What nobody else has a name for: it is there once at most. */
const PROGRAM = "program";

/** One kind of work of one worker. */
interface Named {
  /** Without the number of its turn. */
  readonly name: string;
  /** Its place when it was seen last: another one each time that it is scheduled. */
  order: number | null;
  /** How often it was seen to be scheduled. */
  turns: number;
}

/**
 * Names the items of one run: whose work it is, and how often it was scheduled by then. Workers that are called the
 * same are numbered in the order in which they are met.
 */
export class ItemNames {
  readonly #named = new WeakMap<object, Map<string, Named>>();
  /** How many workers have each name. */
  readonly #counts = new Map<string, number>();

  /** The name of `item`, which may run now. */
  nameOf({ worker, label = PROGRAM, order }: Alternative): string {
    if (label === PROGRAM) return PROGRAM;
    // What stopped at a scheduling point comes before all that is scheduled.
    const named = this.#find(worker, order < NOT_SCHEDULED ? `${label}, stopped` : label);
    // The rest of what a call does is never scheduled: each time it is another one.
    if (named.order !== order || order === NOT_SCHEDULED) {
      named.order = order;
      named.turns++;
    }
    return `${named.name} #${named.turns}`;
  }

  #find(worker: object, label: string): Named {
    let kinds = this.#named.get(worker);
    if (kinds === undefined) this.#named.set(worker, kinds = new Map());
    let named = kinds.get(label);
    if (named === undefined) {
      const count = (this.#counts.get(label) ?? 0) + 1;
      this.#counts.set(label, count);
      const name = count === 1 ? label : `${label} (${count})`;
      kinds.set(label, named = { name, order: null, turns: 0 });
    }
    return named;
  }
}
