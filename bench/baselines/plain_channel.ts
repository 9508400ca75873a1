/**
 * A channel of plain classes, without actors: the same rings, the same codec, the same checks and
 * queues as the package's, with every state in a field of its own.
 *
 * @module
 */

import { isPromise } from "../../actors/runtime/promises.ts";
import { Fifo } from "../../core/fifo.ts";
import { CopyRoom } from "../../core/blocks.ts";
import { copyBytes, NO_BYTES } from "../../core/bytes.ts";
import {
  type NtStatus,
  STATUS_DEVICE_REMOVED,
  STATUS_INVALID_BUFFER_SIZE,
  STATUS_INVALID_PARAMETER_1,
  STATUS_SUCCESS,
} from "../../core/ntstatus.ts";
import {
  NO_RANGES,
  PACKET_COMPLETION,
  PACKET_GPA_DIRECT,
  PACKET_IN_BAND,
  type PacketCodec,
  PacketFields,
} from "../../core/packet/packet.ts";
import { IncomingRing } from "../../core/ring/incoming.ts";
import { OutgoingRing } from "../../core/ring/outgoing.ts";
import type { RingMemory } from "../../core/ring/ring_memory.ts";
import type { GpaRange } from "../../core/memory/gpa_ranges.ts";
import { isUint } from "../../core/units.ts";
import { checkSend, FLAG_WAIT, type PlainConfiguration } from "./plain_checks.ts";
import {
  PlainArrived,
  type PlainLoop,
  PlainPacket,
  type PlainReceiver,
  type PlainRoutine,
} from "./plain_records.ts";

/** More than a completion has beside its answer. */
const COMPLETION_BYTES_MAX = 64;

/** One end of a channel, open and started. */
export class PlainChannel {
  /** Whether it was signalled and has not looked yet. */
  isScheduled = false;
  /** What the opposite end did wrong; null while all is well. */
  fault: string | null = null;
  /** The opposite end. */
  peer: PlainChannel | null = null;
  /** What the driver did that it must not: its callback threw, or returned a promise. */
  violation: unknown = null;
  /** Where the channel stands. */
  state: "disabled" | "paused" | "started" = "started";
  /** Called for each packet that arrives. */
  receiver: PlainReceiver | null = null;
  readonly #outgoing: OutgoingRing;
  readonly #incoming: IncomingRing;
  readonly #packets: PlainPacket[] = [];
  /** What waits for room, in the order of the calls: packets, and completions of what arrived. */
  readonly #queue = new Fifo<PlainPacket | PlainArrived>();
  /** Packets in the ring whose transaction is over with that: their routines are due. */
  readonly #due = new Fifo<PlainPacket>();
  readonly #unused: PlainArrived[] = [];
  readonly #fields = new PacketFields();
  readonly #answer = new CopyRoom();
  #bodyBytes = 0;
  /** Packets that the driver has. */
  #held = 0;
  /** Whether the quota keeps the queue from continuing. */
  #isBlocked = false;

  /** An end that writes to `outgoing`, reads from `incoming`, and works when `loop` runs. */
  constructor(
    readonly loop: PlainLoop,
    readonly codec: PacketCodec,
    readonly configuration: PlainConfiguration,
    outgoing: RingMemory,
    incoming: RingMemory,
  ) {
    this.#outgoing = new OutgoingRing(outgoing);
    this.#incoming = new IncomingRing(incoming);
  }

