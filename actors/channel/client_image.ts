/**
 * A client as the image of its partition holds it, and back (docs/saved-state.md).
 *
 * @module
 */

import { NT_SUCCESS } from "../../core/ntstatus.ts";
import { throwDataError } from "../../core/saved/fault.ts";
import { anyText, flag, guid, U16_MAX, U32_MAX, uint, word } from "../../core/saved/forms.ts";
import {
  type Fields,
  list,
  mapped,
  named,
  omissible,
  optional,
  record,
  type RecordOf,
  type Rules,
  rulesOf,
  type Schema,
  type SchemaType,
} from "../../core/saved/schema.ts";
import { areInSlotOrder, PACKET, type PacketImage, resumePacket } from "../packet/image.ts";
import { ChannelConfiguration, clientTargetOf } from "./configuration.ts";
import { BounceBuffers, type SavedBounce } from "./bounce_buffers.ts";
import type { BusChannel, Rings } from "./bus_port.ts";
import type { Endpoint } from "./endpoint.ts";
import { CHANNEL_RULES, type ChannelParts, hasTag, TRAFFIC } from "./image.ts";
import { CHANGES } from "./change_calls.ts";
import { fitsRings, imageOfTraffic, imagesOfPackets, resumeTraffic } from "./under_way.ts";

const SETTING = uint(U32_MAX);

const CONFIGURATION = record({
  packetBytesMax: [SETTING, "of VmbChannelInitSetMaximumPacketSize"],
  externalBytesMax: [SETTING, "of VmbChannelInitSetMaximumExternalData"],
  externalChainMax: [SETTING, "of the same"],
  clientContextBytes: [SETTING, "of VmbChannelInitSetClientContextSize"],
  friendlyName: [anyText, "of VmbChannelInitSetFriendlyName"],
  flags: [SETTING, "of VmbChannelInitSetFlags"],
  incomingRingPages: [SETTING, "of VmbClientChannelInitSetRingBufferPageCount"],
  outgoingRingPages: [SETTING, "of the same"],
  subchannelIndex: [SETTING, "of initSetSubchannelIndex"],
  isAnySubchannel: [
    omissible(flag),
    "of VmbChannelInitSetPrimaryChannel, without an index of its own",
  ],
  packetCountMax: [omissible(SETTING), "of VmbChannelInitSetMaximumPacketCount"],
  inlineContextBytes: [omissible(SETTING), "of VmbChannelInitSetInlinePacketContextSize"],
  bouncePacketBytes: [omissible(SETTING), "of VmbChannelInitSetBounceBufferSizes"],
  bounceDriverBytes: [omissible(SETTING), "of the same"],
  targetProcessor: [
    optional(SETTING),
    "of initSetTargetProcessor; nil where nothing was said, 4294967295 for no interrupts",
  ],
  target: [
    optional(record({
      interfaceType: [guid, "type of the offer that it wants"],
      instance: [optional(guid), "which one; nil for any"],
    })),
    "of VmbClientChannelInitSetTargetPnp",
  ],
});

/** The settings that were saved; undefined where a driver could not make one of them. */
function configurationOf(
  image: SchemaType<typeof CONFIGURATION>,
): ChannelConfiguration | undefined {
  const configuration = new ChannelConfiguration();
  const statuses = [
    configuration.setMaximumPacketSize(image.packetBytesMax),
    configuration.setMaximumExternalData(image.externalBytesMax, image.externalChainMax),
    configuration.setClientContextSize(image.clientContextBytes),
    configuration.setFriendlyName(image.friendlyName),
    configuration.setFlags(image.flags),
    configuration.setRingPages(image.incomingRingPages, image.outgoingRingPages),
    configuration.setSubchannelIndex(image.subchannelIndex),
    configuration.setMaximumPacketCount(image.packetCountMax ?? U32_MAX),
    configuration.setInlineContextSize(image.inlineContextBytes ?? 0),
  ];
  const { bouncePacketBytes, bounceDriverBytes } = new ChannelConfiguration();
  statuses.push(
    configuration.setBounceBufferSizes(
      image.bouncePacketBytes ?? bouncePacketBytes,
      image.bounceDriverBytes ?? bounceDriverBytes,
    ),
  );
  const { target } = image;
  const wanted = target === null ? null : clientTargetOf(target.interfaceType, target.instance);
  if (typeof wanted === "number" || !statuses.every(NT_SUCCESS)) return undefined;
  configuration.clientTarget = wanted;
  configuration.targetProcessor = image.targetProcessor;
  configuration.packetCountMax = image.packetCountMax;
  configuration.isAnySubchannel = image.isAnySubchannel === true;
  return configuration;
}

