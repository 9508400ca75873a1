/**
 * An endpoint's signal to the opposite side: at once, or after the client's interrupt latency
 * (kmcl.md section 5, VmbChannelSetInterruptLatency).
 *
 * @module
 */

import type { Timer } from "../fabric/loop.ts";
import type { Endpoint } from "./endpoint.ts";

/** The signal of one endpoint. */
export class Signal implements Timer {
  readonly #endpoint: Endpoint;
  /** A signal is due later, and stands for all that come until then. */
  #isArmed = false;

  /** The signal of `endpoint`, at rest. */
  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
  }

  /** Signals the opposite side, or sees to it that it is signalled in time. */
  raise(): void {
    const { latency100ns, world } = this.#endpoint;
    if (latency100ns === 0) return this.#send();
    if (this.#isArmed) return;
    this.#isArmed = true;
    world.armTimer(world.clock.now100ns + latency100ns, this);
  }

  /** See {@linkcode Timer.fire}. */
  fire(): void {
    this.#isArmed = false;
    this.#send();
  }

  #send(): void {
    const { channelId, end } = this.#endpoint;
    if (channelId !== null) end?.signal(this.#endpoint, channelId);
  }
}
