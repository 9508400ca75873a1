/**
 * One side of one channel. It sends what its plan says, a few packets at a time, and treats what it gets
 * as that asks for. No promise is held from one callback to the next but where a callback takes a while, so
 * that all it is at is told by its state and the handles that it has.
 *
 * @module
 */

import * as vmbus from "../../../mod.ts";
import { encodeMessage, type Message, readMessage } from "./message.ts";
import {
  answerBytesOf,
  type ChannelPlan,
  type Errand,
  errandOf,
  PACKETS_MAX,
  type Sender,
} from "./plan.ts";
import { type TalkerState, wrong } from "./state.ts";

const WAIT = vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION;
/** What a packet that takes a while takes: 0.02 ms. */
const SLOW_MS = 0.02;
/** How long the caller of a synchronous request waits: 1 ms. Negative is relative, in 100 ns. */
const TIMEOUT_100NS = -10_000;
/** A packet's transaction ends in one of these ways: kmcl.md P1, S15. */
const ENDS: readonly vmbus.NtStatus[] = [
  vmbus.STATUS_SUCCESS,
  vmbus.STATUS_CANCELLED,
  vmbus.STATUS_DEVICE_REMOVED,
];
/** A synchronous request may not fit, too: kmcl.md Y1. */
const REQUEST_ENDS = [
  ...ENDS,
  vmbus.STATUS_BUFFER_OVERFLOW,
  vmbus.STATUS_INSUFFICIENT_RESOURCES,
];

/** A packet that was received, and is completed later. */
export interface HeldPacket {
  /** The packet. */
  readonly packet: vmbus.VMBPACKETCOMPLETION;
  /** What its completion brings back. */
  readonly answer: Uint8Array;
}

/** What comes of a packet that was looked at: the value of its answer, or null where it comes again. */
export type Accepted = number | null;

/** One side of one channel. */
export abstract class Talker {
  /** Packets in flight, each with its number. */
  readonly inFlight: Map<vmbus.VMBPACKET, number> = new Map();
  /** Packets that are completed later, oldest first. */
  readonly held: HeldPacket[] = [];
  /** Its endpoint. */
  abstract readonly channel: vmbus.VMBCHANNEL;
  /** What it knows beside its handles. */
  abstract readonly state: TalkerState;
  /** What it lives in. */
  protected abstract readonly fabric: vmbus.Fabric;
  /** The functions for it. */
  protected abstract readonly kmcl: vmbus.KmclClientInterfaceV1;
  /** Which side it is. */
  protected abstract readonly sender: Sender;
  /** What it is to do. */
  readonly plan: ChannelPlan;

  /** One that has sent nothing yet. */
  constructor(plan: ChannelPlan) {
    this.plan = plan;
  }

  /** Posts a packet. */
  protected abstract post(
    packet: vmbus.VMBPACKET,
    number: number,
    errand: Errand,
  ): vmbus.NtStatus;
  /** The transaction has ended; `answer` is null where it brought none. */
  protected abstract ended(number: number, kind: Errand["kind"], answer: Message | null): void;
  /** Looks at a packet that is to be accepted. */
  protected abstract accept(message: Message, packet: vmbus.VMBPACKETCOMPLETION): Accepted;

