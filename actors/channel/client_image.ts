/**
 * A client as the image of its partition holds it, and back (docs/saved-state.md).
 *
 * @module
 */

import { NT_SUCCESS, type NtStatus } from "../../core/ntstatus.ts";
import { throwDataError } from "../../core/saved/fault.ts";
import { readAnyText, readRecord, saveAnyText, type SavedFields } from "../../core/saved/fields.ts";
import type { PlainData } from "../../core/saved/plain_data.ts";
import { PACKET_ACTOR } from "../packet/machine.ts";
import { areInSlotOrder, type PacketImage, readPacket, resumePacket } from "../packet/image.ts";
import { CHANNEL_ACTORS } from "./actor_kinds.ts";
import { ChannelConfiguration, clientTargetOf } from "./configuration.ts";
import type { Endpoint, Rings } from "./endpoint.ts";
import {
  checkTraffic,
  fitsRings,
  hasTag,
  readTraffic,
  resumeTraffic,
  savePackets,
  saveTraffic,
  type TrafficImage,
} from "./image.ts";
import type { PartitionPort } from "./partition_port.ts";
import { type Change, CHANGES } from "./state_changes.ts";

const U16_MAX = 0xffff;
const U32_MAX = 0xffff_ffff;

/** A saved client, checked. */
export interface ClientImage {
  /** Its settings; its callbacks are the driver's to set again. */
  readonly configuration: ChannelConfiguration;
  /** What was under way. */
  readonly traffic: TrafficImage;
  /** Its packet objects that are in use, also those in no transaction. */
  readonly packets: readonly PacketImage[];
  /** Where the channel's MMIO lies, if it reserved some. */
  readonly mmio: { readonly gpa: number; readonly byteCount: number } | null;
  /** By how much its signals are delayed, in 100 ns. */
  readonly latency100ns: number;
  /** In how much time a signal is due, in 100 ns; null where none is. */
  readonly signalAfter100ns: number | null;
  /** The state change callback that is due. */
  readonly change: Change | null;
  /** Why its open was refused, where its driver was not told. */
  readonly refusal: NtStatus | null;
}

// -- Saving

/** A client as plain data. None of its callbacks is unfinished. */
export function saveClient(endpoint: Endpoint): PlainData {
  const { latency100ns, signal, changes, mmio } = endpoint;
  return {
    configuration: saveConfiguration(endpoint.configuration),
    traffic: saveTraffic(endpoint, endpoint.actor.snapshot),
    packets: savePackets(endpoint, () => true).map(({ data }) => data),
    mmio: mmio === null ? null : { gpa: mmio.gpa, byteCount: mmio.byteCount },
    latency100ns,
    signalAfter100ns: signal.remaining100ns,
    change: changes.current,
    refusal: changes.untoldRefusal,
  };
}

function saveConfiguration(configuration: ChannelConfiguration): PlainData {
  const { clientTarget } = configuration;
  return {
    packetBytesMax: configuration.packetBytesMax,
    externalBytesMax: configuration.externalBytesMax,
    externalChainMax: configuration.externalChainMax,
    clientContextBytes: configuration.clientContextBytes,
    friendlyName: saveAnyText(configuration.friendlyName),
    flags: configuration.flags,
    incomingRingPages: configuration.incomingRingPages,
    outgoingRingPages: configuration.outgoingRingPages,
    target: clientTarget === null
      ? null
      : { interfaceType: clientTarget.interfaceType, instance: clientTarget.instance },
  };
}

// -- Reading

/** What {@linkcode saveClient} wrote; throws a SavedStateFault where it cannot be one of `partition`'s. */
export function readClient(
  data: PlainData,
  where: string,
  partition: PartitionPort,
): ClientImage {
  const { actors } = partition.runtime;
  const image = readRecord(data, where, (fields): ClientImage => ({
    configuration: fields.record("configuration", readConfiguration),
    traffic: fields.record(
      "traffic",
      (traffic) => readTraffic(traffic, actors.chart(CHANNEL_ACTORS.client)),
    ),
    packets: fields.list("packets").map((packet, index) =>
      readPacket(packet, `${where}, packet ${index}`, actors.chart(PACKET_ACTOR))
    ),
    mmio: fields.orNull("mmio", () =>
      fields.record("mmio", (mmio) => ({
        gpa: mmio.uint("gpa", Number.MAX_SAFE_INTEGER),
        byteCount: mmio.uint("byteCount", Number.MAX_SAFE_INTEGER, 1),
      }))),
    latency100ns: fields.uint("latency100ns", U16_MAX),
    signalAfter100ns: fields.orNull(
      "signalAfter100ns",
      () => fields.uint("signalAfter100ns", U16_MAX),
    ),
    change: fields.orNull("change", () => fields.word("change", CHANGES)),
    refusal: fields.orNull("refusal", () => fields.uint("refusal", U32_MAX)),
  }));
  checkClient(image, where);
  const { configuration } = image;
  const holdsPfns = (pfns: readonly number[]) => partition.memory.holdsPfns(pfns);
  checkTraffic(image.traffic, image.packets, { side: "client", configuration, holdsPfns }, where);
  return image;
}

