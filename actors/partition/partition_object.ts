/**
 * A partition: its memory, its virtual processors, its bus, and the endpoints of its drivers.
 *
 * @module
 */

import type { Dialect } from "../../core/control/dialect.ts";
import { assert } from "../../core/assert.ts";
import { NO_BYTES } from "../../core/bytes.ts";
import type { GuestRam } from "../../core/memory/guest_memory.ts";
import type { Unread } from "../../core/trace.ts";
import type { MonitorPagesOption, PartitionPort, ServerPlace } from "../channel/partition_port.ts";
import { Bus } from "../bus/bus.ts";
import { InProcessLink } from "../bus/in_process_link.ts";
import type { Direction } from "../bus/link.ts";
import { contactConnectionId, hostPort, redirectPort } from "../bus/synic.ts";
import type { InitiateContact } from "../../core/control/connection_messages.ts";
import type { ChartActor } from "../chart/chart_actor.ts";
import type { Endpoint } from "../channel/endpoint.ts";
import { Processor } from "../runtime/processor.ts";
import { type Device, Handle, type KernelHandle, type VmbusHandle } from "../runtime/handle.ts";
import type { ObservationOf } from "../runtime/observation.ts";
import { askedGuest } from "./asked_guest.ts";
import type { FabricPort } from "./fabric_port.ts";
import { createDevice, type DriverPartition, type LoadedDriver } from "./loaded_driver.ts";
import { PARTITION_ACTOR } from "./machine.ts";
import type { MachineOptions, Partition } from "./partition.ts";
import type { PartitionKind } from "./partition_kind.ts";
import { createRam } from "./partition_ram.ts";
import { postControlMessage, postInterrupt } from "./raw_posts.ts";
import type { PartitionEvent, PartitionTag } from "./types.ts";

const CHANGE_EVENTS = { pause: "partitionPaused", resume: "partitionResumed" } as const;

/** Where partitions begin among what the trace numbers. */
const PARTITION_TRACE_IDS = 0x8000_0000;

/** One partition of a fabric. */
export class PartitionObject implements Partition, DriverPartition {
  /** The fabric. */
  readonly runtime: FabricPort;
  /** The partition in which its servers run: the fabric's root, which is its own. */
  readonly root: PartitionObject;
  readonly name: string;
  /** Its number in the fabric; the root's is 0. */
  readonly id: number;
  /** The virtual trust level of its drivers. */
  readonly vtl: number;
  /** See {@linkcode PartitionPort.dialect}. */
  readonly dialect: Dialect;
  /** See {@linkcode PartitionPort.monitorPages}. */
  readonly monitorPages: MonitorPagesOption;
  readonly isIsolated: boolean;
  /** See {@linkcode PartitionPort.port}. */
  readonly port: ServerPlace;
  /** The trust levels of its machine, the first one first; itself is one of them. */
  readonly levels: PartitionObject[];
  readonly memory: GuestRam;
  /** Its chart. */
  readonly actor: ChartActor<PartitionEvent, PartitionTag>;
  /** Its bus. */
  readonly bus: Bus;
  readonly device: Device = createDevice({ partition: this, driver: null });
  readonly vmbusHandle: VmbusHandle = new Handle("VMBUS", this);
  /** Kernel handles that nobody has closed. */
  readonly kernelHandles: Set<KernelHandle> = new Set();
  /** The endpoints of its drivers that were not cleaned up. */
  readonly endpoints: Set<Endpoint> = new Set();
  /** The drivers that were loaded for it, on either side of its channels, in the order of loading. */
  readonly drivers: LoadedDriver[] = [];
  /** What is due when it is resumed: the drivers that serve it stand still, since a save or a restore. */
  onResume: (() => void) | null = null;
  /** Whether the code at one end of its bus is somebody else's. */
  readonly isForeign: boolean;
  /**
   * One for each of the machine's: a virtual processor has registers, an IRQL and work of its own at each trust
   * level, and a level can stand still while a higher one runs.
   */
  readonly #processors: readonly Processor[];

  /** A running partition; `root` is null for the root itself. */
  constructor(
    runtime: FabricPort,
    id: number,
    options: MachineOptions,
    root: PartitionObject | null,
    { foreign = null, level = null }: PartitionKind<PartitionObject> = {},
  ) {
    this.runtime = runtime;
    this.isForeign = foreign !== null;
    this.id = id;
    this.name = options.name;
    this.vtl = options.vtl;
    this.dialect = { versions: options.vmbusVersion, features: options.vmbusFeatures };
    this.monitorPages = options.monitorPages;
    const of = level?.of ?? null;
    this.isIsolated = of?.isIsolated ?? options.isolated;
    const paravisor = level?.isRedirected === true ? level.of : null;
    this.root = paravisor ?? root ?? this;
    this.port = paravisor === null ? hostPort(this.vtl) : redirectPort(paravisor.vtl);
    this.levels = of?.levels ?? [];
    const sharesMemory = of !== null && level?.sharesMemory === true;
    this.memory = sharesMemory
      ? of.memory
      : createRam(runtime, this, options, foreign?.ram ?? null);
    const processorCount = of?.processorCount ?? options.processors;
    this.#processors = Array.from({ length: processorCount }, (_, index) => new Processor(index));
    this.actor = runtime.actors.create(PARTITION_ACTOR);
    if (of?.actor.is("runs") === false) {
      this.actor.send({ type: "pause" });
      for (const processor of this.#processors) processor.runs = false;
    }
    const link = foreign?.makeLink(this, this.root) ?? new InProcessLink(runtime, this, this.root);
    this.bus = new Bus(runtime, this, this.root, link);
    const connection = this.bus.ownHost?.connection;
    if (connection) connection.onOtherVtl = (message, vtl) => this.#forward(message, vtl);
    this.levels.push(this);
  }

  /** A contact with the server of another trust level: one that is above it does not hear its guest. */
  #forward(message: InitiateContact, vtl: number): void {
    const level = vtl < this.vtl ? this.levels.find((other) => other.vtl === vtl) : undefined;
    level?.bus.ownHost?.receive(message, contactConnectionId(level.port, true));
  }

