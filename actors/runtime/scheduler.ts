/**
 * Work items, virtual processors, and the schedule that decides which item runs next.
 *
 * @module
 */

import type { TraceEvent } from "../../core/trace.ts";
import { Fifo } from "../../core/fifo.ts";
import type { Alternative, Chooser, Touch } from "./chooser.ts";
import { DISPATCH_LEVEL, type Irql } from "./irql.ts";
import { Runnable } from "./runnable.ts";

/** What a work item is for. Data, not a closure, so that pending work can be saved. */
export type WorkKind =
  /** A signal of the opposite side: take packets, put queued ones into the ring. At DISPATCH_LEVEL. */
  | "interrupt"
  /** Completion routines of transactions that ended without a completion packet. At DISPATCH_LEVEL. */
  | "completions"
  /** Packets for a driver at PASSIVE_LEVEL. */
  | "passivePackets"
  /** The next state change callback of an endpoint. */
  | "stateChange"
  /** The next control message of one direction of a bus. */
  | "message"
  /** Waiting clients look at the offers. */
  | "match"
  /** Pages of a packet's external data are brought in. */
  | "pageIn";

/** How work items read on the trace. */
export const WORK_EVENTS: Readonly<Record<WorkKind, TraceEvent>> = {
  interrupt: "workInterrupt",
  completions: "workDpc",
  passivePackets: "workPassive",
  stateChange: "workStateChange",
  message: "workControl",
  match: "workMatch",
  pageIn: "workPageIn",
};

/** Who does the work of an item. */
export interface Worker {
  /** Stands for it on the trace. */
  readonly traceId: number;
  /** Does the work. It runs to its end; a driver's promise may outlive it. */
  work(kind: WorkKind): void;
  /** What the work touches beside its processor and the worker itself. */
  touches?(kind: WorkKind): readonly Touch[];
  /** See {@linkcode Alternative.itemsAhead}; 1 where the worker does not say. */
  itemsAhead?(kind: WorkKind): number;
}

/**
 * Items at DISPATCH_LEVEL that a processor runs while one at PASSIVE_LEVEL waits; then that has its turn, as
 * a flood of interrupts must not starve it (api.md section 3).
 */
export const DISPATCH_ITEMS_MAX = 1024;

/** One kind of work of one worker. It is made once and is on a queue at most once. */
export class WorkItem implements Alternative {
  /** Who does the work. */
  readonly worker: Worker;
  /** What it is for. */
  readonly kind: WorkKind;
  /** The level that it runs at. */
  readonly irql: Irql;
  /** The processor that will do it, the next time that it is scheduled. */
  processor: Processor;
  /** Its place among all scheduled items; -1 while it is not scheduled. */
  order: number = -1;

  /** An item of `worker`, which runs at `irql` on `processor`. */
  constructor(worker: Worker, kind: WorkKind, irql: Irql, processor: Processor) {
    this.worker = worker;
    this.kind = kind;
    this.irql = irql;
    this.processor = processor;
  }

  /** Whether it waits for its turn. */
  get isScheduled(): boolean {
    return this.order >= 0;
  }

  /** See {@linkcode Alternative.itemsAhead}. */
  get itemsAhead(): number {
    return this.worker.itemsAhead?.(this.kind) ?? 1;
  }

  /** See {@linkcode Alternative.touches}: items of one processor run in the order that it gives them. */
  get touches(): readonly Touch[] {
    const own = [this.processor, this.worker].map((of) => ({ of, part: "", writes: true }));
    return [...own, ...this.worker.touches?.(this.kind) ?? []];
  }
}

/** A virtual processor: it has no queue of its own beyond the order of its items (api.md section 3). */
export class Processor {
  /** Its number in its partition. */
  readonly index: number;
  /** Whether it takes items: false while its partition is paused, and for ever once it crashed. */
  runs = true;
  /** Items that are scheduled here. */
  #count = 0;
  /** The only one, as a rule: it needs no queue, and there is none beside it. */
  #lone: WorkItem | null = null;
  readonly #dispatch = new Fifo<WorkItem>();
  readonly #passive = new Fifo<WorkItem>();
  /** Items at DISPATCH_LEVEL that were taken while one at PASSIVE_LEVEL waited. */
  #overtaken = 0;

  /** Processor `index` of its partition. */
  constructor(index: number) {
    this.index = index;
  }