/** The sizes of bounce buffers, where a driver has said them. */
function bounceSizesOf({ bouncePacketBytes, bounceDriverBytes }: ChannelConfiguration) {
  const usual = new ChannelConfiguration();
  return {
    bouncePacketBytes: bouncePacketBytes === usual.bouncePacketBytes ? null : bouncePacketBytes,
    bounceDriverBytes: bounceDriverBytes === usual.bounceDriverBytes ? null : bounceDriverBytes,
  };
}

/** The settings of a client; its callbacks are the driver's to set again. */
const SETTINGS: Schema<ChannelConfiguration> = mapped(
  CONFIGURATION,
  (configuration) => ({
    ...configuration,
    target: configuration.clientTarget,
    isAnySubchannel: configuration.isAnySubchannel ? true : null,
    inlineContextBytes: configuration.inlineContextBytes || null,
    ...bounceSizesOf(configuration),
  }),
  configurationOf,
  "a setting is out of its bounds",
);

/** Where bounce buffers lie. */
const BOUNCE = record({
  pagesGpa: [optional(uint()), "a buffer: the pages for copies; nil where there are none"],
  driverGpas: [list(uint()), "buffers that its driver was given, in order"],
});

const FIELDS = {
  configuration: [SETTINGS, "its settings"],
  traffic: [TRAFFIC.client, "what is under way, in any state of the client's chart"],
  packets: [list(PACKET), "its packet objects that are in use, by slot"],
  bounce: [omissible(BOUNCE), "its bounce buffers, where it has some"],
  latency100ns: [uint(U16_MAX), "by how much its signals are delayed; 0 without rings"],
  signalAfter100ns: [optional(uint(U16_MAX)), "in how much time its delayed signal is due"],
  change: [optional(word(CHANGES)), "the callback that is due, which its state asks for"],
  refusal: [
    optional(uint(U32_MAX)),
    "why its last open came to nothing, an NTSTATUS, until it is enabled again; where `change` is `pnpFailure`, its driver is to be told",
  ],
} satisfies Fields;

/** A saved client, checked. */
export type ClientImage = RecordOf<typeof FIELDS>;

const RULES: Rules<ClientImage> = {
  "it wants no offer": ({ configuration, traffic: { state } }) =>
    configuration.clientTarget !== null || hasTag(state, "configurable"),
  "its channel does not fit its state": ({ traffic: { state, channelId } }) => {
    const isConnected = hasTag(state, "rings") || hasTag(state, "connecting");
    return channelId === null ? !isConnected : isConnected || hasTag(state, "tearingDown");
  },
  "it waits for an end that has come": ({ traffic: { state, channelId, ended } }) =>
    channelId !== null || !hasTag(state, "releasing") || ended.length > 0,
  "its latency is that of no channel": ({ latency100ns, traffic: { state } }) =>
    latency100ns === 0 || hasTag(state, "rings"),
  "its packets are out of order": ({ packets }) => areInSlotOrder(packets),
  "its open was refused with a success": ({ refusal }) => refusal === null || !NT_SUCCESS(refusal),
};

/** A client. */
export const CLIENT = named(
  "a client",
  record(FIELDS, { ...RULES, ...rulesOf(CHANNEL_RULES, partsOf) }),
);

