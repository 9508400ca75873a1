/**
 * What a guest's client makes of an offer: live code and the reader of saved guests ask the same
 * (kmcl.md S14, section 5).
 *
 * @module
 */

import { OFFER_FLAG_NAMED_PIPE, type OfferChannel } from "../../core/control/messages.ts";
import { MEGABYTE_BYTES } from "../../core/memory/guest_memory.ts";
import type { Endpoint } from "../channel/endpoint.ts";

/** Whether an offer is one that `client` waits for (kmcl.md S14). */
export function isTarget({ configuration }: Endpoint, offer: OfferChannel): boolean {
  const { clientTarget } = configuration;
  return offer.interfaceId === clientTarget?.interfaceType &&
    (clientTarget.instance === null || clientTarget.instance === offer.instanceId);
}

/** Whether `client` can use the channel of an offer: one that it waits for, and a pipe if it is one. */
export function suits(client: Endpoint, offer: OfferChannel): boolean {
  const isPipe = (offer.flags & OFFER_FLAG_NAMED_PIPE) !== 0;
  return isTarget(client, offer) && isPipe === client.configuration.isPipe;
}

/** How much MMIO a client may reserve for a channel: all that is offered, or the required part. */
export function mmioChoices({ mmioMegabytes, mmioMegabytesOptional }: OfferChannel): number[] {
  const required = mmioMegabytes * MEGABYTE_BYTES;
  const optional = mmioMegabytesOptional * MEGABYTE_BYTES;
  return optional === 0 ? [required] : [required + optional, required];
}
