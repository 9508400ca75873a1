/**
 * What is saved of the host's end of a bus, and how it is built again (docs/saved-state.md): its channels
 * come back unclaimed, for restored servers to claim, and with them its GPADLs.
 *
 * @module
 */

import { CHANNEL_ID_MAX } from "../../../core/control/messages.ts";
import { throwDataError } from "../../../core/saved/fault.ts";
import { flag, guid, stretch, U32_MAX, uint } from "../../../core/saved/forms.ts";
import { list, optional, record, type SchemaType } from "../../../core/saved/schema.ts";
import { ringsOf } from "../rings.ts";
import { HOST_GPADL, imagesOfHostGpadls, restoreHostGpadl } from "./gpadl_image.ts";
import type { HostEnd } from "./host_end.ts";
import type { OfferedChannel } from "./offered_channel.ts";

/** What is offered to the guest on a channel. */
const OFFER = record({
  interfaceType: [guid, "type of the interface"],
  instance: [guid, "instance of it, each once"],
  openId: [uint(U32_MAX), "what the guest calls its last open"],
  hasInterrupts: [flag, "whether the guest wants to be interrupted"],
  ring: [
    optional(record({
      gpadlId: [uint(U32_MAX, 1), "the GPADL that describes them"],
      downstreamPageOffset: [uint(U32_MAX), "page of it where the host's outgoing ring begins"],
    })),
    "its rings; not nil while the channel is open",
  ],
  mmio: [optional(stretch), "where its MMIO lies, if it is open and has some"],
}, {
  "it has MMIO, and is not open": ({ ring, mmio }) => mmio === null || ring !== null,
});

/** A channel whose id the guest has not released. */
const CHANNEL = record({
  channelId: [uint(CHANNEL_ID_MAX, 1), "its id, each once"],
  offer: [optional(OFFER), "nil where it is rescinded, and the guest has not released the id"],
});

/** The host's end of a bus. A channel that the guest was never told of is the server's own matter. */
export const HOST_END = record({
  channels: [
    list(CHANNEL),
    "those that the guest knows, in the order of their ids being given out",
  ],
  gpadls: [list(HOST_GPADL), "channel by channel"],
}, {
  "one of its channels has another's id": ({ channels }) =>
    areDistinct(channels.map(({ channelId }) => channelId)),
  "one of its channels has another's instance": ({ channels }) =>
    areDistinct(channels.flatMap(({ offer }) => offer?.instance ?? [])),
});

function areDistinct(values: readonly (number | string)[]): boolean {
  return new Set(values).size === values.length;
}

/** The host's end of a bus that was saved. */
export type HostEndImage = SchemaType<typeof HOST_END>;
type ChannelImage = HostEndImage["channels"][number];

/** What the host's end knows. */
export function imageOfHostEnd(end: HostEnd): HostEndImage {
  return { channels: end.known.map(imageOfChannel), gpadls: imagesOfHostGpadls(end.gpadls) };
}

function imageOfChannel(channel: OfferedChannel): ChannelImage {
  const { actor, endpoint, openId, hasInterrupts, ring, downstreamPageOffset } = channel;
  const channelId = channel.channelId!;
  const target = endpoint?.configuration.serverTarget ?? null;
  if (actor.is("revoked") || endpoint === null || target === null) {
    return { channelId, offer: null };
  }
  return {
    channelId,
    offer: {
      ...target,
      openId,
      hasInterrupts,
      ring: ring === null ? null : { gpadlId: ring.gpadlId, downstreamPageOffset },
      mmio: channel.mmio,
    },
  };
}

/** Builds a host's end that is as new again. */
export function restoreHostEnd(end: HostEnd, image: HostEndImage): void {
  const channels = image.channels.map((saved) => restoreChannel(end, saved));
  image.gpadls.forEach((saved, at) => restoreHostGpadl(end, saved, () => `hostEnd, gpadls ${at}`));
  image.channels.forEach(({ offer }, at) => {
    if (offer !== null && offer.ring !== null) {
      restoreRing(end, channels[at]!, offer.ring.gpadlId);
    }
  });
}

function restoreChannel(end: HostEnd, { channelId, offer }: ChannelImage): OfferedChannel {
  const channel = end.unclaimed.restoreChannel(channelId, offer === null);
  if (offer === null) return channel;
  const { interfaceType, instance, mmio, ring } = offer;
  channel.openId = offer.openId;
  channel.hasInterrupts = offer.hasInterrupts;
  channel.downstreamPageOffset = ring?.downstreamPageOffset ?? 0;
  channel.mmio = mmio;
  end.unclaimed.add({ interfaceType, instance, channel });
  return channel;
}

function restoreRing(end: HostEnd, channel: OfferedChannel, gpadlId: number): void {
  const { channelId, downstreamPageOffset } = channel;
  const ring = end.gpadls.ringCandidate(channelId ?? 0, gpadlId);
  const isGood = ring !== null && ringsOf(end.memory, ring.ranges, downstreamPageOffset) !== null;
  if (!isGood) throwDataError(`channel ${channelId} of the host has no such rings`);
  end.unclaimed.restoreRing(channel, ring);
}
