/**
 * A channel on the host's end of a bus, and how it is offered (wire.md 4.4).
 *
 * @module
 */

import {
  MONITOR_ID_NONE,
  OFFER_FLAG_ENUMERATE_DEVICE_INTERFACE,
  OFFER_FLAG_LOOPBACK,
  OFFER_FLAG_NAMED_PIPE,
  OFFER_FLAG_TLNPI_PROVIDER,
  type OfferChannel,
  type OpenChannel,
  USER_DATA_BYTES,
} from "../../core/control/messages.ts";
import { pipeUserData } from "../../core/control/user_data.ts";
import { assert } from "../../core/assert.ts";
import {
  type ChannelConfiguration,
  SERVER_FLAG_ENUMERATE_DEVICE_INTERFACE,
  SERVER_FLAG_LOOPBACK_OFFER,
  SERVER_FLAG_TLNPI_PROVIDER_OFFER,
} from "../channel/configuration.ts";
import type { Endpoint } from "../channel/endpoint.ts";
import type { HostGpadl } from "./host_gpadls.ts";

/** Highest channel id: event flag 0 is reserved (wire.md 5.2). */
export const CHANNEL_ID_MAX = 2047;

/** How the server's flags read on the wire (kmcl.md section 5, wire.md 4.4); the pipe's comes on top. */
const OFFER_FLAGS: readonly (readonly [server: number, offer: number])[] = [
  [SERVER_FLAG_LOOPBACK_OFFER, OFFER_FLAG_LOOPBACK],
  [SERVER_FLAG_ENUMERATE_DEVICE_INTERFACE, OFFER_FLAG_ENUMERATE_DEVICE_INTERFACE],
  [SERVER_FLAG_TLNPI_PROVIDER_OFFER, OFFER_FLAG_TLNPI_PROVIDER],
];

/** A channel as the host knows it. Which state it is in, its endpoint's chart knows. */
export class HostChannel {
  /** The server; null in an orphan, and once the offer is rescinded and the guest has yet to release the id. */
  endpoint: Endpoint | null;
  /** The id that the guest knows it by; null before it was told. */
  channelId: number | null = null;
  /** The ring GPADL, while the channel is open. */
  ring: HostGpadl | null = null;
  /** Where in the ring GPADL the ring begins that the host writes, in pages. */
  downstreamPageOffset = 0;
  /** What the guest calls the open that is under way. */
  openId = 0;
  /** Whether the guest wants to be interrupted. */
  hasInterrupts = true;
  /** The guest has released the id, but the server has yet to let go of the rings. */
  isReleased = false;
  /** An open request that came while the last close was under way (wire.md 5.2, ClosingReopen). */
  reopen: OpenChannel | null = null;

  /** A channel that was never told to the guest. */
  constructor(endpoint: Endpoint | null) {
    this.endpoint = endpoint;
  }
}

/** The offer that tells a guest of a server as it is configured. */
export function offerOf(configuration: ChannelConfiguration, channelId: number): OfferChannel {
  const { serverTarget, serverFlags, isPipe, mmioMegabytes, mmioMegabytesOptional } = configuration;
  assert(serverTarget !== null, "a server that is enabled says what it offers");
  return {
    message: "offerChannel",
    interfaceId: serverTarget.interfaceType,
    instanceId: serverTarget.instance,
    flags: OFFER_FLAGS.reduce(
      (flags, [server, offer]) => serverFlags & server ? flags | offer : flags,
      isPipe ? OFFER_FLAG_NAMED_PIPE : 0,
    ),
    mmioMegabytes,
    userData: isPipe ? pipeUserData("message") : new Uint8Array(USER_DATA_BYTES),
    subchannelIndex: 0,
    mmioMegabytesOptional,
    channelId,
    monitorId: MONITOR_ID_NONE,
    monitorAllocated: false,
    isDedicated: true,
    connectionId: 0x2000 | channelId,
  };
}
