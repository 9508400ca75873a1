/**
 * The state of a world as a text: of two worlds with the same text all that may still come is the same. What it
 * leaves out, and why, docs/simulator.md says.
 *
 * @module
 */

import type { FabricRuntime } from "../../actors/fabric/fabric_runtime.ts";
import { imageOfGuestEnd } from "../../actors/bus/guest/image.ts";
import type { HostEnd } from "../../actors/bus/host/host_end.ts";
import { imageOfHostEnd } from "../../actors/bus/host/image.ts";
import type { Endpoint } from "../../actors/channel/endpoint.ts";
import type { TransactionId } from "../../actors/channel/transaction_id.ts";
import { imageOfTraffic, imagesOfPackets } from "../../actors/channel/under_way.ts";
import type { PartitionObject } from "../../actors/partition/partition_object.ts";
import { clientNumbers } from "../../actors/saving/write_partition.ts";
import { hashOfBytes } from "../../core/mix_hash.ts";
import type { RingMemory } from "../../core/ring/ring_memory.ts";
import { dueItems, isExposed, type Names } from "./names.ts";

/** Plain data as JSON, bytes as numbers by their places: a function that makes them nicer takes three times as long. */
function textOf(value: unknown): string {
  return JSON.stringify(value);
}

/**
 * The state of a fabric between two turns; null where that cannot be told: what a driver's code, or whoever waits for
 * a time, will do is in no state of the fabric.
 */
export function stateOfFabric(fabric: FabricRuntime, names: Names): string | null {
  const { callbacks, clock, partitions, scheduler, waits, verifier } = fabric;
  if (callbacks.pending.size > 0) return null;
  const endpoints = partitions.flatMap((partition) => [...partition.endpoints]);
  const signals = endpoints.filter(({ signal }) => signal.remaining100ns !== null);
  if (clock.pending().some(({ timer }) => !signals.some(({ signal }) => signal === timer))) {
    return null;
  }
  if (partitions.some(({ bus }) => bus.faultCount > 0)) return null;
  return textOf([
    partitions.map(stateOfPartition),
    endpoints.map((endpoint) => stateOfEndpoint(endpoint, clock.now100ns)),
    scheduler.lookouts.remaining100ns(clock.now100ns),
    dueItems(fabric).map((item) => `${names.item(item)}${isExposed(item) ? " exposed" : ""}`)
      .sort(),
    clock.pending().map(({ at100ns, timer }) => [
      at100ns - clock.now100ns,
      signals.find(({ signal }) => signal === timer)?.id,
    ]),
    [...waits.all].map((
      { options: { call, what }, isAwaited, isAnswered },
    ) => [call, what, isAwaited, isAnswered]),
    verifier.violations.length,
  ]);
}

function stateOfPartition(partition: PartitionObject): unknown {
  const { id, actor, bus, memory, drivers, kernelHandles } = partition;
  const { runs, ...layout } = memory.image;
  return [
    id,
    actor.snapshot.value,
    bus.actor.snapshot.value,
    bus.pending("toHost"),
    bus.pending("toGuest"),
    imageOfGuestEnd(bus.guest, clientNumbers(partition)),
    bus.guest.channels.map(({ offer, actor }) => [offer.channelId, actor.snapshot.value]),
    stateOfHostEnd(bus.host),
    layout,
    // Rings and what lies in them, stale bytes too: those are the same where the same was sent.
    runs.map(({ first, bytes }) => [first, bytes.length, hashOfBytes(bytes, bytes.length)]),
    memory.pinnedPages,
    drivers.map(({ name, isRemoved }) => [name, isRemoved]),
    kernelHandles.size,
  ];
}

function stateOfHostEnd(end: HostEnd): unknown {
  const { channels, known, toOffer, gpadls } = end;
  const all = new Set([...channels, ...known, ...toOffer]);
  return [
    imageOfHostEnd(end),
    end.sockets.unanswered,
    [...all].map((channel) => {
      const { actor, channelId, openId, nextOpen, endpoint, doorbell, rings } = channel;
      const { change, answerPlace, successor } = channel;
      return [
        channelId,
        actor.snapshot.value,
        [openId, nextOpen, change, answerPlace],
        [endpoint?.id, successor?.endpoint?.id],
        [doorbell !== null, rings !== null],
      ];
    }),
    toOffer.map(({ endpoint }) => endpoint?.id),
    gpadls.all.map(({ channelId, gpadlId, actor }) => [channelId, gpadlId, actor.snapshot.value]),
  ];
}

/** What is under way; where the image has packets, which know the whole fabric, for their ids, those alone. */
function trafficOf(endpoint: Endpoint): unknown {
  const image = imageOfTraffic(endpoint, endpoint.actor.snapshot.value as never);
  const identified = (each: { readonly transactionId: TransactionId }) => {
    const { transactionIdLow, transactionIdHigh } = each.transactionId;
    return { ...each, transactionId: [transactionIdLow, transactionIdHigh] };
  };
  const { held, completions } = image;
  return { ...image, held: held.map(identified), completions: completions.map(identified) };
}

function stateOfEndpoint(endpoint: Endpoint, now100ns: number): unknown {
  const { id, incoming, outgoing, completions, work, changes, callers } = endpoint;
  const { signal, configuration, rings, drains, requests } = endpoint;
  const { outstandingPackets } = incoming;
  return [
    id,
    configuration,
    trafficOf(endpoint),
    imagesOfPackets(endpoint, () => true).map(({ image }) => image),
    outgoing.packets.pooledSlots,
    [endpoint.latency100ns, signal.remaining100ns, endpoint.refusal, endpoint.restored !== null],
    [changes.current, changes.untoldRefusal],
    [incoming.isBusy, incoming.reading?.place ?? null, work.isFlushDue, completions.left],
    [outgoing.putOff?.signal.shown, outgoing.putOff?.room.step],
    [incoming.ring?.seenBytes, incoming.ring?.fault, incoming.ring?.position],
    [outgoing.ring?.seenRoomBytes, outgoing.ring?.fault, outgoing.ring?.committed],
    [outstandingPackets.outstanding, outstandingPackets.unsettled],
    outstandingPackets.list.map(({ since100ns, payloadBytes, ranges, mdl }) => [
      now100ns - since100ns,
      payloadBytes,
      ranges,
      mdl !== null,
    ]),
    [controlOf(rings?.incoming), controlOf(rings?.outgoing)],
    [drains.length, requests.count, callers.counts],
    endpoint.bytes?.state,
  ];
}

function controlOf(ring: RingMemory | undefined): unknown {
  return ring?.snapshot();
}
