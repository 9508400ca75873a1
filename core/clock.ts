/**
 * Virtual time, which moves from deadline to deadline: no moment between two is ever seen. What a timer
 * carries is data, not a function, so that timers can be saved.
 *
 * @module
 */

import { assert } from "./assert.ts";
import { isUint } from "./units.ts";

/** An armed timer, as {@linkcode VirtualClock.arm} gives it out. */
export interface Deadline<T> {
  /** When it fires, in 100 ns since the clock began. */
  readonly at100ns: number;
  /** Timers armed before it on this clock: of two with the same time, the lower fires first. */
  readonly order: number;
  /** What the timer is for. */
  readonly timer: T;
}

/** A deadline with its place in the heap; once it has left, the place may be another's. */
class Armed<T> implements Deadline<T> {
  heapIndex = 0;

  constructor(readonly at100ns: number, readonly order: number, readonly timer: T) {}
}

function isBefore<T>(a: Deadline<T>, b: Deadline<T>): boolean {
  return a.at100ns < b.at100ns || (a.at100ns === b.at100ns && a.order < b.order);
}

/**
 * A clock and its timers. Times are safe whole numbers of 100 ns. To arm, cancel and take takes
 * time that grows with the logarithm of the number of timers.
 */
export class VirtualClock<T> {
  #now100ns = 0;
  #armedCount = 0;
  /** A binary heap: no deadline comes before its parent, which lies at (index - 1) >> 1. */
  readonly #heap: Armed<T>[] = [];

  /** The present time, in 100 ns since the clock began. */
  get now100ns(): number {
    return this.#now100ns;
  }

  /**
   * Arms a timer. A time that is not after now fires at once, after the timers of now that were armed
   * before.
   */
  arm(at100ns: number, timer: T): Deadline<T> {
    assert(isUint(at100ns, Number.MAX_SAFE_INTEGER), "a deadline is a safe whole number of 100 ns");
    const deadline = new Armed(Math.max(at100ns, this.#now100ns), this.#armedCount++, timer);
    this.#heap.push(deadline);
    this.#rise(deadline, this.#heap.length - 1);
    return deadline;
  }

  /** Takes a timer back; false when it was taken or cancelled before, or is another clock's. */
  cancel(deadline: Deadline<T>): boolean {
    if (!(deadline instanceof Armed) || this.#heap[deadline.heapIndex] !== deadline) return false;
    this.#remove(deadline);
    return true;
  }

  /** The earliest deadline, null when nothing is armed. */
  next100ns(): number | null {
    return this.#heap[0]?.at100ns ?? null;
  }

  /**
   * Moves to the earliest deadline that is not after `limit100ns`, and takes its timer out. Null where
   * there is no such deadline; time then stays where it is.
   */
  takeDue(limit100ns: number): T | null {
    const first = this.#heap[0];
    if (first === undefined || first.at100ns > limit100ns) return null;
    this.#remove(first);
    this.#now100ns = first.at100ns;
    return first.timer;
  }

  /** Moves forward to `at100ns`, which no deadline lies before. */
  moveTo(at100ns: number): void {
    assert(isUint(at100ns, Number.MAX_SAFE_INTEGER), "a time is a safe whole number of 100 ns");
    assert(at100ns >= this.#now100ns, "time does not go back");
    assert(at100ns <= (this.next100ns() ?? at100ns), "time does not pass a deadline");
    this.#now100ns = at100ns;
  }

  /** The armed timers, in the order in which they will fire: for saving and for inspection. */
  pending(): readonly Deadline<T>[] {
    return this.#heap.toSorted((a, b) => isBefore(a, b) ? -1 : 1);
  }

  /** Takes `deadline` out and closes the hole with the last one of the heap. */
  #remove(deadline: Armed<T>): void {
    const hole = deadline.heapIndex;
    const last = this.#heap.pop();
    if (last === undefined || last === deadline) return;
    // The last one may belong to another branch, so it may have to go either way.
    this.#sink(last, this.#rise(last, hole));
  }

  /** Puts `deadline` at `index` or, while it comes before the parent there, further up. */
  #rise(deadline: Armed<T>, index: number): number {
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = this.#heap[parentIndex]!;
      if (isBefore(parent, deadline)) break;
      this.#put(parent, index);
      index = parentIndex;
    }
    this.#put(deadline, index);
    return index;
  }

  /** Puts `deadline` at `index` or, while a child there comes before it, further down. */
  #sink(deadline: Armed<T>, index: number): void {
    for (;;) {
      let childIndex = 2 * index + 1;
      let child = this.#heap[childIndex];
      if (child === undefined) break;
      const sibling = this.#heap[childIndex + 1];
      if (sibling !== undefined && isBefore(sibling, child)) {
        childIndex++;
        child = sibling;
      }
      if (isBefore(deadline, child)) break;
      this.#put(child, index);
      index = childIndex;
    }
    this.#put(deadline, index);
  }

  #put(deadline: Armed<T>, index: number): void {
    this.#heap[index] = deadline;
    deadline.heapIndex = index;
  }
}
