/**
 * Persistent reservations: which of several machines may use a medium that they share (docs/storage.md, D17, D20 to
 * D24). The medium keeps them, not a controller: whoever makes the images has one medium for all of them.
 *
 * @module
 */

/** A key by which a machine is registered: 64 bits, and 0 stands for none. */
export type ReservationKey = number | bigint;

/** Who may do what: exclusive to the holder, to all that are registered, or held by all of these. */
export const RESERVATION_TYPES = {
  writeExclusive: 1,
  exclusiveAccess: 3,
  writeExclusiveRegistrants: 5,
  exclusiveAccessRegistrants: 6,
  writeExclusiveAllRegistrants: 7,
  exclusiveAccessAllRegistrants: 8,
} as const;

const ALL_REGISTRANTS: readonly number[] = [
  RESERVATION_TYPES.writeExclusiveAllRegistrants,
  RESERVATION_TYPES.exclusiveAccessAllRegistrants,
];
const EXCLUSIVE: readonly number[] = [
  RESERVATION_TYPES.exclusiveAccess,
  RESERVATION_TYPES.exclusiveAccessRegistrants,
  RESERVATION_TYPES.exclusiveAccessAllRegistrants,
];
const FOR_HOLDER: readonly number[] = [
  RESERVATION_TYPES.writeExclusive,
  RESERVATION_TYPES.exclusiveAccess,
];

/** What a command does with the medium. */
export type MediumUse = "reads" | "writes" | "neither";

/** How a change of reservations ended: `"conflict"` another machine has it; `"wrong"` there is no such change. */
export type ReservationEnd = "done" | "conflict" | "wrong";

/** A reservation. */
export interface Reservation {
  /** Of whom it is; 0 where all that are registered hold it. */
  readonly key: ReservationKey;
  /** See {@linkcode RESERVATION_TYPES}. */
  readonly type: number;
}

interface Held {
  readonly holder: ReservationNexus;
  readonly type: number;
}

/** The reservations of one medium. */
export class SharedReservations {
  /** How often registrations changed. */
  generation = 0;
  /** Who is registered, and by which key. */
  readonly registered: Map<ReservationNexus, ReservationKey> = new Map<
    ReservationNexus,
    ReservationKey
  >();
  #held: Held | null = null;

  /** One more machine that uses the medium: its disk's image has it as `reservations`. */
  join(): ReservationNexus {
    return new ReservationNexus(this);
  }

  /** The reservation that there is. */
  get reservation(): Reservation | null {
    if (this.#held === null) return null;
    const { holder, type } = this.#held;
    const key = ALL_REGISTRANTS.includes(type) ? 0 : this.registered.get(holder) ?? 0;
    return { key, type };
  }

  /** Whether `nexus` holds the reservation. */
  isHolder(nexus: ReservationNexus): boolean {
    if (this.#held === null) return false;
    const { holder, type } = this.#held;
    return ALL_REGISTRANTS.includes(type) ? this.registered.has(nexus) : holder === nexus;
  }

  /** Gives it to `nexus`, or to nobody. */
  hold(nexus: ReservationNexus | null, type = 0): void {
    this.#held = nexus && { holder: nexus, type };
  }

  /** Takes the registration of `nexus` away, and with it what it holds alone. */
  unregister(nexus: ReservationNexus): void {
    const isHeld = this.isHolder(nexus);
    this.registered.delete(nexus);
    const isLeft = ALL_REGISTRANTS.includes(this.#held?.type ?? 0) && this.registered.size > 0;
    if (isHeld && !isLeft) this.#held = null;
  }
}

/** One machine among those that share a medium. */
export class ReservationNexus {
  /** What it shares. */
  readonly shared: SharedReservations;
  /** How often what it had under way was aborted by another. */
  aborts = 0;

  /** A machine that is not registered. */
  constructor(shared: SharedReservations) {
    this.shared = shared;
  }

  /** Whether somebody else's reservation forbids what a command does. */
  isForbidden(use: MediumUse): boolean {
    const { reservation, registered } = this.shared;
    if (reservation === null || use === "neither" || this.shared.isHolder(this)) return false;
    if (!FOR_HOLDER.includes(reservation.type) && registered.has(this)) return false;
    return use === "writes" || EXCLUSIVE.includes(reservation.type);
  }

  /** REGISTER: by another key, or not any more; `key` is the one that it has, null where that does not matter. */
  register(key: ReservationKey | null, newKey: ReservationKey): ReservationEnd {
    const { shared } = this;
    if (key !== null && key !== (shared.registered.get(this) ?? 0)) return "conflict";
    if (newKey !== 0) shared.registered.set(this, newKey);
    else if (shared.registered.has(this)) shared.unregister(this);
    else return "done";
    shared.generation++;
    return "done";
  }

  /** RESERVE. */
  reserve(key: ReservationKey, type: number): ReservationEnd {
    const { shared } = this;
    if (!this.#has(key)) return "conflict";
    const { reservation } = shared;
    if (reservation === null) shared.hold(this, type);
    else if (!shared.isHolder(this) || reservation.type !== type) return "conflict";
    return "done";
  }

  /** RELEASE: of what it does not hold it is done as well. */
  release(key: ReservationKey, type: number): ReservationEnd {
    const { shared } = this;
    if (!this.#has(key)) return "conflict";
    if (!shared.isHolder(this)) return "done";
    if (shared.reservation?.type !== type) return "wrong";
    shared.hold(null);
    return "done";
  }

  /** CLEAR: nobody is registered any more. */
  clear(key: ReservationKey): ReservationEnd {
    const { shared } = this;
    if (!this.#has(key)) return "conflict";
    shared.hold(null);
    shared.registered.clear();
    shared.generation++;
    return "done";
  }

  /** PREEMPT: unregisters those with `otherKey`, and takes the reservation where it is theirs. */
  preempt(
    key: ReservationKey,
    otherKey: ReservationKey,
    type: number,
    isAborting: boolean,
  ): ReservationEnd {
    const { shared } = this;
    if (!this.#has(key)) return "conflict";
    const { reservation } = shared;
    const isTaken = reservation !== null && reservation.key === otherKey;
    if (otherKey === 0 && !isTaken) return "wrong";
    // Key 0 names all that hold it together.
    const others = [...shared.registered]
      .filter(([nexus, other]) => nexus !== this && (other === otherKey || otherKey === 0))
      .map(([nexus]) => nexus);
    if (others.length === 0 && !isTaken) return "conflict";
    for (const nexus of others) {
      shared.unregister(nexus);
      if (isAborting) nexus.aborts++;
    }
    if (isTaken) shared.hold(this, type);
    shared.generation++;
    return "done";
  }

  #has(key: ReservationKey): boolean {
    return this.shared.registered.get(this) === key;
  }
}
