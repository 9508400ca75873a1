/**
 * What lives in a fabric, as plain data: for people who look, and for tests.
 *
 * @module
 */

import type { VmbusVersion } from "../../core/control/versions.ts";
import type { Bus } from "../bus/bus.ts";
import type { BusFault } from "../bus/refusals.ts";
import type { SignalPagesState } from "../bus/host/host_signals.ts";
import type { BounceState } from "../channel/bounce_buffers.ts";
import type { GpadlState } from "../channel/bus_port.ts";
import type { Endpoint } from "../channel/endpoint.ts";
import type { IncomingPacket } from "../channel/incoming_packet.ts";
import type { ChannelFault, Side } from "../channel/types.ts";
import type { NtStatus } from "../../core/ntstatus.ts";
import { usedBetween } from "../../core/ring/layout.ts";
import type { RingControl } from "../../core/ring/ring_memory.ts";
import type { PartitionObject } from "../partition/partition_object.ts";
import type { Callbacks } from "../runtime/driver_calls.ts";
import { oppositeOf } from "../partition/opposite.ts";
import { showU64 } from "../../core/units.ts";
import { isSelfWait } from "../runtime/self_waits.ts";
import { TARGET_VP_NO_INTERRUPTS } from "../../core/control/messages.ts";
import type { Wait, Waits } from "../runtime/waits.ts";

/** A ring, from its control page. */
export interface RingState extends RingControl {
  /** Size of the data area. */
  readonly dataBytes: number;
  /** Bytes that wait for the reader, as the indices have it; null where they are impossible. */
  readonly usedBytes: number | null;
}

/** A packet object that is not on the lookaside list. */
export interface PacketState {
  /** Its transaction id. */
  readonly transactionId: number;
  /** The state of its chart. */
  readonly state: string;
  /** Where it comes from. */
  readonly kind: string;
}

/** A packet of the opposite side that the driver has. */
export interface HeldPacketState {
  /**
   * The number by which its sender knows the transaction, any 64 bits: a number where that is exact, else
   * decimal text; null where the sender waits for no completion.
   */
  readonly transactionId: number | string | null;
  /** Bytes of its payload. */
  readonly payloadBytes: number;
}

/** What the documents let one know of a channel, and what is in it. */
export interface ChannelState {
  /** Its number in the fabric. */
  readonly id: number;
  /** Server or client. */
  readonly side: Side;
  /** As set by VmbChannelInitSetFriendlyName. */
  readonly friendlyName: string;
  /** The state of [kmcl.md section 3](https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md); while a state is left it is still that one. */
  readonly lifecycle: "disabled" | "enabled" | "opened" | "closed";
  /** Disabled, before the first Enable. */
  readonly initializing: boolean;
  /** Whether the flow is Paused, or on its way there. */
  readonly flow: "paused" | "active";
  /** Why it has stopped: what the opposite side did wrong, or null. */
  readonly fault: ChannelFault | null;
  /** Why the opposite endpoint has stopped, which no message tells this one; null while it has not. */
  readonly oppositeFault: ChannelFault | null;
  /** Client: the status with which its last open came to nothing, until it is enabled again; or null. */
  readonly refusal: NtStatus | null;
  /** The chart's own state, with every detail. */
  readonly chart: unknown;
  /** Its number on the bus, or null. */
  readonly channelId: number | null;
  /** The instance that it is connected to or offers, or null. */
  readonly instance: string | null;
  /** Which channel of that instance it is: 0 for the primary, more for a sub-channel. */
  readonly subchannelIndex: number;
  /** The virtual processor on which the guest is interrupted; null while it is not open, or without interrupts. */
  readonly targetProcessor: number | null;
  /** Incoming packets that the driver has. */
  readonly outstanding: number;
  /** Those of them whose EvtChannelProcessPacket call has ended. */
  readonly held: readonly HeldPacketState[];
  /** Whether the transaction quota holds the queue. */
  readonly quotaReached: boolean;
  /** Packets and completions that wait for the ring or the flow. */
  readonly queued: number;
  /** Packets and completions, of all so far, that had to wait for room in the ring. */
  readonly roomWaits: number;
  /**
   * How it hears of room in the ring, or of how far the opposite side has read, while it waits for that: by a
   * signal, or by looking each millisecond ([wire.md 1.7](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)); null while it does not wait.
   */
  readonly awaitsRoomBy: "signal" | "poll" | null;
  /** Client: its id in the monitor page that its signals go through; null where they go one by one. */
  readonly monitorId: number | null;
  /** Interrupts that it sent to the opposite side so far. */
  readonly interruptsSent: number;
  /** Callers blocked in synchronous requests. */
  readonly blockedCallers: number;
  /** The incoming ring, while there is one. */
  readonly incomingRing: RingState | null;
  /** The outgoing ring, while there is one. */
  readonly outgoingRing: RingState | null;
  /** Packet objects that are not on the lookaside list. */
  readonly packets: readonly PacketState[];
  /** Packet objects on the lookaside list. */
  readonly lookaside: number;
  /** A client's bounce buffers; left out where it has none. */
  readonly bounceBuffers?: BounceState;
  /** A client's GPADLs as it knows them, a server's as the host does; without the rings'. */
  readonly gpadls: readonly GpadlState[];
}

