/**
 * Faults as data: what may go wrong in a world, where, and how often.
 *
 * @module
 */

import type { BusRule } from "./catalogue/bus.ts";
import type { GuestRule } from "./catalogue/guest.ts";
import type { MachineRule } from "./catalogue/machine.ts";

/** One rule. A world may have any number of them, also several of one name. */
export type FaultRule = BusRule | GuestRule | MachineRule;

/** What may go wrong, by name. */
export type FaultName = FaultRule["do"];

/** A fault that happened. */
export interface FiredFault {
  /** What went wrong. */
  readonly fault: FaultName;
  /** To what, in words. */
  readonly place: string;
  /** Choices that the world had made before. */
  readonly step: number;
}
