/**
 * What a guest's client makes of an offer: live code and the reader of saved guests ask the same
 * (kmcl.md S14, section 5).
 *
 * @module
 */

import {
  OFFER_FLAG_LOOPBACK,
  OFFER_FLAG_NAMED_PIPE,
  OFFER_FLAG_TLNPI_PROVIDER,
  type OfferChannel,
} from "../../../core/control/messages.ts";
import {
  readPipeType,
  readSocketOffer,
  type SocketOffer,
} from "../../../core/control/user_data.ts";
import { MEGABYTE_BYTES } from "../../../core/memory/guest_memory.ts";
import type { Endpoint } from "../../channel/endpoint.ts";

/**
 * Whether an offer is one that `client` waits for (kmcl.md S14). A sub-channel is no device of its own: who has
 * opened the primary and asked for it waits for its index, or for any (wire.md section 6, kmcl.md X10). What the root offers to itself is
 * for clients of the root, and nothing else is.
 */
export function isTarget({ configuration, partition }: Endpoint, offer: OfferChannel): boolean {
  const { clientTarget, subchannelIndex, isAnySubchannel, socket } = configuration;
  const isLoopback = (offer.flags & OFFER_FLAG_LOOPBACK) !== 0;
  const isChannel = isAnySubchannel
    ? offer.subchannelIndex > 0
    : offer.subchannelIndex === subchannelIndex;
  return isChannel && isLoopback === partition.isRoot &&
    offer.interfaceId === clientTarget?.interfaceType &&
    (clientTarget.instance === null || clientTarget.instance === offer.instanceId) &&
    (socket === null || isSocketOf(socket, offer));
}

/** A socket's client takes the sockets that the host connects, or the one that it has asked for, never the other. */
function isSocketOf(socket: SocketOffer, { flags, userData }: OfferChannel): boolean {
  return (flags & OFFER_FLAG_TLNPI_PROVIDER) !== 0 &&
    readSocketOffer(userData).isForGuestAccept === socket.isForGuestAccept;
}

/**
 * Whether `client` can use the channel of an offer: one that it waits for, and a pipe if it is one, of the same
 * kind. A byte pipe keeps no message boundaries, which a reader of datagrams lives by (kmcl.md section 7).
 */
export function suits(client: Endpoint, offer: OfferChannel): boolean {
  const isPipe = (offer.flags & OFFER_FLAG_NAMED_PIPE) !== 0;
  const { configuration } = client;
  const isOfKind = !isPipe || readPipeType(offer.userData) === configuration.pipeType;
  return isTarget(client, offer) && isPipe === configuration.isPipe && isOfKind;
}

/** How much MMIO a client may reserve for a channel: all that is offered, or the required part. */
export function mmioChoices({ mmioMegabytes, mmioMegabytesOptional }: OfferChannel): number[] {
  const required = mmioMegabytes * MEGABYTE_BYTES;
  const optional = mmioMegabytesOptional * MEGABYTE_BYTES;
  return optional === 0 ? [required] : [required + optional, required];
}
