/**
 * The fabric as whatever lives in it sees it: what partitions, buses and channels share, and what its loop
 * asks for.
 *
 * @module
 */

import type { AnyMachineSnapshot } from "xstate";
import type { Dialect, OfferOrder } from "../../core/control/dialect.ts";
import { type Deadline, VirtualClock } from "../../core/clock.ts";
import { createCodec } from "../../core/packet/codec.ts";
import type { PacketCodec } from "../../core/packet/packet.ts";
import { Trace } from "../../core/trace.ts";
import { Endpoint } from "../channel/endpoint.ts";
import type { Side } from "../channel/types.ts";
import type { FabricPort } from "../partition/fabric_port.ts";
import { CALLS_ON_TRACE, type DeviceTarget } from "../partition/loaded_driver.ts";
import type { MachineOptions } from "../partition/partition.ts";
import type { PartitionKind, TrustLevel } from "../partition/partition_kind.ts";
import { PartitionObject } from "../partition/partition_object.ts";
import { Actors } from "../runtime/actors.ts";
import { FabricOnlookers } from "./onlookers.ts";
import { Observers } from "./observers.ts";
import { CHANNEL_ACTORS } from "../channel/actor_kinds.ts";
import type { DriverFaults } from "../channel/driver_faults.ts";
import { type CallbackEnd, Callbacks } from "../runtime/driver_calls.ts";
import { traceCallback, traceViolation } from "./fabric_trace.ts";
import { nameOfWorker } from "./inspect.ts";
import type { Frame } from "../runtime/irql.ts";
import { Partitions } from "./partitions.ts";
import { Loop } from "../runtime/loop.ts";
import { UNITS_PER_MS } from "../runtime/real_pace.ts";
import type { LoopPort } from "../runtime/loop_port.ts";
import type { RuntimePort } from "../runtime/runtime_port.ts";
import type { Timer } from "../runtime/timer.ts";
import { type CheckedFabricOptions, checkPartitionOptions } from "./options.ts";
import { Verifier, type VerifierError, type Violation } from "../runtime/verifier.ts";
import { type Wait, type WaitOptions, Waits } from "../runtime/waits.ts";
import type { Chooser } from "../runtime/chooser.ts";
import type { FaultPort } from "../runtime/fault_port.ts";
import { ITEM_BEGINS, type Observer } from "../runtime/observation.ts";
import { WORK_EVENTS, type Worker, type WorkItem } from "../runtime/processor.ts";
import { toldChoices } from "../runtime/choice_trace.ts";
import { createChooser, createScheduler } from "../runtime/schedule.ts";
import { WaitTrace } from "../runtime/wait_trace.ts";

/** A call of its own: V8 remembers who was called there, and all interrupts are those of channels. */
function interrupt(channel: Worker): void {
  channel.work("interrupt");
}

/** What every fabric is made of; what its user asks of it stands above. */
export abstract class FabricCore implements FabricPort, LoopPort {
  /** Virtual time and its deadlines. */
  readonly clock: VirtualClock<Timer> = new VirtualClock();
  /** What is runnable. */
  readonly scheduler: LoopPort["scheduler"];
  /** The trace. */
  readonly recorder: Trace;
  /** The encoding of packets in the rings. */
  readonly codec: PacketCodec;
  /** The name of that. */
  readonly codecName: CheckedFabricOptions["codec"];
  /** Where misuse is reported. */
  readonly verifier: Verifier;
  /** Calls into drivers. */
  readonly callbacks: Callbacks;
  /** Blocked callers. */
  readonly waits: Waits;
  /** The loop in which all work runs. */
  readonly loop: Loop;
  readonly isRealTime: boolean;
  readonly itemsPerInstantMax: number;
  /** See {@linkcode RuntimePort.hostDialect}. */
  readonly hostDialect: Dialect;
  /** See {@linkcode RuntimePort.offerOrder}. */
  readonly offerOrder: OfferOrder;
  kmclRefusal: string | null = null;
  ringWatch: FabricPort["ringWatch"] = null;
  /** The actors of everything in it. */
  readonly actors: Actors;
  /** The partition in which its servers run. */
  readonly root: PartitionObject;
  /** Its partitions, and the numbers of what is made in it. */
  readonly made: Partitions = new Partitions();

  /** See {@linkcode RuntimePort.faults}. */
  readonly faults: FaultPort | null;
  /** See {@linkcode FabricPort.driverFaults}. It is set before the first channel is allocated. */
  driverFaults: DriverFaults | null = null;

  /** Who observes it; they make themselves its {@linkcode RuntimePort.observer}. */
  readonly observers: Observers = new Observers(this);
  /** See {@linkcode RuntimePort.observer}. */
  observer: Observer | null = null;
  /** What rooms have one of, by what made it. */
  readonly #made = new Map<(runtime: RuntimePort) => object, object>();

