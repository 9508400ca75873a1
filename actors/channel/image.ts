/**
 * An endpoint as plain data, and back: what both sides have in common (docs/saved-state.md).
 *
 * Saving reads the endpoint and changes nothing. Reading checks every field by itself, and then all of
 * them against each other, so that an image can be put into a new endpoint without a way to fail.
 *
 * @module
 */

import type { AnyMachineSnapshot } from "xstate";
import { wholeOf } from "../../core/bytes.ts";
import type { GpaRange } from "../../core/memory/gpa_ranges.ts";
import { PIPE_HEADER_BYTES } from "../../core/packet/pipe.ts";
import type { IncomingPosition } from "../../core/ring/incoming.ts";
import type { OutgoingPosition } from "../../core/ring/outgoing.ts";
import { isRingIndex, RING_DATA_PAGES_MAX } from "../../core/ring/layout.ts";
import { throwDataError } from "../../core/saved/fault.ts";
import type { SavedFields } from "../../core/saved/fields.ts";
import type { PlainData } from "../../core/saved/plain_data.ts";
import { PAGE_BYTES } from "../../core/units.ts";
import { CHANNEL_ID_MAX } from "../../core/control/messages.ts";
import type { Chart } from "../chart/chart_actor.ts";
import { persistedState, persistState } from "../chart/persisted.ts";
import type { PacketObject } from "../packet/packet_object.ts";
import { isInFlight, type PacketImage, savePacket } from "../packet/image.ts";
import type { ChannelConfiguration } from "./configuration.ts";
import type { Endpoint, Rings } from "./endpoint.ts";
import type { IncomingPacket } from "./incoming_packet.ts";
import type { IncomingProgress } from "./progress.ts";
import { readTransactionId, saveTransactionId, type TransactionId } from "./transaction_id.ts";
import { CHANNEL_FAULTS, type ChannelFault, type ChannelTag, type Side } from "./types.ts";

const U32_MAX = 0xffff_ffff;
/** What everything in a ring is a multiple of. */
const RING_WORD_BYTES = 8;

/** Where both ends of an endpoint stand in its rings, and how large those are. */
export interface RingPositions {
  /** The end that reads. */
  readonly incoming: IncomingPosition & { readonly dataBytes: number };
  /** The end that writes. */
  readonly outgoing: OutgoingPosition & { readonly dataBytes: number };
}

/** A packet that the driver of a saved endpoint had, by the number by which the sender knows it. */
export interface HeldImage extends TransactionId {
  /** Its payload. */
  readonly payload: Uint8Array;
  /** Whether the sender waits for a completion packet. */
  readonly wantsCompletion: boolean;
}

/** A completion that waited for room in the ring, with the requester's number of the transaction. */
export interface CompletionImage extends TransactionId {
  /** Payload of the completion packet. */
  readonly answer: Uint8Array;
  /** Place among everything under way that the channel sent. */
  readonly order: number;
}

/** What both sides of a channel save, checked. */
export interface TrafficImage {
  /** The state of the chart. */
  readonly state: AnyMachineSnapshot;
  /** What the opposite side did wrong. */
  readonly fault: ChannelFault | null;
  /** The channel's number on the bus. */
  readonly channelId: number | null;
  /** Most packets with the driver at once. */
  readonly quota: number;
  /** Whether every packet is delivered at PASSIVE_LEVEL. */
  readonly isAlwaysPassive: boolean;
  /** Where it stands in its rings, if it has any. */
  readonly rings: RingPositions | null;
  /** How far the receiving half is. */
  readonly incoming: IncomingProgress;
  /** Packets that the driver has. */
  readonly held: readonly HeldImage[];
  /** Completions that wait, in order. */
  readonly completions: readonly CompletionImage[];
  /** Slots of the packets that wait, in order. */
  readonly queue: readonly number[];
  /** Slots of the packets whose completion routine is due, in order. */
  readonly ended: readonly number[];
}

/** What the images of an endpoint's parts are checked against. */
export interface TrafficContext {
  /** Which side it is of. */
  readonly side: Side;
  /** Its settings. */
  readonly configuration: ChannelConfiguration;
  /** Whether pages are pages of the memory that packets describe. */
  readonly holdsPfns: (pfns: readonly number[]) => boolean;
}

// -- Saving

