/**
 * A link of a bus whose other side is the test: one end, and nothing behind it (wire.md section 4).
 *
 * @module
 */

import type { GuestLink } from "../../actors/bus/link.ts";
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
export class HeldLink implements GuestLink {
  readonly memory: GuestRam;
  /** Whether the end is to believe that more is on its way to it. */
  isBusy = false;
  /** What the end said, in order. */
  readonly said: Uint8Array[] = [];
  /** The channels whose opposite side the end has interrupted, in order. */
  readonly rung: number[] = [];
  /** Gives the other side's answer to a round trip; null: there is none. */
  answer: (said: readonly Uint8Array[]) => Uint8Array | null = () => null;
  readonly #listening = new Map<number, WorkItem>();
  #hear: ((message: Uint8Array) => void) | null = null;

  constructor(memory: GuestRam) {
    this.memory = memory;
  }

  /** The numbers of the channels whose interrupts the end hears. */
  get heardChannels(): readonly number[] {
    return [...this.#listening.keys()];
  }

  /** The other side says something; what the end has said by then, its answers among it. */
  say(...messages: readonly Uint8Array[]): Uint8Array[] {
    for (const message of messages) this.#hear?.(message);
    return this.said.splice(0);
  }

  /** The work item that an interrupt of a channel schedules; null where nobody listens. */
  interruptOf(channelId: number): WorkItem | null {
    return this.#listening.get(channelId) ?? null;
  }

  connect(hear: (message: Uint8Array) => void): void {
    this.#hear = hear;
  }

  putsOff(): boolean {
    return false;
  }

  post(message: Uint8Array): void {
    this.said.push(message);
  }

  doorbell(channelId: number): Doorbell {
    return { ring: () => void this.rung.push(channelId) };
  }

  listen(channelId: number, interrupt: WorkItem): void {
    this.#listening.set(channelId, interrupt);
  }

  stopListening(channelId: number): void {
    this.#listening.delete(channelId);
  }

  roundTrip(
    messages: readonly Uint8Array[],
    isAnswer: (message: Uint8Array) => boolean,
  ): Uint8Array | null {
    this.said.push(...messages);
    const answer = this.answer(messages);
    return answer !== null && isAnswer(answer) ? answer : null;
  }
}