/** The connection between the host and a guest ([wire.md 4.5, 5](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)). */
export interface ConnectionState {
  /**
   * How far the host has come: `disconnected`, `connecting`, `connected`, `leaving`, `dropping` or `gone`; `foreign`
   * where it is somebody outside.
   */
  readonly state: string;
  /**
   * How far the guest has come: `new`, as the root is until a client of its own is enabled, `disconnected`, `contacting`, `connected`, `leaving` or `unloading`; `foreign` where it
   * is somebody outside.
   */
  readonly guestState: string;
  /** The version that was agreed on last, or null. */
  readonly version: VmbusVersion | null;
  /** The features that were agreed on with it, as bits; 0 below version 6.0. */
  readonly features: number;
  /** The connection id through which the guest says what it says, or null. */
  readonly connectionId: number | null;
  /** Who the guest says that it is, a GUID, or null. */
  readonly clientId: string | null;
  /** Messages that wait for a guest that has paused the host. */
  readonly queued: number;
}

/** A partition and what its drivers have. */
export interface PartitionState {
  /** Its name. */
  readonly name: string;
  /** `running`, `paused` or `crashed`. */
  readonly state: string;
  /** The virtual trust level of its drivers. */
  readonly vtl: number;
  /** Of a further trust level of a machine the name of its first; null of any other partition. */
  readonly levelOf: string | null;
  /** The partition in which its servers run: the root, or a paravisor. */
  readonly servedBy: string;
  /** Pages of RAM. */
  readonly memoryPages: number;
  /** Pages that GPADLs or packets hold. */
  readonly pinnedPages: number;
  /** Of an isolated guest, pages that the host can read; left out for any other. */
  readonly sharedPages?: number;
  /**
   * Whether the guest has asked for its offers: `quiet` or `offering`; `gone` where it crashed; `foreign` where
   * somebody outside is the host.
   */
  readonly bus: string;
  /** What host and guest have agreed on. */
  readonly connection: ConnectionState;
  /** The pages of its memory that signals go through; null where somebody outside is the host. */
  readonly signalPages: SignalPagesState | null;
  /** Control messages on their way. */
  readonly messagesToHost: number;
  /** Control messages on their way. */
  readonly messagesToGuest: number;
  /** The latest control messages that were refused. */
  readonly faults: readonly BusFault[];
  /** All control messages that were refused. */
  readonly faultCount: number;
  /** Its drivers' channels. */
  readonly channels: readonly ChannelState[];
}

/** A blocked caller. */
export interface CallerState {
  /** The function that waits. */
  readonly call: string;
  /** What it waits for. */
  readonly waitsFor: string;
  /** The callback that it blocks, or null. */
  readonly inside: string | null;
  /** What holds it up; left out where nothing is known that does. */
  readonly heldUpBy?: string;
  /**
   * Left out, or that it can end only after the callback that it blocks has returned: a violation of
   * `selfWait`, once nothing else can run.
   */
  readonly selfWait?: true;
}

