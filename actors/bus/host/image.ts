/**
 * What is saved of the host's end of a bus, and how it is built again (docs/saved-state.md): its channels
 * come back unclaimed, for restored servers to claim, and with them its GPADLs.
 *
 * @module
 */

import { CHANNEL_ID_MAX } from "../../../core/control/messages.ts";
import { MONITOR_IDS } from "../../../core/signals/layouts.ts";
import { throwDataError } from "../../../core/saved/fault.ts";
import { flag, guid, stretch, U16_MAX, U32_MAX, uint, word } from "../../../core/saved/forms.ts";
import { list, optional, record, type SchemaType } from "../../../core/saved/schema.ts";
import { ringsOf } from "../rings.ts";
import {
  HOST_CONNECTION,
  imageOfHostConnection,
  restoreHostConnection,
} from "./connection_image.ts";
import { HOST_GPADL, imagesOfHostGpadls, restoreHostGpadl } from "./gpadl_image.ts";
import type { HostEnd } from "./host_end.ts";
import type { OfferedChannel } from "./offered_channel.ts";

/** How the guest has a channel whose id it has not released. */
const STATES = ["closed", "open", "modifying", "reserved", "revoked"] as const;

function isOpen(state: typeof STATES[number]): state is keyof typeof RESUMES {
  return state !== "closed" && state !== "revoked";
}

/** A channel whose id the guest has not released. */
const CHANNEL = record({
  channelId: [uint(CHANNEL_ID_MAX, 1), "its id, each once"],
  interfaceType: [guid, "type of the interface"],
  instance: [guid, "instance of it"],
  subchannelIndex: [uint(U16_MAX), "which channel of that instance: 0 for the primary"],
  state: [
    word(STATES),
    "how the guest has it; `modifying`: open, and it waits for another processor; `reserved`: open as such; `revoked`: rescinded, and the guest has not released the id",
  ],
  openId: [uint(U32_MAX), "what the guest calls its last open"],
  targetVp: [uint(U32_MAX), "the processor that the host signals; 4294967295 for none"],
  wantedVp: [uint(U32_MAX), "the processor that it waits for, where it is `modifying`"],
  connectionId: [
    optional(uint(U32_MAX)),
    "the connection by which the guest signals; nil for that of the offer",
  ],
  eventFlag: [
    optional(uint(CHANNEL_ID_MAX, 1)),
    "the flag that the host sets; nil for the channel's id",
  ],
  isRedirected: [flag, "whether its interrupts go to the redirect target"],
  ring: [
    optional(record({
      gpadlId: [uint(U32_MAX, 1), "the GPADL that describes them"],
      downstreamPageOffset: [uint(U32_MAX), "page of it where the host's outgoing ring begins"],
    })),
    "its rings, where it is open",
  ],
  mmio: [optional(stretch), "where its MMIO lies, if it is open and has some"],
  monitorId: [optional(uint(MONITOR_IDS - 1)), "its id in the guest's monitor page, each once"],
}, {
  "it has MMIO, and is not open": ({ ring, mmio }) => mmio === null || ring !== null,
  "it has rings and is not open, or the other way round": ({ ring, state }) =>
    (ring !== null) === isOpen(state),
});

/** The host's end of a bus. A channel that the guest was never told of is the server's own matter. */
export const HOST_END = record({
  connection: [HOST_CONNECTION, "what the guest and the host have agreed on"],
  channels: [
    list(CHANNEL),
    "those that the guest knows, in the order of their ids being given out",
  ],
  gpadls: [list(HOST_GPADL), "channel by channel"],
}, {
  "a guest that is not connected has channels that are not reserved": ({ connection, channels }) =>
    connection.state.hasTag("connected") || channels.every(({ state }) => state === "reserved"),
  "one of its channels has another's id": ({ channels }) =>
    areDistinct(channels.map(({ channelId }) => channelId)),
  "one of its channels has another's instance": ({ channels }) =>
    areDistinct(
      channels.filter(({ state }) => state !== "revoked")
        .map(({ instance, subchannelIndex }) => `${instance} ${subchannelIndex}`),
    ),
});

function areDistinct(values: readonly (number | string)[]): boolean {
  return new Set(values).size === values.length;
}

