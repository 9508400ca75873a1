/**
 * A channel endpoint: it owns the actor, the rings and the queues, asks the actor what its state
 * allows, does the bytes itself, and tells the actor what happened.
 *
 * @module
 */

import type { AnyMachineSnapshot } from "xstate";
import { assert } from "../../core/assert.ts";
import type { GuestRam } from "../../core/memory/guest_memory.ts";
import { type NtStatus, STATUS_INVALID_DEVICE_STATE, STATUS_SUCCESS } from "../../core/ntstatus.ts";
import { IncomingRing } from "../../core/ring/incoming.ts";
import { OutgoingRing } from "../../core/ring/outgoing.ts";
import type { BusChannel, BusPort, PartitionOnBus, Rings } from "./bus_port.ts";
import type { BounceBuffers } from "./bounce_buffers.ts";
import type { ChartActor } from "../chart/chart_actor.ts";
import { effectsOf } from "../chart/effects.ts";
import type { Device } from "../runtime/handle.ts";
import type { Frame, Irql } from "../runtime/irql.ts";
import { type ChannelPlace, nameOfChannel, placeOf } from "../runtime/violation_details.ts";
import type { RuntimePort } from "../runtime/runtime_port.ts";
import { CHANNEL_ACTORS } from "./actor_kinds.ts";
import { CallbackFrame } from "./callback_frame.ts";
import type { BytePipe } from "./byte_pipe.ts";
import { ChannelTrace } from "./channel_trace.ts";
import { ChannelWork } from "./work_items.ts";
import { ChannelConfiguration } from "./configuration.ts";
import type { Draining } from "./ending.ts";
import { PacketCompletions } from "./completions.ts";
import { Incoming } from "./incoming.ts";
import type { CallbackName, DriverCallbacks } from "./driver_port.ts";
import { type ActingEndpoint, EFFECTS } from "./effects.ts";
import type { EndpointPort } from "./endpoint_port.ts";
import { Outgoing } from "./outgoing.ts";
import type { RingPositions, TrafficImage } from "./image.ts";
import { admittingEnd } from "./joined_end.ts";
import { PageSets } from "./page_sets.ts";
import type { LoadedDriverPort } from "./partition_port.ts";
import { Polling } from "./polling.ts";
import { Requests } from "./requests.ts";
import { RingScratch } from "./ring_scratch.ts";
import { Signal } from "./signal.ts";
import { StateChanges } from "./state_changes.ts";
import type { ChannelEvent, ChannelFault, ChannelTag, Side } from "./types.ts";
import { WaitingCallers } from "./waiting_callers.ts";

/** One side of a channel. */
export class Endpoint implements EndpointPort, ActingEndpoint {
  /** The fabric. */
  readonly runtime: RuntimePort;
  /** The partition whose driver this endpoint serves. */
  readonly partition: PartitionOnBus;
  /** Which end of the channel it is. */
  readonly side: Side;
  /** Its number in the fabric, in the order of VmbChannelAllocate. */
  readonly id: number;
  /** What its driver has set. */
  readonly configuration: ChannelConfiguration = new ChannelConfiguration();
  /** Its chart. */
  readonly actor: ChartActor<ChannelEvent, ChannelTag>;
  /** Its sending half. */
  readonly outgoing: Outgoing;
  /** Its receiving half. */
  readonly incoming: Incoming;
  /** How its transactions end. */
  readonly completions: PacketCompletions;
  /** What the trace hears of it. */
  readonly trace: ChannelTrace;
  /** What it has to do. */
  readonly work: ChannelWork;
  /** Its synchronous requests. */
  readonly requests: Requests;
  /** Its state change callbacks. */
  readonly changes: StateChanges;
  /** The numbers by which packets name its GPADLs. */
  readonly pageSets: PageSets = new PageSets(this);
  /** Set by the layer above, right after it made the endpoint. */
  driverCallbacks!: DriverCallbacks;
  /** What the layer above keeps of its driver, whoever is called in the driver's place. */
  keptDriver: unknown = null;

