/**
 * A server as KMCL saves and restores it (kmcl.md section 8, docs/saved-state.md): who it is, what is
 * under way, and its way back onto the bus.
 *
 * @module
 */

import type { AnyMachineSnapshot } from "xstate";
import { assert } from "../../core/assert.ts";
import { type ChunkKind, chunkOf, SavedChunks } from "../../core/saved/chunks.ts";
import type { SavedChunk } from "../../core/saved/envelope.ts";
import { mismatched } from "../../core/saved/fault.ts";
import { bytes, guid, text, U32_MAX, uint } from "../../core/saved/forms.ts";
import { encodePlainData } from "../../core/saved/plain_data.ts";
import {
  checkRules,
  omissible,
  record,
  type Rules,
  type SchemaType,
} from "../../core/saved/schema.ts";
import { stateWith } from "../chart/persisted.ts";
import {
  areInSlotOrder,
  isInFlight,
  PACKET,
  type PacketImage,
  resumePacket,
} from "../packet/image.ts";
import type { PacketObject } from "../packet/packet_object.ts";
import type { ChannelConfiguration } from "./configuration.ts";
import type { Rings } from "./bus_port.ts";
import type { Endpoint } from "./endpoint.ts";
import { CHANNEL_RULES, hasTag, TRAFFIC, type TrafficImage } from "./image.ts";
import { imageOfTraffic, imagesOfPackets, resumeTraffic } from "./under_way.ts";

/** Most bytes that a driver saves for one packet. */
export const DRIVER_BYTES_MAX = 0x400_0000;

const SETTING = uint(U32_MAX);

/** What must be the same where a server is restored (kmcl.md V6). */
const IDENTITY = record({
  interfaceType: [guid, "of VmbServerChannelInitSetTargetInterfaceId"],
  instance: [guid, "of the same"],
  subchannelIndex: [SETTING, "of initSetSubchannelIndex"],
  vtl: [SETTING, "of VmbServerChannelInitSetTargetVtl"],
  codec: [text, "how packets stand in the rings: `msgpack` or `vmbus`"],
  flags: [SETTING, "of VmbChannelInitSetFlags"],
  serverFlags: [SETTING, "of VmbServerChannelInitSetFlags"],
  packetBytesMax: [SETTING, "of VmbChannelInitSetMaximumPacketSize"],
  externalBytesMax: [SETTING, "of VmbChannelInitSetMaximumExternalData"],
  externalChainMax: [SETTING, "of the same"],
  mmioMegabytes: [SETTING, "of VmbServerChannelInitSetMmioMegabytes"],
  mmioMegabytesOptional: [SETTING, "of the same"],
  inlineContextBytes: [omissible(SETTING), "of VmbChannelInitSetInlinePacketContextSize"],
});

/** Who a saved server was. */
type Identity = SchemaType<typeof IDENTITY>;

/** A packet of the driver that was under way. */
const DRIVER_PACKET = record({
  packet: [PACKET, "KMCL's part; its bytes are LibBuf of EvtChannelRestorePacket"],
  driver: [
    bytes(DRIVER_BYTES_MAX),
    "what EvtChannelSavePacket wrote: SaveBuf of EvtChannelRestorePacket",
  ],
}, {
  "it is no packet of a driver that is under way": ({ packet }) =>
    packet.kind !== "request" && packet.state !== "owned",
});

/** A packet of the driver that was under way. */
export type DriverPacketImage = SchemaType<typeof DRIVER_PACKET>;

/** The chunks of a saved channel. */
export const CHANNEL_CHUNKS = {
  identity: { type: 1, holds: IDENTITY },
  state: { type: 2, holds: TRAFFIC.server },
  packet: { type: 3, holds: DRIVER_PACKET },
  request: { type: 4, holds: PACKET },
} satisfies Record<string, ChunkKind<unknown>>;

