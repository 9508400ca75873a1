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
import type { Direction, GuestLink, HostLink, Link } from "./link.ts";
import {
  type GuestSignal,
  guestSignalKey,
  type HostSignal,
  hostSignalKey,
  type SynicPlace,
} from "./synic.ts";

/** How one end has its signals, and the other end's, told apart. */
interface SignalKeys<Signal, OwnSignal> {
  readonly theirs: (signal: Signal) => number;
  readonly own: (signal: OwnSignal) => number;
}

/** A link as one end has it. */
class Side<Target, Signal, Source, OwnSignal> implements Link<Target, Signal, Source, OwnSignal> {
  readonly memory: GuestRam;
  protected readonly incoming: Lane<Source>;
  protected readonly outgoing: Lane<Target>;
  readonly #keys: SignalKeys<Signal, OwnSignal>;

  constructor(
    memory: GuestRam,
    incoming: Lane<Source>,
    outgoing: Lane<Target>,
    keys: SignalKeys<Signal, OwnSignal>,
  ) {
    this.memory = memory;
    this.incoming = incoming;
    this.outgoing = outgoing;
    this.#keys = keys;
  }

  /** See {@linkcode Link.isBusy}. */
  get isBusy(): boolean {
    return this.incoming.isBusy;
  }

  /** See {@linkcode Link.connect}. */
  connect(hear: (message: Uint8Array, source: Source) => void): void {
    this.incoming.connect(hear);
  }

  /** See {@linkcode Link.putsOff}. */
  putsOff(item: WorkItem): boolean {
    return this.incoming.putsOff(item);
  }

  /** See {@linkcode Link.post}. */
  post(message: Uint8Array, target: Target): void {
    this.outgoing.post(message, target);
  }

  /** See {@linkcode Link.doorbell}. */
  doorbell(signal: Signal, channelId: number): Doorbell {
    return this.outgoing.doorbell(this.#keys.theirs(signal), channelId);
  }

  /** See {@linkcode Link.listen}. */
  listen(signal: OwnSignal, channelId: number, interrupt: WorkItem): void {
    this.incoming.doorbell(this.#keys.own(signal), channelId).lead(interrupt);
  }

  /** See {@linkcode Link.stopListening}. */
  stopListening(signal: OwnSignal): void {
    this.incoming.silence(this.#keys.own(signal));
  }
}

/** The same as the guest's end has it. */
class GuestSide extends Side<number, HostSignal, SynicPlace, GuestSignal> implements GuestLink {
  /** See {@linkcode GuestLink.roundTrip}: the host takes each message at once, inside this call. */
  roundTrip(
    messages: readonly Uint8Array[],
    connectionId: number,
    isAnswer: (message: Uint8Array) => boolean,
  ): Uint8Array | null {
    const talk = () => messages.forEach((message) => this.outgoing.carry(message, connectionId));
    return this.incoming.answerTo(talk, isAnswer);
  }
}

/** The link of one bus; each end is given its own side of it alone. */
export class InProcessLink {
  /** The host's side. */
  readonly host: HostLink;
  /** The guest's side. */
  readonly guest: GuestLink;
  /** What is said to the host, by connection id. */
  readonly toHost: Lane<number>;
  /** What is said to the guest, by place. */
  readonly toGuest: Lane<SynicPlace>;

  /** Between the host, which runs in `root`, and `guest`. */
  constructor(runtime: RuntimePort, guest: PartitionPort, root: PartitionPort) {
    const { memory } = guest;
    const toHost = this.toHost = new Lane<number>(runtime, guest, root, "toHost");
    const toGuest = this.toGuest = new Lane<SynicPlace>(runtime, guest, guest, "toGuest");
    const [own, theirs] = [hostSignalKey, guestSignalKey];
    this.host = new Side(memory, toHost, toGuest, { own, theirs });
    this.guest = new GuestSide(memory, toGuest, toHost, { own: theirs, theirs: own });
  }

  /** What goes in `direction`. */
  lane(direction: Direction): Lane<number> | Lane<SynicPlace> {
    return direction === "toHost" ? this.toHost : this.toGuest;
  }

  /** The guest is gone: nothing crosses any more. */
  cut(): void {
    this.toHost.cut();
    this.toGuest.cut();
  }
}
