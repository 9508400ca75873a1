/**
 * A server as KMCL saves and restores it (kmcl.md section 8, docs/saved-state.md): who it is, what is
 * under way, and its way back onto the bus.
 *
 * @module
 */

import type { AnyMachineSnapshot } from "xstate";
import { assert } from "../../core/assert.ts";
import type { SavedChunk } from "../../core/saved/envelope.ts";
import { mismatched, throwDataError } from "../../core/saved/fault.ts";
import { readRecord, type SavedFields } from "../../core/saved/fields.ts";
import { encodePlainData, type PlainData } from "../../core/saved/plain_data.ts";
import { stateWith } from "../chart/persisted.ts";
import {
  areInSlotOrder,
  isInFlight,
  type PacketImage,
  readPacket,
  resumePacket,
} from "../packet/image.ts";
import { PACKET_ACTOR } from "../packet/machine.ts";
import type { PacketObject } from "../packet/packet_object.ts";
import type { Endpoint, Rings } from "./endpoint.ts";
import {
  checkTraffic,
  hasTag,
  readTraffic,
  resumeTraffic,
  savePackets,
  saveTraffic,
  type TrafficImage,
} from "./image.ts";

/** Types of the chunks of a saved channel. */
const CHUNK_IDENTITY = 1;
const CHUNK_TRAFFIC = 2;
const CHUNK_PACKET = 3;
const CHUNK_REQUEST = 4;

/** Most bytes that a driver saves for one packet. */
export const DRIVER_BYTES_MAX = 0x400_0000;

/** A packet of the driver that was under way. */
export interface DriverPacketImage {
  /** KMCL's part. */
  readonly image: PacketImage;
  /** The same as bytes: what the driver hands to VmbPacketRestore. */
  readonly libBytes: Uint8Array;
  /** The driver's part. */
  readonly driverBytes: Uint8Array;
}

/** A saved server, checked. */
export interface ServerImage {
  /** Who it was; {@linkcode checkIdentity} compares that with a server. */
  readonly identity: PlainData;
  /** What was under way. */
  readonly traffic: TrafficImage;
  /** Packets of the driver. */
  readonly packets: readonly DriverPacketImage[];
  /** Packets of KMCL's own: synchronous requests whose callers are gone. */
  readonly requests: readonly PacketImage[];
}

// -- Saving

/** A chunk that is to be written; a driver's packet lacks what its driver saves for it. */
export interface ServerChunk {
  /** What it is. */
  readonly type: number;
  /** What KMCL saves. */
  readonly data: PlainData;
  /** The driver's packet that it is for, or null. */
  readonly packet: PacketObject | null;
}

/** What is saved of a server that may be saved now; nothing of it changes later. */
export function saveServer(endpoint: Endpoint): readonly ServerChunk[] {
  const ownOnly = (packet: PacketObject) => packet.kind === "request";
  const packets = savePackets(
    endpoint,
    (packet) => isInFlight(packet) && !ownOnly(packet),
  );
  const requests = savePackets(endpoint, (packet) => isInFlight(packet) && ownOnly(packet));
  return [
    { type: CHUNK_IDENTITY, data: identityOf(endpoint), packet: null },
    { type: CHUNK_TRAFFIC, data: saveTraffic(endpoint, restingState(endpoint)), packet: null },
    ...packets.map(({ packet, data }) => ({ type: CHUNK_PACKET, data, packet })),
    ...requests.map(({ data }) => ({ type: CHUNK_REQUEST, data, packet: null })),
  ];
}

/** A driver's packet with what the driver saved for it. */
export function withDriverBytes(data: PlainData, driverBytes: Uint8Array): PlainData {
  return { packet: data, driver: driverBytes };
}

/** The state in which the server comes back: Paused as if it had never flowed. */
function restingState({ actor }: Endpoint): AnyMachineSnapshot {
  const value = actor.snapshot.value;
  assert(typeof value === "object", "a channel's chart has regions");
  const state = stateWith(actor.chart, { ...value, flow: { paused: "fresh" }, saving: "idle" });
  assert(state !== null, "a server that may be saved could be as it is without having flowed");
  return state;
}

