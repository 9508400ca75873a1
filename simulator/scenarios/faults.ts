/**
 * What may go wrong in the scenarios that are there: one list for each kind of driver.
 *
 * @module
 */

import type { FaultRule } from "../faults/rule.ts";

/** For any driver: everything happens, some of it at another time. */
export const DELAYS: readonly FaultRule[] = [
  { do: "interruptDelayed" },
  { do: "interruptMerged" },
  { do: "interruptSpurious" },
  { do: "messageDelayed" },
  { do: "externalDataPending" },
  { do: "processorTaken" },
  { do: "guestPaused" },
];

/** For drivers that can be saved: their guest continues here or elsewhere, and nothing is lost. */
export const MOVES: readonly FaultRule[] = [
  { do: "guestSaved" },
  { do: "guestRestored" },
  { do: "guestMigrated" },
];

/** For drivers that take whatever becomes of their guest and their offers, and begin again. */
export const LOSSES: readonly FaultRule[] = [
  { do: "offerRescinded" },
  { do: "deviceRemoved" },
  { do: "openRefused", oneIn: 8 },
  { do: "gpadlRefused", oneIn: 8 },
  { do: "memoryExhausted", oneIn: 32 },
  { do: "guestCrashed" },
];

/** For drivers that end with a loss: few worlds have one, so that most come to their end. */
export const RARE_LOSSES: readonly FaultRule[] = LOSSES.map((rule) => ({
  ...rule,
  oneIn: 8 * (rule.oneIn ?? 100),
}));

/** For drivers whose answers may come in any order: what drivers do, and nobody needs to begin again. */
export const MISDEEDS: readonly FaultRule[] = [
  { do: "callbackSlow" },
  { do: "packetDeferred" },
  { do: "completionLate" },
  { do: "completionSwapped" },
  { do: "packetHeld" },
];

/** For drivers that begin again where a channel did not open, or stopped. */
export const BREAKDOWNS: readonly FaultRule[] = [
  { do: "callbackThrows" },
  { do: "callbackPromises" },
  { do: "saveThrows" },
  { do: "restoreThrows" },
  { do: "openedRefused" },
  { do: "packetFailed" },
];

/** For scenarios that hold a guest to nothing once it was tampered with. */
export const ATTACKS: readonly FaultRule[] = [
  { do: "ringCorrupted" },
  { do: "ringWordSet" },
  { do: "completionForged" },
  { do: "messageForged" },
  { do: "messageDamaged" },
  { do: "messageRepeated" },
  { do: "gpadlForged" },
].map((rule) => ({ ...rule, oneIn: 4000 }) as FaultRule);
