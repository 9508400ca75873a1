/**
 * The fabric as programs see it: what partitions run in.
 *
 * @module
 */

import type { VersionRange } from "../../core/control/dialect.ts";
import type { VmbusVersion } from "../../core/control/versions.ts";
import type { Leak } from "./leak.ts";
import type { FabricState } from "./inspect.ts";
import type {
  ForeignGuest,
  ForeignGuestOptions,
  ForeignHost,
  ForeignHostOptions,
} from "./foreign.ts";
import type { Partition, PartitionOptions } from "../partition/partition.ts";
import type { ArrivedPacketEvent, ArrivedPacketTag } from "../channel/arrived_packet_machine.ts";
import type { ChannelEvent, ChannelTag } from "../channel/types.ts";
import type { ActorInspector } from "../chart/actor_system.ts";
import type { ChartActorRef } from "../chart/shown_actor.ts";
import type { PacketEvent, PacketTag } from "../packet/types.ts";
import type { PartitionEvent, PartitionTag } from "../partition/types.ts";
import type { VMBCHANNEL, VMBPACKET, VMBPACKETCOMPLETION } from "../runtime/handle.ts";
import type { Interpreter } from "../chart/chart_actor.ts";
import type { TraceLevel } from "../../core/trace.ts";
import type { TraceEntry } from "../../core/trace_events.ts";
import type { VerifierMode, Violation } from "../runtime/verifier.ts";
import type { Schedule } from "../runtime/schedule.ts";

/** How a fabric runs. */
export interface FabricOptions {
  /** Every draw of chance comes from it: a safe integer, or a bigint of 64 bits. Default 0. */
  readonly seed?: number | bigint;
  /** Order of runnable work: as scheduled, or drawn from the seed, one way or another. Default `"fifo"`. */
  readonly schedule?: Schedule;
  /** Whether deadlines wait for real time; such a run is not deterministic. Default `"virtual"`. */
  readonly clock?: "virtual" | "real";
  /**
   * Encoding of packets in the rings. With `"vmbus"`, Hyper-V's own layout, payloads come out with their
   * length rounded up to 8. Default `"msgpack"`.
   */
  readonly codec?: "msgpack" | "vmbus";
  /** What becomes of misuse that has no status. Default `"throw"`. */
  readonly verifier?: VerifierMode;
  /**
   * Whether a violation of "this was done before" names the driver's line that did it first. Each packet then
   * costs some µs more, so this is for a run that is known to fail. Default false.
   */
  readonly sourceLines?: boolean;
  /** How much of the run is recorded. Default `"digest"`. */
  readonly trace?: TraceLevel;
  /**
   * How charts are run. `"stock"` has XState interpret them: many times slower, and the same in all
   * else; tests compare the two. Default `"compiled"`.
   */
  readonly interpreter?: Interpreter;
  /** Pages of RAM of the root partition. They cost nothing before they are used. Default 4096: 16 MiB. */
  readonly rootMemoryPages?: number;
  /**
   * Work items and due timers that `settle`, `advance`, `run` without a signal, `runUntil` or a waiting
   * call may run while no time passes: then it rejects with an Error that names the busiest channels, as
   * drivers that keep each other busy for ever would never let it end. Default 5 000 000.
   */
  readonly itemsPerInstantMax?: number;
  /**
   * The version of the bus that the host speaks, or its lowest and highest
   * ([wire.md 4.3](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)). Default: all, from 0.13 to 6.0.
   */
  readonly vmbusVersion?: VmbusVersion | Partial<VersionRange>;
  /**
   * Features of version 6.0 that the host agrees to, as bits
   * ([wire.md 4.3](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)). Default: all that both ends of this package have.
   */
  readonly vmbusFeatures?: number;
  /**
   * Whether the host brings monitor pages to guests that ask for them, in version 6.0: they then go by those, and not
   * by their own ([wire.md section 6](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)). Default false.
   */
  readonly monitorPages?: boolean;
  /**
   * What the host sorts its offers by first when a guest asks for them, and so numbers its channels: by interface, and
   * within one by {@linkcode initSetOfferOrder}; or by that, whatever the interface
   * ([wire.md 5.2](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)). Default `"interface"`.
   */
  readonly offerOrder?: "interface" | "absolute";
}