/** A saved server, checked. */
export interface ServerImage {
  /** Who it was; {@linkcode checkIdentity} compares that with a server. */
  readonly identity: Identity;
  /** What was under way. */
  readonly traffic: TrafficImage;
  /** Packets of the driver. */
  readonly packets: readonly DriverPacketImage[];
  /** Packets of KMCL's own: synchronous requests whose callers are gone. */
  readonly requests: readonly PacketImage[];
}

/** What must hold of the parts of a server beyond what holds of any endpoint's. */
export const SERVER_RULES: Rules<ServerImage> = {
  "a server is not saved in such a state": ({ traffic: { state } }) =>
    hasTag(state, "atRest") && !hasTag(state, "active") && !hasTag(state, "quiet") &&
    !hasTag(state, "disabled") && !hasTag(state, "leaving") && !hasTag(state, "callOpened") &&
    !hasTag(state, "saving"),
  "a packet of KMCL's own is no request": ({ requests }) =>
    requests.every(({ kind }) => kind === "request"),
  "its packets are out of order": ({ packets, requests }) =>
    areInSlotOrder(packets.map(({ packet }) => packet)) && areInSlotOrder(requests),
};

// -- Saving

/** A chunk that is to be written. */
export interface ServerChunk {
  /** The driver's packet that it is for, or null. */
  readonly packet: PacketObject | null;
  /** The chunk; a driver's packet needs what its driver saves for it. */
  readonly chunk: (driverBytes: Uint8Array) => SavedChunk;
}

/** What is saved of a server that may be saved now; nothing of it changes later. */
export function saveServer(endpoint: Endpoint): readonly ServerChunk[] {
  const { configuration, outgoing, runtime } = endpoint;
  outgoing.putOff?.signal.work(); // it is not saved, and the channel may be resumed by somebody else
  const isOwn = ({ kind }: PacketObject) => kind === "request";
  const identity = identityOf(configuration, runtime.codec.name);
  assert(identity !== null, "a server that is enabled says what it offers");
  const whole = (chunk: SavedChunk): ServerChunk => ({ packet: null, chunk: () => chunk });
  return [
    whole(chunkOf(CHANNEL_CHUNKS.identity, identity)),
    whole(chunkOf(CHANNEL_CHUNKS.state, imageOfTraffic(endpoint, restingState(endpoint)))),
    ...imagesOfPackets(endpoint, (packet) => isInFlight(packet) && !isOwn(packet)).map((
      { packet, image },
    ): ServerChunk => ({
      packet,
      chunk: (driver) => chunkOf(CHANNEL_CHUNKS.packet, { packet: image, driver }),
    })),
    ...imagesOfPackets(endpoint, (packet) => isInFlight(packet) && isOwn(packet)).map(({ image }) =>
      whole(chunkOf(CHANNEL_CHUNKS.request, image))
    ),
  ];
}

/** The state in which the server comes back: Paused as if it had never flowed. */
function restingState({ actor }: Endpoint): AnyMachineSnapshot {
  const value = actor.snapshot.value;
  assert(typeof value === "object", "a channel's chart has regions");
  const state = stateWith(actor.chart, { ...value, flow: { paused: "fresh" }, saving: "idle" });
  assert(state !== null, "a server that may be saved could be as it is without having flowed");
  return state;
}

/** Who a server is; null while its driver has not said what it offers. */
function identityOf(configuration: ChannelConfiguration, codec: string): Identity | null {
  const { serverTarget, targetVtl: vtl } = configuration;
  return serverTarget === null ? null : {
    interfaceType: serverTarget.interfaceType,
    instance: serverTarget.instance,
    subchannelIndex: configuration.subchannelIndex,
    vtl,
    codec,
    flags: configuration.flags,
    serverFlags: configuration.serverFlags,
    packetBytesMax: configuration.packetBytesMax,
    externalBytesMax: configuration.externalBytesMax,
    externalChainMax: configuration.externalChainMax,
    mmioMegabytes: configuration.mmioMegabytes,
    mmioMegabytesOptional: configuration.mmioMegabytesOptional,
    inlineContextBytes: configuration.inlineContextBytes || null,
  };
}

