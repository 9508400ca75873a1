/**
 * The two sides of a link over the lanes of one thread, each as its end has it.
 *
 * @module
 */

import type { GuestRam } from "../../core/memory/guest_memory.ts";
import type { Doorbell } from "../channel/bus_port.ts";
import type { WorkItem } from "../runtime/processor.ts";
import type { Lane } from "./lane.ts";
import type { Lanes } from "./lanes.ts";
import type { GuestLink, HostLink, Link } from "./link.ts";
import {
  type GuestSignal,
  guestSignalKey,
  type HostSignal,
  hostSignalKey,
  placedSignalKey,
  type SynicPlace,
} from "./synic.ts";

/** How one end has its signals, and the other end's, told apart. */
interface SignalKeys<Signal, OwnSignal> {
  readonly theirs: (signal: Signal) => number;
  readonly own: (signal: OwnSignal) => number;
}

/** The item that has somebody outside hear a signal, who cannot listen by itself; null: the other end is ours. */
type InterruptOf<Signal> = ((signal: Signal) => WorkItem) | null;

/** A link as one end has it. */
class Side<Target, Signal, Source, OwnSignal> implements Link<Target, Signal, Source, OwnSignal> {
  readonly memory: GuestRam;
  protected readonly incoming: Lane<Source>;
  protected readonly outgoing: Lane<Target>;
  readonly #keys: SignalKeys<Signal, OwnSignal>;
  readonly #interruptOf: InterruptOf<Signal>;

  constructor(
    memory: GuestRam,
    [incoming, outgoing]: readonly [Lane<Source>, Lane<Target>],
    keys: SignalKeys<Signal, OwnSignal>,
    interruptOf: InterruptOf<Signal>,
  ) {
    this.memory = memory;
    this.incoming = incoming;
    this.outgoing = outgoing;
    this.#keys = keys;
    this.#interruptOf = interruptOf;
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

  /** See {@linkcode Link.hold}. */
  hold(isHeld: boolean): void {
    this.incoming.hold(isHeld);
  }

  /** See {@linkcode Link.post}. */
  post(message: Uint8Array, target: Target): void {
    this.outgoing.post(message, target);
  }

  /** See {@linkcode Link.doorbell}. */
  doorbell(signal: Signal, channelId: number): Doorbell {
    const doorbell = this.outgoing.doorbell(this.#keys.theirs(signal), channelId);
    if (this.#interruptOf !== null) doorbell.lead(this.#interruptOf(signal));
    return doorbell;
  }

  /** See {@linkcode Link.listen}. */
  listen(signal: OwnSignal, channelId: number, interrupt: WorkItem): void {
    this.incoming.doorbell(this.#keys.own(signal), channelId).lead(interrupt);
  }

  /** See {@linkcode Link.raise}. */
  raise(signal: OwnSignal): void {
    this.incoming.signal(this.#keys.own(signal));
  }

  /** See {@linkcode Link.stopListening}. */
  stopListening(signal: OwnSignal): void {
    const key = this.#keys.own(signal);
    // Somebody outside keeps no doorbell, and may name other signals at each open, without end.
    if (this.#interruptOf === null) this.incoming.silence(key);
    else this.incoming.forget(key);
  }
}

/** The same as the host's end has it. */
export class HostSide extends Side<SynicPlace, GuestSignal, number, HostSignal>
  implements HostLink {
  /** Over `lanes`; the guest's memory is `memory`, and a guest outside hears signals by what `interruptOf` makes. */
  constructor(
    memory: GuestRam,
    { toHost, toGuest }: Lanes,
    interruptOf: InterruptOf<GuestSignal> = null,
  ) {
    const theirs = interruptOf === null ? guestSignalKey : placedSignalKey;
    const keys = { own: hostSignalKey, theirs };
    super(memory, [toHost, toGuest], keys, interruptOf);
  }
}

/** The same as the guest's end has it. */
export class GuestSide extends Side<number, HostSignal, SynicPlace, GuestSignal>
  implements GuestLink {
  /** Over `lanes`; the guest's memory is `memory`, and a host outside hears signals by what `interruptOf` makes. */
  constructor(
    memory: GuestRam,
    { toHost, toGuest }: Lanes,
    interruptOf: InterruptOf<HostSignal> = null,
  ) {
    const keys = { own: guestSignalKey, theirs: hostSignalKey };
    super(memory, [toGuest, toHost], keys, interruptOf);
  }

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
