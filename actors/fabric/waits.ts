/**
 * Callers that are blocked: in a KMCL function that waits, or in a delay.
 *
 * @module
 */

import type { Blocker, Callbacks, PendingCallback } from "./callbacks.ts";
import { currentFrame } from "./irql.ts";

/** What a blocked caller waits for. */
export interface WaitOptions {
  /** The documented function, or `"delay"`. */
  readonly call: string;
  /** What it waits for, in words: `the completion of packet 3 on channel 1 (client)`. */
  readonly what: string;
  /** The partition whose driver waits; null for `delay` outside callbacks. */
  readonly partition: object | null;
  /** Called when the caller is rejected instead of answered: nothing may answer it any more. */
  readonly abandon?: () => void;
}

/** One blocked caller. */
export class Wait<T> implements Blocker {
  /** What it waits for. */
  readonly options: WaitOptions;
  /** Resolves with the answer. */
  readonly promise: Promise<T>;
  /** Whether it drives the loop: a caller outside callbacks, until the program drives itself. */
  drives: boolean;
  #blocked: PendingCallback | null = null;
  readonly #waits: Waits;
  readonly #resolvers: PromiseWithResolvers<T>;

  /** A caller that begins to wait. */
  constructor(options: WaitOptions, drives: boolean, waits: Waits) {
    this.options = options;
    this.drives = drives;
    this.#waits = waits;
    this.#resolvers = Promise.withResolvers<T>();
    this.promise = this.#resolvers.promise;
  }

  /** The name of the callback that waits, or null for a caller outside callbacks. */
  get insideOf(): string | null {
    return this.#blocked?.frame.name ?? null;
  }

  /** Makes `pending` count as blocked until the answer is there. */
  block(pending: PendingCallback): void {
    if (!this.#waits.all.has(this as Wait<unknown>)) return;
    this.#blocked = pending;
    pending.blockedIn++;
  }

  /** Ends the blocking of the callback. */
  unblock(): void {
    if (this.#blocked !== null) this.#blocked.blockedIn--;
  }

  /** Answers the caller. A second answer is none. */
  answer(value: T): void {
    if (this.#waits.remove(this)) this.#resolvers.resolve(value);
  }

  /** Rejects the caller, whose call then counts as given up. */
  reject(error: Error): void {
    if (!this.#waits.remove(this)) return;
    this.options.abandon?.();
    this.#resolvers.reject(error);
  }
}

/** All blocked callers of one fabric, in the order in which they came. */
export class Waits {
  readonly #callbacks: Callbacks;
  readonly #all = new Set<Wait<unknown>>();
  /** Called when a caller begins to wait, and when one is answered. */
  onChange: () => void = () => {};

  /** Nobody waits yet. */
  constructor(callbacks: Callbacks) {
    this.#callbacks = callbacks;
  }

  /** The blocked callers. */
  get all(): ReadonlySet<Wait<unknown>> {
    return this.#all;
  }

  /** The oldest caller that drives the loop. */
  get driving(): Wait<unknown> | null {
    for (const wait of this.#all) {
      if (wait.drives) return wait;
    }
    return null;
  }

  /**
   * Blocks the caller. `insideTurn` says that the loop is giving the runtime a turn: a call that comes
   * then, while a callback is unfinished and not known to be blocked, is taken for that callback's.
   */
  begin<T>(options: WaitOptions, insideTurn: boolean): Wait<T> {
    const inCallback = currentFrame() !== null;
    const pending = insideTurn && !inCallback ? this.#callbacks.unblocked : null;
    const wait = new Wait<T>(options, !inCallback && pending === null, this);
    this.#all.add(wait as Wait<unknown>);
    if (inCallback) this.#callbacks.addBlocker(wait);
    else if (pending !== null) wait.block(pending);
    this.onChange();
    return wait;
  }

  /** Takes `wait` off the list; false where it is answered already. */
  remove<T>(wait: Wait<T>): boolean {
    if (!this.#all.delete(wait as Wait<unknown>)) return false;
    wait.unblock();
    this.onChange();
    return true;
  }
}
