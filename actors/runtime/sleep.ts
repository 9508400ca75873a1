/**
 * A loop's wait for what does not come from its fabric: real time, real input and output, peers outside.
 *
 * @module
 */

import { realDelay, untilAborted } from "./event_loop.ts";
import type { Scheduler } from "./scheduler.ts";

/** Real time between two looks at what a peer outside may have changed (wire.md 1.7). */
const LOOK_DELAY_MS = 1;

/** The wait of one loop. */
export class Sleep {
  readonly #scheduler: Scheduler;
  /** Ends the wait that is under way. */
  #waiting: AbortController | null = null;

  /** Of the loop that takes its items from `scheduler`: what is scheduled ends it. */
  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  /** Something came up: the wait may have to end sooner. */
  wake(): void {
    this.#waiting?.abort();
  }

  /**
   * Waits for so much real time; where `somebodyLooks` at memory from time to time which a peer outside may change, no
   * longer than until the next look, as nobody is told when such a peer does.
   */
  forMs(milliseconds: number, somebodyLooks = false): Promise<void> {
    const delayMs = somebodyLooks ? Math.min(milliseconds, LOOK_DELAY_MS) : milliseconds;
    return this.until((woken) => realDelay(delayMs, woken));
  }

  /** Waits until a peer outside says something, however long that takes; where `somebodyLooks`, until the next look. */
  forPeers(somebodyLooks: boolean): Promise<void> {
    return somebodyLooks ? this.forMs(LOOK_DELAY_MS) : this.until(untilAborted);
  }

  /** Waits for what `wait` waits for, or until something comes up. */
  async until(wait: (woken: AbortSignal) => Promise<void>): Promise<void> {
    this.#waiting = new AbortController();
    this.#scheduler.onSchedule = () => this.wake();
    await wait(this.#waiting.signal);
    this.#scheduler.onSchedule = null;
    this.#waiting = null;
  }
}
