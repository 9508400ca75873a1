/**
 * A writer that waits for the reader of its ring, where nobody signals it when there is room: before version
 * 2.4, and where the opposite side does not say that it honours the pending send size (wire.md 1.7).
 *
 * @module
 */

import type { IncomingRing } from "../../core/ring/incoming.ts";
import type { OutgoingRing } from "../../core/ring/outgoing.ts";
import type { Lookout } from "../runtime/lookouts.ts";
import type { EndpointPort } from "./endpoint_port.ts";

/**
 * How far apart the looks of such a writer are: at each whole millisecond of the fabric's time (D500). So all
 * look at the same times, a restored one as well, and never twice at one.
 */
const POLL_INTERVAL_100NS = 10_000;

/** What it needs of the endpoint that waits. */
export interface PollingEndpoint extends EndpointPort {
  /** Its receiving half. */
  readonly incoming: { readonly ring: IncomingRing | null };
  /** Its sending half. */
  readonly outgoing: { readonly ring: OutgoingRing | null };
  /** What it has to do. */
  readonly work: { scheduleInterrupt(): void };
}

/** The looks of one endpoint at how far its reader is. */
export class Polling implements Lookout {
  readonly #endpoint: PollingEndpoint;
  #isBegun = false;

  /** The looks of `endpoint`. */
  constructor(endpoint: PollingEndpoint) {
    this.#endpoint = endpoint;
  }

  /** The writer waits: it looks from now on whenever it does, and is not signalled. */
  begin(): void {
    if (this.#isBegun) return;
    this.#isBegun = true;
    this.#endpoint.runtime.scheduler.lookouts.add(this);
  }

  /** The rings are gone. */
  end(): void {
    if (!this.#isBegun) return;
    this.#isBegun = false;
    this.#endpoint.runtime.scheduler.lookouts.delete(this);
  }

  /** How a writer that waits hears of room: by a signal, or by looking; null where none waits. */
  get means(): "signal" | "poll" | null {
    const { incoming, outgoing } = this.#endpoint;
    if (incoming.ring === null || outgoing.ring?.position.awaitsRoom !== true) return null;
    // Asked anew each time: the opposite side may take back what it said while the writer waits.
    return incoming.ring.advertisesPendingSendSize ? "signal" : "poll";
  }

  /** See {@linkcode Lookout.due100ns}. */
  due100ns(now100ns: number): number | null {
    const { outgoing, partition } = this.#endpoint;
    if (!partition.runs || outgoing.ring?.readerHasMoved !== true) return null;
    if (this.means === "signal") return null;
    return (Math.floor(now100ns / POLL_INTERVAL_100NS) + 1) * POLL_INTERVAL_100NS;
  }

  /** See {@linkcode Lookout.look}: the endpoint does what it does when it is signalled. */
  look(): void {
    this.#endpoint.outgoing.ring?.seeReader(); // the flow may keep the writer from looking itself
    this.#endpoint.work.scheduleInterrupt();
  }
}
