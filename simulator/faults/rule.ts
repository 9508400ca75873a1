/**
 * Faults as data: what may go wrong in a world, where, and how often.
 *
 * @module
 */

/** What may go wrong, by name. */
export type FaultName = "interruptDelayed";

/** Where a fault may happen: everywhere that is not excluded by a member. */
export interface FaultWhere {
  /** The guest whose bus, channels, memory or drivers it happens to, by its name in the scenario. */
  readonly guest?: string;
  /** The driver that it happens to, by its name in the scenario. */
  readonly driver?: string;
}

/** One rule. A world may have any number of them, also several of one name. */
export interface FaultRule {
  /** What goes wrong. */
  readonly do: FaultName;
  /** Where. Default: everywhere. */
  readonly where?: FaultWhere;
  /** It happens at this opportunity, from 1 on, and then at each that is as far from the one before. */
  readonly nth?: number;
  /** Without `nth`: it happens at one opportunity in so many, by chance. Default 16. */
  readonly oneIn?: number;
  /** Most times that it happens in one world. Default 4. */
  readonly budget?: number;
}

/** A fault that happened. */
export interface FiredFault {
  /** What went wrong. */
  readonly fault: FaultName;
  /** To what, in words. */
  readonly place: string;
  /** Choices that the world had made before. */
  readonly step: number;
}
