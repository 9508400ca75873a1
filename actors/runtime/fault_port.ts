/**
 * Where a run can go wrong: what asks, at each place where a machine may let its drivers down, whether it does
 * so now. A fabric has nobody to ask unless a simulation gives it one.
 *
 * @module
 */

/** Something that a machine may fail to do. */
export type RefusedPoint =
  /** A guest opens a channel: the host refuses. */
  | "open"
  /** A guest describes memory: the host takes no GPADL. */
  | "gpadl"
  /** A driver asks for external data: pages are not there. */
  | "externalData"
  /** Memory, or whatever else is there in a limited amount, is wanted: nothing is left. */
  | "allocation";

/** Something on its way from one side to the other, which may come later. */
export type HeldPoint =
  /** The signal of one end of a channel. */
  | "interrupt"
  /** The next control message of one direction of a bus. */
  | "message";

/** A place at which something may go wrong. */
export type FaultPoint = RefusedPoint | HeldPoint;

/** A guest, as far as it matters here. */
export interface FaultyGuest {
  /** The name it was given. */
  readonly name: string;
  /** Whether its processors run. */
  readonly runs: boolean;
}

/** Where something may go wrong. */
export interface FaultPlace {
  /** The guest on whose bus, or to whose memory, it happens; the root, where it is the root's own. */
  readonly guest: FaultyGuest;
  /** The channel, by its number on the bus; null where it is about none. */
  readonly channelId: number | null;
  /** Who it is for; null where that is no question. */
  readonly direction: "toHost" | "toGuest" | null;
  /** The name of the message, or what is allocated; null where it is neither. */
  readonly what: string | null;
}

/** Something on its way. The same object stands for each that comes after it. */
export interface Arrival {
  /** What it is. */
  readonly point: HeldPoint;
  /** Where it goes. */
  readonly place: FaultPlace;
  /** It arrives; where nobody is there to hear it any more, nothing happens. */
  arrive(): void;
}

/** Says what goes wrong. */
export interface FaultPort {
  /** Whether `point` goes wrong at `place`, this time. */
  fails(point: RefusedPoint, place: FaultPlace): boolean;
  /**
   * Whether what would arrive now is held back. Then `arrive` is called once, later, for that and for
   * all that was on its way meanwhile.
   */
  holds(arrival: Arrival): boolean;
  /** `guest` stands still, or is gone: nothing of its is held back any more, as nothing else says what is. */
  standsStill(guest: FaultyGuest): void;
}