  /** The partition that a channel or a bus knows by its port. */
  static of(port: PartitionPort): PartitionObject {
    assert(port instanceof PartitionObject, "a channel is of a partition of its fabric");
    return port;
  }

  /** The guest that a server's offer is for; null: nobody said. */
  static guestOf({ guest }: Pick<Endpoint, "guest">): PartitionObject | null {
    return guest && PartitionObject.of(guest);
  }

  /** It is one of the fabric's from now on. */
  announce(): void {
    const { recorder, clock } = this.runtime;
    recorder.nameSubject(this.traceId, this.name);
    const { pageCount, mmioMegabytes } = this.memory;
    const { processorCount, vtl } = this;
    const values = [pageCount, mmioMegabytes, processorCount, vtl];
    if (this.levels[0] !== this) values.push(this.levels[0]!.id, this.root.id);
    recorder.recordWords(clock.now100ns, "partitionCreated", this.traceId, 0, values);
    if (recorder.keepsEntries) recorder.tellValues(values);
  }

  /** Stands for it on the trace, where channels are numbered from 1. */
  get traceId(): number {
    return PARTITION_TRACE_IDS + this.id;
  }

  /** See {@linkcode PartitionPort.clientId}: the partition's number, behind a text of this package. */
  get clientId(): string {
    return `766d6275-7320-4c6f-8000-${this.id.toString(16).padStart(12, "0")}`;
  }

  /** Whether this is the root partition, in which the servers run. */
  get isRoot(): boolean {
    return this.id === 0;
  }

  /** Whether servers run in it: it is the root, or a paravisor. */
  get hasServers(): boolean {
    return this.isRoot || this.levels.some(({ root }) => root === this);
  }

  /** Whether its memory is that of an earlier trust level of its machine, whose it then is. */
  get sharesMemory(): boolean {
    return this.levels.find(({ memory }) => memory === this.memory) !== this;
  }

  /** See {@linkcode PartitionOnBus.levelAt}. */
  levelAt(vtl: number): PartitionObject {
    return this.levels.find((level) => level.vtl === vtl) ?? this;
  }

  /** Whether its drivers live. */
  get isAlive(): boolean {
    return this.actor.tags.alive;
  }

  /** Whether its processors run. */
  get runs(): boolean {
    return this.actor.tags.runs;
  }

  /** Whether its handles are good. */
  get isPresent(): boolean {
    return this.actor.is("present");
  }

  /** What its drivers have sent and nobody has read: payloads are recorded where they are read. */
  get unread(): readonly Unread[] {
    return [...this.endpoints].flatMap(({ id, outgoing }) => {
      const bytes = outgoing.ring?.unread() ?? NO_BYTES;
      return bytes.length === 0 ? [] : [{ subjectId: id, bytes }];
    });
  }

  /** Number of virtual processors. */
  get processorCount(): number {
    return this.#processors.length;
  }

  /** All virtual processors. */
  get processors(): readonly Processor[] {
    return this.#processors;
  }

  /** Virtual processor `index`. */
  processor(index: number): Processor {
    const processor = this.#processors[index];
    assert(processor !== undefined, "a work item is for a processor of its partition");
    return processor;
  }

  /** See {@linkcode DriverPartition.removeEndpoint}. */
  removeEndpoint(endpoint: Endpoint): void {
    this.endpoints.delete(endpoint);
  }

  /** See {@linkcode Partition.pause}. */
  pause(): void {
    for (const level of [...this.levels]) level.#change("pause");
  }

  /** See {@linkcode Partition.resume}. */
  resume(): void {
    const resumed = this.levels.filter((level) => level.#change("resume"));
    for (const level of resumed) level.#continueDrivers();
  }

  /** This trust level alone stands still; others of its machine, such as its paravisor, may still run. */
  standStill(): void {
    this.#change("pause");
  }

  /** This trust level alone runs, so that the drivers that serve others can finish what they are at. */
  runAlone(): void {
    this.#change("resume");
  }

  #continueDrivers(): void {
    const resumed = this.onResume;
    this.onResume = null;
    resumed?.();
  }

