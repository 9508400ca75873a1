/**
 * The link of a bus both ends of which run in one thread: messages go one by one, as the scheduler gives
 * them their turns, and a doorbell schedules the other side's work item.
 *
 * @module
 */

import type { GuestRam } from "../../core/memory/guest_memory.ts";
import type { Doorbell } from "../channel/bus_port.ts";
import type { PartitionPort } from "../channel/partition_port.ts";
import type { WorkItem } from "../runtime/processor.ts";
import type { RuntimePort } from "../runtime/runtime_port.ts";
import { Lane } from "./lane.ts";
import type { Direction, GuestLink, Link } from "./link.ts";

/** A link as one end has it. */
class Side implements Link {
  readonly memory: GuestRam;
  protected readonly incoming: Lane;
  protected readonly outgoing: Lane;

  constructor(memory: GuestRam, incoming: Lane, outgoing: Lane) {
    this.memory = memory;
    this.incoming = incoming;
    this.outgoing = outgoing;
  }

  /** See {@linkcode Link.isBusy}. */
  get isBusy(): boolean {
    return this.incoming.isBusy;
  }

  /** See {@linkcode Link.connect}. */
  connect(hear: (message: Uint8Array) => void): void {
    this.incoming.connect(hear);
  }

  /** See {@linkcode Link.putsOff}. */
  putsOff(item: WorkItem): boolean {
    return this.incoming.putsOff(item);
  }

  /** See {@linkcode Link.post}. */
  post(message: Uint8Array): void {
    this.outgoing.post(message);
  }

  /** See {@linkcode Link.doorbell}. */
  doorbell(channelId: number): Doorbell {
    return this.outgoing.doorbell(channelId);
  }

  /** See {@linkcode Link.listen}. */
  listen(channelId: number, interrupt: WorkItem): void {
    this.incoming.doorbell(channelId).lead(interrupt);
  }

  /** See {@linkcode Link.stopListening}. */
  stopListening(channelId: number): void {
    this.incoming.doorbell(channelId).lead(null);
  }
}

/** The same as the guest's end has it. */
class GuestSide extends Side implements GuestLink {
  /** See {@linkcode GuestLink.roundTrip}: the host takes each message at once, inside this call. */
  roundTrip(
    messages: readonly Uint8Array[],
    isAnswer: (message: Uint8Array) => boolean,
  ): Uint8Array | null {
    const talk = () => messages.forEach((message) => this.outgoing.carry(message));
    return this.incoming.answerTo(talk, isAnswer);
  }
}

/** The link of one bus; each end is given its own side of it alone. */
export class InProcessLink {
  /** The host's side. */
  readonly host: Link;
  /** The guest's side. */
  readonly guest: GuestLink;
  readonly #lanes: Readonly<Record<Direction, Lane>>;

  /** Between the host, which runs in `root`, and `guest`. */
  constructor(runtime: RuntimePort, guest: PartitionPort, root: PartitionPort) {
    const toHost = new Lane(runtime, guest, root, "toHost");
    const toGuest = new Lane(runtime, guest, guest, "toGuest");
    this.#lanes = { toHost, toGuest };
    this.host = new Side(guest.memory, toHost, toGuest);
    this.guest = new GuestSide(guest.memory, toGuest, toHost);
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

  /** Puts bytes on their way as they are, whatever they say and whoever says them. */
  post(direction: Direction, message: Uint8Array): void {
    this.#lanes[direction].post(message);
  }

  /** Interrupts one end of a channel, whoever does it. */
  ring(direction: Direction, channelId: number): void {
    this.#lanes[direction].ring(channelId);
  }

  /** The guest is gone: nothing crosses any more. */
  cut(): void {
    this.#lanes.toHost.cut();
    this.#lanes.toGuest.cut();
  }
}