/** The packets and completions of `endpoint` that are under way, by their place among them. */
function ordersOf(endpoint: Endpoint): ReadonlyMap<PacketObject | IncomingPacket, number> {
  const { packets, progress } = endpoint.outgoing;
  const underWay = [...packets.live.filter(isInFlight), ...progress.completions];
  underWay.sort((a, b) => a.order - b.order);
  return new Map(underWay.map((one, index) => [one, index]));
}

/** The packet objects of `endpoint` that `isSaved` picks, as plain data, by slot. */
export function savePackets(
  endpoint: Endpoint,
  isSaved: (packet: PacketObject) => boolean,
): readonly { readonly packet: PacketObject; readonly data: PlainData }[] {
  const orders = ordersOf(endpoint);
  return endpoint.outgoing.packets.live.filter(isSaved).map((packet) => (
    { packet, data: savePacket(packet, orders.get(packet) ?? 0) }
  ));
}

/** What both sides save, in `state`, which is a state of the endpoint's chart. */
export function saveTraffic(endpoint: Endpoint, state: AnyMachineSnapshot): PlainData {
  const { incoming, outgoing, actor } = endpoint;
  const orders = ordersOf(endpoint);
  const { queue, completions, ended } = outgoing.progress;
  const rings = positionsOf(endpoint);
  const { isBlocked, isHeadPassive, batchCount } = incoming.progress;
  return {
    state: persistState(actor.chart, state),
    fault: endpoint.isSound ? null : endpoint.fault,
    channelId: endpoint.channelId,
    quota: incoming.outstandingPackets.quota,
    isAlwaysPassive: incoming.isAlwaysPassive,
    rings: rings as PlainData,
    incoming: rings === null
      ? { isBlocked: false, isHeadPassive: false, batchCount: 0 }
      : { isBlocked, isHeadPassive, batchCount },
    held: incoming.outstandingPackets.list.map((packet) => ({
      // Of a payload that its driver has transferred, nothing is left.
      payload: wholeOf(packet.payload),
      transactionId: saveTransactionId(packet),
      wantsCompletion: packet.wantsCompletion,
    })),
    completions: completions.map((completion) => ({
      transactionId: saveTransactionId(completion),
      answer: completion.answer.subarray(0, completion.answerBytes),
      order: orders.get(completion) ?? 0,
    })),
    queue: queue.map(({ slot }) => slot),
    ended: ended.map(({ slot }) => slot),
  };
}

function positionsOf({ incoming, outgoing, rings }: Endpoint): RingPositions | null {
  if (incoming.ring === null || outgoing.ring === null || rings === null) return null;
  return {
    incoming: { ...incoming.ring.position, dataBytes: rings.incoming.dataBytes },
    outgoing: { ...outgoing.ring.position, dataBytes: rings.outgoing.dataBytes },
  };
}

// -- Reading

/** Reads what {@linkcode saveTraffic} wrote; the fields are checked one by one, not against each other. */
export function readTraffic(fields: SavedFields, chart: Chart): TrafficImage {
  const { where } = fields;
  return {
    state: persistedState(chart, fields.data("state"), where),
    fault: fields.orNull("fault", () => fields.word("fault", CHANNEL_FAULTS)),
    channelId: fields.orNull("channelId", () => fields.uint("channelId", CHANNEL_ID_MAX, 1)),
    quota: fields.uint("quota", U32_MAX, 1),
    isAlwaysPassive: fields.flag("isAlwaysPassive"),
    rings: fields.orNull("rings", () =>
      fields.record("rings", (rings) => ({
        incoming: rings.record("incoming", (end) => (
          {
            index: readIndex(end),
            consumedBytes: readConsumedBytes(end),
            isMasked: end.flag("isMasked"),
            dataBytes: readDataBytes(end),
          }
        )),
        outgoing: rings.record("outgoing", (end) => (
          {
            index: readIndex(end),
            awaitsRoom: end.flag("awaitsRoom"),
            dataBytes: readDataBytes(end),
          }
        )),
      }))),
    incoming: fields.record("incoming", (incoming) => ({
      isBlocked: incoming.flag("isBlocked"),
      isHeadPassive: incoming.flag("isHeadPassive"),
      batchCount: incoming.uint("batchCount", Number.MAX_SAFE_INTEGER),
    })),
    held: fields.records("held", (held) => ({
      payload: held.bytes("payload", U32_MAX),
      ...readTransactionId(held),
      wantsCompletion: held.flag("wantsCompletion"),
    })),
    completions: fields.records("completions", (completion) => ({
      ...readTransactionId(completion),
      answer: completion.bytes("answer", U32_MAX),
      order: completion.uint("order", Number.MAX_SAFE_INTEGER),
    })),
    queue: fields.uints("queue", U32_MAX),
    ended: fields.uints("ended", U32_MAX),
  };
}

