/**
 * What is under way in an endpoint: noted for a save, which changes nothing, and resumed by another
 * endpoint later.
 *
 * @module
 */

import type { AnyMachineSnapshot } from "xstate";
import { wholeOf } from "../../core/bytes.ts";
import { imageOfPacket, isInFlight, type PacketImage } from "../packet/image.ts";
import type { PacketObject } from "../packet/packet_object.ts";
import type { Rings } from "./bus_port.ts";
import type { Endpoint } from "./endpoint.ts";
import type { RingPositions, TrafficImage } from "./image.ts";
import type { IncomingPacket } from "./incoming_packet.ts";
import { NO_PROGRESS } from "./progress.ts";

/** The packets and completions of `endpoint` that are under way, by their place among them. */
function ordersOf(endpoint: Endpoint): ReadonlyMap<PacketObject | IncomingPacket, number> {
  const { packets, progress } = endpoint.outgoing;
  const underWay = [...packets.live.filter(isInFlight), ...progress.completions];
  underWay.sort((a, b) => a.order - b.order);
  return new Map(underWay.map((one, index) => [one, index]));
}

/** The packet objects of `endpoint` that `isSaved` picks, each with its image, by slot. */
export function imagesOfPackets(
  endpoint: Endpoint,
  isSaved: (packet: PacketObject) => boolean,
): readonly { readonly packet: PacketObject; readonly image: PacketImage }[] {
  const orders = ordersOf(endpoint);
  return endpoint.outgoing.packets.live.filter(isSaved).map((packet) => (
    { packet, image: imageOfPacket(packet, orders.get(packet) ?? 0) }
  ));
}

/** What both sides save, in `state`, which is a state of the endpoint's chart. */
export function imageOfTraffic(endpoint: Endpoint, state: AnyMachineSnapshot): TrafficImage {
  const { incoming, outgoing } = endpoint;
  const orders = ordersOf(endpoint);
  const { queue, completions, ended } = outgoing.progress;
  const rings = positionsOf(endpoint);
  return {
    state,
    fault: endpoint.isSound ? null : endpoint.fault,
    channelId: endpoint.channelId,
    quota: incoming.outstandingPackets.quota,
    isAlwaysPassive: incoming.isAlwaysPassive,
    dispatchShare: incoming.dispatchShare === 100 ? null : incoming.dispatchShare,
    rings,
    incoming: rings === null ? NO_PROGRESS : incoming.progress,
    pageSets: endpoint.pageSets.list,
    held: incoming.outstandingPackets.list.map((packet) => ({
      // Of a payload that its driver has transferred, nothing is left.
      payload: wholeOf(packet.payload),
      ranges: packet.ranges,
      transactionId: packet,
      wantsCompletion: packet.wantsCompletion,
      area: packet.area === null ? null : wholeOf(packet.area),
    })),
    completions: completions.map((completion) => ({
      transactionId: completion,
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

/** Whether the ends of a saved endpoint stood in rings of this size. */
export function fitsRings({ rings }: TrafficImage, { incoming, outgoing }: Rings): boolean {
  return rings !== null && rings.incoming.dataBytes === incoming.dataBytes &&
    rings.outgoing.dataBytes === outgoing.dataBytes;
}

/** Resumes what was under way; the packets are in their slots and states already. */
export function resumeTraffic(endpoint: Endpoint, image: TrafficImage): void {
  const { incoming, outgoing } = endpoint;
  const { outstandingPackets } = incoming;
  outstandingPackets.quota = image.quota;
  incoming.setLevels(image.isAlwaysPassive, image.dispatchShare ?? 100);
  endpoint.pageSets.resume(image.pageSets);
  for (const { payload, ranges, transactionId, wantsCompletion, area } of image.held) {
    const packet = outstandingPackets.addSaved("held");
    packet.payload = payload.slice();
    packet.transactionIdLow = transactionId.transactionIdLow;
    packet.transactionIdHigh = transactionId.transactionIdHigh;
    packet.payloadBytes = payload.length;
    packet.ranges = ranges;
    packet.wantsCompletion = wantsCompletion;
    if (area !== null) packet.areaOf(area.length)?.set(area);
  }
  const completions = image.completions.map(({ transactionId, answer, order }) => {
    const completion = outstandingPackets.addSaved("completed");
    completion.transactionIdLow = transactionId.transactionIdLow;
    completion.transactionIdHigh = transactionId.transactionIdHigh;
    completion.wantsCompletion = true;
    completion.order = order;
    completion.takeAnswer(answer, answer.length);
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
