/**
 * Real time that a test moves by hand: what waits for it is seen, and waits until then. The runtime's turns are its own.
 *
 * @module
 */

interface Timers {
  setTimeout: (work: () => void, milliseconds: number) => number;
  clearTimeout: (id: number) => void;
}

/** Turns after which nobody has more to do who waits for no time. */
const TURNS = 30;

/** Real time in the test's hands, from `install` to disposal. */
export class HandTime implements Disposable {
  /** Timers that wait, by their numbers: when they are due. */
  readonly #waiting = new Map<number, { readonly at: number; readonly work: () => void }>();
  readonly #timers = globalThis as unknown as Timers;
  readonly #old: Timers & { readonly now: () => number };
  #next = 1;
  /** Milliseconds so far. */
  now = 0;

  /** Takes the place of the runtime's timers. */
  constructor() {
    const { setTimeout, clearTimeout } = this.#timers;
    this.#old = { setTimeout, clearTimeout, now: performance.now };
    this.#timers.setTimeout = (work, milliseconds) => {
      this.#waiting.set(this.#next, { at: this.now + milliseconds, work });
      return this.#next++;
    };
    this.#timers.clearTimeout = (id) => void this.#waiting.delete(id);
    performance.now = () => this.now;
  }

  /** Milliseconds until the first timer; null where none waits. */
  async nextMs(): Promise<number | null> {
    await turns();
    const next = Math.min(...[...this.#waiting.values()].map(({ at }) => at));
    return next === Infinity ? null : next - this.now;
  }

  /** Lets time pass until the first timer, which fires, so many times; fewer where none waits. */
  async fire(times = 1): Promise<void> {
    for (let time = 0; time < times; time++) {
      const wait = await this.nextMs();
      if (wait === null) return;
      this.now += wait;
      for (const [id, { at, work }] of [...this.#waiting]) {
        if (at <= this.now && this.#waiting.delete(id)) work();
      }
    }
    await turns();
  }

  [Symbol.dispose](): void {
    const { setTimeout, clearTimeout, now } = this.#old;
    Object.assign(this.#timers, { setTimeout, clearTimeout });
    performance.now = now;
  }
}

/** Lets the runtime have its turns. */
async function turns(): Promise<void> {
  const { setImmediate } = globalThis as unknown as { setImmediate: (work: () => void) => void };
  for (let at = 0; at < TURNS; at++) await new Promise<void>((resolve) => setImmediate(resolve));
}