/** The host's end of a bus that was saved. */
export type HostEndImage = SchemaType<typeof HOST_END>;
type ChannelImage = HostEndImage["channels"][number];

/** What the host's end knows. */
export function imageOfHostEnd(end: HostEnd): HostEndImage {
  return {
    connection: imageOfHostConnection(end.connection),
    channels: end.known.map(imageOfChannel),
    gpadls: imagesOfHostGpadls(end.gpadls),
  };
}

/** What is saved of a channel beside its name where it is not open. */
const UNUSED = {
  wantedVp: 0,
  connectionId: null,
  eventFlag: null,
  isRedirected: false,
  ring: null,
  mmio: null,
} as const;

function imageOfChannel(channel: OfferedChannel): ChannelImage {
  const { key, openId, targetVp, ring, downstreamPageOffset, monitorId } = channel;
  const name = { channelId: channel.channelId!, ...key, monitorId };
  if (channel.isUnserved) return { ...name, state: "revoked", openId: 0, targetVp: 0, ...UNUSED };
  if (ring === null) return { ...name, state: "closed", openId, targetVp, ...UNUSED };
  return {
    ...name,
    state: useOf(channel),
    openId,
    targetVp,
    wantedVp: channel.wantedVp,
    connectionId: channel.connectionId,
    eventFlag: channel.eventFlag,
    isRedirected: channel.isRedirected,
    ring: { gpadlId: ring.gpadlId, downstreamPageOffset },
    mmio: channel.mmio,
  };
}

function useOf({ actor }: OfferedChannel): "open" | "modifying" | "reserved" {
  if (actor.is("reserved")) return "reserved";
  return actor.is("modifying") ? "modifying" : "open";
}

/** Builds a host's end that is as new again. */
export function restoreHostEnd(end: HostEnd, image: HostEndImage): void {
  restoreHostConnection(end.connection, image.connection);
  const { connection: { actor, contact }, signals } = end;
  const hasPages = actor.is("connected") || actor.is("leaving");
  if (hasPages && contact !== null && !signals.restore(contact)) {
    throwDataError("hostEnd, connection: a page of its signals is no page of the guest");
  }
  const channels = image.channels.map((saved) => restoreChannel(end, saved));
  image.gpadls.forEach((saved, at) => restoreHostGpadl(end, saved, () => `hostEnd, gpadls ${at}`));
  image.channels.forEach(({ ring, state }, at) => {
    if (ring !== null && isOpen(state)) {
      restoreRing(end, channels[at]!, ring.gpadlId, RESUMES[state]);
    }
  });
}

function restoreChannel(end: HostEnd, image: ChannelImage): OfferedChannel {
  const { channelId, interfaceType, instance, subchannelIndex, state } = image;
  const key = { interfaceType, instance, subchannelIndex };
  const channel = end.unclaimed.restoreChannel(channelId, key, state === "revoked");
  if (state === "revoked") return channel;
  const { openId, targetVp, wantedVp, connectionId, eventFlag, isRedirected } = image;
  Object.assign(channel, { openId, targetVp, wantedVp, connectionId, eventFlag, isRedirected });
  channel.downstreamPageOffset = image.ring?.downstreamPageOffset ?? 0;
  channel.mmio = image.mmio;
  channel.monitorId = image.monitorId;
  if (image.monitorId !== null && !end.signals.ids.keep(image.monitorId)) {
    throwDataError(`channel ${channelId} of the host has another's monitor id`);
  }
  end.unclaimed.add(channel);
  return channel;
}

/** How the chart hears that a channel is open. */
const RESUMES = {
  open: "resumeOpen",
  modifying: "resumeModifying",
  reserved: "resumeReserved",
} as const;

function restoreRing(
  end: HostEnd,
  channel: OfferedChannel,
  gpadlId: number,
  type: typeof RESUMES[keyof typeof RESUMES],
): void {
  const { channelId, downstreamPageOffset } = channel;
  const ring = end.gpadls.ringCandidate(channelId ?? 0, gpadlId);
  const isGood = ring !== null && ringsOf(end.memory, ring.ranges, downstreamPageOffset) !== null;
  if (!isGood) throwDataError(`channel ${channelId} of the host has no such rings`);
  end.unclaimed.restoreRing(channel, ring, type);
}
