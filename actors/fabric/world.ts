/**
 * The fabric as the package sees it: what partitions, buses and channels share.
 *
 * @module
 */

import type { AnyMachineSnapshot } from "xstate";
import { assert } from "../../core/assert.ts";
import { Chance } from "../../core/chance.ts";
import { type Deadline, VirtualClock } from "../../core/clock.ts";
import { createCodec } from "../../core/packet/codec.ts";
import type { PacketCodec } from "../../core/packet/packet.ts";
import { Trace, type TraceEntry } from "../../core/trace.ts";
import { createBusChart } from "../bus/machine.ts";
import type { BusEvent, BusTag } from "../bus/types.ts";
import { type ActorInspector, ActorSystem } from "../chart/actor_system.ts";
import { type Chart, ChartActor, chartOf } from "../chart/chart_actor.ts";
import { createChannelChart } from "../channel/machine.ts";
import { Endpoint } from "../channel/endpoint.ts";
import {
  type ChannelEvent,
  type ChannelTag,
  FAULTS_ON_TRACE,
  type Side,
} from "../channel/types.ts";
import type { DeviceTarget } from "../handles.ts";
import { createPacketChart } from "../packet/machine.ts";
import type { PacketEvent, PacketTag } from "../packet/types.ts";
import { CALLS_ON_TRACE, LoadedDriver } from "../partition/loaded_driver.ts";
import { createPartitionChart } from "../partition/machine.ts";
import {
  type Partition,
  PartitionObject,
  type PartitionOptions,
} from "../partition/partition_object.ts";
import type { PartitionEvent, PartitionTag } from "../partition/types.ts";
import { Callbacks } from "./callbacks.ts";
import type { Fabric, FabricOptions } from "./fabric.ts";
import { type FabricState, inspectFabric } from "./inspect.ts";
import type { Frame } from "./irql.ts";
import { findLeaks, type Leak } from "./leaks.ts";
import { Loop, type LoopWorld, type Timer, UNITS_PER_MS } from "./loop.ts";
import {
  checkFabricOptions,
  checkInspector,
  checkPartitionOptions,
  checkSignal,
  checkTimeAfter,
} from "./options.ts";
import { Verifier, type VerifierError, type Violation } from "./verifier.ts";
import { type Wait, type WaitOptions, Waits } from "./waits.ts";
import { Scheduler, WORK_EVENTS, type WorkItem } from "./work.ts";

/** Charts of one fabric. */
export interface Charts {
  /** The server's end of a channel. */
  readonly server: Chart;
  /** The client's end. */
  readonly client: Chart;
  /** A packet object. */
  readonly packet: Chart;
  /** A partition. */
  readonly partition: Chart;
  /** A partition's bus. */
  readonly bus: Chart;
}

/** See {@linkcode World.counts}. */
export interface Counts {
  /** Partitions, the root included. */
  readonly partitions: number;
  /** Channel endpoints. */
  readonly endpoints: number;
}

/** Makes a fabric with a root partition. See {@linkcode FabricOptions}. */
export function createFabric(options: FabricOptions = {}): Fabric {
  return new World(checkFabricOptions(options));
}

/** One fabric. */
export class World implements Fabric, LoopWorld {
  /** Virtual time and its deadlines. */
  readonly clock: VirtualClock<Timer> = new VirtualClock();
  /** What is runnable. */
  readonly scheduler: Scheduler;
  /** The trace. */
  readonly recorder: Trace;
  /** The encoding of packets in the rings. */
  readonly codec: PacketCodec;
  /** Where misuse is reported. */
  readonly verifier: Verifier;
  /** Calls into drivers. */
  readonly callbacks: Callbacks;
  /** Blocked callers. */
  readonly waits: Waits;
  /** The loop in which all work runs. */
  readonly loop: Loop;
  readonly isRealTime: boolean;
  /** A driver of a guest tells its state: until it has, no handle of its is good for KMCL functions. */
  isSaving = false;
  readonly root: PartitionObject;
  readonly #charts: Charts;
  readonly #actors = new ActorSystem();
  readonly #partitions: PartitionObject[] = [];
  #partitionCount = 0;
  #endpointCount = 0;

  /** A fabric with checked options. */
  constructor(options: Required<FabricOptions>) {
    const { seed, schedule, interpreter } = options;
    const chance = Chance.fromSeed(seed);
    this.isRealTime = options.clock === "real";
    this.codec = createCodec(options.codec);
    this.recorder = new Trace(options.trace);
    this.scheduler = new Scheduler(schedule === "random" ? chance.fork("schedule") : null);
    this.verifier = new Verifier(options.verifier, this);
    this.callbacks = new Callbacks(this);
    this.waits = new Waits(this.callbacks);
    this.loop = new Loop(this);
    this.#charts = {
      server: chartOf("server", () => createChannelChart("server"), interpreter),
      client: chartOf("client", () => createChannelChart("client"), interpreter),
      packet: chartOf("packet", createPacketChart, interpreter),
      partition: chartOf("partition", createPartitionChart, interpreter),
      bus: chartOf("bus", createBusChart, interpreter),
    };
    this.recorder.nameValues("callbackBegin", CALLS_ON_TRACE);
    this.recorder.nameValues("callbackEnd", CALLS_ON_TRACE);
    this.recorder.nameValues("channelEvent", this.#charts.server.eventTypes);
    this.recorder.nameValues("fault", FAULTS_ON_TRACE);
    this.root = this.#addPartition(checkPartitionOptions({ name: "root" }), null);
  }

