/**
 * Priorities that are drawn.
 *
 * @module
 */

/** Priorities are drawn below it: among so many, two that are the same are no matter. */
export const PRIORITY_BOUND = 2 ** 32;
