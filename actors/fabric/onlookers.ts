/**
 * Programs that look at a fabric's actors: inspectors and subscribers.
 *
 * @module
 */

import type { Onlookers } from "../chart/actor_system.ts";
import { type FabricPort, whileKmclRefuses } from "../partition/fabric_port.ts";

/** What of a fabric it takes to have programs look on. */
type LookedAt = Pick<FabricPort, "callbacks" | "kmclRefusal">;

/**
 * Those of one fabric. They run in the middle of a step, so that KMCL functions refuse them; what they
 * throw is heard as what a driver's callback throws.
 */
export class FabricOnlookers implements Onlookers {
  readonly #fabric: LookedAt;

  /** Those of `fabric`. */
  constructor(fabric: LookedAt) {
    this.#fabric = fabric;
  }

  /** See {@linkcode Onlookers.look}. */
  look(work: () => void): void {
    whileKmclRefuses(this.#fabric, "in an inspector or subscriber of an actor", work);
  }

  /** See {@linkcode Onlookers.threw}. */
  threw(error: unknown): void {
    this.#fabric.callbacks.report("ActorInspector", "the program", error);
  }
}
