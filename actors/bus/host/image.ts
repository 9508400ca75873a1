/**
 * What is saved of the host's end of a bus, and how it is built again (docs/saved-state.md): its
 * channels come back as orphans, which restored servers take up, and its GPADLs.
 *
 * @module
 */

import { throwDataError } from "../../../core/saved/fault.ts";
import type { SavedFields } from "../../../core/saved/fields.ts";
import type { PlainData } from "../../../core/saved/plain_data.ts";
import { restoreHostGpadl, saveHostGpadls } from "./gpadl_image.ts";
import { CHANNEL_ID_MAX } from "../../../core/control/messages.ts";
import { HostChannel } from "./offered_channel.ts";
import type { HostEnd } from "./host_end.ts";
import { ringsOf } from "../rings.ts";

const U32_MAX = 0xffff_ffff;

/** What the host's end knows. A channel that the guest was never told of is the server's own matter. */
export function saveHostEnd(end: HostEnd): PlainData {
  return { channels: end.known.map(saveChannel), gpadls: saveHostGpadls(end.gpadls) };
}

function saveChannel(channel: HostChannel): PlainData {
  const { channelId, endpoint, openId, hasInterrupts, ring, downstreamPageOffset } = channel;
  const target = endpoint?.configuration.serverTarget ?? null;
  if (endpoint === null || target === null) return { channelId, offer: null };
  const { mmio } = endpoint;
  return {
    channelId,
    offer: {
      interfaceType: target.interfaceType,
      instance: target.instance,
      openId,
      hasInterrupts,
      ring: ring === null ? null : { gpadlId: ring.gpadlId, downstreamPageOffset },
      mmio: mmio === null ? null : { gpa: mmio.gpa, byteCount: mmio.byteCount },
    },
  };
}

/** Where a channel's rings are, before the GPADLs are there. */
interface RingImage {
  readonly channel: HostChannel;
  readonly gpadlId: number;
}

/** Builds a host's end that is as new again. */
export function restoreHostEnd(end: HostEnd, fields: SavedFields): void {
  const rings = fields.records("channels", (saved) => restoreChannel(end, saved));
  fields.records("gpadls", (saved) => restoreHostGpadl(end, saved));
  for (const ring of rings) if (ring !== null) restoreRing(end, ring);
}

function restoreChannel(end: HostEnd, fields: SavedFields): RingImage | null {
  const channel = new HostChannel(null);
  const channelId = fields.uint("channelId", CHANNEL_ID_MAX, 1);
  if (end.channel(channelId) !== null) throwDataError(`${fields.where} has another's id`);
  channel.channelId = channelId;
  const ring = fields.orNull(
    "offer",
    () => fields.record("offer", (offer) => restoreOffer(end, channel, offer)),
  );
  if (end.channel(channelId) === null) end.keepId(channel); // rescinded, and not released yet
  return ring;
}

function restoreOffer(end: HostEnd, channel: HostChannel, fields: SavedFields): RingImage | null {
  const instance = fields.guid("instance");
  if (end.unclaimed.has(instance)) throwDataError(`${fields.where} has another's instance`);
  channel.openId = fields.uint("openId", U32_MAX);
  channel.hasInterrupts = fields.flag("hasInterrupts");
  const gpadlId = fields.orNull("ring", () =>
    fields.record("ring", (ring) => {
      channel.downstreamPageOffset = ring.uint("downstreamPageOffset", U32_MAX);
      return ring.uint("gpadlId", U32_MAX, 1);
    }));
  const mmio = fields.orNull("mmio", () =>
    fields.record("mmio", (range) => ({
      gpa: range.uint("gpa", Number.MAX_SAFE_INTEGER),
      byteCount: range.uint("byteCount", Number.MAX_SAFE_INTEGER, 1),
    })));
  if (mmio !== null && gpadlId === null) {
    throwDataError(`${fields.where} has MMIO, and is not open`);
  }
  end.unclaimed.add({ interfaceType: fields.guid("interfaceType"), instance, channel, mmio });
  return gpadlId === null ? null : { channel, gpadlId };
}

function restoreRing(end: HostEnd, { channel, gpadlId }: RingImage): void {
  const { channelId, downstreamPageOffset } = channel;
  const ring = end.gpadls.ringCandidate(channelId ?? 0, gpadlId);
  const isGood = ring !== null && ringsOf(end.memory, ring.ranges, downstreamPageOffset) !== null;
  if (!isGood) throwDataError(`channel ${channelId} of the host has no such rings`);
  ring.use = "ring";
  channel.ring = ring;
}