function readDataBytes(end: SavedFields): number {
  const dataBytes = end.uint("dataBytes", RING_DATA_PAGES_MAX * PAGE_BYTES, PAGE_BYTES);
  if (dataBytes % PAGE_BYTES !== 0) {
    throwDataError(`${end.where}: dataBytes is no whole number of pages`);
  }
  return dataBytes;
}

function readIndex(end: SavedFields): number {
  const index = end.uint("index", U32_MAX);
  if (!isRingIndex(index, readDataBytes(end))) {
    throwDataError(`${end.where}: index is outside the ring`);
  }
  return index;
}

/** What was passed and not given back: whole words, fewer than the ring has. */
function readConsumedBytes(end: SavedFields): number {
  const consumedBytes = end.uint("consumedBytes", readDataBytes(end) - RING_WORD_BYTES);
  if (consumedBytes % RING_WORD_BYTES !== 0) {
    throwDataError(`${end.where}: consumedBytes is no whole word`);
  }
  return consumedBytes;
}

// -- Checking

/** Whether a state has a tag. */
export function hasTag(state: AnyMachineSnapshot, tag: ChannelTag): boolean {
  return state.tags.has(tag);
}

/** Checks the parts of one endpoint against each other; throws a SavedStateFault where they do not fit. */
export function checkTraffic(
  traffic: TrafficImage,
  packets: readonly PacketImage[],
  context: TrafficContext,
  where: string,
): void {
  const rules: Readonly<Record<string, boolean>> = {
    "its rings do not fit its state": areRingsRight(traffic),
    "what its driver has does not fit its state": isHeldRight(traffic),
    "its fault does not fit its state": (traffic.fault === null) === hasTag(traffic.state, "sound"),
    "its channel id does not fit its state": traffic.channelId !== null ||
      !hasTag(traffic.state, "rings"), // a guest may release what it has closed (wire.md 4.5)
    "its packets do not fit its state": arePacketsRight(traffic, packets),
    "its packets are not those of its lists": areListsRight(traffic, packets),
    "the order of what is under way is not one": isOrderRight(traffic, packets),
    "a packet is none of such a channel": packets.every((packet) => isPacketRight(packet, context)),
    "what arrived is none of such a channel": isArrivedRight(traffic, context),
  };
  for (const [reason, holds] of Object.entries(rules)) {
    if (!holds) throwDataError(`${where}: ${reason}`);
  }
}

function areRingsRight({ state, rings, incoming, held, completions }: TrafficImage): boolean {
  if ((rings !== null) !== hasTag(state, "rings")) return false;
  const isAnythingThere = incoming.isBlocked || incoming.isHeadPassive ||
    incoming.batchCount > 0 || held.length > 0 || completions.length > 0;
  return rings !== null || !isAnythingThere;
}

/**
 * Before Started and after Suspend's end the driver has nothing; a flow that ends waits for something that
 * it has; the quota is reached by something. Suspend has returned, as no callback is unfinished.
 */
function isHeldRight({ state, incoming, held, completions }: TrafficImage): boolean {
  const isDraining = hasTag(state, "draining");
  const isCalling = hasTag(state, "quiet") && !hasTag(state, "atRest") && !isDraining;
  if (isCalling || (isDraining && held.length === 0)) return false;
  const flows = hasTag(state, "flows") || hasTag(state, "callSuspend");
  const mayHold = flows || (hasTag(state, "quiet") && !hasTag(state, "atRest"));
  return (held.length === 0 || mayHold) && (incoming.batchCount === 0 || flows) &&
    (!incoming.isBlocked || held.length + completions.length > 0);
}

/** What is sent is in a ring, and what is queued on a channel that is not going away for good. */
function arePacketsRight({ state }: TrafficImage, packets: readonly PacketImage[]): boolean {
  return packets.every(({ stage }) => {
    if (stage === "awaiting" || stage === "withdrawn") return hasTag(state, "rings");
    if (stage === "queued") return !hasTag(state, "disabled") && !hasTag(state, "releasing");
    return stage !== "ended" || !hasTag(state, "disabled");
  });
}

