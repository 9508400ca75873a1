/**
 * Small protocols as work items: what schedulers are compared by. A task is a generator that says before each
 * step what the step touches, and when it can be done.
 *
 * @module
 */

import type { Chooser, Touch } from "../../../../actors/runtime/chooser.ts";
import { PASSIVE_LEVEL } from "../../../../actors/runtime/irql.ts";
import { createChooser, type Schedule } from "../../../../actors/runtime/schedule.ts";
import { Processor, type Worker, WorkItem } from "../../../../actors/runtime/processor.ts";
import { Scheduler } from "../../../../actors/runtime/scheduler.ts";

/** What a task does next. */
export interface Step {
  /** What it touches. */
  readonly on: string;
  /** Whether it changes that. */
  readonly writes: boolean;
  /** Whether it can be done now. */
  readonly when: () => boolean;
}

/** A task of a protocol. */
export type Task = Generator<Step, void, void>;

/** Tasks, and whether what they came to is a mistake. */
export interface Protocol {
  readonly tasks: readonly Task[];
  /** Asked once nothing can run any more: `isStuck` where a task waits. */
  hasFailed(isStuck: boolean): boolean;
}

const always = () => true;

/** A step that changes `on`. */
export function write(on: string, when: () => boolean = always): Step {
  return { on, writes: true, when };
}

/** A step that looks at `on`. */
export function read(on: string): Step {
  return { on, writes: false, when: always };
}

/** One task: an item at most is scheduled, on a processor of its own. */
class TaskWorker implements Worker {
  readonly traceId = 0;
  readonly item: WorkItem;
  /** Steps that were done. */
  done = 0;
  next: Step | null = null;
  readonly #task: Task;
  readonly #shared: object;
  readonly #expected: number;

  constructor(task: Task, shared: object, expected: number) {
    this.#task = task;
    this.#shared = shared;
    this.#expected = expected;
    this.item = new WorkItem(this, "interrupt", PASSIVE_LEVEL, new Processor(0));
    this.#advance();
  }

  work(): void {
    this.done++;
    this.#advance();
  }

  touches(): readonly Touch[] {
    return this.next === null
      ? []
      : [{ of: this.#shared, part: this.next.on, writes: this.next.writes }];
  }

  itemsAhead(): number {
    return Math.max(1, this.#expected - this.done);
  }

  #advance(): void {
    const { done, value } = this.#task.next();
    this.next = done ? null : value;
  }
}

/** What a run came to. */
export interface ProtocolRun {
  readonly hasFailed: boolean;
  /** Steps of each task. */
  readonly steps: readonly number[];
  /** The tasks in the order of their steps. */
  readonly order: readonly number[];
  /** Choices among several tasks. */
  readonly choices: number;
}

/** Runs `protocol`, whose tasks take `expected` steps each; null where that is not known. */
export function runProtocol(
  protocol: Protocol,
  chooser: Chooser | null,
  expected: readonly number[] | null = null,
): ProtocolRun {
  const scheduler = new Scheduler(chooser);
  let choices = 0;
  scheduler.onChoice = () => choices++;
  const workers = protocol.tasks.map((task, at) =>
    new TaskWorker(task, protocol, expected?.[at] ?? 1)
  );
  const order: number[] = [];
  for (const { item, next } of workers) if (next !== null) scheduler.schedule(item);
  for (;;) {
    for (const { item, next } of workers) item.processor.runs = next?.when() ?? true;
    const item = scheduler.next();
    if (item === null) break;
    const worker = workers.find((each) => each.item === item)!;
    order.push(workers.indexOf(worker));
    worker.work();
    if (worker.next !== null) scheduler.schedule(item);
  }
  const isStuck = workers.some(({ next }) => next !== null);
  const steps = workers.map(({ done }) => done);
  return { hasFailed: protocol.hasFailed(isStuck), steps, order, choices };
}

/** How many runs it takes until one fails; null where none of `runsMax` does. */
export function hunt(
  make: () => Protocol,
  schedule: Schedule,
  seed: number,
  runsMax: number,
): number | null {
  let last: ProtocolRun | null = null;
  let expected: readonly number[] | null = null;
  const isPct = typeof schedule === "object" && schedule.name === "pct";
  for (let run = 1; run <= runsMax; run++) {
    // What a run before has counted is what the next one expects.
    const steps = Math.max(10, last?.choices ?? 50);
    const chooser = createChooser(
      isPct ? { ...schedule, steps } : schedule,
      seed * 100_003 + run,
    );
    last = runProtocol(make(), chooser, expected);
    if (last.hasFailed) return run;
    expected ??= last.steps;
  }
  return null;
}

/** The median of hunts with `seeds` seeds; one that found nothing counts as Infinity. */
export function medianHunt(
  make: () => Protocol,
  schedule: Schedule,
  { seeds, runsMax }: { readonly seeds: number; readonly runsMax: number },
): number {
  const found = Array.from(
    { length: seeds },
    (_, seed) => hunt(make, schedule, seed, runsMax) ?? Infinity,
  );
  return found.toSorted((a, b) => a - b)[seeds >> 1]!;
}
