/**
 * A first-in, first-out queue over a circular array: in a steady state nothing is allocated.
 *
 * @module
 */

import { assert } from "./assert.ts";

/** The first number of places: a power of two, as every later one is. */
const FIRST_PLACES = 8;

/** A queue of `T`. */
export class Fifo<T> {
  /** Without places at first: many queues of an idle channel never hold anything. */
  #places: (T | null)[] = [];
  #head = 0;
  #length = 0;

  /** How many items wait. */
  get length(): number {
    return this.#length;
  }

  /** Puts `item` at the end. */
  push(item: T): void {
    if (this.#length === this.#places.length) this.#grow();
    this.#places[this.#placeOf(this.#length)] = item;
    this.#length++;
  }

  /** Puts `item` before all others. */
  putFirst(item: T): void {
    if (this.#length === this.#places.length) this.#grow();
    this.#head = this.#placeOf(this.#places.length - 1);
    this.#places[this.#head] = item;
    this.#length++;
  }

  /** The first item, or null where the queue is empty. */
  peek(): T | null {
    return this.#length === 0 ? null : this.#places[this.#head]!;
  }

  /** The item `index` places behind the first. */
  at(index: number): T {
    assert(index >= 0 && index < this.#length, "an item that is asked for waits");
    return this.#places[this.#placeOf(index)]!;
  }

  /** Takes the first item out, or null where the queue is empty. */
  shift(): T | null {
    if (this.#length === 0) return null;
    const item = this.#places[this.#head]!;
    this.#places[this.#head] = null;
    this.#head = this.#placeOf(1);
    this.#length--;
    return item;
  }

  /** Takes out the item `index` places behind the first; the others keep their order. */
  take(index: number): T {
    const item = this.at(index);
    for (let at = index; at > 0; at--) {
      this.#places[this.#placeOf(at)] = this.#places[this.#placeOf(at - 1)]!;
    }
    this.#places[this.#head] = null;
    this.#head = this.#placeOf(1);
    this.#length--;
    return item;
  }

  /** Takes `item` out, wherever it is; false where it is not in the queue. */
  remove(item: T): boolean {
    for (let index = 0; index < this.#length; index++) {
      if (this.at(index) !== item) continue;
      this.take(index);
      return true;
    }
    return false;
  }

  /** Takes everything out. */
  clear(): void {
    this.#places.fill(null);
    this.#head = 0;
    this.#length = 0;
  }

  /** The items in order. */
  list(): readonly T[] {
    return Array.from({ length: this.#length }, (_, index) => this.at(index));
  }

  #placeOf(index: number): number {
    return (this.#head + index) & (this.#places.length - 1);
  }

  #grow(): void {
    const items: (T | null)[] = [...this.list()];
    const addedPlaces = Math.max(items.length, FIRST_PLACES);
    this.#places = items.concat(new Array(addedPlaces).fill(null));
    this.#head = 0;
  }
}
