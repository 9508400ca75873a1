/**
 * What a fabric is told of faults at its own points: what fails, and what is held back.
 *
 * @module
 */

import type {
  Arrival,
  FaultPlace,
  FaultPoint,
  FaultPort,
  FaultyGuest,
  RefusedPoint,
} from "../../actors/runtime/fault_port.ts";
import type { Delayed } from "./delays.ts";
import type { FaultyWorld } from "./faulty_world.ts";
import type { FaultRule } from "./rule.ts";
import { parameterOf } from "./table.ts";

/** Chooses which rules fire. */
export interface Firing {
  /** Where faults happen; null while nothing goes wrong. */
  readonly world: FaultyWorld | null;
  /** The rule that fires at `point` in this `place`, this time; null: none does. */
  meets(point: FaultPoint, place: FaultPlace): FaultRule | null;
}

/** Something that is held back. */
interface Held {
  readonly delayed: Delayed;
  /** Whether the next one of its kind brings it. */
  readonly comesWithNext: boolean;
}

/** The faults of a fabric at its own points. */
export class FabricFaults implements FaultPort {
  readonly #firing: Firing;
  readonly #held = new Map<Arrival, Held>();

  /** What fails and what is held back, as `firing` has it. */
  constructor(firing: Firing) {
    this.#firing = firing;
  }

  /** See {@linkcode FaultPort.fails}. */
  fails(point: RefusedPoint, place: FaultPlace): boolean {
    return this.#firing.meets(point, place) !== null;
  }

  /** See {@linkcode FaultPort.holds}. A guest that stands still is saved as it is: nothing is held back then. */
  holds(arrival: Arrival): boolean {
    const held = this.#held.get(arrival);
    if (held !== undefined) {
      if (held.comesWithNext) this.#release(arrival, held);
      return !held.comesWithNext;
    }
    const { world } = this.#firing;
    if (world === null || !arrival.place.guest.runs) return false;
    const rule = this.#firing.meets(arrival.point, arrival.place);
    if (rule === null) return false;
    const delayed = world.after(parameterOf(rule, "ms"), () => this.#come(arrival));
    this.#held.set(arrival, { delayed, comesWithNext: rule.do === "interruptMerged" });
    return true;
  }

  /** See {@linkcode FaultPort.standsStill}. */
  standsStill(guest: FaultyGuest): void {
    for (const [arrival, held] of [...this.#held]) {
      if (arrival.place.guest !== guest) continue;
      this.#release(arrival, held);
      arrival.arrive();
    }
  }

  #release(arrival: Arrival, { delayed }: Held): void {
    this.#held.delete(arrival);
    delayed.cancel();
  }

  #come(arrival: Arrival): void {
    this.#held.delete(arrival);
    arrival.arrive();
  }
}
