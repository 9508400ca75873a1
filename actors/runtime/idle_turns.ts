/**
 * The patience of a loop with an unfinished callback that is blocked in nothing that its fabric knows of.
 *
 * @module
 */

import type { Sleep } from "./sleep.ts";

/** Turns without work that are granted before each further one costs real time. */
const IDLE_TURNS = 64;
const IDLE_DELAY_MS = 5;
/** Then the callback awaits something that the fabric knows nothing of. */
const IDLE_DELAYS_MAX = 2_000;

/** Turns of one loop in which nothing but an unfinished callback could move. */
export class IdleTurns {
  /** How many there were so far. */
  count = 0;
  readonly #sleep: Sleep;
  /** How many there were since something else moved. */
  #inRow = 0;
  /** Items that had run by the last of them. */
  #items = 0;

  /** Of the loop that sleeps by `sleep`. */
  constructor(sleep: Sleep) {
    this.#sleep = sleep;
  }

  /** Something else moves: patience begins anew. */
  end(): void {
    this.#inRow = 0;
  }

  /** One more, when `items` have run in all; true where patience has come to its end. */
  async begin(items: number): Promise<boolean> {
    if (items !== this.#items) this.#inRow = 0;
    this.#items = items;
    this.#inRow++;
    this.count++;
    if (this.#inRow <= IDLE_TURNS) return false;
    await this.#sleep.forMs(IDLE_DELAY_MS);
    if (this.#inRow < IDLE_TURNS + IDLE_DELAYS_MAX) return false;
    this.#inRow = 0;
    return true;
  }
}
