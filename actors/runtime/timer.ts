/**
 * Timers of a fabric.
 *
 * @module
 */

/** A timer: data in the clock's queue. Whoever armed it knows what it is for. */
export interface Timer {
  /** Does what was due at this time. */
  fire(): void;
}
