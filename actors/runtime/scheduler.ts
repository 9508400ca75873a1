/**
 * The schedule that decides which work item of all processors runs next.
 *
 * @module
 */

import type { Chooser } from "./chooser.ts";
import { Lookouts } from "./lookouts.ts";
import { Points, type Queues } from "./points.ts";
import { NOT_SCHEDULED, type Processor, type WorkItem } from "./processor.ts";
import { Runnable } from "./runnable.ts";

/** All processors of a fabric, and the choice among their items. */
export class Scheduler {
  readonly #chooser: Chooser | null;
  /** Processors with items, of any partition. */
  readonly #busy: Processor[] = [];
  readonly #runnable = new Runnable(this.#busy);
  #nextOrder = 0;
  /** Called when an item is scheduled while the loop waits for real time, which that ends; else null. */
  onSchedule: (() => void) | null = null;
  /** Called when an item is to be scheduled that is already, so that nothing comes of it; null: nobody hears. */
  onScheduledTwice: ((item: WorkItem) => void) | null = null;
  /** Called when item `chosen` of `count` that may run was chosen. */
  onChoice: (count: number, chosen: number) => void = () => {};

  /** Who looks at memory from time to time, and may schedule something then. */
  readonly lookouts: Lookouts = new Lookouts();
  /** Where what runs may be overtaken; null: an item runs to its end. */
  readonly points: Points | null;

  /**
   * A scheduler in scheduling order, or, given a chooser, in the order that it chooses; `hasPoints`: it is asked
   * at scheduling points as well.
   */
  constructor(chooser: Chooser | null, hasPoints = false) {
    this.#chooser = chooser;
    this.points = chooser !== null && hasPoints ? new Points(chooser, this.#queues) : null;
  }

  get #queues(): Queues {
    return {
      busy: this.#busy,
      runnable: this.#runnable,
      join: (processor) => this.#busy.push(processor),
      leave: (processor) => this.#leaveBusy(processor),
      schedule: (item) => this.schedule(item),
      takeAt: (place) => this.#takeAt(place),
      chose: (count, chosen) => this.onChoice(count, chosen),
    };
  }

  /** Puts `item` on its processor's queue; nothing happens where it is there already. */
  schedule(item: WorkItem): void {
    if (item.isScheduled) return this.onScheduledTwice?.(item);
    item.order = this.#nextOrder++;
    const processor = item.processor;
    if (processor.isIdle) this.#busy.push(processor);
    processor.push(item);
    if (this.onSchedule !== null) this.onSchedule();
  }

  /** There may be something to look at: the loop is to look when it next has something to do, if it waits. */
  stir(): void {
    this.onSchedule?.();
  }

  /** Takes out the item that runs next, or null where none may run. */
  next(): WorkItem | null {
    return this.#chooser === null ? this.#nextInOrder() : this.#nextByChoice(this.#chooser);
  }

  /** Whether an item may run. */
  get hasWork(): boolean {
    return this.#busy.some((processor) => processor.runs);
  }

  /** Drops what is scheduled on `processor`. */
  clear(processor: Processor): void {
    processor.clear();
    this.#leaveBusy(processor);
  }

  /** Drops what the worker that is `traceId` on the trace has scheduled on `processors`. */
  drop(traceId: number, processors: readonly Processor[]): void {
    for (const processor of processors) {
      if (processor.isIdle) continue;
      processor.drop(traceId);
      this.#leaveBusy(processor);
    }
  }

  #nextInOrder(): WorkItem | null {
    const busy = this.#busy;
    // As a rule one processor is busy, and nothing is to be chosen.
    if (busy.length === 1 && busy[0]!.runs === true) {
      const item = busy[0]!.take(0);
      item.order = NOT_SCHEDULED;
      if (busy[0]!.isIdle) busy.pop();
      return item;
    }
    let first: Processor | null = null;
    let firstOrder = Infinity;
    for (const processor of busy) {
      if (!processor.runs) continue;
      const order = processor.firstOrder;
      if (order < firstOrder) {
        first = processor;
        firstOrder = order;
      }
    }
    return first === null ? null : this.#take(first, 0);
  }

  #nextByChoice(chooser: Chooser): WorkItem | null {
    const busy = this.#busy;
    // As a rule one item may run, and nothing is to be chosen.
    if (busy.length === 1 && busy[0]!.runs && busy[0]!.runnableCount === 1) {
      return this.#take(busy[0]!, 0);
    }
    const runnable = this.#runnable;
    const count = runnable.look();
    if (count === 0) return null;
    let place = 0;
    if (count > 1) {
      place = runnable.placeOf(chooser.choose("item", count, runnable));
      this.onChoice(count, place);
    }
    return this.#takeAt(place);
  }

  #takeAt(place: number): WorkItem | null {
    let index = place;
    for (const processor of this.#busy) {
      if (!processor.runs) continue;
      if (index < processor.runnableCount) return this.#take(processor, index);
      index -= processor.runnableCount;
    }
    return null;
  }

  #take(processor: Processor, index: number): WorkItem {
    const item = processor.take(index);
    item.order = NOT_SCHEDULED;
    this.#leaveBusy(processor);
    return item;
  }

  /** Takes `processor` off the list of busy ones, once it is idle. */
  #leaveBusy(processor: Processor): void {
    if (!processor.isIdle) return;
    const busy = this.#busy;
    const at = busy[0] === processor ? 0 : busy.indexOf(processor);
    if (at < 0) return;
    // Not by splice, which makes a list of what it takes out.
    for (let next = at + 1; next < busy.length; next++) busy[next - 1] = busy[next]!;
    busy.pop();
  }
}
