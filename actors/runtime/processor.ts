/**
 * Work items, and the virtual processors that they wait for.
 *
 * @module
 */

import type { TraceEvent } from "../../core/trace.ts";
import { Fifo } from "../../core/fifo.ts";
import type { Alternative, Touch } from "./chooser.ts";
import { DISPATCH_LEVEL, type Irql } from "./irql.ts";

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
  | "pageIn"
  /** What a writer has put off: its signal, or its second look for room. At DISPATCH_LEVEL. */
  | "signal"
  /** A blocked caller continues with its answer. */
  | "answer";

/** How work items read on the trace; null: nothing is said of it beside what the work does. */
export const WORK_EVENTS: Readonly<Record<WorkKind, TraceEvent | null>> = {
  interrupt: "workInterrupt",
  completions: "workDpc",
  passivePackets: "workPassive",
  stateChange: "workStateChange",
  message: "workControl",
  match: "workMatch",
  pageIn: "workPageIn",
  signal: "workSignal",
  answer: null,
};

/** Who does the work of an item. */
export interface Worker {
  /** Stands for it on the trace. */
  readonly traceId: number;
  /** Does the work, up to its end or a scheduling point; a driver's promise may outlive it. */
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

/** {@linkcode WorkItem.order} of one that is not scheduled. */
export const NOT_SCHEDULED = -1;

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
  /** Its place among all scheduled items. */
  order: number = NOT_SCHEDULED;
  /** What stands for the rest of it while that waits behind a scheduling point; null: it never stopped at one. */
  #rest: WorkItem | null = null;

  /** An item of `worker`, which runs at `irql` on `processor`. */
  constructor(worker: Worker, kind: WorkKind, irql: Irql, processor: Processor) {
    this.worker = worker;
    this.kind = kind;
    this.irql = irql;
    this.processor = processor;
  }

  /** Whether it waits for its turn. */
  get isScheduled(): boolean {
    return this.order !== NOT_SCHEDULED;
  }

  /**
   * What stands for the rest of it, on the processor that it has run on: a signal schedules the item itself
   * meanwhile, as that asks for another look. The rest of a rest is that rest.
   */
  get rest(): WorkItem {
    if (this.#rest === null) {
      this.#rest = new WorkItem(this.worker, this.kind, this.irql, this.processor);
      this.#rest.#rest = this.#rest;
    }
    if (!this.#rest.isScheduled) this.#rest.processor = this.processor;
    return this.#rest;
  }

  /** See {@linkcode Alternative.label}. */
  get label(): string {
    return `${this.worker.traceId} ${this.kind}`;
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

  /** Puts what stopped at a scheduling point before the others of its level. */
  putFirst(item: WorkItem): void {
    if (this.#count++ === 0) this.#lone = item;
    else this.#putFirstQueued(item);
  }

  #putFirstQueued(item: WorkItem): void {
    const lone = this.#lone;
    this.#lone = null;
    if (lone !== null) this.#queueOf(lone).push(lone);
    this.#queueOf(item).putFirst(item);
  }

  /** Takes `item` out, wherever it stands, as if it had never been put there: it overtakes nobody. */
  remove(item: WorkItem): void {
    this.#count--;
    if (item === this.#lone) this.#lone = null;
    else this.#queueOf(item).remove(item);
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
      item.order = NOT_SCHEDULED;
      this.remove(item);
    }
    if (this.#passive.length === 0) this.#overtaken = 0;
  }

  /** Forgets all scheduled items. */
  clear(): void {
    for (const item of this.list()) item.order = NOT_SCHEDULED;
    this.#count = 0;
    this.#lone = null;
    this.#dispatch.clear();
    this.#passive.clear();
    this.#overtaken = 0;
  }
}
