/**
 * What may go wrong in the scenarios that are there: one list for each kind of driver.
 *
 * @module
 */

import type { FaultRule } from "../faults/rule.ts";

/** For any driver: everything happens, some of it at another time. */
export const DELAYS: readonly FaultRule[] = [
  { do: "interruptDelayed", oneIn: 8 },
];

/** For drivers that can be saved, and take whatever becomes of their guest and their offers. */
export const PARTITION_FAULTS: readonly FaultRule[] = [
  ...DELAYS,
];
