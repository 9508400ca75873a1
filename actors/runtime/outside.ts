/**
 * Real input and output of drivers: until it has settled nothing else runs, so that a run stays
 * deterministic however long it takes.
 *
 * @module
 */

import { turn } from "./event_loop.ts";

interface Task {
  isSettled: boolean;
  /** Lets the driver that awaits the task continue. */
  release: () => void;
}

/** The tasks under way outside the fabric. */
export class Outside {
  /** In the order in which they began; answers are handed out in that order, whoever is first. */
  readonly #tasks: Task[] = [];
  /** Called when a task begins. */
  onBegin: () => void = () => {};
  #onDone: () => void = () => {};
  #isReleasing = false;

  /** Whether a task is under way. */
  get isBusy(): boolean {
    return this.#tasks.length > 0;
  }

  /** Resolves when no task is under way any more, or as soon as `signal` is aborted. */
  done(signal: AbortSignal): Promise<void> {
    if (!this.isBusy || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onDone = resolve;
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
  }

  /** Runs `work`; the promise settles as its does, once all tasks that are under way have settled. */
  run<T>(work: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const task: Task = { isSettled: false, release: () => {} };
      this.#tasks.push(task);
      this.onBegin();
      const settle = (release: () => void) => {
        task.release = release;
        task.isSettled = true;
        if (this.#tasks.every((other) => other.isSettled)) this.#releaseAll();
      };
      // A throw in the synchronous part of `work` is a rejection like any other.
      (async () => await work())().then(
        (value) => settle(() => resolve(value)),
        (error) => settle(() => reject(error)),
      );
    });
  }

  /** Hands out the answers, each with a turn of its own, so that drivers continue in order. */
  async #releaseAll(): Promise<void> {
    if (this.#isReleasing) return;
    this.#isReleasing = true;
    while (this.isBusy && this.#tasks.every((task) => task.isSettled)) {
      this.#tasks[0]!.release();
      await turn();
      this.#tasks.shift();
    }
    this.#isReleasing = false;
    if (!this.isBusy) this.#onDone();
  }
}
