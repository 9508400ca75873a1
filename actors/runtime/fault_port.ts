/**
 * Where a run can go wrong: what asks, at each place where the outside world may let a fabric down, whether it
 * does so now. A fabric has nobody to ask unless a simulation gives it one.
 *
 * @module
 */

/** A place at which something may go wrong. */
export type FaultPoint = "interrupt";

/** Where it is. */
export interface FaultPlace {
  /** The partition that it happens to. */
  readonly partition: string;
  /** The channel, by its number on the bus; null where it is about none. */
  readonly channelId: number | null;
}

/** Says what goes wrong. */
export interface FaultPort {
  /** Whether `point` goes wrong at `place`, this time. */
  fails(point: FaultPoint, place: FaultPlace): boolean;
}