function readConfiguration(fields: SavedFields): ChannelConfiguration {
  const configuration = new ChannelConfiguration();
  const statuses = [
    configuration.setMaximumPacketSize(fields.data("packetBytesMax")),
    configuration.setMaximumExternalData(
      fields.data("externalBytesMax"),
      fields.data("externalChainMax"),
    ),
    configuration.setClientContextSize(fields.data("clientContextBytes")),
    configuration.setFriendlyName(readAnyText(fields, "friendlyName")),
    configuration.setFlags(fields.data("flags")),
    configuration.setRingPages(fields.data("incomingRingPages"), fields.data("outgoingRingPages")),
  ];
  if (!statuses.every(NT_SUCCESS)) {
    throwDataError(`${fields.where}: a setting is out of its bounds`);
  }
  configuration.clientTarget = fields.orNull("target", () =>
    fields.record("target", (target) => {
      const type = target.guid("interfaceType");
      const wanted = clientTargetOf(type, target.orNull("instance", () => target.guid("instance")));
      return typeof wanted === "number" ? throwDataError(`${target.where} is no offer`) : wanted;
    }));
  return configuration;
}

function checkClient(image: ClientImage, where: string): void {
  const { configuration, traffic, packets, mmio, latency100ns, refusal } = image;
  const { state, channelId } = traffic;
  const isOnChannel = channelId !== null;
  const isConnected = hasTag(state, "rings") || hasTag(state, "connecting");
  const mayBeConnected = isConnected || hasTag(state, "tearingDown");
  const rules: Readonly<Record<string, boolean>> = {
    "it wants no offer": configuration.clientTarget !== null || hasTag(state, "configurable"),
    "its channel does not fit its state": isOnChannel ? mayBeConnected : !isConnected,
    "it waits for an end that has come": isOnChannel || !hasTag(state, "releasing") ||
      traffic.ended.length > 0,
    "its MMIO is that of no channel": mmio === null || isOnChannel,
    "its latency is that of no channel": latency100ns === 0 || hasTag(state, "rings"),
    "its packets are out of order": areInSlotOrder(packets),
    "its open was refused with a success": refusal === null || !NT_SUCCESS(refusal),
  };
  for (const [reason, holds] of Object.entries(rules)) {
    if (!holds) throwDataError(`${where}: ${reason}`);
  }
}

// -- Putting it back

/** Gives a client its settings and its packet objects again; it was made in the state of `image`. */
export function prepareClient(endpoint: Endpoint, image: ClientImage): void {
  Object.assign(endpoint.configuration, image.configuration);
  endpoint.mmio = image.mmio;
  restorePackets(endpoint, image.packets);
}

/**
 * Has a client go on that knows its channel again, if it has one, and its `rings`; throws a
 * SavedStateFault where those are not the ones that it had. Its driver must still set its callbacks, and
 * nothing is scheduled: that is for whoever brings back the partition's work items.
 */
export function resumeClient(endpoint: Endpoint, image: ClientImage, rings: Rings | null): void {
  const { traffic } = image;
  const { channelId } = traffic;
  if (channelId !== endpoint.channelId) throwDataError(`${endpoint.name} has another channel`);
  const hasLeftBus = endpoint.is("releasing") && channelId === null;
  if (!endpoint.is("disabled") && !hasLeftBus) endpoint.end = endpoint.partition.bus.guest;
  endpoint.rings = rings;
  if (traffic.rings !== null) {
    const fits = rings !== null && fitsRings(traffic, rings);
    if (!fits || !endpoint.attach(rings, traffic.rings)) {
      throwDataError(`${endpoint.name} has other rings`);
    }
    endpoint.incoming.resume(traffic.incoming);
  }
  endpoint.fault = traffic.fault;
  endpoint.latency100ns = image.latency100ns;
  resumeTraffic(endpoint, traffic);
  endpoint.refusal = image.refusal;
  if (!endpoint.changes.restore(image.change, image.refusal)) {
    throwDataError(`${endpoint.name}: the callback that is due is none that its state asks for`);
  }
}

function restorePackets({ outgoing }: Endpoint, images: readonly PacketImage[]): void {
  for (const image of images) {
    const packet = outgoing.packets.allocate(image.kind);
    outgoing.packets.move(packet, image.slot);
    resumePacket(packet, image);
  }
}
