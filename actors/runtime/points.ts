/**
 * Scheduling points: places at which what runs may be overtaken, as on a machine whose other processors do not
 * wait for it. Where the schedule is `fifo` there are none.
 *
 * @module
 */

import {
  type Alternative,
  type Alternatives,
  type Chooser,
  EVERYTHING,
  type Touch,
} from "./chooser.ts";
import { PASSIVE_LEVEL } from "./irql.ts";
import { NOT_SCHEDULED, Processor, WorkItem } from "./processor.ts";
import type { Runnable } from "./runnable.ts";

/** Answers come before all that was scheduled, and after what has begun. */
const ANSWER_ORDER = NOT_SCHEDULED - 1;

/** Stands for a caller where a worker's number on the trace is asked for; channels count from 1. */
const NOBODY = 0;
const NOBODY_CHOSEN = -1;
const ALL: readonly Touch[] = [{ of: EVERYTHING, part: "", writes: true }];

/** The program, for a chooser that asks who continues. */
const PROGRAM: Alternative = { worker: {}, order: 0, itemsAhead: 1, touches: ALL };

/** The queues of all processors. */
export interface Queues {
  /** Processors with items. */
  readonly busy: readonly Processor[];
  /** What may run of them. */
  readonly runnable: Runnable;
  /** `processor`, which was idle, gets an item. */
  join(processor: Processor): void;
  /** Takes `processor` off the list of busy ones, once it is idle. */
  leave(processor: Processor): void;
  /** Puts an item behind the others; nothing happens where it is scheduled already. */
  schedule(item: WorkItem): void;
  /** Takes out the item that stands at `place` among all that may run. */
  takeAt(place: number): WorkItem | null;
  /** Way `chosen` of `count` was chosen. */
  chose(count: number, chosen: number): void;
}

/** The turn of a caller that was answered. */
export interface AnswerTurn {
  /** The caller continues now, unless it has. */
  take(): void;
}

/** The scheduling points of one fabric. */
export class Points {
  /** Whether somebody is asked before each item, and where one continues, whether it is to run yet. */
  isWatched = false;
  /** Whether something must come before the next item: then the running one continues to its end. */
  mustFinish: () => boolean = () => false;
  /** Whether an item or a timer runs: answers that come of it wait for their turn. */
  isWorking = false;
  /** Hears of each item, or part of one, that is about to run; what it throws, whoever drives gets. */
  onTurn: ((item: WorkItem) => void) | null = null;
  /** Whether the item that was taken last continues where it stopped, and nothing came between. */
  isContinued = false;
  readonly #chooser: Chooser;
  readonly #queues: Queues;
  /** Answers to callers, in order. */
  readonly #answers = new Processor(0);
  #running: WorkItem | null = null;
  #stopped: WorkItem | null = null;
  /** Where the item stands that overtakes the one that stopped, if it was chosen already. */
  #chosenAt = NOBODY_CHOSEN;
  /** Counts down: what stopped last comes first. */
  #order = ANSWER_ORDER;

  /** Points at which `chooser` chooses who continues. */
  constructor(chooser: Chooser, queues: Queues) {
    this.#chooser = chooser;
    this.#queues = queues;
  }

  /** Whether the item that was taken last has stopped at a point. */
  get hasStopped(): boolean {
    return this.#stopped !== null;
  }

  get #hasOthers(): boolean {
    for (const { runs } of this.#queues.busy) if (runs) return true;
    return false;
  }

  // -- What runs

