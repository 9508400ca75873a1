/**
 * Fifo as a chooser, for whoever records or replays: a fabric with `schedule: "fifo"` needs none.
 *
 * @module
 */

import type { Chooser } from "../chooser.ts";

/** Takes what was there first. */
export const FIFO: Chooser = { choose: () => 0 };
