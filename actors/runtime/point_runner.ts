/**
 * The loop's items where there are scheduling points.
 *
 * @module
 */

import type { Points } from "./points.ts";
import type { WorkItem } from "./processor.ts";

/** What it needs of the loop. */
export interface PointedLoop {
  /** Whether something must come before the next item. */
  hasMoreToDo(): boolean;
  /** Counts an item, puts it on the trace and does its work. */
  begin(item: WorkItem): void;
  /** An item threw. */
  failed(thrown: unknown): void;
  /** An item has ended. */
  ended(): void;
}

/** Runs items up to their scheduling points. */
export class PointRunner {
  readonly #points: Points;
  readonly #loop: PointedLoop;

  /** Runs those that stop at `points` for `loop`. */
  constructor(points: Points, loop: PointedLoop) {
    this.#points = points;
    this.#loop = loop;
    points.mustFinish = () => loop.hasMoreToDo();
  }

  /**
   * Runs items until something else may have to come before the next, one part of one where `isWatched`; false
   * where none may run.
   */
  run(isWatched: boolean): boolean {
    const points = this.#points;
    points.isWatched = isWatched;
    while (this.#runNext()) {
      if (isWatched || (this.#loop.hasMoreToDo() && !points.hasStopped)) return true;
    }
    return false;
  }

  /** Does what is no item, as the firing of a timer: answers that come of it wait for their turn. */
  work(work: () => void): void {
    this.#points.isWorking = true;
    try {
      work();
    } finally {
      this.#points.isWorking = false;
    }
  }

  #runNext(): boolean {
    const points = this.#points;
    let item: WorkItem | null = null;
    try {
      item = points.next(); // throws where a replay has become another run
      if (item === null) return false;
      points.isWorking = true;
      this.#do(item);
    } catch (error) {
      this.#loop.failed(error);
    } finally {
      points.isWorking = false;
    }
    if (!points.hasStopped) this.#loop.ended();
    return true;
  }

  #do(item: WorkItem): void {
    if (item.kind === "answer") this.#answer(item);
    else if (this.#points.isContinued) item.worker.work(item.kind);
    else this.#loop.begin(item);
  }

  /** Callers that were answered continue in one turn, or in one each. */
  #answer(first: WorkItem): void {
    for (let item: WorkItem | null = first; item !== null; item = this.#points.nextAnswer()) {
      item.worker.work(item.kind);
    }
  }
}
