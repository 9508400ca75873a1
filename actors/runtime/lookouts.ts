/**
 * Those who look at memory from time to time, as nobody tells them when it changes: a blocked writer whose peer
 * does not signal (wire.md 1.7), and who looks after monitor pages (wire.md section 6).
 *
 * A look that would find nothing new changes nothing, and is left out: so virtual time does not go from one
 * such look to the next, and a run ends where only looks in vain would be left. It is the same as to look every
 * time, since nothing changes while nothing runs.
 *
 * @module
 */

import type { VirtualClock } from "../../core/clock.ts";
import type { Timer } from "./timer.ts";

/** Somebody who looks. */
export interface Lookout {
  /** When the next look is due that would find something new, from `now100ns` on; null where none would. */
  due100ns(now100ns: number): number | null;
  /** Looks; it is `now100ns`. */
  look(now100ns: number): void;
}

/** All of one fabric. Those that are due at the same time look in the order in which they came, as one timer. */
export class Lookouts implements Timer {
  readonly #all = new Set<Lookout>();
  /** Who looks when this fires, and when that is. */
  #due: readonly Lookout[] = [];
  #due100ns = 0;

  /** `lookout` looks from now on. */
  add(lookout: Lookout): void {
    this.#all.add(lookout);
  }

  /** `lookout` looks no more. */
  delete(lookout: Lookout): void {
    this.#all.delete(lookout);
  }

  /** Whether anybody looks. */
  get areThere(): boolean {
    return this.#all.size > 0;
  }

  /** In how much time each look is due that would find something new, in 100 ns. */
  remaining100ns(now100ns: number): readonly number[] {
    return [...this.#all].map((lookout) => lookout.due100ns(now100ns))
      .filter((due100ns) => due100ns !== null)
      .map((due100ns) => due100ns - now100ns);
  }

  /** When something is due by itself, a timer of `clock` or a look; Infinity where nothing is. */
  next100ns(clock: VirtualClock<Timer>): number {
    return Math.min(clock.next100ns() ?? Infinity, this.#nextLook100ns(clock.now100ns));
  }

  /**
   * Moves `clock` to `due100ns`, when something is due, and takes out what fires then. Looks come before timers, as
   * a timer could be due at each of their times.
   */
  takeDue(clock: VirtualClock<Timer>, due100ns: number): Timer | null {
    const { now100ns } = clock;
    if (this.#nextLook100ns(now100ns) > due100ns) return clock.takeDue(due100ns);
    const isDue = (lookout: Lookout) => (lookout.due100ns(now100ns) ?? Infinity) <= due100ns;
    this.#due = [...this.#all].filter(isDue);
    this.#due100ns = due100ns;
    clock.moveTo(due100ns);
    return this;
  }

  /** See {@linkcode Timer.fire}. */
  fire(): void {
    const due = this.#due;
    this.#due = [];
    for (const lookout of due) lookout.look(this.#due100ns);
  }

  #nextLook100ns(now100ns: number): number {
    let next100ns = Infinity;
    for (const lookout of this.#all) {
      next100ns = Math.min(next100ns, lookout.due100ns(now100ns) ?? Infinity);
    }
    return next100ns;
  }
}
