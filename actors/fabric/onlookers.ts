/**
 * Programs that look at a fabric's actors: inspectors and subscribers.
 *
 * @module
 */

import type { Onlookers } from "../chart/actor_system.ts";
import type { Callbacks } from "../runtime/driver_calls.ts";

/** What of a fabric it takes to have programs look on. */
interface LookedAt {
  /** Calls into drivers. */
  readonly callbacks: Callbacks;
  /** Why KMCL functions cannot be called now, for the error; null: they can. */
  kmclRefusal: string | null;
}

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
    const fabric = this.#fabric;
    const outer = fabric.kmclRefusal;
    fabric.kmclRefusal = outer ?? "in an inspector or subscriber of an actor";
    try {
      work();
    } finally {
      fabric.kmclRefusal = outer;
    }
  }

  /** See {@linkcode Onlookers.threw}. */
  threw(error: unknown): void {
    this.#fabric.callbacks.report("ActorInspector", "the program", error);
  }
}
