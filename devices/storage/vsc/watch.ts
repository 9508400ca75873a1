/**
 * The part of the storage controller's VSC that notices a host which does not answer: it counts time while requests
 * are under way, and only then, and only time in which the guest runs.
 *
 * @module
 */

import type { CancelTimer, GuestTimers } from "./guest_timer.ts";

/** A request's time is counted in so many parts. */
const PARTS = 64;

/** A request that is watched. */
export interface WatchedRequest {
  /** Parts of its time that have passed. */
  age: number;
}

/** What is watched, and who is told. */
export interface WatchParts {
  /** The guest's timers. */
  readonly timers: GuestTimers;
  /** How long a request may take, in milliseconds. */
  readonly timeoutMilliseconds: number;
  /** The requests under way. */
  readonly requests: () => Iterable<WatchedRequest>;
  /** Called before anything else is done. */
  readonly awake: () => void;
  /** A request has taken too long. */
  readonly timedOut: () => void;
}

/** The watch over the requests of one controller. */
export class RequestWatch {
  readonly #parts: WatchParts;
  /** Ends the present wait; null while nothing is under way. */
  #cancel: CancelTimer | null = null;

  /** A watch that has not begun. */
  constructor(parts: WatchParts) {
    this.#parts = parts;
  }

  /** Begins to count time where something is under way, and ends that where nothing is. */
  look(): void {
    const [first] = this.#parts.requests();
    if (first === undefined) {
      this.#cancel?.();
      this.#cancel = null;
    } else this.#cancel ??= this.#wait();
  }

  #wait(): CancelTimer {
    const { timers, timeoutMilliseconds, requests, awake, timedOut } = this.#parts;
    return timers.after(timeoutMilliseconds / PARTS, () => {
      this.#cancel = null;
      awake();
      let isOver = false;
      for (const request of requests()) isOver = ++request.age > PARTS || isOver;
      if (isOver) timedOut();
      else this.look();
    });
  }
}
