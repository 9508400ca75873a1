/**
 * An offer that arrived at the guest's end of a bus, and what a client has made of it (wire.md 4.5, 5.6).
 *
 * @module
 */

import type { OfferChannel } from "../../../core/control/messages.ts";
import type { GuestBuffer } from "../../../core/memory/guest_memory.ts";
import type { Doorbell } from "../../channel/bus_port.ts";
import type { Endpoint } from "../../channel/endpoint.ts";

/** What a client has put into the open of its channel. */
export interface Link {
  /** Who has taken the channel. */
  readonly client: Endpoint;
  /** What the open is called on the wire. */
  readonly openId: number;
  /** The pages of both rings. */
  readonly ringPages: GuestBuffer;
  /** The GPADL that describes them. */
  readonly ringGpadlId: number;
  /** Whether the host confirmed the open, and has not been told of the close. */
  isOpen: boolean;
  /** Interrupts the host. */
  readonly doorbell: Doorbell;
}

/** An offer that arrived. */
export class GuestChannel {
  /** What the host offered. */
  readonly offer: OfferChannel;
  /** The client that took it. */
  link: Link | null = null;
  /** The host took the offer back: it goes once the client has let go. */
  isRescinded = false;

  /** An offer that no client has taken. */
  constructor(offer: OfferChannel) {
    this.offer = offer;
  }
}
