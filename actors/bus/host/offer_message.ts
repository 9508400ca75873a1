/**
 * The message that offers a server as it is configured to a guest (wire.md 4.4).
 *
 * @module
 */

import {
  MONITOR_ID_NONE,
  OFFER_FLAG_CONFIDENTIAL_EXTERNAL_MEMORY,
  OFFER_FLAG_CONFIDENTIAL_RING,
  OFFER_FLAG_ENUMERATE_DEVICE_INTERFACE,
  OFFER_FLAG_LOOPBACK,
  OFFER_FLAG_NAMED_PIPE,
  OFFER_FLAG_REQUIRES_PINNED_MEMORY,
  OFFER_FLAG_TLNPI_PROVIDER,
  type OfferChannel,
  USER_DATA_BYTES,
} from "../../../core/control/messages.ts";
import type { Protocol } from "../../../core/control/versions.ts";
import { pipeUserData, socketUserData } from "../../../core/control/user_data.ts";
import { assert } from "../../../core/assert.ts";
import {
  type ChannelConfiguration,
  SERVER_FLAG_ENUMERATE_DEVICE_INTERFACE,
  SERVER_FLAG_LOOPBACK_OFFER,
  SERVER_FLAG_TLNPI_PROVIDER_OFFER,
} from "../../channel/configuration.ts";
import type { ServerPlace } from "../../channel/partition_port.ts";
import { eventConnectionId } from "../synic.ts";

/** How the server's flags read on the wire (kmcl.md section 5, wire.md 4.4); the pipe's comes on top. */
const OFFER_FLAGS: readonly (readonly [server: number, offer: number])[] = [
  [SERVER_FLAG_LOOPBACK_OFFER, OFFER_FLAG_LOOPBACK],
  [SERVER_FLAG_ENUMERATE_DEVICE_INTERFACE, OFFER_FLAG_ENUMERATE_DEVICE_INTERFACE],
  [SERVER_FLAG_TLNPI_PROVIDER_OFFER, OFFER_FLAG_TLNPI_PROVIDER],
];

/** The flags of each socket's offer, beside that of a pipe (wire.md 4.4). */
const SOCKET_FLAGS = OFFER_FLAG_ENUMERATE_DEVICE_INTERFACE | OFFER_FLAG_TLNPI_PROVIDER;

function userDataOf({ isPipe, pipeType, socket }: ChannelConfiguration): Uint8Array {
  if (socket !== null) return socketUserData(socket);
  return isPipe ? pipeUserData(pipeType) : new Uint8Array(USER_DATA_BYTES);
}

/**
 * The offer that tells a guest, which is served at `port`, of a server as it is configured, in what both
 * have agreed on; `monitorId` is its id in the guest's monitor page, or null.
 */
export function offerOf(
  configuration: ChannelConfiguration,
  channelId: number,
  port: Pick<ServerPlace, "vtl" | "sint">,
  protocol: Protocol,
  monitorId: number | null,
): OfferChannel {
  const { serverTarget, serverFlags, isPipe, socket } = configuration;
  const { subchannelIndex, mmioMegabytes, mmioMegabytesOptional } = configuration;
  const { offerFlags } = configuration;
  assert(serverTarget !== null, "a server that is enabled says what it offers");
  return {
    message: "offerChannel",
    interfaceId: serverTarget.interfaceType,
    instanceId: serverTarget.instance,
    flags: OFFER_FLAGS.reduce(
      (flags, [server, offer]) => serverFlags & server ? flags | offer : flags,
      (isPipe ? OFFER_FLAG_NAMED_PIPE : 0) | (socket === null ? 0 : SOCKET_FLAGS) |
        offerFlags & ~strippedFlags(protocol),
    ),
    mmioMegabytes,
    userData: userDataOf(configuration),
    subchannelIndex,
    mmioMegabytesOptional,
    channelId,
    monitorId: monitorId ?? MONITOR_ID_NONE,
    monitorAllocated: monitorId !== null,
    // Where it is not, the connection of all channels is signalled (wire.md 4.3).
    isDedicated: protocol.hasDedicatedSignals,
    connectionId: eventConnectionId(channelId, port),
  };
}

/** Flags of an offer that the guest does not get, as it has not said that it knows them (wire.md 4.4). */
function strippedFlags({ hasConfidentialChannels, hasGpaPinning }: Protocol): number {
  const confidential = OFFER_FLAG_CONFIDENTIAL_RING | OFFER_FLAG_CONFIDENTIAL_EXTERNAL_MEMORY;
  return (hasConfidentialChannels ? 0 : confidential) |
    (hasGpaPinning ? 0 : OFFER_FLAG_REQUIRES_PINNED_MEMORY);
}