  /**
   * A fabric with checked options; `chooser` chooses in the place of what their schedule names, and `faults`
   * says what goes wrong in it.
   */
  constructor(
    options: CheckedFabricOptions,
    chooser?: Chooser,
    faults: FaultPort | null = null,
  ) {
    this.faults = faults;
    const { seed, schedule, interpreter, itemsPerInstantMax } = options;
    this.itemsPerInstantMax = itemsPerInstantMax;
    this.hostDialect = { versions: options.vmbusVersion, features: options.vmbusFeatures };
    this.offerOrder = options.offerOrder;
    this.isRealTime = options.clock === "real";
    this.codec = createCodec(options.codec);
    this.codecName = options.codec;
    this.recorder = new Trace(options.trace);
    const asked = chooser ?? createChooser(schedule, seed);
    this.scheduler = createScheduler(schedule, toldChoices(this, asked));
    this.verifier = new Verifier(options.verifier, options.sourceLines, this);
    this.callbacks = new Callbacks(this);
    this.waits = new Waits(this.callbacks, WaitTrace.of(this.recorder, this.clock));
    this.loop = new Loop(this);
    this.actors = new Actors(interpreter, new FabricOnlookers(this));
    this.recorder.nameValues("callbackBegin", CALLS_ON_TRACE);
    this.recorder.nameValues("callbackEnd", CALLS_ON_TRACE);
    this.recorder.nameValues("channelEvent", this.actors.chart(CHANNEL_ACTORS.server).eventTypes);
    const root = { name: "root", memoryPages: options.rootMemoryPages };
    this.root = this.addPartition(checkPartitionOptions(root), null);
  }

  // -- Partitions

  /** See {@linkcode Fabric.partitions}. */
  get partitions(): readonly PartitionObject[] {
    return [...this.made.all];
  }

  /** A partition of the fabric with checked options; `root` is null for the root itself. */
  protected addPartition(
    options: MachineOptions,
    root: PartitionObject | null,
    kind: PartitionKind<PartitionObject> = {},
  ): PartitionObject {
    const id = this.made.takePartitionId();
    const partition = new PartitionObject(this, id, options, root, kind);
    this.add(partition);
    // The root is its own host: it makes contact with itself when a client of its own is enabled.
    if (!partition.isRoot) partition.bus.ownGuest?.connect();
    return partition;
  }

  /** See {@linkcode LoopPort.hasPeers}. */
  get hasPeers(): boolean {
    return this.made.all.some(({ isForeign, isAlive }) => isForeign && isAlive);
  }

  /** Makes a partition for a saved one; it does not belong to the fabric until {@linkcode FabricRuntime.add}. */
  createDetached(
    options: MachineOptions,
    level: TrustLevel<PartitionObject> | null = null,
  ): PartitionObject {
    return new PartitionObject(this, this.made.takePartitionId(), options, this.root, { level });
  }

  /** See {@linkcode FabricPort.has}. */
  has(partition: PartitionObject): boolean {
    return this.made.all.includes(partition);
  }

  /** Makes `partition` one of the fabric's. */
  add(partition: PartitionObject): void {
    this.made.add(partition);
    partition.announce();
  }

  /** A partition was destroyed. */
  removed(partition: PartitionObject): void {
    if (!this.made.remove(partition)) return;
    this.recorder.record(this.clock.now100ns, "partitionDestroyed", partition.traceId);
  }

  /** Makes an endpoint for whoever has `device`; in the `state` of a saved one, or as new. */
  createEndpoint(
    { partition, driver }: DeviceTarget,
    side: Side,
    state: AnyMachineSnapshot | null = null,
  ): Endpoint {
    const endpoint = new Endpoint(this, partition, side, this.made.takeEndpointId(), state);
    endpoint.driver = driver;
    partition.endpoints.add(endpoint);
    endpoint.trace.created();
    return endpoint;
  }

  // -- What lives in it

  /** See {@linkcode RuntimePort.once}. */
  once<T extends object>(make: (runtime: RuntimePort) => T): T {
    const known = this.#made.get(make);
    if (known !== undefined) return known as T; // it is what that function made
    const fresh = make(this);
    this.#made.set(make, fresh);
    return fresh;
  }

  /** Virtual time in milliseconds. */
  now(): number {
    return this.clock.now100ns / UNITS_PER_MS;
  }

  /** Blocks the running caller. */
  beginWait<T>(options: WaitOptions): Wait<T> {
    return this.waits.begin<T>(options);
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

  /** See {@linkcode LoopPort.runItem}. */
  runItem(item: WorkItem): void {
    if (this.recorder.isHeard === true) this.#traceItem(item);
    if (item.kind === "interrupt") interrupt(item.worker);
    else item.worker.work(item.kind);
  }

  #traceItem({ kind, worker }: WorkItem): void {
    this.observer?.see(ITEM_BEGINS);
    this.recorder.record(this.clock.now100ns, WORK_EVENTS[kind]!, worker.traceId);
  }

  /** See {@linkcode LoopPort.fireTimer}. */
  fireTimer(timer: Timer): void {
    this.observer?.see(ITEM_BEGINS);
    this.recorder.record(this.clock.now100ns, "workTimer", 0);
    timer.fire();
  }

  /** See {@linkcode LoopPort.deadlock}. */
  deadlock(): VerifierError {
    const waits = [...this.waits.all];
    const list = waits.map(({ description }) => description).join("; ");
    const call = waits.find((wait) => wait.drives)?.options.call ?? "";
    return this.verifier.deadlock(call, `nothing is runnable and no deadline is ahead: ${list}`);
  }

  /** See {@linkcode LoopPort.nameOf}. */
  nameOf(traceId: number): string {
    return nameOfWorker(this, traceId);
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
  traceViolation(violation: Violation): void {
    traceViolation(this, violation);
  }

  /** See {@linkcode CallbacksPort.traceCallback}. */
  traceCallback(frame: Frame, end: CallbackEnd | null): void {
    traceCallback(this, frame, end);
    this.observers.callback(frame, end === null);
  }

  // -- The end

  /** See {@linkcode RuntimePort.isDisposed}. */
  get isDisposed(): boolean {
    return !this.root.isPresent;
  }

  /** Refuses `call`, a function of the fabric or of one of its partitions, once it was disposed of. */
  requireLive(call: string): void {
    if (!this.isDisposed) return;
    throw new Error(`Cannot ${call}: the fabric was disposed of`);
  }
}