  /** See {@linkcode Partition.disconnect}. */
  disconnect(): void {
    askedGuest(this, "disconnect")?.connection.disconnect();
  }

  /** See {@linkcode Partition.connect}. */
  connect(): void {
    askedGuest(this, "connect")?.connect();
  }

  /** See {@linkcode Partition.crash}. */
  crash(): void {
    this.#end("crash");
  }

  /** See {@linkcode Partition.destroy}. */
  destroy(): void {
    this.#end("destroy");
    for (const level of [...this.levels].reverse()) level.#remove();
  }

  #remove(): void {
    this.#killHandles();
    for (const driver of this.drivers.splice(0)) driver.remove();
    this.#stopActors();
    this.runtime.removed(this);
    this.#observe("destroyed");
  }

  /** No further event comes for any of its actors. */
  #stopActors(): void {
    for (const endpoint of this.endpoints) endpoint.stopActors();
    this.bus.stopActors();
    this.actor.stop();
  }

  /** Its restore failed: all of it goes without a trace. */
  discard(): void {
    const { scheduler, callbacks, waits } = this.runtime;
    for (const driver of this.drivers.splice(0)) driver.discard();
    for (const processor of this.#processors) scheduler.clear(processor);
    scheduler.drop(this.traceId, this.root.processors);
    callbacks.drop(this);
    waits.release(this);
    waits.drop(this);
    this.actor.send({ type: "destroy" }); // a driver may have kept it
    this.#stopActors();
    this.bus.discard();
    this.#killHandles();
    this.memory.giveBack();
    this.#observe("discarded");
  }

  /** Its fabric is disposed of: all of it ends at once, whatever it was at, without a trace. */
  unplug(): void {
    const { scheduler, callbacks } = this.runtime;
    for (const processor of this.#processors) scheduler.clear(processor);
    callbacks.drop(this);
    if (this.actor.can("destroy")) this.actor.send({ type: "destroy" });
    this.bus.cut();
    this.#killHandles();
    this.endpoints.clear();
    this.drivers.length = 0;
    this.memory.giveBack();
  }

  #killHandles(): void {
    this.device.kill();
    for (const { targetDevice } of this.endpoints) targetDevice?.kill();
    this.vmbusHandle.kill();
    for (const handle of this.kernelHandles) handle.kill();
    this.kernelHandles.clear();
  }

  /** See {@linkcode Partition.postControlMessage}. */
  postControlMessage(direction: Direction, message: ArrayBufferView): void {
    postControlMessage(this, direction, message);
  }

  /** See {@linkcode Partition.postInterrupt}. */
  postInterrupt(direction: Direction, channelId: number): void {
    postInterrupt(this, direction, channelId);
  }

  #change(type: PartitionEvent["type"]): boolean {
    this.runtime.requireLive(`${type} ${this.name}`);
    if (this.runtime.actors.system.isLooking) { // in the middle of a step
      throw new Error(`Cannot ${type} ${this.name} in an inspector or subscriber of an actor`);
    }
    if (!this.actor.can(type)) return false;
    // Until all its drivers are there it stands still, and may yet go without a trace.
    if (type !== "pause" && !this.runtime.has(this)) {
      throw new Error(`Cannot ${type} ${this.name} while it is being restored`);
    }
    this.actor.send({ type });
    const { recorder, clock } = this.runtime;
    if (type === "pause" || type === "resume") {
      recorder.record(clock.now100ns, CHANGE_EVENTS[type], this.traceId);
      this.#observe(type === "pause" ? "paused" : "resumed");
    }
    const { runs } = this;
    for (const processor of this.#processors) processor.runs = runs;
    if (!runs) this.runtime.faults?.standsStill(this);
    if (runs) {
      this.runtime.waits.release(this);
      for (const { signal } of this.endpoints) signal.release();
    } else if (this.isAlive) {
      this.runtime.driverFaults?.standsStill(this);
      this.runtime.waits.hold(this);
    }
    this.runtime.loop.wake();
    return true;
  }

  #observe(change: ObservationOf<"partitionChanges">["change"]): void {
    this.runtime.observer?.see({ kind: "partitionChanges", partition: this.name, change });
  }

  /**
   * The drivers of the machine are gone, whatever they were at, at all of its trust levels, the first of them last
   * (kmcl.md S10, S13).
   */
  #end(type: "crash" | "destroy"): void {
    if (this.isRoot) throw new Error(`Cannot ${type} the root partition as the fabric runs in it`);
    const wereAlive = this.levels.filter(({ isAlive }) => isAlive);
    const ended = [...this.levels].reverse().filter((level) => level.#change(type));
    for (const level of ended) if (wereAlive.includes(level)) level.#endDrivers();
  }

  #endDrivers(): void {
    const { recorder, clock, scheduler, callbacks, waits } = this.runtime;
    recorder.record(clock.now100ns, "partitionCrashed", this.traceId);
    this.#observe("crashed");
    for (const processor of this.#processors) scheduler.clear(processor);
    callbacks.drop(this);
    waits.release(this);
    for (const endpoint of this.endpoints) endpoint.crashed();
    waits.drop(this);
    this.bus.guestGone();
  }
}
