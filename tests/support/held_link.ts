/**
 * A link of a bus whose other side is the test: one end, and nothing behind it (wire.md section 4).
 *
 * @module
 */

import type { GuestLink, HostLink } from "../../actors/bus/link.ts";
import type { GuestSignal, HostSignal, SynicPlace } from "../../actors/bus/synic.ts";
import type { Doorbell } from "../../actors/channel/bus_port.ts";
import type { WorkItem } from "../../actors/runtime/processor.ts";
import type { GuestRam } from "../../core/memory/guest_memory.ts";

/** Bytes of `text`, which shows each as two hexadecimal digits, with blanks wherever they help. */
export function hexBytes(text: string): Uint8Array {
  const digits = text.replaceAll(/\s/g, "");
  return Uint8Array.from(
    { length: digits.length / 2 },
    (_, at) => Number.parseInt(digits.slice(2 * at, 2 * at + 2), 16),
  );
}

/** Numbers as u32, little-endian. */
export function words(...values: readonly number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(values).buffer);
}

/** One side of a link. What its end says is kept; what it hears, the test says. */
class HeldSide<Target, Signal, Source, OwnSignal> {
  readonly memory: GuestRam;
  /** Whether the end is to believe that more is on its way to it. */
  isBusy = false;
  /** What the end said, in order. */
  readonly said: Uint8Array[] = [];
  /** Where it said that, message by message. */
  readonly targets: Target[] = [];
  /** The channels whose opposite side the end has interrupted, in order. */
  readonly rung: number[] = [];
  /** The signals that it resolved, in order. */
  readonly resolved: Signal[] = [];
  /** Whether the end wants to hear nothing for now. */
  isHeld = false;
  /** The signals that it made in the other side's place, in order. */
  readonly raised: OwnSignal[] = [];
  readonly #listening = new Map<number, { signal: OwnSignal; interrupt: WorkItem }>();
  /** Where the other side says what it says from now on. */
  source: Source;
  #hear: ((message: Uint8Array, source: Source) => void) | null = null;

  constructor(memory: GuestRam, source: Source) {
    this.memory = memory;
    this.source = source;
  }

  /** The numbers of the channels whose interrupts the end hears. */
  get heardChannels(): readonly number[] {
    return [...this.#listening.keys()];
  }

  /** The other side says something; what the end has said by then, its answers among it. */
  say(...messages: readonly Uint8Array[]): Uint8Array[] {
    for (const message of messages) this.hears(message);
    return this.said.splice(0);
  }

  /** The other side says something. */
  hears(message: Uint8Array): void {
    this.#hear?.(message, this.source);
  }

  /** The work item that an interrupt of a channel schedules; null where nobody listens. */
  interruptOf(channelId: number): WorkItem | null {
    return this.#listening.get(channelId)?.interrupt ?? null;
  }

  /** What the end has a channel interrupted by; null where nobody listens. */
  signalOf(channelId: number): OwnSignal | null {
    return this.#listening.get(channelId)?.signal ?? null;
  }

  connect(hear: (message: Uint8Array, source: Source) => void): void {
    this.#hear = hear;
  }

  putsOff(): boolean {
    return false;
  }

  post(message: Uint8Array, target: Target): void {
    this.said.push(message);
    this.targets.push(target);
  }

  doorbell(signal: Signal, channelId: number): Doorbell {
    this.resolved.push(signal);
    return { ring: () => void this.rung.push(channelId) };
  }

  hold(isHeld: boolean): void {
    this.isHeld = isHeld;
  }

  listen(signal: OwnSignal, channelId: number, interrupt: WorkItem): void {
    this.#listening.set(channelId, { signal, interrupt });
  }

  raise(signal: OwnSignal): void {
    this.raised.push(signal);
  }

  stopListening(signal: OwnSignal): void {
    const same = JSON.stringify(signal);
    for (const [channelId, { signal }] of this.#listening) {
      if (JSON.stringify(signal) === same) this.#listening.delete(channelId);
    }
  }
}

/** The host's side: its end is spoken to by the connection of the first versions. */
export class HeldHostLink extends HeldSide<SynicPlace, GuestSignal, number, HostSignal>
  implements HostLink {
  constructor(memory: GuestRam) {
    super(memory, 1);
  }
}

/** The guest's side. */
export class HeldGuestLink extends HeldSide<number, HostSignal, SynicPlace, GuestSignal>
  implements GuestLink {
  /** Gives the other side's answer to a round trip; null: there is none. */
  answer: (said: readonly Uint8Array[]) => Uint8Array | null = () => null;

  constructor(memory: GuestRam) {
    super(memory, { vp: 0, sint: 2, vtl: 0 });
  }

  roundTrip(
    messages: readonly Uint8Array[],
    connectionId: number,
    isAnswer: (message: Uint8Array) => boolean,
  ): Uint8Array | null {
    for (const message of messages) this.post(message, connectionId);
    const answer = this.answer(messages);
    return answer !== null && isAnswer(answer) ? answer : null;
  }
}