/** What must be the same where a server is restored (kmcl.md V6). */
function identityOf({ configuration, runtime }: Endpoint): Readonly<Record<string, PlainData>> {
  const { serverTarget } = configuration;
  return {
    interfaceType: serverTarget?.interfaceType ?? null,
    instance: serverTarget?.instance ?? null,
    vtl: configuration.targetVtl,
    codec: runtime.codec.name,
    flags: configuration.flags,
    serverFlags: configuration.serverFlags,
    packetBytesMax: configuration.packetBytesMax,
    externalBytesMax: configuration.externalBytesMax,
    externalChainMax: configuration.externalChainMax,
    mmioMegabytes: configuration.mmioMegabytes,
    mmioMegabytesOptional: configuration.mmioMegabytesOptional,
  };
}

// -- Reading

/** The server that `chunks` were saved from; throws a SavedStateFault where it cannot be `endpoint`. */
export function readServer(chunks: readonly SavedChunk[], endpoint: Endpoint): ServerImage {
  const [identity, traffic, ...rest] = chunks;
  if (identity?.type !== CHUNK_IDENTITY || traffic?.type !== CHUNK_TRAFFIC) {
    throwDataError("the channel's identity and state do not come first");
  }
  checkIdentity(identity.data, endpoint);
  const { chart } = endpoint.actor;
  const image = {
    identity: identity.data,
    traffic: readRecord(traffic.data, "channel", (fields) => readTraffic(fields, chart)),
    packets: rest.filter(({ type }) => type === CHUNK_PACKET).map(({ data }, index) =>
      readDriverPacket(data, `packet ${index}`, endpoint)
    ),
    requests: rest.filter(({ type }) => type === CHUNK_REQUEST).map(({ data }, index) =>
      readPacket(data, `request ${index}`, endpoint.runtime.actors.chart(PACKET_ACTOR))
    ),
  };
  if (image.packets.length + image.requests.length !== rest.length) {
    throwDataError("a chunk is unknown");
  }
  checkServer(image, endpoint);
  return image;
}

/** Whether the server still is the one that was saved; throws a SavedStateFault where it is not. */
export function checkIdentity(data: PlainData, endpoint: Endpoint): void {
  const own = identityOf(endpoint);
  readRecord(data, "identity", (fields) => {
    const different = Object.keys(own).filter((key) => fields.data(key) !== own[key]);
    // A field too many is damage, whatever else differs.
    fields.end();
    if (different.length > 0) mismatched(`the channel differs in ${different.join(", ")}`);
  });
}

function readDriverPacket(data: PlainData, where: string, endpoint: Endpoint): DriverPacketImage {
  return readRecord(data, where, (fields: SavedFields) => {
    const packet = fields.data("packet");
    return {
      image: readPacket(packet, where, endpoint.runtime.actors.chart(PACKET_ACTOR)),
      libBytes: encodePlainData(packet),
      driverBytes: fields.bytes("driver", DRIVER_BYTES_MAX),
    };
  });
}

function checkServer({ traffic, packets, requests }: ServerImage, endpoint: Endpoint): void {
  const { state } = traffic;
  const isAtRest = hasTag(state, "atRest") && !hasTag(state, "active") && !hasTag(state, "quiet");
  const isBetween = hasTag(state, "disabled") || hasTag(state, "leaving") ||
    hasTag(state, "callOpened") || hasTag(state, "saving");
  if (!isAtRest || isBetween) throwDataError("channel: a server is not saved in such a state");
  const areKindsRight =
    packets.every(({ image }) => image.kind !== "request" && image.stage !== "owned") &&
    requests.every(({ kind }) => kind === "request");
  const areInOrder = areInSlotOrder(packets.map(({ image }) => image)) && areInSlotOrder(requests);
  if (!areKindsRight || !areInOrder) {
    throwDataError("channel: a packet is not saved where it belongs");
  }
  const { configuration } = endpoint;
  const all = [...packets.map(({ image }) => image), ...requests];
  checkTraffic(traffic, all, { side: "server", configuration, holdsPfns: () => false }, "channel");
}

// -- Putting it back

/**
 * The server, Disabled and initializing, is what was saved from now on (kmcl.md V10). The packets of its
 * driver are in their transactions already.
 */
export function restoreServer(endpoint: Endpoint, image: ServerImage): void {
  const { packets } = endpoint.outgoing;
  for (const request of image.requests) {
    const packet = packets.allocate("request");
    packets.move(packet, request.slot);
    resumePacket(packet, request);
  }
  resumeTraffic(endpoint, image.traffic);
  endpoint.restored = image.traffic;
  endpoint.tell({ type: "restored" });
}

/** A restored server is enabled, and took up its channel: it goes on where it was, Paused. */
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

/** A restored server has no channel to take up: what it had under way there ends (kmcl.md S15, V8). */
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