  /** The bus that the channel is on: the guest's own, on either side. Servers get it at Enable. */
  end: BusPort | null = null;
  /** Client: by how much it delays signals to the host itself, in 100 ns; 0 where they go through a monitor page. */
  latency100ns = 0;
  /** What the opposite side did wrong; the chart says whether it did. */
  fault: ChannelFault | null = null;
  /** Client: why its last open came to nothing, until it is enabled again. */
  refusal: NtStatus | null = null;
  /** The rings, while they are attached. */
  rings: Rings | null = null;
  /** Client: its bounce buffers, while it has some or must have (kmcl.md X18). */
  bounce: BounceBuffers | null = null;
  /** Its streams, where it is a byte pipe. */
  bytes: BytePipe | null = null;
  /** Server: the partition that the offer is for, as the driver says; null: it said none. */
  offeredTo: PartitionOnBus | null = null;
  /** The device that its driver was given for where it connects; null until it asked (kmcl.md X5). */
  targetDevice: Device | null = null;
  /** The loaded driver whose it is; null for one of a driver that was not loaded. */
  driver: LoadedDriverPort | null = null;
  /** A server that was restored, from then until it is enabled: what it was. */
  restored: TrafficImage | null = null;
  /** Callers that wait for what becomes of it. */
  readonly callers: WaitingCallers = new WaitingCallers(this);
  /** See {@linkcode WaitingCallers.drains}: each packet that is sent is shown to them. */
  readonly drains: Draining[] = this.callers.drains;
  #channel: BusChannel | null = null;
  #place: ChannelPlace | null = null;
  /** Its signal to the opposite side: at once, or after the client's interrupt latency, once for many. */
  readonly signal: Signal = new Signal(this);
  /** Its looks for room, where the opposite side does not signal. */
  readonly polling: Polling = new Polling(this);

  /** An endpoint of `partition`, Disabled and initializing (kmcl.md S1), or in the `state` of a saved one. */
  constructor(
    runtime: RuntimePort,
    partition: PartitionOnBus,
    side: Side,
    id: number,
    state: AnyMachineSnapshot | null = null,
  ) {
    this.runtime = runtime;
    this.partition = partition;
    this.side = side;
    this.id = id;
    this.actor = runtime.actors.create(CHANNEL_ACTORS[side], state, effectsOf(this, EFFECTS));
    this.trace = new ChannelTrace(runtime, this);
    this.work = new ChannelWork(this);
    this.outgoing = new Outgoing(this);
    this.incoming = new Incoming(this);
    this.completions = new PacketCompletions(this);
    this.requests = new Requests(this);
    this.changes = new StateChanges(this);
  }

  // -- Who it is

  /** For reports and the trace: `channel 3 (server)`. */
  get name(): string {
    return nameOfChannel(this.place);
  }

  /** The same as data, and with its partition, for violations. */
  get place(): ChannelPlace {
    const { friendlyName } = this.configuration; // it may change until the channel is enabled
    const isCurrent = this.#place?.friendlyName === friendlyName;
    return isCurrent ? this.#place! : this.#place = placeOf(this, friendlyName);
  }

  /** Server: the partition that its offer is for, its own for a loopback offer that names none; null: nobody said. */
  get guest(): PartitionOnBus | null {
    return this.offeredTo ?? (this.configuration.isLoopback ? this.partition : null);
  }

  /** The channel that it is on, on that bus; null while it is on none. */
  get channel(): BusChannel | null {
    return this.#channel;
  }

  /** The channel's number on the bus, while it has one. */
  get channelId(): number | null {
    return this.#channel?.channelId ?? null;
  }