  /** Makes a packet object. */
  createPacket(routine: PlainRoutine): PlainPacket {
    const packet = new PlainPacket(this, this.#packets.length, routine);
    this.#packets.push(packet);
    return packet;
  }

  /** Sends `packet` with a copy of `buffer[0, bufferLength)`; the checks are those of kmcl.md P5. */
  send(
    packet: PlainPacket,
    buffer: Uint8Array | null,
    bufferLength: number,
    external: readonly GpaRange[] | null,
    flags: number,
  ): NtStatus {
    if (!(packet instanceof PlainPacket) || packet.channel !== this) {
      return STATUS_INVALID_PARAMETER_1;
    }
    const isClosing = this.state === "disabled" || this.fault !== null;
    const status = checkSend(
      packet,
      this.configuration,
      isClosing,
      buffer,
      bufferLength,
      external,
      flags,
    );
    if (status !== STATUS_SUCCESS || buffer === null) return status;
    packet.ranges = external ?? NO_RANGES;
    packet.wantsCompletion = (flags & FLAG_WAIT) !== 0;
    const isFirst = this.#queue.length === 0 && this.state === "started";
    const outcome = isFirst ? this.#putPacket(packet, buffer, bufferLength) : "full";
    if (outcome === "ok") {
      this.#publish();
      return STATUS_SUCCESS;
    }
    if (outcome === "tooLarge") return STATUS_INVALID_BUFFER_SIZE;
    if (outcome !== "full") return this.#faulted(outcome);
    if (packet.payload.length < bufferLength) packet.payload = new Uint8Array(bufferLength);
    copyBytes(packet.payload, buffer, 0, bufferLength);
    packet.payloadBytes = bufferLength;
    packet.state = "queued";
    this.#queue.push(packet);
    if (isFirst) this.#flush();
    return STATUS_SUCCESS;
  }

  /** Completes what arrived with a copy of `answer[0, answerBytes)`. */
  complete(arrived: PlainArrived, answer: Uint8Array, answerBytes: number): void {
    if (!(arrived instanceof PlainArrived) || arrived.channel !== this) return;
    if (arrived.state === "retired") return;
    if (!(answer instanceof Uint8Array) || !isUint(answerBytes, answer.length)) return;
    arrived.state = "retired";
    if (!arrived.wantsCompletion || this.state === "disabled" || this.fault !== null) {
      this.#settled(arrived);
      return;
    }
    if (!this.#canAnswer(answerBytes)) {
      this.#settled(arrived);
      this.#faulted("completionTooLarge");
      return;
    }
    const isFirst = this.#queue.length === 0;
    if (isFirst && this.#putCompletion(arrived, answer, answerBytes) === "ok") {
      this.#settled(arrived);
      this.#publish();
      return;
    }
    if (arrived.answer.length < answerBytes) arrived.answer = new Uint8Array(answerBytes);
    copyBytes(arrived.answer, answer, 0, answerBytes);
    arrived.answerBytes = answerBytes;
    this.#queue.push(arrived);
    this.#flush();
  }

  #canAnswer(answerBytes: number): boolean {
    return answerBytes + COMPLETION_BYTES_MAX <= this.#outgoing.largestBytes;
  }

  /** The driver has a packet fewer: the queue may continue where it was blocked by the quota. */
  #settled(arrived: PlainArrived): void {
    this.#unused.push(arrived);
    this.#held--;
    if (!this.#isBlocked || this.#held >= this.configuration.quota) return;
    this.#isBlocked = false;
    this.loop.schedule(this);
  }

  /** The channel was signalled: it takes what came, and sends what waits. */
  work(): void {
    const ring = this.#incoming;
    for (let ended = this.#due.shift(); ended !== null; ended = this.#due.shift()) {
      ended.state = "owned";
      this.#callRoutine(ended, NO_BYTES, 0);
    }
    for (;;) {
      if (this.fault !== null || this.state !== "started") return this.#commit();
      if (this.#held >= this.configuration.quota) {
        this.#isBlocked = true;
        this.#commit();
        break;
      }
      const outcome = ring.next();
      if (outcome === "empty") {
        this.#commit();
        const rest = ring.rearm();
        if (rest === "more") continue;
        if (rest !== "sleep") this.#faulted(rest);
        break;
      }
      if (outcome !== "packet") {
        this.#faulted(outcome);
        return;
      }
      this.#take();
    }
    this.#flush();
  }

  #take(): void {
    const ring = this.#incoming;
    const fields = this.#fields;
    const fault = this.codec.decode(ring, fields);
    if (fault !== null) {
      this.#faulted(fault);
      return;
    }
    const { payloadStart, payloadBytes, transactionIdLow } = fields;
    if (fields.type === PACKET_COMPLETION) {
      const packet = fields.transactionIdHigh === 0 ? this.#packets[transactionIdLow] : undefined;
      if (packet === undefined || packet.state !== "awaiting") {
        this.#faulted("unknownTransaction");
        return;
      }
      const answer = ring.takePayload(this.#answer, payloadStart, payloadBytes);
      ring.advance();
      packet.state = "owned";
      this.#callRoutine(packet, answer, payloadBytes);
      return;
    }
    if (this.configuration.isPipe) {
      this.#faulted("transactionOnPipe");
      return;
    }
    const arrived = this.#unused.pop() ?? new PlainArrived(this);
    const payload = ring.takePayload(arrived.room, payloadStart, payloadBytes);
    arrived.transactionIdLow = transactionIdLow;
    arrived.transactionIdHigh = fields.transactionIdHigh;
    arrived.wantsCompletion = fields.completionRequested;
    arrived.state = "delivering";
    arrived.ranges = fields.ranges;
    this.#held++;
    this.#callReceiver(arrived, payload, payloadBytes);
    if (arrived.state === "delivering") arrived.state = "held";
    ring.advance();
  }

