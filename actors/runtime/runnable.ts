/**
 * The items that may run next, as a chooser sees them.
 *
 * @module
 */

import type { Alternative, Alternatives } from "./chooser.ts";

/** A processor with items. */
interface RunnableQueue {
  /** Whether it takes items. */
  readonly runs: boolean;
  /** How many items may run. */
  readonly runnableCount: number;
  /** Place of the first of them among all scheduled ones. */
  readonly firstOrder: number;
  /** The one that is `index` places behind the first. */
  runnableAt(index: number): Alternative;
}

/** The items that may run next, processor by processor. */
export class Runnable implements Alternatives {
  /** See {@linkcode Alternatives.oldestAt}. */
  oldestAt = 0;
  readonly #busy: readonly RunnableQueue[];
  #count = 0;
  /** All of them, once a chooser has asked for one. */
  readonly #items: Alternative[] = [];
  /** One that may run though its processor has others before it; it comes last. */
  #besides: Alternative | null = null;

  /** Those of the processors that are `busy`. */
  constructor(busy: readonly RunnableQueue[]) {
    this.#busy = busy;
  }

  /** Looks which there are now, and counts them. */
  look(): number {
    if (this.#items.length > 0) this.#items.length = 0;
    let count = 0;
    let oldestOrder = Infinity;
    for (const processor of this.#busy) {
      if (!processor.runs) continue;
      const { firstOrder } = processor;
      if (firstOrder < oldestOrder) {
        oldestOrder = firstOrder;
        this.oldestAt = count;
      }
      count += processor.runnableCount;
    }
    this.#count = count;
    this.#besides = null;
    return count;
  }

  /**
   * The same after `stopped`, the first one of its level on `processor`, came to a scheduling point: fifo would
   * have it continue, also where a higher level has work by now.
   */
  lookAfter(stopped: Alternative, processor: RunnableQueue): number {
    if (this.#items.length > 0) this.#items.length = 0;
    const isFirst = processor.runnableAt(0) === stopped;
    let count = 0;
    for (const other of this.#busy) {
      if (!other.runs) continue;
      if (other === processor) this.oldestAt = count;
      count += other.runnableCount;
    }
    this.#besides = isFirst ? null : stopped;
    if (!isFirst) this.oldestAt = count++;
    this.#count = count;
    return count;
  }

  /** Where the one at `offset` from the oldest stands. */
  placeOf(offset: number): number {
    return (this.oldestAt + offset) % this.#count;
  }

  /** See {@linkcode Alternatives.at}. */
  at(offset: number): Alternative {
    if (this.#items.length === 0) this.#list();
    return this.#items[this.placeOf(offset)]!;
  }

  #list(): void {
    for (const processor of this.#busy) {
      if (!processor.runs) continue;
      const { runnableCount } = processor;
      for (let at = 0; at < runnableCount; at++) this.#items.push(processor.runnableAt(at));
    }
    if (this.#besides !== null) this.#items.push(this.#besides);
  }
}