  // -- Partitions

  /** See {@linkcode Fabric.partitions}. */
  get partitions(): readonly PartitionObject[] {
    return [...this.#partitions];
  }

  /** See {@linkcode Fabric.createPartition}. */
  createPartition(options: PartitionOptions): Partition {
    return this.#addPartition(checkPartitionOptions(options), this.root);
  }

  #addPartition(
    options: Required<PartitionOptions>,
    root: PartitionObject | null,
  ): PartitionObject {
    const partition = new PartitionObject(this, this.#partitionCount++, options, root);
    this.add(partition);
    partition.bus.guest.requestOffers();
    return partition;
  }

  /** Makes a partition for a saved one; it is none of the fabric's until {@linkcode World.add}. */
  draft(options: Required<PartitionOptions>): PartitionObject {
    return new PartitionObject(this, this.#partitionCount++, options, this.root);
  }

  /** Makes `partition` one of the fabric's. */
  add(partition: PartitionObject): void {
    this.#partitions.push(partition);
    partition.announce();
  }

  /** How many partitions and endpoints were made so far: what their numbers follow from. */
  get counts(): Counts {
    return { partitions: this.#partitionCount, endpoints: this.#endpointCount };
  }

  /**
   * What was made since `counts` were taken is gone without a trace: their numbers are free again. False
   * where something of it is still there, as a driver made it for itself: then all numbers stay taken.
   */
  rewind({ partitions, endpoints }: Counts): boolean {
    const isThere = this.#partitions.some((partition) =>
      partition.id >= partitions || [...partition.endpoints].some(({ id }) => id > endpoints)
    );
    if (isThere) return false;
    this.#partitionCount = partitions;
    this.#endpointCount = endpoints;
    return true;
  }

  /** A partition was destroyed. */
  removed(partition: PartitionObject): void {
    const at = this.#partitions.indexOf(partition);
    if (at < 0) return;
    this.#partitions.splice(at, 1);
    this.recorder.record(this.clock.now100ns, "partitionDestroyed", partition.traceId);
  }

  /** Makes an endpoint for whoever has `device`; in the `state` of a saved one, or as new. */
  createEndpoint(
    { partition, driver }: DeviceTarget,
    side: Side,
    state: AnyMachineSnapshot | null = null,
  ): Endpoint {
    const endpoint = new Endpoint(this, partition, side, ++this.#endpointCount, state);
    endpoint.driver = driver;
    partition.endpoints.add(endpoint);
    this.recorder.nameSubject(endpoint.id, endpoint.name);
    return endpoint;
  }

  // -- Running

  /** See {@linkcode Fabric.settle}. */
  settle(): Promise<void> {
    const limit100ns = this.clock.now100ns;
    return this.loop.drive("settle", { limit100ns, reachesLimit: false, signal: undefined });
  }

  /** See {@linkcode Fabric.advance}. */
  advance(milliseconds: number): Promise<void> {
    const limit100ns = checkTimeAfter("advance", this.clock.now100ns, milliseconds);
    return this.loop.drive("advance", { limit100ns, reachesLimit: true, signal: undefined });
  }

  /** See {@linkcode Fabric.run}. */
  run(signal?: AbortSignal): Promise<void> {
    checkSignal("run", signal);
    return this.loop.drive("run", { limit100ns: Infinity, reachesLimit: false, signal });
  }

  /** See {@linkcode Fabric.now}. */
  now(): number {
    return this.clock.now100ns / UNITS_PER_MS;
  }

  /** See {@linkcode Fabric.delay}. */
  delay(milliseconds: number): Promise<void> {
    const due100ns = checkTimeAfter("delay", this.clock.now100ns, milliseconds);
    const what = `${milliseconds} ms to pass`;
    const wait = this.beginWait<void>({ call: "delay", what, partition: null });
    this.armTimer(due100ns, { fire: () => wait.answer() });
    return wait.promise;
  }

  /** See {@linkcode Fabric.outside}. */
  outside<T>(work: () => Promise<T>): Promise<T> {
    return this.loop.outside.run(work);
  }

  /** Blocks the running caller. */
  beginWait<T>(options: WaitOptions): Wait<T> {
    return this.waits.begin<T>(options, this.loop.isUnderWay);
  }

  /** Has `timer` fire at a time, or at once where that is past. */
  armTimer(at100ns: number, timer: Timer): Deadline<Timer> {
    const deadline = this.clock.arm(at100ns, timer);
    this.recorder.record(this.clock.now100ns, "timerArmed", 0, deadline.at100ns);
    this.loop.wake();
    return deadline;
  }

  /** Takes a timer back. */
  cancelTimer(deadline: Deadline<Timer>): void {
    if (this.clock.cancel(deadline)) this.recorder.record(this.clock.now100ns, "timerCancelled", 0);
  }

  // -- What the loop asks for

  /** See {@linkcode LoopWorld.runItem}. */
  runItem(item: WorkItem): void {
    if (this.recorder.level !== "off") { // else the names need not be looked up either
      this.recorder.record(this.clock.now100ns, WORK_EVENTS[item.kind], item.worker.traceId);
    }
    item.worker.work(item.kind);
  }

  /** See {@linkcode LoopWorld.fireTimer}. */
  fireTimer(timer: Timer): void {
    this.recorder.record(this.clock.now100ns, "workTimer", 0);
    timer.fire();
  }

  /** See {@linkcode LoopWorld.deadlock}. */
  deadlock(): VerifierError {
    const waits = [...this.waits.all];
    const list = waits.map((wait) => {
      const inside = wait.insideOf === null ? "" : ` inside ${wait.insideOf}`;
      return `${wait.options.call}${inside} waits for ${wait.options.what}`;
    });
    const call = waits.find((wait) => wait.drives)?.options.call ?? "";
    return this.verifier.deadlock(
      call,
      `nothing is runnable and no deadline is ahead: ${list.join("; ")}`,
    );
  }

  /** Fails the call that drives the loop. */
  failLoop(error: Error): void {
    this.loop.fail(error);
  }

  /** Does work outside the loop's items. */
  guard(work: () => void): void {
    this.loop.guard(work);
  }

  /** Puts a violation on the trace. */
  traceViolation(_violation: Violation): void {
    this.recorder.record(this.clock.now100ns, "violation", 0);
  }

  /** Puts the begin or end of a callback on the trace. */
  traceCallback(frame: Frame, begins: boolean): void {
    const event = begins ? "callbackBegin" : "callbackEnd";
    const { owner } = frame;
    assert(
      owner instanceof Endpoint || owner instanceof LoadedDriver,
      "callbacks are called for endpoints and for loaded drivers",
    );
    this.recorder.record(
      this.clock.now100ns,
      event,
      owner instanceof Endpoint ? owner.id : owner.traceId,
      frame.code,
    );
  }

  // -- Actors

  /** The charts, by the name of what runs in them. */
  get charts(): Charts {
    return this.#charts;
  }

  /** A new channel actor, in the chart's first state or in a saved one. */
  startChannelActor(
    side: Side,
    state: AnyMachineSnapshot | null,
  ): ChartActor<ChannelEvent, ChannelTag> {
    return new ChartActor(this.#charts[side], this.#actors, state);
  }

  /** A new packet actor. */
  startPacketActor(): ChartActor<PacketEvent, PacketTag> {
    return new ChartActor(this.#charts.packet, this.#actors);
  }

  /** A new partition actor. */
  startPartitionActor(): ChartActor<PartitionEvent, PartitionTag> {
    return new ChartActor(this.#charts.partition, this.#actors);
  }

  /** A new bus actor. */
  startBusActor(): ChartActor<BusEvent, BusTag> {
    return new ChartActor(this.#charts.bus, this.#actors);
  }

  // -- Looking inside

  /** See {@linkcode Fabric.traceDigest}. */
  traceDigest(): string {
    return this.recorder.digest();
  }

  /** See {@linkcode Fabric.trace}. */
  get trace(): readonly TraceEntry[] {
    return this.recorder.entries;
  }

  /** See {@linkcode Fabric.violations}. */
  get violations(): readonly Violation[] {
    return this.verifier.violations;
  }

  /** See {@linkcode Fabric.leaks}. */
  leaks(): readonly Leak[] {
    return findLeaks(this);
  }

  /** See {@linkcode Fabric.inspect}. */
  inspect(): FabricState {
    return inspectFabric(this);
  }

  /** See {@linkcode Fabric.inspectActors}. */
  inspectActors(inspector: ActorInspector): () => void {
    checkInspector(inspector);
    return this.#actors.inspect(inspector);
  }

  /** Settles; in mode `"throw"` it throws where something leaks. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.settle();
    const leaks = this.leaks();
    if (leaks.length === 0 || this.verifier.mode !== "throw") return;
    const list = leaks.map((leak) => `${leak.owner}: ${leak.message}`).join("; ");
    throw new Error(`Cannot dispose of the fabric as something still lives: ${list}`);
  }
}