  /** A callback that throws, or returns a promise, is a violation. */
  #callReceiver(arrived: PlainArrived, payload: Uint8Array, payloadBytes: number): void {
    try {
      const result = this.receiver?.(arrived, payload, payloadBytes);
      if (isPromise(result)) this.violation = result;
    } catch (error) {
      this.violation = error;
    }
  }

  #callRoutine(packet: PlainPacket, answer: Uint8Array, answerBytes: number): void {
    packet.ranges = NO_RANGES;
    try {
      const result = packet.routine(packet, STATUS_SUCCESS, answer, answerBytes);
      if (isPromise(result)) this.violation = result;
    } catch (error) {
      this.violation = error;
    }
  }

  /** Sends what waits, in the order of the calls, as far as there is room. */
  #flush(): void {
    for (let room = true; room;) {
      const outcome = this.#putNext();
      if (outcome === "done") {
        this.#outgoing.clearAwaitRoom();
        break;
      }
      if (outcome === "ok") continue;
      if (outcome !== "full") {
        this.#faulted(outcome);
        return;
      }
      this.#publish();
      const came = this.#outgoing.awaitRoom(this.#bodyBytes);
      if (typeof came === "string") {
        this.#faulted(came);
        return;
      }
      room = came;
    }
    this.#publish();
  }

  #putNext() {
    const first = this.#queue.peek();
    if (first === null) return "done";
    const outcome = first instanceof PlainPacket
      ? this.#putPacket(first, first.payload, first.payloadBytes)
      : this.#putCompletion(first, first.answer, first.answerBytes);
    if (outcome !== "ok") return outcome;
    this.#queue.shift();
    if (first instanceof PlainArrived) this.#settled(first);
    return "ok";
  }

  #putPacket(packet: PlainPacket, payload: Uint8Array, payloadBytes: number) {
    const fields = this.#fields;
    const { ranges, wantsCompletion } = packet;
    fields.type = ranges.length > 0 ? PACKET_GPA_DIRECT : PACKET_IN_BAND;
    fields.completionRequested = wantsCompletion;
    fields.transactionIdLow = wantsCompletion ? packet.slot : 0;
    fields.transactionIdHigh = 0;
    const outcome = this.#put(payload, payloadBytes, ranges);
    if (outcome !== "ok") return outcome;
    packet.state = wantsCompletion ? "awaiting" : "ended";
    if (!wantsCompletion) this.#due.push(packet);
    return outcome;
  }

  #putCompletion(completion: PlainArrived, answer: Uint8Array, answerBytes: number) {
    const fields = this.#fields;
    fields.type = PACKET_COMPLETION;
    fields.completionRequested = false;
    fields.transactionIdLow = completion.transactionIdLow;
    fields.transactionIdHigh = completion.transactionIdHigh;
    return this.#put(answer, answerBytes, NO_RANGES);
  }

  #put(payload: Uint8Array, payloadBytes: number, ranges: readonly GpaRange[]) {
    const fields = this.#fields;
    const ring = this.#outgoing;
    fields.payload = payload;
    fields.payloadStart = 0;
    fields.payloadBytes = payloadBytes;
    fields.ranges = ranges;
    const frame = this.codec.frame(fields);
    this.#bodyBytes = frame.bodyBytes;
    const outcome = ring.reserve(frame.bodyBytes);
    if (outcome !== "ok") return outcome;
    this.codec.encode(fields, ring);
    const { type, headerBytes, flags, transactionIdLow, transactionIdHigh } = frame;
    ring.finish(type, headerBytes, flags, transactionIdLow, transactionIdHigh);
    return "ok";
  }

  #publish(): void {
    if (this.#due.length > 0) this.loop.schedule(this);
    if (this.#outgoing.commit()) this.#signal();
  }

  #commit(): void {
    if (this.#incoming.commit()) this.#signal();
  }

  #signal(): void {
    if (this.peer !== null) this.loop.schedule(this.peer);
  }

  #faulted(fault: string): NtStatus {
    this.fault = fault;
    return STATUS_DEVICE_REMOVED;
  }
}