/** Everything that lives. */
export interface FabricState {
  /** Virtual time in milliseconds. */
  readonly now: number;
  /** All partitions, the root first. */
  readonly partitions: readonly PartitionState[];
  /** All blocked callers, in the order in which they came. */
  readonly callers: readonly CallerState[];
  /** Callbacks whose promises are unfinished. */
  readonly callbacks: readonly string[];
}

/** What of a fabric can be looked into. */
export interface InspectedFabric {
  /** All partitions, the root first. */
  readonly partitions: readonly PartitionObject[];
  /** Blocked callers. */
  readonly waits: Waits;
  /** Calls into drivers. */
  readonly callbacks: Callbacks;
  /** Virtual time in milliseconds. */
  now(): number;
}

/** Looks into a whole fabric. */
export function inspectFabric(runtime: InspectedFabric): FabricState {
  return {
    now: runtime.now(),
    partitions: runtime.partitions.map((partition) => ({
      ...inspectPartition(partition),
      channels: [...partition.endpoints].map(inspectEndpoint),
    })),
    ...inspectUnfinished(runtime),
  };
}

/** What a fabric has beside its partitions: who is blocked, and which callbacks are unfinished. */
export function inspectUnfinished(
  { waits, callbacks }: Pick<InspectedFabric, "waits" | "callbacks">,
): Pick<FabricState, "callers" | "callbacks"> {
  return {
    callers: [...waits.all].map((wait) => inspectWait(wait, waits)),
    callbacks: [...callbacks.pending].map(({ frame }) => `${frame.name} of ${frame.ownerName}`),
  };
}

function inspectWait(wait: Wait<unknown>, waits: Waits): CallerState {
  const { call, what, heldUpBy } = wait.options;
  const heldUp = heldUpBy();
  return {
    call,
    waitsFor: what,
    inside: wait.insideOf,
    ...heldUp === null ? {} : { heldUpBy: heldUp.text },
    ...isSelfWait(wait, waits) ? { selfWait: true } : {},
  };
}

/** Looks into one partition, but not into its channels. */
export function inspectPartition(partition: PartitionObject): Omit<PartitionState, "channels"> {
  const { bus } = partition;
  return {
    name: partition.name,
    state: String(partition.actor.snapshot.value),
    vtl: partition.vtl,
    levelOf: partition.levels[0] === partition ? null : partition.levels[0]!.name,
    servedBy: partition.root.name,
    memoryPages: partition.memory.pageCount,
    pinnedPages: partition.memory.pinnedPages,
    ...partition.isIsolated ? { sharedPages: partition.memory.isolation?.sharedPages ?? 0 } : {},
    bus: bus.ownHost === null ? "foreign" : busState(bus.ownHost.actor),
    connection: inspectConnection(bus),
    signalPages: bus.ownHost?.signals.pages ?? null,
    messagesToHost: bus.pending("toHost").length,
    messagesToGuest: bus.pending("toGuest").length,
    faults: [...bus.faults],
    faultCount: bus.faultCount,
  };
}

function busState({ tags }: Bus["actor"]): string {
  if (tags.gone) return "gone";
  return tags.offering ? "offering" : "quiet";
}

function inspectConnection({ ownHost, ownGuest }: Bus): ConnectionState {
  const host = ownHost?.connection ?? null;
  const guest = ownGuest?.connection ?? null;
  const contact = host?.contact ?? null;
  const agreed = host === null ? guest?.agreed : host.protocol;
  const protocol = typeof agreed === "object" ? agreed : null;
  return {
    state: host === null ? "foreign" : placeOf(host.actor.snapshot.value),
    guestState: guest === null ? "foreign" : placeOf(guest.actor.snapshot.value),
    version: protocol?.version ?? null,
    features: protocol?.features ?? 0,
    connectionId: contact?.connectionId ?? null,
    clientId: contact?.clientId ?? null,
    queued: host?.queued.length ?? 0,
  };
}

/** The outermost state of a chart. */
function placeOf(value: unknown): string {
  return typeof value === "object" && value !== null ? Object.keys(value)[0] ?? "" : String(value);
}

