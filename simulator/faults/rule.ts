/**
 * Faults as data: what may go wrong in a world, where, and how often.
 *
 * @module
 */

import type { BusRule } from "./catalogue/bus.ts";
import type { GuestRule } from "./catalogue/guest.ts";
import type { DriverRule } from "./catalogue/drivers.ts";
import type { ImageRule } from "./catalogue/images.ts";
import type { MachineRule } from "./catalogue/machine.ts";
import type { PeerRule } from "./catalogue/peers.ts";
import type { BroughtAbout } from "./basics.ts";

/** One rule. A world may have any number of them, also several of one name. */
export type FaultRule = BusRule | GuestRule | MachineRule | ImageRule | DriverRule | PeerRule;

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
  /**
   * The guest of whose channels nothing but safety is promised from then on, by its name in the scenario: one side did
   * what no honest one does. Null: all that is documented.
   */
  readonly tampered: string | null;
  /** What the verifier tells of it, which is no failure then; null: nothing. */
  readonly bringsAbout: BroughtAbout | null;
}
