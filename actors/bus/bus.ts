/**
 * The bus of one partition: control messages between the host's end and the guest's, as encoded bytes,
 * each direction in order (wire.md section 4).
 *
 * @module
 */

import type { ControlMessage } from "../../core/control/messages.ts";
import {
  type ControlFault,
  decodeControlMessage,
  encodeControlMessage,
  isControlFault,
} from "../../core/control/codec.ts";
import type { ChartActor } from "../chart/chart_actor.ts";
import type { ChannelFault } from "../channel/types.ts";
import { DISPATCH_LEVEL } from "../runtime/irql.ts";
import { type Worker, WorkItem } from "../runtime/scheduler.ts";
import type { RuntimePort } from "../runtime/runtime_port.ts";
import { Fifo } from "../../core/fifo.ts";
import type { PartitionPort } from "../channel/partition_port.ts";
import { GuestEnd } from "./guest/guest_end.ts";
import { HostEnd } from "./host/host_end.ts";
import { BUS_ACTOR } from "./machine.ts";
import type { BusEvent, BusTag } from "./types.ts";

/** Who a control message is for. */
export type Direction = "toHost" | "toGuest";

/** A control message that its receiver refused. */
export interface BusFault {
  /** Who it was for. */
  readonly direction: Direction;
  /** The message's name, or null where it could not be decoded. */
  readonly message: string | null;
  /** Why it was refused. */
  readonly fault: ControlFault | ChannelFault;
}

/** Refused messages that are remembered; older ones are only counted. */
const FAULTS_KEPT = 16;

/** Who takes the messages of one direction. */
interface Receiver {
  receive(message: ControlMessage): ChannelFault | null;
}

/** One direction of a bus. */
class Lane implements Worker {
  readonly traceId: number;
  readonly #queue = new Fifo<Uint8Array>();
  readonly #item: WorkItem;
  readonly #runtime: RuntimePort;
  readonly #deliver: (bytes: Uint8Array) => void;

  constructor(
    runtime: RuntimePort,
    partition: PartitionPort,
    on: PartitionPort,
    deliver: (bytes: Uint8Array) => void,
  ) {
    this.traceId = partition.traceId;
    this.#runtime = runtime;
    this.#deliver = deliver;
    this.#item = new WorkItem(this, "message", DISPATCH_LEVEL, on.processor(0));
  }

  /** Messages on their way, in order. */
  get pending(): readonly Uint8Array[] {
    return this.#queue.list();
  }

  /** Whether messages are on their way. */
  get isBusy(): boolean {
    return this.#queue.length > 0;
  }

  post(bytes: Uint8Array): void {
    this.#queue.push(bytes);
    this.schedule();
  }

  work(): void {
    const bytes = this.#queue.shift();
    if (this.#queue.length > 0) this.schedule();
    if (bytes !== null) this.#deliver(bytes);
  }

  clear(): void {
    this.#queue.clear();
  }

  /** Puts messages that were saved on their way; {@linkcode Lane.schedule} has the first delivered. */
  restore(messages: readonly Uint8Array[]): void {
    for (const bytes of messages) this.#queue.push(bytes);
  }

  /** The next message is due. */
  schedule(): void {
    this.#runtime.scheduler.schedule(this.#item);
  }
}

/** The bus between the host and one partition. */
export class Bus {
  /** The fabric. */
  readonly runtime: RuntimePort;
  /** The guest whose bus it is. */
  readonly partition: PartitionPort;
  /** The partition in which its servers run. */
  readonly root: PartitionPort;
  /** Its chart. */
  readonly actor: ChartActor<BusEvent, BusTag>;
  /** The host's end. */
  readonly host: HostEnd;
  /** The guest's end. */
  readonly guest: GuestEnd;
  readonly #lanes: Readonly<Record<Direction, Lane>>;
  readonly #faults: BusFault[] = [];
  #faultCount = 0;
  /** A GPADL exchange is under way inside a call: the host's answers are delivered at once. */
  #isExchanging = false;

