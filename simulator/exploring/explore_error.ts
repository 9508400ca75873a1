/**
 * Why a scenario cannot be explored.
 *
 * @module
 */

/** A scenario is not what it has to be for that, and its author can mend it: the message says what is wrong. */
export class ExploreError extends Error {
  /** Tells it from other errors. */
  override readonly name = "ExploreError";
}