  /** How many packets it sends in all. */
  get #total(): number {
    return this.sender === "guest" ? this.plan.guestPackets : this.plan.hostPackets;
  }

  /** Whether all that is to be sent was sent and has ended, and nothing is kept. */
  get isDone(): boolean {
    return this.state.sent === this.#total && this.isIdle;
  }

  /** Whether nothing is under way, and nothing is kept. */
  get isIdle(): boolean {
    return this.inFlight.size === 0 && this.held.length === 0;
  }

  // -- Sending

  /** Sends what may be sent. */
  pump(): void {
    while (this.state.maySend && this.inFlight.size < this.plan.window && this.#sendNext());
  }

  #sendNext(): boolean {
    const { state, kmcl } = this;
    if (state.sent === this.#total) return false;
    const packet = kmcl.VmbPacketAllocate(this.channel);
    if (packet === null) return false; // there is no memory: the program asks again
    const number = state.sent++;
    const errand = errandOf(this.plan, this.sender, number);
    this.inFlight.set(packet, number);
    kmcl.VmbPacketSetCompletionRoutine(packet, this.onEnded);
    const status = this.post(packet, number, errand);
    if (status === vmbus.STATUS_SUCCESS) return true;
    if (status !== vmbus.STATUS_DEVICE_REMOVED) this.#wrongStatus("P5: a send", number, status);
    this.inFlight.delete(packet);
    kmcl.VmbPacketFree(packet);
    state.lost |= 1 << number;
    this.ended(number, errand.kind, null);
    state.maySend = false;
    return false;
  }

  /** The message of packet `number`. */
  protected messageOf(number: number, errand: Errand, value = 0): Uint8Array {
    return encodeMessage(
      { number, kind: errand.kind, treat: errand.treat, value },
      errand.byteCount,
    );
  }

  /** What a packet of this kind asks for. */
  protected flagsOf({ kind }: Errand): number {
    return kind === "post" ? 0 : WAIT;
  }

  /** Every packet's completion routine. */
  readonly onEnded: vmbus.EvtPacketCompletionRoutine = (packet, status, buffer, byteCount) => {
    const number = this.inFlight.get(packet);
    if (number === undefined) {
      return wrong(this.state, "S15: a transaction ends once", "one that had ended did again");
    }
    this.inFlight.delete(packet);
    this.kmcl.VmbPacketFree(packet);
    this.#settle(number, status, buffer.subarray(0, byteCount), ENDS);
    if (status === vmbus.STATUS_SUCCESS) this.pump();
  };

  #settle(
    number: number,
    status: vmbus.NtStatus,
    answer: Uint8Array,
    ends: readonly vmbus.NtStatus[],
  ): void {
    const { state } = this;
    const { kind } = errandOf(this.plan, this.sender, number);
    if (!ends.includes(status)) this.#wrongStatus("S15: how a transaction ends", number, status);
    if (status !== vmbus.STATUS_SUCCESS) {
      state.lost |= 1 << number;
      return this.ended(number, kind, null);
    }
    state.succeeded |= 1 << number;
    this.ended(number, kind, kind === "post" ? null : this.#readAnswer(number, answer));
  }

  #readAnswer(number: number, bytes: Uint8Array): Message | null {
    const answer = readMessage(bytes, bytes.length);
    const expectedBytes = answerBytesOf(this.plan, this.sender, number);
    const isRight = typeof answer !== "string" && answer.kind === "answer" &&
      answer.number === number && bytes.length === expectedBytes;
    if (isRight) return answer;
    const why = typeof answer === "string" ? answer : `it answers ${answer.number}`;
    wrong(this.state, "P1: the answer is its own", `the answer to ${number}: ${why}`);
    return null;
  }

  #wrongStatus(rule: string, number: number, status: vmbus.NtStatus): void {
    wrong(this.state, rule, `packet ${number}: ${vmbus.ntStatusName(status) ?? status}`);
  }

  /**
   * Sends the next packet as a synchronous request: a guest with a timeout, a host as kmcl.md Y4 has it.
   * It is asked for by the program, so what it waits for is not saved.
   */
  async request(): Promise<void> {
    const { state, plan, sender } = this;
    const number = state.sent;
    if (!state.maySend || number === this.#total) return;
    const errand = errandOf(plan, sender, number);
    if (errand.kind !== (sender === "guest" ? "ask" : "post")) return;
    state.sent++;
    state.requested |= 1 << number;
    const payload = this.messageOf(number, errand);
    const answer = sender === "guest" ? new Uint8Array(plan.bytesMax) : null;
    const { status, completionBufferSize } = await this.kmcl.VmbChannelSendSynchronousRequest(
      this.channel,
      payload,
      payload.length,
      null,
      this.flagsOf(errand),
      answer,
      answer?.length ?? 0,
      answer === null ? 0 : TIMEOUT_100NS,
    );
    const bytes = answer?.subarray(0, completionBufferSize ?? 0) ?? new Uint8Array(0);
    this.#settle(number, status, bytes, REQUEST_ENDS);
  }

  // -- Receiving

  /** EvtChannelProcessPacket. */
  readonly onPacket: vmbus.EvtChannelProcessPacket = (_channel, packet, buffer, byteCount) => {
    const message = readMessage(buffer, byteCount);
    if (typeof message === "string") {
      wrong(this.state, "P8: what arrives is what was sent", `a packet: ${message}`);
      return this.kmcl.VmbChannelPacketFail(packet);
    }
    const isPassive = vmbus.KeGetCurrentIrql() === 0;
    if (message.treat === "defer" && !isPassive) {
      return this.kmcl.VmbChannelPacketDeferToPassive(packet);
    }
    const value = this.accept(message, packet);
    if (value === null) return;
    this.#note(message.number);
    const answer = this.#answerTo(message, value);
    if (message.treat === "later") return void this.held.push({ packet, answer });
    if (message.treat === "slow" && isPassive) return this.#completeSlowly(packet, answer);
    this.#complete({ packet, answer });
  };

  /** The order and the number of what arrives. */
  #note(number: number): void {
    const { state } = this;
    const last = 31 - Math.clz32(state.received);
    if (number >= PACKETS_MAX || number <= last) {
      wrong(state, "P3: packets arrive in order", `packet ${number} came after ${last}`);
    }
    state.received |= 1 << number;
  }

  #answerTo({ number }: Message, value: number): Uint8Array {
    const { plan } = this;
    const byteCount = answerBytesOf(plan, this.sender === "guest" ? "host" : "guest", number);
    return encodeMessage({ number, kind: "answer", treat: "now", value }, byteCount);
  }

  #complete({ packet, answer }: HeldPacket): void {
    if (this.plan.isPipe) return this.kmcl.VmbChannelPacketComplete(packet, null, 0);
    this.kmcl.VmbChannelPacketComplete(packet, answer, answer.length);
  }

  async #completeSlowly(packet: vmbus.VMBPACKETCOMPLETION, answer: Uint8Array): Promise<void> {
    await this.fabric.delay(SLOW_MS);
    this.#complete({ packet, answer });
  }

  /** EvtChannelProcessingComplete. */
  readonly onBatch = (): void => {
    if (!this.plan.isLate) this.release();
  };

  /** Completes what is held, the newest first: packets may be completed in any order. */
  release(): void {
    for (const held of this.held.splice(0).reverse()) this.#complete(held);
  }

  // -- State changes

  /** EvtChannelStarted: packets may be sent. */
  protected started(): void {
    this.state.maySend = true;
    this.pump();
  }

  /** EvtChannelSuspend: nothing may be sent, nothing may be kept. */
  protected suspended(): void {
    this.state.maySend = false;
    this.release();
  }

  // -- What the program asks for

  /** Where the channel is: null where it is no more. */
  get whereabouts(): vmbus.ChannelState | null {
    return vmbus.inspectChannel(this.channel);
  }

  /** Pauses its flow; null where it is not open. */
  pause(): Promise<void> | null {
    return this.whereabouts?.lifecycle === "opened"
      ? this.kmcl.VmbChannelPause(this.channel)
      : null;
  }

  /** Lets it flow. */
  start(): void {
    const there = this.whereabouts;
    if (there === null || there.lifecycle === "disabled" || there.flow === "active") return;
    this.kmcl.VmbChannelStart(this.channel);
  }

  /** Closes it: its offer goes, or the guest lets it go; null where it is no more. */
  close(): Promise<void> | null {
    const there = this.whereabouts;
    return there === null ? null : this.kmcl.VmbChannelDisable(this.channel);
  }

  /** Closes it when all that was sent has been read, or after a millisecond; null where it is no more. */
  drain(): Promise<vmbus.NtStatus> | null {
    if (this.whereabouts === null) return null;
    return vmbus.drainAndDisable(this.kmcl, this.channel, { timeout100ns: -TIMEOUT_100NS });
  }

  /** Enables it where it is not. */
  open(): void {
    const there = this.whereabouts;
    if (there === null || there.lifecycle !== "disabled") return;
    this.begin();
  }

  /** Enables it. A sub-channel needs its primary: where that is not offered, it is tried again (wire.md section 6). */
  protected begin(): void {
    const status = this.kmcl.VmbChannelEnable(this.channel);
    if (this.plan.isSub && status === vmbus.STATUS_INVALID_DEVICE_REQUEST) return;
    vmbus.expectSuccess(status);
  }

  /** Does what is due, now and then. */
  tend(): void {
    this.release();
    this.pump();
  }

  /** Frees it; it was closed. */
  cleanup(): void {
    if (this.whereabouts !== null) this.kmcl.VmbChannelCleanup(this.channel);
  }
}