  /** How many items may run: a lower level waits while a higher one has work, but not for ever. */
  get runnableCount(): number {
    return this.#lone === null ? this.#runnable().length : 1;
  }

  /** Place of the first item that may run among all scheduled ones. */
  get firstOrder(): number {
    return (this.#lone ?? this.#runnable().peek()!).order;
  }

  /** The runnable item `index` places behind the first. */
  runnableAt(index: number): WorkItem {
    return this.#lone ?? this.#runnable().at(index);
  }

  #runnable(): Fifo<WorkItem> {
    if (this.#dispatch.length === 0 || this.#overtaken >= DISPATCH_ITEMS_MAX) return this.#passive;
    return this.#dispatch;
  }

  /** Takes out the runnable item `index` places behind the first. */
  take(index: number): WorkItem {
    this.#count--;
    const lone = this.#lone;
    if (lone === null) return this.#takeQueued(index);
    this.#lone = null;
    return lone;
  }

  #takeQueued(index: number): WorkItem {
    const runnable = this.#runnable();
    const item = index === 0 ? runnable.shift()! : runnable.take(index);
    if (runnable === this.#passive || this.#passive.length === 0) this.#overtaken = 0;
    else this.#overtaken++;
    return item;
  }

  /** Whether nothing is scheduled here. */
  get isIdle(): boolean {
    return this.#count === 0;
  }

  /** Puts `item` behind the others of its level. */
  push(item: WorkItem): void {
    if (this.#count++ === 0) this.#lone = item;
    else this.#pushQueued(item);
  }

  #pushQueued(item: WorkItem): void {
    const lone = this.#lone;
    this.#lone = null;
    if (lone !== null) this.#queueOf(lone).push(lone);
    this.#queueOf(item).push(item);
  }

  #queueOf({ irql }: WorkItem): Fifo<WorkItem> {
    return irql === DISPATCH_LEVEL ? this.#dispatch : this.#passive;
  }

  /** Everything scheduled here, the higher level first. */
  list(): readonly WorkItem[] {
    const queued = [...this.#dispatch.list(), ...this.#passive.list()];
    return this.#lone === null ? queued : [this.#lone];
  }

  /** Forgets the items of the worker that is `traceId` on the trace. */
  drop(traceId: number): void {
    for (const item of this.list()) {
      if (item.worker.traceId !== traceId) continue;
      item.order = -1;
      this.#count--;
      if (item === this.#lone) this.#lone = null;
      else this.#queueOf(item).remove(item);
    }
    if (this.#passive.length === 0) this.#overtaken = 0;
  }

  /** Forgets all scheduled items. */
  clear(): void {
    for (const item of this.list()) item.order = -1;
    this.#count = 0;
    this.#lone = null;
    this.#dispatch.clear();
    this.#passive.clear();
    this.#overtaken = 0;
  }
}

/** All processors of a fabric, and the choice among their items. */
export class Scheduler {
  readonly #chooser: Chooser | null;
  /** Processors with items, of any partition. */
  readonly #busy: Processor[] = [];
  readonly #runnable = new Runnable(this.#busy);
  #nextOrder = 0;
  /** Called when an item is scheduled while the loop waits for real time, which that ends; else null. */
  onSchedule: (() => void) | null = null;
  /** Called when item `chosen` of `count` that may run was chosen. */
  onChoice: (count: number, chosen: number) => void = () => {};

  /** A scheduler in scheduling order, or, given a chooser, in the order that it chooses. */
  constructor(chooser: Chooser | null) {
    this.#chooser = chooser;
  }

  /** Puts `item` on its processor's queue; nothing happens where it is there already. */
  schedule(item: WorkItem): void {
    if (item.isScheduled) return;
    item.order = this.#nextOrder++;
    const processor = item.processor;
    if (processor.isIdle) this.#busy.push(processor);
    processor.push(item);
    if (this.onSchedule !== null) this.onSchedule();
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
    if (busy.length === 1 && busy[0]!.runs) {
      const item = busy[0]!.take(0);
      item.order = -1;
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
    for (const processor of busy) {
      if (!processor.runs) continue;
      if (place < processor.runnableCount) return this.#take(processor, place);
      place -= processor.runnableCount;
    }
    return null;
  }

  #take(processor: Processor, index: number): WorkItem {
    const item = processor.take(index);
    item.order = -1;
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
