/**
 * One side of one channel of the loadable pair: it sends its numbered transactions, a few at a time, and
 * treats what it gets as the plan says. No promise is held from one callback to the next, so that all
 * that it is at is told by {@linkcode TalkerState} and the handles that it has.
 *
 * @module
 */

import * as vmbus from "../../mod.ts";
import { headerOf, NUDGE, sumOf, type Talk, type TalkHeader } from "./talk_plan.ts";
import { mustDefer } from "./treatment.ts";

/** What a talker knows beside its handles: plain data. */
export type TalkerState = {
  /** The next transaction to be sent. */
  next: number;
  /** How each ended, by its number. */
  readonly outcomes: Record<string, string>;
  /** What arrived, in order. */
  readonly received: string[];
  /** Suspend was called: nothing may be sent. */
  isQuiet: boolean;
  /** Nudges that have yet to be sent, as they came up while nothing could be. */
  nudgesDue: number;
};

/** A state to begin with. */
export function newTalkerState(): TalkerState {
  return { next: 0, outcomes: {}, received: [], isQuiet: true, nudgesDue: 0 };
}

/** More nudges than this are due to no talker, whatever its peers have done. */
const NUDGES_MAX = 1000;

/** Throws where no talker of `count` transactions has that state: a saved one may be anybody's. */
function requireState(state: TalkerState, count: number): void {
  const isCount = (value: unknown, max: number) =>
    Number.isInteger(value) && value as number >= 0 && value as number <= max;
  const areTexts = (values: readonly unknown[]) =>
    values.every((value) => typeof value === "string");
  const { next, outcomes, received, isQuiet, nudgesDue } = state;
  const isSound = isCount(next, count) && isCount(nudgesDue, NUDGES_MAX) &&
    typeof isQuiet === "boolean" && Array.isArray(received) && areTexts(received) &&
    typeof outcomes === "object" && outcomes !== null && areTexts(Object.values(outcomes));
  if (!isSound) throw new Error("the state is no talker's");
}

/** What a packet object is for; its pointer. */
export interface Errand {
  /** The transaction's number; null for a nudge. */
  readonly number: number | null;
}

/** A packet that was not completed yet. */
export interface Held {
  readonly packet: vmbus.VMBPACKETCOMPLETION;
  readonly answer: Uint8Array;
}

/** Most transactions under way, so that rings fill but memory does not. */
const WINDOW = 6;
const WAIT = vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION;

/** One side of one channel. */
export abstract class Talker {
  readonly kmcl: vmbus.KmclClientInterfaceV1;
  readonly state: TalkerState;
  readonly count: number;
  channel!: vmbus.VMBCHANNEL;
  /** Packets in flight that have a routine, oldest first. */
  readonly inFlight = new Map<vmbus.VMBPACKET, Errand>();
  /** Callbacks that returned a promise and have ended. */
  slowEnds = 0;
  /** Packets that are kept, oldest first. */
  readonly held: Held[] = [];

  constructor(kmcl: vmbus.KmclClientInterfaceV1, state: TalkerState, count: number) {
    requireState(state, count);
    this.kmcl = kmcl;
    this.state = state;
    this.count = count;
  }

  /**
   * Whether a nudge comes back. Not so where a quota keeps packets in the ring: the answer would be among
   * them, and what is kept would be kept for ever (kmcl.md R5).
   */
  protected abstract readonly nudgesAreAnswered: boolean;
  /** Transaction `number` of this side. */
  protected abstract talk(number: number): Talk;
  /** A packet object for transaction `number`. */
  protected abstract packetFor(number: number | null, talk: Talk | null): vmbus.VMBPACKET;
  /** What is lent with transaction `number`, ready to be sent; null: nothing. */
  protected abstract lend(number: number, talk: Talk): vmbus.Mdl | null;
  /** Transaction `number` has ended: gives back what was lent, and tells what is in it. */
  protected abstract unlend(number: number): Uint8Array;
  /** The packet object may be sent again. */
  protected abstract done(packet: vmbus.VMBPACKET): void;
  /** Looks at a packet that is accepted: its answer, or null where its memory has yet to come. */
  protected abstract accept(
    header: TalkHeader,
    packet: vmbus.VMBPACKETCOMPLETION,
    payload: Uint8Array,
  ): Uint8Array | null;