  /**
   * The running item is at a point. True: somebody else may come first, so it returns, and its worker
   * continues at the same place in its next turn, which is due. False: it continues now.
   */
  stop(): boolean {
    const running = this.#running;
    if (running === null || !running.processor.runs || !this.#hasOthers) return false;
    if (this.mustFinish()) return false;
    const { rest } = running;
    const { processor } = rest;
    if (rest.isScheduled) { // it was the rest's turn that this one has taken
      this.#queues.schedule(running);
      processor.remove(rest);
    } else if (processor.isIdle) this.#queues.join(processor);
    rest.order = --this.#order;
    processor.putFirst(rest);
    this.#stopped = rest;
    return this.isWatched || this.#isOvertaken(rest);
  }

  /** Whether somebody else is chosen; if not, the running item need not even return. */
  #isOvertaken(rest: WorkItem): boolean {
    const { runnable } = this.#queues;
    const count = runnable.lookAfter(rest, rest.processor);
    const offset = count === 1 ? 0 : this.#choose(count, runnable);
    if (offset === 0) {
      this.#remove(rest);
      this.#stopped = null;
    } else this.#chosenAt = runnable.placeOf(offset);
    return offset > 0;
  }

  /** Whether the rest of what a call does, which `item` stands for, is put off until that has its turn. */
  putsOff(item: WorkItem): boolean {
    if (!this.isWorking && !this.#hasOthers) return false;
    const caller = this.isWorking && this.#running !== null ? this.#running : PROGRAM;
    const at = (offset: number) => offset === 0 ? item : caller;
    return this.#choose(2, { oldestAt: 0, at }) === 1;
  }

  /** An answer that comes of an item has its turn before all that was scheduled. */
  answer(resume: () => void): AnswerTurn {
    const worker = { traceId: NOBODY, work: resume, touches: () => ALL };
    const item = new WorkItem(worker, "answer", PASSIVE_LEVEL, this.#answers);
    item.order = ANSWER_ORDER;
    if (this.#answers.isIdle) this.#queues.join(this.#answers);
    this.#answers.push(item);
    return { take: () => this.#take(item, resume) };
  }

  #take(item: WorkItem, resume: () => void): void {
    if (!item.isScheduled) return;
    this.#remove(item);
    resume();
  }

  // -- What runs next

  /** Takes out the item that runs next; null where none may run. */
  next(): WorkItem | null {
    const item = this.#takeNext();
    if (item !== null && this.onTurn !== null) this.onTurn(item);
    return item;
  }

  #takeNext(): WorkItem | null {
    const stopped = this.#takeStopped();
    if (this.#chosenAt >= 0) return this.#takeChosen();
    const { runnable } = this.#queues;
    const count = stopped === null
      ? runnable.look()
      : runnable.lookAfter(stopped, stopped.processor);
    if (count === 0) return null;
    const offset = count === 1 ? 0 : this.#choose(count, runnable);
    this.isContinued = stopped !== null && offset === 0;
    return this.#running = this.isContinued
      ? this.#remove(stopped!)
      : this.#queues.takeAt(runnable.placeOf(offset));
  }

  /** Takes out the item that has overtaken the one which stopped. */
  #takeChosen(): WorkItem | null {
    const place = this.#chosenAt;
    this.#chosenAt = NOBODY_CHOSEN;
    this.isContinued = false;
    return this.#running = this.#queues.takeAt(place);
  }

  /** Takes out the next answer, where its caller is to continue in the same turn as the last one. */
  nextAnswer(): WorkItem | null {
    if (this.#answers.isIdle || this.#choose(2, null) === 1) return null;
    return this.#remove(this.#answers.runnableAt(0));
  }

  /** What stopped last, if it is still to continue: its partition may have been paused, or be gone. */
  #takeStopped(): WorkItem | null {
    const stopped = this.#stopped;
    this.#stopped = null;
    return stopped?.isScheduled === true && stopped.processor.runs ? stopped : null;
  }

  /** Takes `item` out, wherever it stands. */
  #remove(item: WorkItem): WorkItem {
    item.processor.remove(item);
    item.order = NOT_SCHEDULED;
    this.#queues.leave(item.processor);
    return item;
  }

  #choose(count: number, known: Alternatives | null): number {
    const offset = this.#chooser.choose("item", count, known);
    const oldestAt = known?.oldestAt ?? 0;
    this.#queues.chose(count, (oldestAt + offset) % count);
    return offset;
  }
}