  /** The bus of `partition`; its servers run in `root`. */
  constructor(runtime: RuntimePort, partition: PartitionPort, root: PartitionPort) {
    this.runtime = runtime;
    this.partition = partition;
    this.root = root;
    this.actor = runtime.actors.create(BUS_ACTOR);
    this.host = new HostEnd(this);
    this.guest = new GuestEnd(this);
    this.#lanes = {
      toHost: new Lane(runtime, partition, root, (bytes) => this.#receive("toHost", bytes)),
      toGuest: new Lane(runtime, partition, partition, (bytes) => this.#receive("toGuest", bytes)),
    };
  }

  /** Whether the guest is there to be talked to. */
  get isGone(): boolean {
    return this.actor.tags.gone;
  }

  /** Refused messages, the latest last. */
  get faults(): readonly BusFault[] {
    return this.#faults;
  }

  /** How many messages were refused in all. */
  get faultCount(): number {
    return this.#faultCount;
  }

  /** Messages on their way in `direction`, in order. */
  pending(direction: Direction): readonly Uint8Array[] {
    return this.#lanes[direction].pending;
  }

  /** Whether messages are on their way in `direction`. */
  isBusy(direction: Direction): boolean {
    return this.#lanes[direction].isBusy;
  }

  /** Puts messages to the guest on their way that were saved, in order; none is due yet. */
  restore(messages: readonly Uint8Array[]): void {
    this.#lanes.toGuest.restore(messages);
  }

  /** The next message to the guest is due. */
  scheduleMessage(): void {
    this.#lanes.toGuest.schedule();
  }

  /** Sends `message` to the other end. */
  post(direction: Direction, message: ControlMessage): void {
    if (this.isGone) return;
    const bytes = encodeControlMessage(message);
    if (!this.#isExchanging || direction === "toHost") return this.postBytes(direction, bytes);
    this.#trace(direction, bytes);
    this.#receive(direction, bytes);
  }

  /** Puts bytes on the bus as they are, whatever they say. */
  postBytes(direction: Direction, bytes: Uint8Array): void {
    if (this.isGone) return;
    this.#trace(direction, bytes);
    this.#lanes[direction].post(bytes);
  }

  /** Carries messages of the guest through to the host, and its answers back, inside this call (kmcl.md G5). */
  exchange(messages: readonly ControlMessage[]): void {
    this.#isExchanging = true;
    try {
      for (const message of messages) {
        const bytes = encodeControlMessage(message);
        this.#trace("toHost", bytes);
        this.#receive("toHost", bytes);
      }
    } finally {
      this.#isExchanging = false;
    }
  }

  /** The guest crashed or was destroyed. */
  guestGone(): void {
    this.#lanes.toHost.clear();
    this.#lanes.toGuest.clear();
    this.runtime.scheduler.drop(this.partition.traceId, this.root.processors);
    this.actor.send({ type: "guestGone" });
    this.guest.gone();
    this.host.guestGone();
  }

  #receive(direction: Direction, bytes: Uint8Array): void {
    const message = decodeControlMessage(bytes);
    if (isControlFault(message)) return this.refuse(direction, null, message);
    const receiver: Receiver = direction === "toHost" ? this.host : this.guest;
    const fault = receiver.receive(message);
    if (fault !== null) this.refuse(direction, message.message, fault);
  }

  /** Notes a message that its receiver refused. */
  refuse(direction: Direction, message: string | null, fault: BusFault["fault"]): void {
    this.#faultCount++;
    if (this.#faults.length === FAULTS_KEPT) this.#faults.shift();
    this.#faults.push({ direction, message, fault });
    const { recorder, clock } = this.runtime;
    const { traceId } = this.partition;
    recorder.recordTexts(clock.now100ns, "fault", traceId, fault, message ?? "", direction);
  }

  #trace(direction: Direction, bytes: Uint8Array): void {
    const event = direction === "toHost" ? "messageToHost" : "messageToGuest";
    this.runtime.recorder.recordBytes(
      this.runtime.clock.now100ns,
      event,
      this.partition.traceId,
      bytes,
    );
  }
}
