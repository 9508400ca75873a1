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
  /** When a signal is due that stands for all that come until then. */
  #due100ns: number | null = null;

  /** The signal of `endpoint`, at rest. */
  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
  }

  /** Signals the opposite side, or sees to it that it is signalled in time. */
  raise(): void {
    const { latency100ns } = this.#endpoint;
    if (latency100ns === 0) return this.#send();
    if (this.#due100ns === null) this.arm(latency100ns);
  }

  /** In how much time a signal is due, in 100 ns; null where none is. */
  get remaining100ns(): number | null {
    return this.#due100ns === null ? null : this.#due100ns - this.#endpoint.world.clock.now100ns;
  }

  /** Has a signal be due in that time. */
  arm(after100ns: number): void {
    const { world } = this.#endpoint;
    this.#due100ns = world.clock.now100ns + after100ns;
    world.armTimer(this.#due100ns, this);
  }

  /** See {@linkcode Timer.fire}. */
  fire(): void {
    this.#due100ns = null;
    this.#send();
  }

  #send(): void {
    const { channelId, end } = this.#endpoint;
    if (channelId !== null) end?.signal(this.#endpoint, channelId);
  }
}