function areListsRight({ queue, ended }: TrafficImage, packets: readonly PacketImage[]): boolean {
  const bySlot = new Map(packets.map((packet) => [packet.slot, packet]));
  if (bySlot.size !== packets.length) return false;
  const isListOf = (slots: readonly number[], stage: PacketImage["stage"]) =>
    new Set(slots).size === slots.length &&
    slots.length === packets.filter((packet) => packet.stage === stage).length &&
    slots.every((slot) => bySlot.get(slot)?.stage === stage);
  const isInOrder = (slots: readonly number[]) =>
    slots.every((slot, at) =>
      at === 0 || bySlot.get(slots[at - 1]!)!.order < bySlot.get(slot)!.order
    );
  return isListOf(queue, "queued") && isInOrder(queue) && isListOf(ended, "ended");
}

/** Everything under way has a number of its own, from 0 on, and completions wait in their order. */
function isOrderRight({ completions }: TrafficImage, packets: readonly PacketImage[]): boolean {
  const orders = [
    ...packets.filter(({ stage }) => stage !== "owned").map(({ order }) => order),
    ...completions.map(({ order }) => order),
  ];
  const isNumbered = new Set(orders).size === orders.length &&
    orders.every((order) => order < orders.length);
  return isNumbered &&
    completions.every(({ order }, at) => at === 0 || completions[at - 1]!.order < order);
}

/** What the sending functions see to (kmcl.md P5, Y4). */
function isPacketRight(packet: PacketImage, context: TrafficContext): boolean {
  const { side, configuration, holdsPfns } = context;
  const { kind, stage, payload, wantsCompletion, ranges } = packet;
  const framedBytes = configuration.isPipe ? PIPE_HEADER_BYTES : 0; // a queued datagram has its header
  if (payload.length > configuration.packetBytesMax + framedBytes) return false;
  if (side === "server" && (ranges.length > 0 || (kind === "request" && stage !== "ended"))) {
    return false;
  }
  if (configuration.isPipe && (wantsCompletion || ranges.length > 0)) return false;
  if (ranges.length > 0 && !wantsCompletion) return false;
  return byteCountOf(ranges) <= configuration.externalBytesMax &&
    ranges.every(({ pfns }) => holdsPfns(pfns));
}

function byteCountOf(ranges: readonly GpaRange[]): number {
  return ranges.reduce((sum, { byteCount }) => sum + byteCount, 0);
}

/** On a pipe there are datagrams alone; ids without a completion are 0, as the codecs have it. */
function isArrivedRight(traffic: TrafficImage, { configuration }: TrafficContext): boolean {
  const { held, completions } = traffic;
  if (configuration.isPipe) {
    return completions.length === 0 && held.every(({ wantsCompletion }) => !wantsCompletion);
  }
  return held.every(({ wantsCompletion, transactionIdLow, transactionIdHigh }) =>
    wantsCompletion || (transactionIdLow === 0 && transactionIdHigh === 0)
  );
}

/** Whether the ends of a saved endpoint stood in rings of this size. */
export function fitsRings({ rings }: TrafficImage, { incoming, outgoing }: Rings): boolean {
  return rings !== null && rings.incoming.dataBytes === incoming.dataBytes &&
    rings.outgoing.dataBytes === outgoing.dataBytes;
}

// -- Putting an image into an endpoint

/** Has what was under way go on; `packets` are in their slots and states already. */
export function resumeTraffic(endpoint: Endpoint, image: TrafficImage): void {
  const { incoming, outgoing } = endpoint;
  incoming.outstandingPackets.quota = image.quota;
  incoming.isAlwaysPassive = image.isAlwaysPassive;
  for (const held of image.held) {
    const packet = incoming.outstandingPackets.addSaved("held");
    packet.payload = held.payload.slice();
    packet.transactionIdLow = held.transactionIdLow;
    packet.transactionIdHigh = held.transactionIdHigh;
    packet.payloadBytes = held.payload.length;
    packet.wantsCompletion = held.wantsCompletion;
  }
  const completions = image.completions.map((saved) => {
    const completion = incoming.outstandingPackets.addSaved("retired");
    completion.transactionIdLow = saved.transactionIdLow;
    completion.transactionIdHigh = saved.transactionIdHigh;
    completion.wantsCompletion = true;
    completion.order = saved.order;
    completion.takeAnswer(saved.answer, saved.answer.length);
    return completion;
  });
  const inSlot = (slot: number) => outgoing.packets.at(slot)!;
  outgoing.resume({
    queue: image.queue.map(inSlot),
    completions,
    ended: image.ended.map(inSlot),
    nextOrder: outgoing.packets.live.filter(isInFlight).length + completions.length,
  });
}