/** The name of the worker that is `traceId` on the trace; 0 stands for timers. */
export function nameOfWorker({ partitions }: InspectedFabric, traceId: number): string {
  for (const { name, traceId: id, endpoints } of partitions) {
    if (id === traceId) return `the bus of ${name}`;
    for (const endpoint of endpoints) if (endpoint.id === traceId) return endpoint.name;
  }
  return traceId === 0 ? "timers" : "what is gone by now";
}

/** A copy of a chart's state, which is small: `structuredClone` takes longer than all else that is looked at. */
function copyOfState(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, copyOfState(each)]));
}

/** Looks into one endpoint. */
export function inspectEndpoint(endpoint: Endpoint): ChannelState {
  const { actor, configuration, outgoing, incoming } = endpoint;
  return {
    id: endpoint.id,
    side: endpoint.side,
    friendlyName: configuration.friendlyName,
    lifecycle: lifecycleOf(endpoint),
    initializing: actor.is("configurable"),
    flow: actor.is("active") ? "active" : "paused",
    fault: faultOf(endpoint),
    oppositeFault: faultOf(oppositeOf(endpoint)),
    refusal: endpoint.refusal,
    chart: copyOfState(actor.snapshot.value),
    channelId: endpoint.channelId,
    instance: endpoint.channel?.instance ?? null,
    subchannelIndex: configuration.subchannelIndex,
    targetProcessor: targetProcessorOf(endpoint),
    outstanding: incoming.outstandingPackets.outstanding,
    held: incoming.outstandingPackets.list.map(heldState),
    quotaReached: incoming.outstandingPackets.isBlocked,
    queued: outgoing.queuedCount,
    roomWaits: outgoing.roomWaits,
    awaitsRoomBy: endpoint.polling.means,
    monitorId: endpoint.channel?.monitored?.id ?? null,
    interruptsSent: outgoing.interruptsSent,
    blockedCallers: endpoint.requests.count,
    incomingRing: ringState(endpoint, "incoming"),
    outgoingRing: ringState(endpoint, "outgoing"),
    packets: outgoing.packets.live.map((packet) => ({
      transactionId: packet.slot,
      state: String(packet.actor.snapshot.value),
      kind: packet.kind,
    })),
    lookaside: outgoing.packets.pooledCount,
    ...endpoint.bounce === null ? {} : { bounceBuffers: endpoint.bounce.state },
    gpadls: endpoint.end?.gpadlsOf(endpoint) ?? [],
  };
}

function targetProcessorOf({ channel, rings }: Endpoint): number | null {
  const targetVp = channel === null || rings === null ? TARGET_VP_NO_INTERRUPTS : channel.targetVp;
  return targetVp === TARGET_VP_NO_INTERRUPTS ? null : targetVp;
}

function faultOf(endpoint: Endpoint | null): ChannelFault | null {
  return endpoint === null || endpoint.isSound ? null : endpoint.fault;
}

function heldState(packet: IncomingPacket): HeldPacketState {
  const { wantsCompletion, transactionIdLow, transactionIdHigh, payload } = packet;
  return {
    transactionId: wantsCompletion ? showU64(transactionIdLow, transactionIdHigh) : null,
    payloadBytes: payload.length,
  };
}

function lifecycleOf({ actor }: Endpoint): ChannelState["lifecycle"] {
  if (actor.is("disabled")) return "disabled";
  if (actor.is("opened")) return "opened";
  return actor.is("closed") ? "closed" : "enabled";
}

function ringState(endpoint: Endpoint, direction: "incoming" | "outgoing"): RingState | null {
  const memory = endpoint.rings?.[direction];
  if (memory === undefined) return null;
  const control = memory.snapshot();
  const { dataBytes } = memory;
  const { writeIndex, readIndex } = control;
  const isPossible = writeIndex < dataBytes && readIndex < dataBytes;
  const usedBytes = isPossible ? usedBetween(writeIndex, readIndex, dataBytes) : null;
  return { ...control, dataBytes, usedBytes };
}
