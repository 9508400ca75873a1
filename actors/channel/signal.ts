/**
 * An endpoint's signal to the opposite side: at once, or after the client's interrupt latency
 * (kmcl.md section 5, VmbChannelSetInterruptLatency).
 *
 * @module
 */

import type { Deadline } from "../../core/clock.ts";
import type { Timer } from "../runtime/timer.ts";
import type { BusChannel } from "./bus_port.ts";
import type { EndpointPort } from "./endpoint_port.ts";

/** What a signal needs of the endpoint that sends it. */
export interface SignallingEndpoint extends EndpointPort {
  /** The channel that it is on. */
  readonly channel: BusChannel | null;
  /** Its sending half, which counts signals. */
  readonly outgoing: { interruptsSent: number };
  /** By how much it delays signals itself, in 100 ns; 0 where they go through a monitor page. */
  latency100ns: number;
}

/** The signal of one endpoint. */
export class Signal implements Timer {
  readonly #endpoint: SignallingEndpoint;
  /** When a signal is due that stands for all that come until then. */
  #due100ns: number | null = null;
  /** What fires then; null as well where it has, while the processors stood still. */
  #deadline: Deadline<Timer> | null = null;

  /** The signal of `endpoint`. */
  constructor(endpoint: SignallingEndpoint) {
    this.#endpoint = endpoint;
  }

  /** Signals the opposite side, or sees to it that it is signalled in time. */
  raise(): void {
    const { latency100ns } = this.#endpoint;
    if (latency100ns === 0 && this.#due100ns === null) this.#send();
    else this.#raiseInTime(latency100ns);
  }

  #raiseInTime(latency100ns: number): void {
    if (latency100ns > 0 && this.#isSoonEnough(latency100ns)) return;
    this.drop(); // what was due later stands for no more than this one does
    if (latency100ns === 0) this.#send();
    else this.arm(latency100ns);
  }

  /** Whether a signal is due before that time has passed: the latency may have been longer once. */
  #isSoonEnough(latency100ns: number): boolean {
    if (this.#due100ns === null) return false;
    return this.#due100ns <= this.#endpoint.runtime.clock.now100ns + latency100ns;
  }

  /** By how much signals may be late, in 100 ns: the monitor page says so, where they go through one. */
  get latency100ns(): number {
    const { channel, latency100ns } = this.#endpoint;
    return channel?.monitored?.latency100ns ?? latency100ns;
  }

  set latency100ns(latency100ns: number) {
    const monitored = this.#endpoint.channel?.monitored ?? null;
    if (monitored === null) this.#endpoint.latency100ns = latency100ns;
    else monitored.latency100ns = latency100ns;
  }

  /** In how much time a signal is due, in 100 ns; null where none is. */
  get remaining100ns(): number | null {
    if (this.#due100ns === null) return null;
    return Math.max(this.#due100ns - this.#endpoint.runtime.clock.now100ns, 0);
  }

  /** Has a signal be due in that time. */
  arm(after100ns: number): void {
    const { runtime } = this.#endpoint;
    this.#due100ns = runtime.clock.now100ns + after100ns;
    this.#deadline = runtime.armTimer(this.#due100ns, this);
  }

  /** The rings are gone: nothing is left to signal, and the next open has a latency of its own. */
  drop(): void {
    if (this.#due100ns === null) return;
    this.#due100ns = null;
    if (this.#deadline !== null) this.#endpoint.runtime.cancelTimer(this.#deadline);
    this.#deadline = null;
  }

  /** See {@linkcode Timer.fire}. A guest that stands still signals nothing until it continues. */
  fire(): void {
    this.#deadline = null;
    if (this.#endpoint.partition.runs) this.release();
  }

  /** The processors of the endpoint's partition run again: what was due meanwhile is sent. */
  release(): void {
    if (this.#due100ns === null || this.#deadline !== null) return;
    this.#due100ns = null;
    this.#send();
  }

  #send(): void {
    const { channel, outgoing } = this.#endpoint;
    if (channel === null || channel.doorbell === null) return;
    if (channel.monitored?.isPending === true) return; // that one stands for this one as well
    outgoing.interruptsSent++;
    channel.doorbell.ring();
  }
}
