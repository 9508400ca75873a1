/**
 * What a turn touches: all that ran from one choice of who is next to the following one.
 *
 * @module
 */

/** What a turn has read and written, by the names of that, which are the same in each run. */
export class Footprint {
  readonly #read = new Set<string>();
  readonly #written = new Set<string>();
  #isEverything = false;

  /** Whether it may have touched whatever there is. */
  get isEverything(): boolean {
    return this.#isEverything;
  }

  /** Something was touched. */
  add(what: string, writes: boolean): void {
    if (writes) this.#written.add(what);
    else this.#read.add(what);
  }

  /** Nobody knows what was touched. */
  addEverything(): void {
    this.#isEverything = true;
  }

  /** What `other` touched was touched as well. */
  addAll(other: Footprint): void {
    for (const what of other.#read) this.#read.add(what);
    for (const what of other.#written) this.#written.add(what);
    this.#isEverything ||= other.#isEverything;
  }

  /** Whether the order of two turns may matter: one of them has written what the other one touched. */
  collidesWith(other: Footprint): boolean {
    if (this.#isEverything || other.#isEverything) return true;
    return this.#writesWhatTouches(other) || other.#writesWhatTouches(this);
  }

  #writesWhatTouches(other: Footprint): boolean {
    for (const what of this.#written) {
      if (other.#written.has(what) || other.#read.has(what)) return true;
    }
    return false;
  }
}