/** What partitions run in: one loop, one clock, one source of chance, one trace. */
export interface Fabric extends AsyncDisposable {
  /** The root partition, in which servers run. */
  readonly root: Partition;
  /** All partitions that were not destroyed, the root first. */
  readonly partitions: readonly Partition[];
  /**
   * Makes a partition, a guest.
   *
   * @throws {TypeError | RangeError} An option is not what it should be.
   */
  createPartition(options: PartitionOptions): Partition;
  /**
   * Makes a partition for a guest whose code somebody else wrote, and which runs elsewhere: in another thread, in another
   * process, in a virtual machine. What the host says and signals goes to `onMessage` and `onSignal`, each in a turn of
   * its own; what the guest does is told by what this returns. Packets in the rings are Hyper-V's own
   * ([wire.md](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)).
   *
   * @throws {TypeError | RangeError} An option is not what it should be.
   * @throws {Error} The fabric's codec is not `"vmbus"`.
   */
  attachForeignGuest(options: ForeignGuestOptions): ForeignGuest;
  /**
   * Makes a partition whose host is code that somebody else wrote, and which runs elsewhere. Its clients are the fabric's:
   * drivers that are loaded for it as for any guest. What the guest says and signals goes to `onMessage` and
   * `onSignal`. Creating a GPADL returns with the host's answer, which comes inside `onMessage`, or while
   * `waitForMessage` blocks; where none comes the status is STATUS_UNSUCCESSFUL.
   *
   * @throws {TypeError | RangeError} An option is not what it should be.
   * @throws {Error} The fabric's codec is not `"vmbus"`.
   */
  attachForeignHost(options: ForeignHostOptions): ForeignHost;
  /**
   * Runs until nothing is runnable at this instant, and every unfinished callback is blocked in a
   * waiting KMCL function or in a delay.
   *
   * @throws {Error} Inside a callback. It rejects with what a driver threw, or with a VerifierError.
   */
  settle(): Promise<void>;
  /**
   * Runs, and lets `milliseconds` of virtual time pass.
   *
   * @throws {Error} Inside a callback. It rejects as {@linkcode Fabric.settle} does.
   * @throws {RangeError} `milliseconds` is no number from 0 on, or the clock ends before.
   */
  advance(milliseconds: number): Promise<void>;
  /** Virtual time in milliseconds since the fabric was made. */
  now(): number;
  /**
   * Runs until nothing is left to run and no deadline is ahead, or until `signal` is aborted.
   *
   * @throws {Error} Inside a callback. It rejects as {@linkcode Fabric.settle} does.
   * @throws {TypeError} `signal` is no AbortSignal.
   */
  run(signal?: AbortSignal): Promise<void>;
  /**
   * Runs, and lets time pass, until `predicate` answers true. It is asked before each work item, timer and
   * turn of an unfinished callback, for the first time before anything runs; it must not wait. Resolves
   * with true, or with false where nothing is left to run and no deadline is ahead.
   *
   * @throws {Error} Inside a callback. It rejects as {@linkcode Fabric.settle} does, and with what
   *   `predicate` throws.
   * @throws {TypeError} `predicate` is no function. It rejects with one where that answers with a promise.
   */
  runUntil(predicate: () => boolean): Promise<boolean>;
  /**
   * Runs `items` work items and timers that are due, one after the other, and lets no time pass; a
   * callback that is unfinished has its turn after each. Resolves with how many ran: fewer where no more
   * are runnable at this instant.
   *
   * @throws {Error} Inside a callback. It rejects as {@linkcode Fabric.settle} does.
   * @throws {RangeError} `items` is no whole number from 1 on. Default 1.
   */
  step(items?: number): Promise<number>;
  /** SHA-256 of the trace so far: the same program, options and seed give the same in any process. */
  traceDigest(): string;
  /** The trace itself, with `trace: "full"`; else nothing. */
  readonly trace: readonly TraceEntry[];
  /**
   * A driver's wait in virtual time.
   *
   * @throws {RangeError} `milliseconds` is no number from 0 on, or the clock ends before.
   */
  delay(milliseconds: number): Promise<void>;
  /**
   * Has `work` done when `milliseconds` of virtual time have passed, outside of all callbacks, unless the function
   * that it returns was called before: a timer of a driver, which nobody waits for. It keeps nobody's call from its
   * end but `run`'s, it is no leak, and it is not saved: a driver that is restored sets it again. After `work` the
   * runtime has one full turn, so that whoever awaits what it resolves continues before the next item. What it throws,
   * the call that drives the loop throws.
   *
   * @throws {TypeError} `work` is no function.
   * @throws {RangeError} `milliseconds` is no number from 0 on, or the clock ends before.
   */
  setTimer(milliseconds: number, work: () => void): () => void;
  /** Real input or output of a driver: until it has settled nothing else runs, and no time passes. */
  outside<T>(work: () => Promise<T>): Promise<T>;
  /** What is alive now, and should not be at the end. */
  leaks(): readonly Leak[];
  /** Misuse that was found; none with `verifier: "off"`. */
  readonly violations: readonly Violation[];
  /** What lives: partitions, channels, rings, packets, GPADLs, blocked callers. Plain data. */
  inspect(): FabricState;
  /**
   * Has `inspector` told of everything that happens to the actors of partitions, buses, channels and
   * packet objects, until the function that it returns is called. Encoded packets come by with it. It
   * costs time, and changes nothing else: the trace digest stays the same. What it throws is heard as
   * what a driver's callback throws.
   *
   * @throws {TypeError} `inspector` is no function.
   */
  inspectActors(inspector: ActorInspector): () => void;
  /**
   * The actor of a channel endpoint, as XState has it: an `ActorRef` for `waitFor`, `toPromise`, `subscribe`,
   * `select`, `system.inspect` and whatever else takes one. Its snapshot is the present state at any time,
   * also where nobody looked before: `matches`, `hasTag` and `can` are asked of it in the words of
   * [the charts](https://jsr.io/@vmbus/kmcl/0.1.0/docs/states.md). It is made when it is asked for first, costs time only while somebody watches it, and
   * ends with the channel. A subscriber is told in the middle of a step: what it wants done it does later,
   * as an `await` does; in it KMCL functions throw, and what it throws is heard as what a callback throws.
   *
   * @throws {TypeError} It is no live handle of this fabric; null is no handle, which its type does not say, so
   *   that what a function gave can be passed on.
   * @throws {Error} The fabric was disposed of.
   */
  actorOf(channel: VMBCHANNEL | null): ChartActorRef<ChannelEvent, ChannelTag>;
  /** That of a packet object. Once it was freed, it is that of the packet object that its channel hands out in its place. */
  actorOf(packet: VMBPACKET | null): ChartActorRef<PacketEvent, PacketTag>;
  /** That of a packet that arrived. It continues with the next packet that its record is used for. */
  actorOf(context: VMBPACKETCOMPLETION): ChartActorRef<ArrivedPacketEvent, ArrivedPacketTag>;
  /** That of a partition, until it is destroyed. */
  actorOf(partition: Partition): ChartActorRef<PartitionEvent, PartitionTag>;
  /**
   * Ends the fabric at once, whatever it is at: nothing is settled, no callback is called, no leak is an
   * error. All guest memory is given back, and views of it are detached. Who drives the loop is rejected;
   * no other caller that waits continues. From then on every use of the fabric, of its partitions and of their
   * memory throws, and so do KMCL functions; what the run has left can still be read: `traceDigest`,
   * `trace`, `violations`, `now`, and `leaks`, as they were at the end. A second call does nothing.
   *
   * `await using` settles first, and in mode `"throw"` refuses where something leaks: what was left behind
   * can then be mended, and the fabric disposed of again.
   *
   * @throws {Error} Inside a callback, or inside a guest driver's `save`.
   */
  dispose(): void;
}