  /** Whether all that was to be said has been said and answered. */
  isDone(): boolean {
    const { next, outcomes, received } = this.state;
    return next === this.count && received.length === this.count && this.inFlight.size === 0 &&
      this.held.length === 0 && Object.keys(outcomes).length === this.count;
  }

  // -- Sending

  /** Sends what may be sent. */
  pump(): void {
    while (!this.state.isQuiet && this.state.nudgesDue > 0) {
      this.state.nudgesDue--;
      this.#send(null, null);
    }
    while (!this.state.isQuiet && this.inFlight.size < WINDOW && this.state.next < this.count) {
      const number = this.state.next++;
      this.#send(number, this.talk(number));
    }
  }

  #send(number: number | null, talk: Talk | null): void {
    const packet = this.packetFor(number, talk);
    const payload = talk?.payload ?? NUDGE;
    this.inFlight.set(packet, { number });
    this.kmcl.VmbPacketSetCompletionRoutine(packet, this.onEnded);
    const mdl = talk === null || number === null ? null : this.lend(number, talk);
    const flags = (talk === null ? this.nudgesAreAnswered : talk.kind !== "post") ? WAIT : 0;
    const status = mdl === null
      ? this.kmcl.VmbPacketSend(packet, payload, payload.length, null, flags)
      : this.kmcl.VmbPacketSendWithExternalMdl(packet, payload, payload.length, mdl, 0, 0, flags);
    if (status !== vmbus.STATUS_SUCCESS) {
      throw new Error(`Cannot send ${number}: ${vmbus.ntStatusName(status)}`);
    }
  }

  /** The completion routine of every packet. */
  readonly onEnded: vmbus.EvtPacketCompletionRoutine = (packet, status, buffer, byteCount) => {
    const errand = this.inFlight.get(packet);
    if (errand === undefined) throw new Error("Cannot end a transaction twice");
    const { number } = errand;
    this.inFlight.delete(packet);
    this.done(packet);
    if (number === null) this.#completeOldest();
    else {
      const sum = sumOf(buffer.subarray(0, byteCount), this.unlend(number));
      this.state.outcomes[number] = `${number} ${vmbus.ntStatusName(status)} ${sum}`;
    }
    if (status === vmbus.STATUS_SUCCESS) this.pump();
  };

  // -- Receiving

  /** EvtChannelProcessPacket. */
  onPacket(
    packet: vmbus.VMBPACKETCOMPLETION,
    payload: Uint8Array,
    delay: (() => Promise<void>) | null,
  ): void | Promise<void> {
    const header = headerOf(payload);
    if (header.kind === "nudge") return this.kmcl.VmbChannelPacketComplete(packet, null, 0);
    if (mustDefer(header.treat)) {
      return this.kmcl.VmbChannelPacketDeferToPassive(packet);
    }
    const answer = this.accept(header, packet, payload);
    if (answer === null) return;
    // The handle that is shared is another in another schedule.
    const sum = header.kind === "share" ? "shared" : sumOf(payload);
    this.state.received.push(`${header.number} ${sum}`);
    if (header.treat === "hold") return this.#hold({ packet, answer });
    const complete = () => this.kmcl.VmbChannelPacketComplete(packet, answer, answer.length);
    if (header.isSlow && delay !== null && vmbus.KeGetCurrentIrql() === 0) {
      return delay().then(() => {
        this.slowEnds++;
        complete();
      });
    }
    complete();
  }

  #hold(held: Held): void {
    this.held.push(held);
    this.state.nudgesDue++;
    this.pump();
  }

  #completeOldest(): void {
    const held = this.held.shift();
    if (held === undefined) return;
    this.kmcl.VmbChannelPacketComplete(held.packet, held.answer, held.answer.length);
  }

  // -- State changes

  /** EvtChannelPostStarted, or whatever lets packets flow. */
  started(): void {
    this.state.isQuiet = false;
    this.pump();
  }

  /** EvtChannelSuspend: nothing may be kept. */
  suspended(): void {
    this.state.isQuiet = true;
    while (this.held.length > 0) this.#completeOldest();
  }
}
