/**
 * A first-in, first-out queue that neither shifts its items nor allocates in a steady state.
 *
 * @module
 */

/** Below this many taken places the array is not worth cutting. */
const CUT_AT = 1024;

/** A queue of `T`. */
export class Fifo<T> {
  #items: T[] = [];
  #head = 0;

  /** How many items wait. */
  get length(): number {
    return this.#items.length - this.#head;
  }

  /** Puts `item` at the end. */
  push(item: T): void {
    this.#items.push(item);
  }

  /** The first item, or null where there is none. */
  peek(): T | null {
    return this.#head < this.#items.length ? this.#items[this.#head]! : null;
  }

  /** Takes the first item out, or null where there is none. */
  shift(): T | null {
    if (this.#head === this.#items.length) return null;
    const item = this.#items[this.#head++]!;
    if (this.#head === this.#items.length) this.clear();
    else if (this.#head >= CUT_AT && this.#head * 2 >= this.#items.length) this.#cut();
    return item;
  }

  /** Takes `item` out, wherever it stands; false where it is not here. */
  remove(item: T): boolean {
    const at = this.#items.indexOf(item, this.#head);
    if (at < 0) return false;
    this.#items.splice(at, 1);
    return true;
  }

  /** Takes everything out. */
  clear(): void {
    this.#items.length = 0;
    this.#head = 0;
  }

  /** The items in order. */
  list(): readonly T[] {
    return this.#items.slice(this.#head);
  }

  #cut(): void {
    this.#items = this.#items.slice(this.#head);
    this.#head = 0;
  }
}