// -- Reading

/** The server that `chunks` were saved from; throws a SavedStateFault where it cannot be `endpoint`. */
export function readServer(chunks: readonly SavedChunk[], endpoint: Endpoint): ServerImage {
  const saved = new SavedChunks(CHANNEL_CHUNKS, chunks);
  const identity = saved.one("identity");
  checkIdentity(identity, endpoint);
  const image = {
    identity,
    traffic: saved.one("state"),
    packets: saved.all("packet"),
    requests: saved.all("request"),
  };
  const where = () => "channel";
  checkRules(SERVER_RULES, image, where);
  checkRules(CHANNEL_RULES, {
    side: "server",
    traffic: image.traffic,
    packets: [...image.packets.map(({ packet }) => packet), ...image.requests],
    configuration: endpoint.configuration,
  }, where);
  return image;
}

/** Whether the server still is the one that was saved; throws a SavedStateFault where it is not. */
export function checkIdentity(saved: Identity, { configuration, runtime }: Endpoint): void {
  const own = identityOf(configuration, runtime.codec.name);
  if (own === null) mismatched("the channel has no interface and no instance");
  const keys = Object.keys(saved) as (keyof Identity)[];
  // Which sub-channel it was, a server that takes any is to be again (kmcl.md X9).
  const isSameChannel = configuration.isAnySubchannel
    ? saved.subchannelIndex > 0
    : saved.subchannelIndex === own.subchannelIndex;
  const different = keys.filter((key) =>
    key === "subchannelIndex" ? !isSameChannel : saved[key] !== own[key]
  );
  if (different.length > 0) mismatched(`the channel differs in ${different.join(", ")}`);
}

/** What the driver hands to VmbPacketRestore: KMCL's part of its packet as bytes. */
export function libBytesOf({ packet }: DriverPacketImage): Uint8Array {
  return encodePlainData(PACKET.save(packet));
}

// -- Putting it back

/**
 * The server, Disabled and initializing, is what was saved from now on (kmcl.md V10). The packets of its
 * driver are in their transactions already.
 */
export function restoreServer(endpoint: Endpoint, image: ServerImage): void {
  const { packets } = endpoint.outgoing;
  endpoint.configuration.subchannelIndex = image.identity.subchannelIndex;
  for (const request of image.requests) {
    const packet = packets.allocate("request");
    packets.move(packet, request.slot);
    resumePacket(packet, request);
  }
  resumeTraffic(endpoint, image.traffic);
  endpoint.restored = image.traffic;
  endpoint.tell({ type: "restored" });
}

/** A restored server is enabled, and claimed its channel: it continues where it was, Paused. */
export function resumeServer(endpoint: Endpoint, saved: TrafficImage, rings: Rings | null): void {
  const { state, fault } = saved;
  if (hasTag(state, "closed")) endpoint.tell({ type: "resumeClosed" });
  if (rings === null) return;
  const isAttached = endpoint.attach(rings, saved.rings);
  assert(isAttached, "positions that were checked are inside the rings");
  endpoint.incoming.resume(saved.incoming);
  endpoint.tell({ type: "resumeOpen" });
  if (fault !== null) endpoint.faulted(fault);
  endpoint.work.scheduleInterrupt(); // completions that wait may find room
}

/** A restored server has no channel to claim: what it had under way there ends (kmcl.md S15, V8). */
export function abandonServer(endpoint: Endpoint, { rings }: TrafficImage): void {
  if (rings === null) return; // what is queued waits for the first open
  endpoint.outgoing.detach();
  endpoint.outgoing.endAll();
}

/** A restored server is never enabled: all that it had under way ends (kmcl.md S15). */
export function giveUpServer(endpoint: Endpoint): void {
  endpoint.restored = null;
  endpoint.outgoing.detach();
  endpoint.outgoing.endAll();
}
