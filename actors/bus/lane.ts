/**
 * One direction of a link both ends of which run in one thread: messages go one by one, as the scheduler
 * gives them their turns.
 *
 * @module
 */

import { assert } from "../../core/assert.ts";
import { NO_BYTES } from "../../core/bytes.ts";
import { decodeControlMessage, isControlFault } from "../../core/control/codec.ts";
import { messageDetails } from "../../core/control/message_details.ts";
import { Fifo } from "../../core/fifo.ts";
import { WHOLE_BUS } from "../channel/touches.ts";
import type { PartitionPort } from "../channel/partition_port.ts";
import type { Touch } from "../runtime/chooser.ts";
import type { Arrival, FaultPlace, FaultPort } from "../runtime/fault_port.ts";
import { DISPATCH_LEVEL } from "../runtime/irql.ts";
import { type Worker, WorkItem } from "../runtime/processor.ts";
import type { RuntimePort } from "../runtime/runtime_port.ts";
import type { Direction } from "./link.ts";
import { SchedulingDoorbell } from "./scheduling_doorbell.ts";

/** How messages read on the trace. */
const MESSAGE_EVENTS = { toHost: "messageToHost", toGuest: "messageToGuest" } as const;

/** A message on its way. */
interface Posted<Target> {
  readonly message: Uint8Array;
  /** Where it was posted to. */
  readonly target: Target;
}

/** A caller of one end who waits inside a call for what the other end says. */
interface AwaitedAnswer {
  readonly isAnswer: (message: Uint8Array) => boolean;
  answer: Uint8Array | null;
  /** Who waited already when this caller began; null for nobody. */
  readonly outer: AwaitedAnswer | null;
}

/** One direction of a link: the messages on their way, each with where it goes, and the doorbells. */
export class Lane<Target> implements Worker, Arrival {
  readonly traceId: number;
  readonly point = "message";
  readonly #runtime: RuntimePort;
  readonly #guest: PartitionPort;
  readonly #direction: Direction;
  readonly #queue = new Fifo<Posted<Target>>();
  readonly #item: WorkItem;
  /** By the key of their signals: made when either end asks first, and kept for the other. */
  readonly #doorbells = new Map<number, SchedulingDoorbell>();
  /** The same by channel, for whoever signals in the place of an end. */
  readonly #byChannel = new Map<number, SchedulingDoorbell>();
  #hear: ((message: Uint8Array, source: Target) => void) | null = null;
  #isCut = false;
  /** Whether the next message comes later than its turn would be. */
  #isHeldBack = false;
  /** Whether its taker hears nothing for now. */
  #isHeld = false;
  /** What is due once the next message is on its way again. */
  #afterwards: WorkItem | null = null;
  /** The latest who waits inside a call; null while nobody does. */
  #awaited: AwaitedAnswer | null = null;

  /** The lane of the bus of `guest` whose messages are taken on the first processor of `taker`. */
  constructor(
    runtime: RuntimePort,
    guest: PartitionPort,
    taker: PartitionPort,
    direction: Direction,
  ) {
    this.traceId = guest.traceId;
    this.#runtime = runtime;
    this.#guest = guest;
    this.#direction = direction;
    this.#item = new WorkItem(this, "message", DISPATCH_LEVEL, taker.processor(0));
  }

  /** Messages on their way, in order. */
  get pending(): readonly Uint8Array[] {
    return this.#queue.list().map(({ message }) => message);
  }

  /** How many they are. */
  get length(): number {
    return this.#queue.length;
  }

  /** Whether nothing crosses any more. */
  get isCut(): boolean {
    return this.#isCut;
  }

  /** Whether messages are on their way. */
  get isBusy(): boolean {
    return this.#queue.length > 0;
  }

  /** Has the end that this lane leads to hear what is said, a message at a time. */
  connect(hear: (message: Uint8Array, source: Target) => void): void {
    this.#hear = hear;
  }

