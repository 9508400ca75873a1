/**
 * Work that may have ended when its call returns, as that of an image in memory, or may end later: so that
 * what need not wait does not.
 *
 * @module
 */

import type { MaybePromise } from "../../../mod.ts";

/** Whether `value` is still to come. */
export function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
  return value instanceof Promise;
}

/** What `next` makes of `value`, once it is there. */
export function chain<T, R>(
  value: MaybePromise<T>,
  next: (value: T) => MaybePromise<R>,
): MaybePromise<R> {
  return isPromise(value) ? value.then(next) : next(value);
}

/** Calls `work` for each of `items`, one after the other. */
export function inTurn<T>(
  items: Iterator<T>,
  work: (item: T) => MaybePromise<void>,
): MaybePromise<void> {
  for (let item = items.next(); item.done !== true; item = items.next()) {
    const done = work(item.value);
    if (isPromise(done)) return done.then(() => inTurn(items, work));
  }
}

/** What `work` comes to, or what `mend` makes of its throw or rejection. */
export function mended<T>(
  work: () => MaybePromise<T>,
  mend: (error: unknown) => T,
): MaybePromise<T> {
  try {
    const value = work();
    return isPromise(value) ? value.catch(mend) : value;
  } catch (error) {
    return mend(error);
  }
}

/** At most so many works at once; the others wait for their turn. */
export class Lanes {
  readonly #max: number;
  readonly #waiting: (() => void)[] = [];
  #busy = 0;

  /** Lanes for `max` works, at least 1. */
  constructor(max: number) {
    this.#max = max;
  }

  /** Runs `work`, at once where a lane is free. */
  run<T>(work: () => MaybePromise<T>): MaybePromise<T> {
    if (this.#busy >= this.#max) {
      return new Promise<void>((resolve) => this.#waiting.push(resolve)).then(() =>
        this.#take(work)
      );
    }
    this.#busy++;
    return this.#take(work);
  }

  /** Runs `work` in a lane that it has. */
  #take<T>(work: () => MaybePromise<T>): MaybePromise<T> {
    try {
      const value = work();
      if (isPromise(value)) return value.finally(() => this.#leave());
      this.#leave();
      return value;
    } catch (error) {
      this.#leave();
      throw error;
    }
  }

  /** The lane goes to who waits longest. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#busy--;
    else next();
  }
}
