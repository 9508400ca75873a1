/**
 * A partition: its memory, its virtual processors, its bus, and the endpoints of its drivers.
 *
 * @module
 */

import type { Dialect } from "../../core/control/dialect.ts";
import { requireBytes } from "../../core/arguments.ts";
import { assert } from "../../core/assert.ts";
import { NO_BYTES, wholeOf } from "../../core/bytes.ts";
import { describe } from "../../core/describe.ts";
import type { GivenRam } from "../../core/memory/given_ram.ts";
import type { GuestRam } from "../../core/memory/guest_memory.ts";
import type { Unread } from "../../core/trace.ts";
import { isU32 } from "../../core/units.ts";
import type { MonitorPagesOption, PartitionPort } from "../channel/partition_port.ts";
import { Bus } from "../bus/bus.ts";
import type { GuestEnd } from "../bus/guest/guest_end.ts";
import { InProcessLink } from "../bus/in_process_link.ts";
import type { BusLink } from "../bus/lanes.ts";
import type { Direction } from "../bus/link.ts";
import type { ChartActor } from "../chart/chart_actor.ts";
import type { Endpoint } from "../channel/endpoint.ts";
import { Processor } from "../runtime/processor.ts";
import { type Device, Handle, type KernelHandle, type VmbusHandle } from "../runtime/handle.ts";
import type { ObservationOf } from "../runtime/observation.ts";
import type { FabricPort } from "./fabric_port.ts";
import { createDevice, type DriverPartition, type LoadedDriver } from "./loaded_driver.ts";
import { PARTITION_ACTOR } from "./machine.ts";
import type { CheckedPartitionOptions, Partition } from "./partition.ts";
import { createRam } from "./partition_ram.ts";
import type { PartitionEvent, PartitionTag } from "./types.ts";

/** What a partition has of somebody outside, whose code stands at one end of its bus. */
export interface Foreign {
  /** Its memory. */
  readonly ram: GivenRam;
  /** Makes the link over which the other end, ours, reaches that code. */
  readonly makeLink: (partition: PartitionPort, root: PartitionPort) => BusLink;
}

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
  readonly #processors: readonly Processor[];

  /** A running partition; `root` is null for the root itself, `foreign` where all of it is the fabric's. */
  constructor(
    runtime: FabricPort,
    id: number,
    options: CheckedPartitionOptions,
    root: PartitionObject | null,
    foreign: Foreign | null = null,
  ) {
    this.runtime = runtime;
    this.root = root ?? this;
    this.isForeign = foreign !== null;
    this.id = id;
    this.name = options.name;
    this.vtl = options.vtl;
    this.dialect = { versions: options.vmbusVersion, features: options.vmbusFeatures };
    this.monitorPages = options.monitorPages;
    this.memory = createRam(runtime, this, options, foreign?.ram ?? null);
    this.#processors = Array.from(
      { length: options.processors },
      (_, index) => new Processor(index),
    );
    this.actor = runtime.actors.create(PARTITION_ACTOR);
    const link = foreign?.makeLink(this, this.root) ?? new InProcessLink(runtime, this, this.root);
    this.bus = new Bus(runtime, this, this.root, link);
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
    this.#change("pause");
  }

  /** See {@linkcode Partition.resume}. */
  resume(): void {
    if (!this.#change("resume")) return;
    const resumed = this.onResume;
    this.onResume = null;
    resumed?.();
  }

  /** See {@linkcode Partition.disconnect}. */
  disconnect(): void {
    this.runtime.requireLive(`disconnect ${this.name}`);
    if (this.isAlive) this.#ownGuest("disconnect").connection.disconnect();
  }

  /** See {@linkcode Partition.connect}. */
  connect(): void {
    this.runtime.requireLive(`connect ${this.name}`);
    if (this.isAlive) this.#ownGuest("connect").connect();
  }

  /** The guest's end of its bus, which does what `call` asks. */
  #ownGuest(call: string): GuestEnd {
    const { ownGuest } = this.bus;
    if (ownGuest !== null) return ownGuest;
    throw new Error(`Cannot ${call} ${this.name}: its guest is somebody outside`);
  }

  /** See {@linkcode Partition.crash}. */
  crash(): void {
    this.#end("crash");
  }

  /** See {@linkcode Partition.destroy}. */
  destroy(): void {
    this.#end("destroy");
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
    this.vmbusHandle.kill();
    for (const handle of this.kernelHandles) handle.kill();
    this.kernelHandles.clear();
  }

  /** See {@linkcode Partition.postControlMessage}. */
  postControlMessage(direction: Direction, message: ArrayBufferView): void {
    this.runtime.requireLive("post a control message");
    requireDirection("a control message", direction);
    const bytes = requireBytes("post a control message", message);
    const partition = this.name;
    this.runtime.observer?.see({ kind: "channelTampered", partition, channelId: null });
    this.bus.postBytes(direction, wholeOf(bytes).slice());
  }

  /** See {@linkcode Partition.postInterrupt}. */
  postInterrupt(direction: Direction, channelId: number): void {
    this.runtime.requireLive("post an interrupt");
    requireDirection("an interrupt", direction);
    if (!isU32(channelId)) {
      throw new RangeError(`Cannot post an interrupt: ${describe(channelId)} is no channel id`);
    }
    const { recorder, clock } = this.runtime;
    const toHost = direction === "toHost" ? 1 : 0;
    recorder.record(clock.now100ns, "interruptPosted", this.traceId, toHost, channelId);
    this.bus.interrupt(direction, channelId);
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

  /** The partition's drivers are gone, whatever they were at (kmcl.md S10, S13). */
  #end(type: "crash" | "destroy"): void {
    if (this.isRoot) throw new Error(`Cannot ${type} the root partition as the fabric runs in it`);
    const wasAlive = this.isAlive;
    if (!this.#change(type) || !wasAlive) return;
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

function requireDirection(what: string, direction: unknown): void {
  if (direction === "toHost" || direction === "toGuest") return;
  throw new TypeError(`Cannot post ${what}: no direction is called ${describe(direction)}`);
}
