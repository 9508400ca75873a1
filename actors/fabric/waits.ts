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
  /** The partition whose driver waits; null for `delay`, which is of no driver's channel. */
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
  /** Whether it began outside the synchronous part of a callback: whose it is can only be guessed. */
  readonly isDetached: boolean;
  /** Whether it may drive the loop: a caller outside callbacks, until the program drives itself. */
  mayDrive: boolean;
  #blocked: PendingCallback | null = null;
  readonly #waits: Waits;
  readonly #resolvers: PromiseWithResolvers<T>;

  /** A caller that begins to wait. */
  constructor(options: WaitOptions, isDetached: boolean, waits: Waits) {
    this.options = options;
    this.isDetached = isDetached;
    this.mayDrive = isDetached;
    this.#waits = waits;
    this.#resolvers = Promise.withResolvers<T>();
    this.promise = this.#resolvers.promise;
  }

  /** The callback that waits, or null for a caller outside callbacks. */
  get blocked(): PendingCallback | null {
    return this.#blocked;
  }

  /** The name of the callback that waits, or null for a caller outside callbacks. */
  get insideOf(): string | null {
    return this.#blocked?.frame.name ?? null;
  }

  /** Whether it drives the loop. */
  get drives(): boolean {
    return this.mayDrive && this.#blocked === null;
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
    this.#blocked = null;
  }

  /** Answers the caller, once its processors run. A second answer is none. */
  answer(value: T): void {
    if (this.#waits.holds(this, () => this.answer(value))) return;
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
  /** By partition whose processors stand still: the answers that its callbacks get later. */
  readonly #held = new Map<object, (() => void)[]>();
  /** Called when somebody may drive the loop who did not before. */
  onDriver: () => void = () => {};
  /** Called when a caller is answered. */
  onAnswer: () => void = () => {};

  /** Nobody waits yet. */
  constructor(callbacks: Callbacks) {
    this.#callbacks = callbacks;
    callbacks.onEnded = (ended) => this.#ended(ended);
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
   * Blocks the caller. `isUnderWay` says that the loop has begun to run: a call that comes then, while a
   * callback is unfinished and not known to be blocked, is taken for that callback's.
   */
  begin<T>(options: WaitOptions, isUnderWay: boolean): Wait<T> {
    const isDetached = currentFrame() === null;
    const wait = new Wait<T>(options, isDetached, this);
    this.#all.add(wait as Wait<unknown>);
    if (!isDetached) this.#callbacks.addBlocker(wait);
    else if (isUnderWay) this.#attribute(wait);
    this.onDriver();
    return wait;
  }

  /** Takes `wait` off the list; false where it is answered already. */
  remove<T>(wait: Wait<T>): boolean {
    if (!this.#all.delete(wait as Wait<unknown>)) return false;
    wait.unblock();
    this.onAnswer();
    return true;
  }

  /** The processors of `partition` stand still: its callbacks get no answer until they go on. */
  hold(partition: object): void {
    if (!this.#held.has(partition)) this.#held.set(partition, []);
  }

  /** The processors of `partition` run, or its drivers are gone: answers that were held are given. */
  release(partition: object): void {
    const answers = this.#held.get(partition) ?? [];
    this.#held.delete(partition);
    for (const answer of answers) answer();
  }

  /** Keeps the answer to `wait` for later, if its callback must not go on now. */
  holds<T>(wait: Wait<T>, answer: () => void): boolean {
    if (wait.blocked === null) return false;
    const held = this.#held.get(wait.blocked.frame.partition);
    held?.push(answer);
    return held !== undefined;
  }

  /** The callbacks of a crashed partition never go on: their delays end with them. */
  drop(partition: object): void {
    for (const wait of this.#all) {
      if (wait.blocked?.frame.partition !== partition) continue;
      if (wait.options.partition === null) this.#all.delete(wait);
      else this.#reassign(wait);
    }
  }

  /** The fabric is disposed of: callers that drive its loop are told, and no other goes on. */
  abandon(error: Error): void {
    for (const wait of [...this.#all]) {
      if (wait.drives) wait.reject(error);
      else this.remove(wait);
    }
  }

  #attribute<T>(wait: Wait<T>): void {
    const pending = this.#callbacks.unblocked;
    if (pending !== null) wait.block(pending);
  }

  /** Who still waits and was taken for a callback that ended is another, or the program. */
  #reassign<T>(wait: Wait<T>): void {
    wait.unblock();
    if (wait.isDetached) this.#attribute(wait);
    this.onDriver();
  }

  #ended(ended: PendingCallback): void {
    for (const wait of this.#all) {
      if (wait.blocked === ended) this.#reassign(wait);
    }
  }
}