  /** The guest's memory: rings, GPADLs and external data lie there, for both sides. */
  get memory(): GuestRam {
    assert(this.#channel !== null, "an endpoint with rings is on a channel");
    return this.#channel.memory;
  }

  /** It is on this channel from now on: the bus has one for it. */
  join(channel: BusChannel): void {
    this.#channel = channel;
  }

  /** The frame of one of its callbacks. */
  frame(name: CallbackName, irql: Irql): Frame {
    return new CallbackFrame(this, name, irql);
  }

  // -- What its state allows

  /** Whether the state has `tag`. */
  is(tag: ChannelTag): boolean {
    return this.actor.is(tag);
  }

  /** Whether packets move. */
  get flows(): boolean {
    const { tags } = this.actor;
    return tags.flows === true && tags.sound === true;
  }

  /** Whether the opposite side has kept to the protocol. */
  get isSound(): boolean {
    return this.actor.tags.sound;
  }

  /** Whether nothing can be sent: Disabled, about to be, or faulted (kmcl.md S6). */
  get isClosing(): boolean {
    const { tags } = this.actor;
    return tags.disabled === true || tags.tearingDown === true || tags.sound !== true;
  }

  // -- What its driver wants

  /** VmbChannelEnable (kmcl.md S2). */
  enable(): NtStatus {
    if (!this.partition.isAlive || !this.actor.can("enable")) return STATUS_INVALID_DEVICE_STATE;
    const end = admittingEnd(this);
    if (typeof end === "number") return end;
    this.end = end;
    this.refusal = null;
    this.callers.beginAnew();
    this.bytes?.begin();
    this.tell({ type: "enable" });
    end.join(this);
    return STATUS_SUCCESS;
  }

  /** VmbChannelStart, in a state that allows it (kmcl.md S9). */
  start(): void {
    if (this.actor.can("start")) this.tell({ type: "start" });
  }

  /** VmbChannelPause: resolves when the flow is at rest (kmcl.md S8). */
  pause(): Promise<void> {
    if (this.actor.can("pause")) this.tell({ type: "pause" });
    if (this.is("atRest")) return Promise.resolve();
    return this.callers.untilRest();
  }

  /** VmbChannelDisable: resolves when the endpoint is Disabled (kmcl.md S11). */
  disable(): Promise<void> {
    if (this.actor.can("disable")) this.tell({ type: "disable" });
    if (this.hasEnded) return Promise.resolve();
    return this.callers.untilDisabled();
  }

  /** Disabled, and its driver was told why its open came to nothing, if it did (kmcl.md S11). */
  get hasEnded(): boolean {
    return this.is("disabled") && this.changes.untoldRefusal === null;
  }

  /** Whoever waits for the end of the last open may continue, if it has come. */
  answerDisabled(): void {
    if (this.changes.untoldRefusal === null) this.callers.answerTold();
    if (this.hasEnded) this.callers.answerDisabled();
  }

  /** See {@linkcode ChangingEndpoint.beginTelling}. */
  beginTelling(): void {
    this.callers.beginTelling();
  }

  /** See {@linkcode ChangingEndpoint.endTelling}. */
  endTelling(): void {
    this.callers.endTelling();
    this.answerDisabled();
  }

  /** See {@linkcode ActingEndpoint.ended}. */
  ended(): void {
    this.answerDisabled();
    if (this.driver?.isRemoved === true) this.cleanUp();
  }

  /** See {@linkcode ActingEndpoint.endDraining}. */
  endDraining(): void {
    if (this.incoming.outstandingPackets.outstanding === 0) this.tell({ type: "retired" });
  }

  /** VmbChannelDisable once the channel is drained, or at `deadline100ns`: resolves with how that ended (kmcl.md S16). */
  drainAndDisable(deadline100ns: number): Promise<NtStatus> {
    return this.callers.untilDrained(deadline100ns);
  }

  /** VmbChannelCleanup of a Disabled channel: nothing of it is left. */
  cleanUp(): void {
    this.driverCallbacks.freed();
    this.partition.removeEndpoint(this);
    this.changes.stop();
    this.answerDisabled();
    this.stopActors();
    this.outgoing.packets.stop();
  }

  /** Its partition is gone: no further event comes for its actor and those of its packets. */
  stopActors(): void {
    this.polling.end();
    this.outgoing.packets.stopActors();
    this.incoming.outstandingPackets.stopActors();
    this.bytes?.stop();
    this.actor.stop();
  }

  // -- What happens to it

  /** See {@linkcode EndpointPort.tell}. */
  tell(event: ChannelEvent, status?: NtStatus): void {
    const place = this.trace.told(event.type, this.actor.code(event.type), status);
    this.actor.send(event);
    if (place !== null) this.trace.cameTo(place, this.actor);
    this.callers.checkDrains();
  }

  /** Has the next callback called that the state asks for. */
  runNextCallback(): void {
    this.changes.runNextCallback();
  }

  /** The opposite side broke the protocol: the channel stops, and its driver is told by Suspend. */
  faulted(fault: ChannelFault): void {
    if (!this.isSound || !this.actor.can("fault")) return;
    this.fault = fault;
    this.trace.fault(fault);
    this.tell({ type: "fault" });
  }

  /** The opposite side would wait for ever: the channel stops and closes by itself (kmcl.md R6, S15). */
  fails(fault: ChannelFault): void {
    this.faulted(fault);
    if (this.actor.can("disable")) this.tell({ type: "disable" });
  }

  /** The channel has rings: they are attached before EvtChannelOpened is called. */
  attach(rings: Rings, from: RingPositions | null = null): boolean {
    const { hasPendingSendSize } = rings;
    const { read, written } = RingScratch.of(this.runtime);
    const incoming = new IncomingRing(rings.incoming, from?.incoming, hasPendingSendSize, read);
    const outgoing = new OutgoingRing(rings.outgoing, from?.outgoing, hasPendingSendSize, written);
    if (incoming.fault !== null || outgoing.fault !== null) return false;
    this.rings = rings;
    this.fault = null;
    this.incoming.attach(incoming);
    this.outgoing.attach(outgoing);
    if (outgoing.position.awaitsRoom) this.polling.begin();
    this.bytes?.attach();
    this.trace.attached(from !== null);
    return true;
  }

  /** The rings are gone. */
  detach(): void {
    const hadRings = this.rings !== null;
    this.incoming.detach();
    this.outgoing.detach();
    this.pageSets.forget();
    this.signal.drop();
    this.polling.end();
    this.work.forget();
    this.rings = null;
    if (hadRings) this.trace.detached();
    this.latency100ns = 0;
  }

  /** Client: the open came to nothing, by an answer of the host or as it took the offer back; the driver hears why. */
  refused(status: NtStatus, type: "openRefused" | "peerClosed" = "openRefused"): void {
    this.refusal = status;
    this.changes.refuse(status);
    this.tell({ type }, type === "openRefused" ? status : undefined);
    this.runNextCallback();
  }

  /** Nothing of the channel is left on the bus. */
  released(): void {
    this.#channel = null;
    this.end = null;
    this.endTeardown();
  }

  /** The last step of every teardown: completion routines come before it (kmcl.md S10.6, S10.7). */
  endTeardown(): void {
    const hasLeftBus = this.end === null && this.is("releasing");
    if (hasLeftBus && !this.completions.isDue) this.tell({ type: "released" });
  }

  /** Its own partition crashed: no callback of it runs again, and it reads Disabled. */
  crashed(): void {
    this.changes.stop();
    this.detach();
    this.requests.release();
    this.#channel = null;
    if (this.actor.can("crashed")) this.actor.send({ type: "crashed" });
    this.bytes?.lose();
    this.callers.answerRest();
    this.callers.endTelling();
    this.callers.answerDisabled();
  }

  /** Client and server: EvtChannelClosed need not come any more; what the rings held ends (kmcl.md S15). */
  leaveBus(): void {
    assert(this.end !== null, "an endpoint that leaves its bus is on one");
    this.detach();
    this.outgoing.endAll();
    this.end.release(this);
  }
}