function partsOf({ configuration, traffic, packets }: ClientImage): ChannelParts {
  return { side: "client", traffic, packets, configuration };
}

/** A client as it is saved. None of its callbacks is unfinished. */
export function imageOfClient(endpoint: Endpoint): ClientImage {
  const { configuration, latency100ns, outgoing, signal, changes } = endpoint;
  return {
    configuration,
    traffic: imageOfTraffic(endpoint, endpoint.actor.snapshot),
    packets: imagesOfPackets(endpoint, () => true).map(({ image }) => image),
    bounce: endpoint.bounce?.image ?? null,
    latency100ns,
    signalAfter100ns: outgoing.putOff?.signal.isDue === true ? 0 : signal.remaining100ns,
    change: changes.current,
    refusal: changes.untoldRefusal ?? endpoint.refusal,
  };
}

// -- Putting it back

/** Gives a client its settings and its packet objects again; it was made in the state of `image`. */
export function prepareClient(endpoint: Endpoint, image: ClientImage): void {
  Object.assign(endpoint.configuration, image.configuration);
  restorePackets(endpoint, image.packets);
}

/**
 * Resumes a client that knows its channel again, if it has one, and its `rings`; throws a
 * SavedStateFault where those are not the ones that it had. Its driver must still set its callbacks, and
 * nothing is scheduled: that is for whoever brings back the partition's work items.
 */
export function resumeClient(endpoint: Endpoint, image: ClientImage, rings: Rings | null): void {
  const { traffic } = image;
  const { channelId } = traffic;
  if (channelId !== endpoint.channelId) throwDataError(`${endpoint.name} has another channel`);
  const hasLeftBus = endpoint.is("releasing") && channelId === null;
  if (!endpoint.is("disabled") && !hasLeftBus) endpoint.end = endpoint.partition.bus.ownGuest;
  if (traffic.rings !== null) {
    const fits = rings !== null && fitsRings(traffic, rings);
    if (!fits || !endpoint.attach(rings, traffic.rings)) {
      throwDataError(`${endpoint.name} has other rings`);
    }
    endpoint.incoming.resume(traffic.incoming);
  }
  restoreBounce(endpoint, image);
  endpoint.fault = traffic.fault;
  endpoint.latency100ns = image.latency100ns;
  resumeTraffic(endpoint, traffic);
  endpoint.refusal = image.refusal;
  const untoldRefusal = image.change === "pnpFailure" ? image.refusal : null;
  if (!endpoint.changes.restore(image.change, untoldRefusal)) {
    throwDataError(`${endpoint.name}: the callback that is due is not one that its state asks for`);
  }
}

/** A client of an isolated guest has bounce buffers for as long as it has a channel; others where their drivers asked. */
function restoreBounce(endpoint: Endpoint, { bounce }: ClientImage): void {
  const { channel, partition } = endpoint;
  const mustHave = channel !== null && partition.isIsolated;
  const packets = endpoint.outgoing.packets.live;
  const isGood = bounce === null
    ? !mustHave && packets.every(({ ownRanges }) => ownRanges === null)
    : channel !== null && resumeBounce(endpoint, channel, bounce);
  if (!isGood) throwDataError(`${endpoint.name} has bounce buffers that it cannot have`);
}

function resumeBounce(
  endpoint: Endpoint,
  { memory, isMemoryConfidential }: BusChannel,
  bounce: SavedBounce,
): boolean {
  endpoint.bounce = new BounceBuffers(endpoint, memory, isMemoryConfidential);
  return endpoint.bounce.restore(bounce, endpoint.outgoing.packets.live);
}

function restorePackets({ outgoing }: Endpoint, images: readonly PacketImage[]): void {
  for (const image of images) {
    const packet = outgoing.packets.allocate(image.kind);
    packet.handle = null; // with the verifier off it has that of whoever had it last: its driver gets another with it
    outgoing.packets.move(packet, image.slot);
    resumePacket(packet, image);
  }
}
