/**
 * A bound to the work of one instant: what never comes to rest ends the call that drives it, and is named.
 *
 * @module
 */

/** Items, before the bound is reached, of which each is counted for who did it: enough to see who is busy. */
const COUNTED_ITEMS = 10_000;
/** How many of the busiest are named. */
const NAMED = 4;

/** Counts what runs while no time passes. The counter itself is the loop's. */
export class InstantBound {
  /** Items and timers that may run at one instant. */
  readonly itemsMax: number;
  readonly #byWorker = new Map<number, number>();
  /** The loop's count at which the bound is reached. */
  #end = 0;

  /** A bound of `itemsMax`. */
  constructor(itemsMax: number) {
    this.itemsMax = itemsMax;
  }

  /**
   * An instant begins, when `items` have run in all. Returns the count from which on items are to be
   * counted by {@linkcode InstantBound.add}.
   */
  restart(items: number): number {
    this.#byWorker.clear();
    this.#end = items + this.itemsMax;
    return Math.max(items, this.#end - COUNTED_ITEMS);
  }

  /** Counts an item of the worker that is `traceId` on the trace; true where it is one too many. */
  add(traceId: number, items: number): boolean {
    if (items > this.#end) return true;
    this.#byWorker.set(traceId, (this.#byWorker.get(traceId) ?? 0) + 1);
    return false;
  }

  /** Who was busiest at the end, the busiest first: `channel 1 (server) with 52 % of the items`. */
  busiest(nameOf: (traceId: number) => string): string {
    const counts = [...this.#byWorker].toSorted(([idA, a], [idB, b]) => b - a || idA - idB);
    const all = counts.reduce((sum, [, count]) => sum + count, 0);
    const named = counts.slice(0, NAMED).map(([traceId, count]) =>
      `${nameOf(traceId)} with ${Math.round(100 * count / all)} % of the items`
    );
    return named.join(", ");
  }
}
