/**
 * What may go wrong in the scenarios that are there: one list for all whose drivers can be saved.
 *
 * @module
 */

import type { FaultRule } from "../faults/rule.ts";

/** For drivers that can be saved, and take whatever becomes of their guest and their offers. */
export const PARTITION_FAULTS: readonly FaultRule[] = [
  { do: "interruptDelayed", oneIn: 8 },
];
