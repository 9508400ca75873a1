/**
 * A channel of plain classes, without actors: the same rings, the same codec, the same checks and
 * queues as the package's, with every state in a field of its own.
 *
 * @module
 */

import { Fifo } from "../../core/fifo.ts";
import { CopyRoom } from "../../core/blocks.ts";
import { copyBytes } from "../../core/bytes.ts";
import {
  type NtStatus,
  STATUS_DEVICE_REMOVED,
  STATUS_INVALID_BUFFER_SIZE,
  STATUS_INVALID_PARAMETER_1,
  STATUS_INVALID_PARAMETER_2,
  STATUS_INVALID_PARAMETER_3,
  STATUS_INVALID_PARAMETER_5,
  STATUS_SUCCESS,
} from "../../core/ntstatus.ts";
import {
  NO_RANGES,
  PACKET_COMPLETION,
  PACKET_IN_BAND,
  type PacketCodec,
  PacketFields,
} from "../../core/packet/packet.ts";
import { IncomingRing } from "../../core/ring/incoming.ts";
import { OutgoingRing } from "../../core/ring/outgoing.ts";
import type { RingMemory } from "../../core/ring/ring_memory.ts";
import { isU32, isUint } from "../../core/units.ts";
import {
  PlainArrived,
  type PlainLoop,
  PlainPacket,
  type PlainReceiver,
  type PlainRoutine,
} from "./plain_records.ts";

/** Wants a completion: the flag of VmbPacketSend. */
export const FLAG_WAIT = 1;
const FLAGS_MAX = 7;

/** One end of a channel, open and started. */
export class PlainChannel {
  /** Whether it was signalled and has not looked yet. */
  isScheduled = false;
  /** What the opposite end did wrong; null while all is well. */
  fault: string | null = null;
  /** The opposite end. */
  peer: PlainChannel | null = null;
  /** Called for each packet that arrives. */
  receiver: PlainReceiver | null = null;
  readonly #outgoing: OutgoingRing;
  readonly #incoming: IncomingRing;
  readonly #packets: PlainPacket[] = [];
  /** What waits for room, in the order of the calls: packets, and completions of what arrived. */
  readonly #queue = new Fifo<PlainPacket | PlainArrived>();
  readonly #unused: PlainArrived[] = [];
  readonly #fields = new PacketFields();
  readonly #answer = new CopyRoom();
  #bodyBytes = 0;

  /** An end that writes to `outgoing`, reads from `incoming`, and works when `loop` runs. */
  constructor(
    readonly loop: PlainLoop,
    readonly codec: PacketCodec,
    readonly packetBytesMax: number,
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
    buffer: Uint8Array,
    bufferLength: number,
    flags: number,
  ): NtStatus {
    if (!(packet instanceof PlainPacket) || packet.channel !== this) {
      return STATUS_INVALID_PARAMETER_1;
    }
    if (packet.state !== "owned") return STATUS_INVALID_PARAMETER_1;
    if (!(buffer instanceof Uint8Array)) return STATUS_INVALID_PARAMETER_2;
    if (!isU32(bufferLength)) return STATUS_INVALID_PARAMETER_3;
    if (bufferLength > this.packetBytesMax || bufferLength > buffer.length) {
      return STATUS_INVALID_PARAMETER_3;
    }
    if (!isUint(flags, FLAGS_MAX) || flags !== FLAG_WAIT) return STATUS_INVALID_PARAMETER_5;
    if (this.fault !== null) return STATUS_DEVICE_REMOVED;
    const isFirst = this.#queue.length === 0;
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
    if (!arrived.wantsCompletion) {
      this.#unused.push(arrived);
      return;
    }
    const isFirst = this.#queue.length === 0;
    if (isFirst && this.#putCompletion(arrived, answer, answerBytes) === "ok") {
      this.#publish();
      this.#unused.push(arrived);
      return;
    }
    if (arrived.answer.length < answerBytes) arrived.answer = new Uint8Array(answerBytes);
    copyBytes(arrived.answer, answer, 0, answerBytes);
    arrived.answerBytes = answerBytes;
    this.#queue.push(arrived);
    this.#flush();
  }

  /** The channel was signalled: it takes what came, and sends what waits. */
  work(): void {
    const ring = this.#incoming;
    for (;;) {
      if (this.fault !== null) return;
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
      const packet = this.#packets[transactionIdLow];
      if (packet === undefined || packet.state !== "awaiting") {
        this.#faulted("unknownTransaction");
        return;
      }
      const answer = ring.takePayload(this.#answer, payloadStart, payloadBytes);
      ring.advance();
      packet.state = "owned";
      packet.routine(packet, STATUS_SUCCESS, answer, payloadBytes);
      return;
    }
    const arrived = this.#unused.pop() ?? new PlainArrived(this);
    const payload = ring.takePayload(arrived.room, payloadStart, payloadBytes);
    arrived.transactionIdLow = transactionIdLow;
    arrived.transactionIdHigh = fields.transactionIdHigh;
    arrived.wantsCompletion = fields.completionRequested;
    arrived.state = "delivering";
    this.receiver?.(arrived, payload, payloadBytes);
    if (arrived.state === "delivering") arrived.state = "held";
    ring.advance();
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
    if (first instanceof PlainArrived) this.#unused.push(first);
    return "ok";
  }

  #putPacket(packet: PlainPacket, payload: Uint8Array, payloadBytes: number) {
    const fields = this.#fields;
    fields.type = PACKET_IN_BAND;
    fields.completionRequested = true;
    fields.transactionIdLow = packet.slot;
    fields.transactionIdHigh = 0;
    const outcome = this.#put(payload, payloadBytes);
    if (outcome === "ok") packet.state = "awaiting";
    return outcome;
  }

  #putCompletion(completion: PlainArrived, answer: Uint8Array, answerBytes: number) {
    const fields = this.#fields;
    fields.type = PACKET_COMPLETION;
    fields.completionRequested = false;
    fields.transactionIdLow = completion.transactionIdLow;
    fields.transactionIdHigh = completion.transactionIdHigh;
    return this.#put(answer, answerBytes);
  }

  #put(payload: Uint8Array, payloadBytes: number) {
    const fields = this.#fields;
    const ring = this.#outgoing;
    fields.payload = payload;
    fields.payloadStart = 0;
    fields.payloadBytes = payloadBytes;
    fields.ranges = NO_RANGES;
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
