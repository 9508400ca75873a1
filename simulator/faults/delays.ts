/**
 * What comes later: held back, or to be done when some time has passed.
 *
 * @module
 */

import type { Deadline } from "../../core/clock.ts";
import type { FabricRuntime } from "../../actors/fabric/fabric_runtime.ts";
import { UNITS_PER_MS } from "../../actors/runtime/real_pace.ts";
import type { Timer } from "../../actors/runtime/timer.ts";

/** Something that comes later. */
export class Delayed implements Timer {
  readonly #delays: Delays;
  readonly #work: () => void;
  /** When it comes; null before it is told, and once it has come. */
  deadline: Deadline<Timer> | null = null;

  /** Has `work` done when it comes. */
  constructor(delays: Delays, work: () => void) {
    this.#delays = delays;
    this.#work = work;
  }

  /** See {@linkcode Timer.fire}. */
  fire(): void {
    this.cancel();
    this.#work();
  }

  /** It does not come: whoever wanted it has done it. */
  cancel(): void {
    this.#delays.forget(this);
  }
}

/** What comes later in one fabric. */
export class Delays {
  readonly #fabric: FabricRuntime;
  readonly #all = new Set<Delayed>();
  #areOver = false;

  /** Nothing is delayed yet in `fabric`. */
  constructor(fabric: FabricRuntime) {
    this.#fabric = fabric;
  }

  /** Has `work` done in so much virtual time; at once where nothing is delayed any more. */
  add(milliseconds: number, work: () => void): Delayed {
    const delayed = new Delayed(this, work);
    if (this.#areOver) {
      work();
      return delayed;
    }
    const { clock } = this.#fabric;
    const at100ns = clock.now100ns + milliseconds * UNITS_PER_MS;
    this.#all.add(delayed);
    delayed.deadline = this.#fabric.armTimer(at100ns, delayed);
    return delayed;
  }

  /** See {@linkcode Delayed.cancel}. */
  forget(delayed: Delayed): void {
    this.#all.delete(delayed);
    if (delayed.deadline !== null) this.#fabric.cancelTimer(delayed.deadline);
    delayed.deadline = null;
  }

  /** All that was delayed comes now, and nothing is delayed any more. */
  end(): void {
    this.#areOver = true;
    for (const delayed of [...this.#all]) delayed.fire();
  }
}