  /** Puts a message on its way, or gives it to the caller who waits for it. */
  post(message: Uint8Array, target: Target): void {
    if (this.#isCut) return;
    this.#trace(message);
    for (let awaited = this.#awaited; awaited !== null; awaited = awaited.outer) {
      if (awaited.answer !== null || !awaited.isAnswer(message)) continue;
      awaited.answer = message;
      return;
    }
    this.#queue.push({ message, target });
    this.schedule();
  }

  /** Carries a message through at once, ahead of those that wait for their turn. */
  carry(message: Uint8Array, target: Target): void {
    if (this.#isCut) return;
    this.#trace(message);
    this.#deliver({ message, target });
  }

  /** Carries all through at once that waits for its turn, in order. */
  carryPending(): void {
    for (let posted = this.#queue.shift(); posted !== null; posted = this.#queue.shift()) {
      this.#deliver(posted);
    }
  }

  /**
   * What is posted during `talk` that is an answer; null where nothing is. Whoever plays the other end may
   * make another exchange of it.
   */
  answerTo(talk: () => void, isAnswer: (message: Uint8Array) => boolean): Uint8Array | null {
    const outer = this.#awaited;
    const awaited: AwaitedAnswer = { isAnswer, answer: null, outer };
    this.#awaited = awaited;
    try {
      talk();
      return awaited.answer;
    } finally {
      this.#awaited = outer;
    }
  }

  /** Puts messages on their way that were saved; {@linkcode Lane.schedule} has the first delivered. */
  restore(messages: readonly Uint8Array[], target: Target): void {
    for (const message of messages) this.#queue.push({ message, target });
  }

  /** Whether its taker hears nothing for now. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    if (!isHeld && this.isBusy) this.schedule();
  }

  /** The next message is due. */
  schedule(): void {
    if (this.#isHeld) return;
    const { faults, scheduler } = this.#runtime;
    if (faults === null) scheduler.schedule(this.#item);
    else this.#scheduleUnlessHeld(faults);
  }

  #scheduleUnlessHeld(faults: FaultPort): void {
    if (this.#isHeldBack || this.#item.isScheduled) return;
    this.#isHeldBack = faults.holds(this);
    if (!this.#isHeldBack) this.#runtime.scheduler.schedule(this.#item);
  }

  /** See {@linkcode Arrival.arrive}. */
  arrive(): void {
    const { scheduler } = this.#runtime;
    this.#isHeldBack = false;
    if (this.isBusy) scheduler.schedule(this.#item);
    if (this.#afterwards !== null) scheduler.schedule(this.#afterwards);
    this.#afterwards = null;
  }

  /** See {@linkcode Arrival.place}. */
  get place(): FaultPlace {
    const message = decodeControlMessage(this.#queue.peek()?.message ?? NO_BYTES);
    const what = isControlFault(message) ? null : message.message;
    const channelId = isControlFault(message) || !("channelId" in message)
      ? null
      : message.channelId;
    return { guest: this.#guest, channelId, direction: this.#direction, what };
  }

  /** See {@linkcode Link.putsOff}. */
  putsOff(item: WorkItem): boolean {
    if (this.#isHeldBack) this.#afterwards = item;
    return this.#isHeldBack;
  }

  /** See {@linkcode Worker.touches}: what a message changes, it says when it is read. */
  touches(): readonly Touch[] {
    return [{ of: this.#guest.memory, part: WHOLE_BUS, writes: true }];
  }

  /** See {@linkcode Worker.itemsAhead}. */
  itemsAhead(): number {
    return this.#queue.length;
  }

  /** See {@linkcode Worker.work}. */
  work(): void {
    if (this.#isHeld) return;
    const posted = this.#queue.shift();
    if (this.#queue.length > 0) this.schedule();
    if (posted !== null) this.#deliver(posted);
  }

  /** The doorbell of a channel that one of the ends knows, by the key of its signal. */
  doorbell(key: number, channelId: number): SchedulingDoorbell {
    let doorbell = this.#doorbells.get(key);
    if (doorbell === undefined) {
      const place = { guest: this.#guest, channelId, direction: this.#direction, what: null };
      doorbell = new SchedulingDoorbell(this.#runtime, place);
      this.#doorbells.set(key, doorbell);
    }
    this.#byChannel.set(channelId, doorbell);
    return doorbell;
  }

  /** Nobody listens to the signal of that key any more. */
  silence(key: number): void {
    this.#doorbells.get(key)?.lead(null);
  }

  /** The same where nobody has kept the doorbell: the next who asks for that key has another one. */
  forget(key: number): void {
    this.silence(key);
    this.#doorbells.delete(key);
  }

  /** Rings by the key of a signal; false where nobody has ever listened to it. */
  signal(key: number): boolean {
    const doorbell = this.#doorbells.get(key);
    doorbell?.ring();
    return doorbell !== undefined;
  }

  /** Rings for a channel of any number: one that nobody listens to does nothing. */
  ring(channelId: number): void {
    this.#byChannel.get(channelId)?.ring();
  }

  /** Nothing crosses any more. */
  cut(): void {
    this.#isCut = true;
    this.#afterwards = null;
    this.#queue.clear();
    for (const doorbell of this.#doorbells.values()) doorbell.lead(null);
    this.#doorbells.clear();
    this.#byChannel.clear();
  }

  #deliver({ message, target }: Posted<Target>): void {
    assert(this.#hear !== null, "both ends of a link are connected");
    if (this.#runtime.recorder.keepsEntries) this.#tellTaken(message);
    this.#hear(message, target);
  }

  #trace(message: Uint8Array): void {
    const { recorder, clock, observer } = this.#runtime;
    const direction = this.#direction;
    observer?.see({ kind: "messageSaid", partition: this.#guest.name, direction, message });
    const event = MESSAGE_EVENTS[direction];
    recorder.recordBytes(clock.now100ns, event, this.traceId, message);
    if (recorder.keepsEntries) recorder.tell(messageDetails(message));
  }

  #tellTaken(message: Uint8Array): void {
    const { recorder, clock } = this.#runtime;
    const details = { direction: this.#direction, ...messageDetails(message) };
    recorder.imply(clock.now100ns, "messageTaken", this.traceId, { details });
  }
}
