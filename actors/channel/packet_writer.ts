/**
 * Writes packets and completions into outgoing rings, in the codec of the fabric. One writer serves all its
 * endpoints: what it needs for a packet stays in the processor's cache.
 *
 * @module
 */

import type { GpaRange } from "../../core/memory/gpa_ranges.ts";
import * as packets from "../../core/packet/packet.ts";
import { type PacketCodec, PacketFields } from "../../core/packet/packet.ts";
import type { OutgoingRing } from "../../core/ring/outgoing.ts";
import type { RingFault } from "../../core/ring/ring_memory.ts";
import { packetTotalBytes } from "../../core/ring/layout.ts";
import type { PacketObject } from "../packet/packet_object.ts";
import type { IncomingPacket } from "./incoming_packet.ts";
import type { RuntimePort } from "../runtime/runtime_port.ts";
import { LastBody, SentEvent } from "./packet_events.ts";

// Names of this module's own: an imported one is loaded and checked wherever it is used (D140, D320).
const { NO_RANGES, PACKET_COMPLETION } = packets;

/** More than a completion has beside its answer, in either codec: descriptor, headers, padding, trailer. */
const COMPLETION_BYTES_MAX = 64;

/** Why a packet is not in the ring. */
export type NotPut = "full" | "tooLarge" | RingFault;

/** The writer of a fabric. What it has put into a ring nobody sees before that is committed. */
export class PacketWriter {
  /** The packet that was put into the ring, or measured for it, last. */
  readonly lastBody: LastBody = new LastBody();
  /** That packet awaits its completion now. */
  readonly enter: SentEvent<"enter"> = new SentEvent("enter", this.lastBody);
  /** That packet is over with it. */
  readonly enterLast: SentEvent<"enterLast"> = new SentEvent("enterLast", this.lastBody);
  /** That packet was the completion of one that had arrived. */
  readonly settled: SentEvent<"settled"> = new SentEvent("settled", this.lastBody);
  readonly #codec: PacketCodec;
  readonly #fields = new PacketFields();

  /** One that writes packets as `codec` has them. */
  constructor(codec: PacketCodec) {
    this.#codec = codec;
  }

  /** The one of a fabric. */
  static of(runtime: RuntimePort): PacketWriter {
    return runtime.once(makeWriter);
  }

  /** Puts a packet into `ring`. */
  putPacket(
    ring: OutgoingRing,
    packet: PacketObject,
    payload: Uint8Array,
    byteCount: number,
  ): "ok" | NotPut {
    this.#loadPacket(packet, payload, byteCount);
    return this.#put(ring);
  }

  /** Puts the completion of `packet` with `answer` into `ring`. */
  putCompletion(
    ring: OutgoingRing,
    packet: IncomingPacket,
    answer: Uint8Array,
    answerBytes: number,
  ): "ok" | NotPut {
    this.#loadCompletion(packet, answer, answerBytes);
    return this.#put(ring);
  }

  /** Whether `ring` can ever carry a packet (kmcl.md P7). */
  canCarry(
    ring: OutgoingRing,
    packet: PacketObject,
    payload: Uint8Array,
    byteCount: number,
  ): boolean {
    this.#loadPacket(packet, payload, byteCount);
    return this.#fitsEver(ring);
  }

  /** Whether `ring` can ever carry the completion of `packet` with `answer` (kmcl.md R6). */
  canAnswer(
    ring: OutgoingRing,
    packet: IncomingPacket,
    answer: Uint8Array,
    answerBytes: number,
  ): boolean {
    if (answerBytes + COMPLETION_BYTES_MAX <= ring.largestBytes) return true;
    this.#loadCompletion(packet, answer, answerBytes);
    return this.#fitsEver(ring);
  }

  #fitsEver({ largestBytes }: OutgoingRing): boolean {
    const { bodyBytes } = this.#codec.frame(this.#fields);
    return packetTotalBytes(bodyBytes) <= largestBytes;
  }

  #put(ring: OutgoingRing): "ok" | NotPut {
    const codec = this.#codec;
    const frame = codec.frame(this.#fields);
    this.lastBody.begin(ring, frame.bodyBytes);
    const outcome = ring.reserve(frame.bodyBytes);
    if (outcome !== "ok") return outcome;
    codec.encode(this.#fields, ring);
    const { type, headerBytes, flags, transactionIdLow, transactionIdHigh } = frame;
    ring.finish(type, headerBytes, flags, transactionIdLow, transactionIdHigh);
    return "ok";
  }

  #loadCompletion(completion: IncomingPacket, answer: Uint8Array, answerBytes: number): void {
    this.#load(PACKET_COMPLETION, answer, answerBytes, NO_RANGES);
    this.#fields.transactionIdLow = completion.transactionIdLow;
    this.#fields.transactionIdHigh = completion.transactionIdHigh;
  }

  #loadPacket(packet: PacketObject, payload: Uint8Array, byteCount: number): void {
    this.#load(packet.wireType, payload, byteCount, packet.ranges);
    this.#fields.transfer = packet.transfer;
    this.#fields.completionRequested = packet.wantsCompletion;
    this.#fields.transactionIdLow = packet.wantsCompletion ? packet.slot : 0;
  }

  #load(
    type: PacketFields["type"],
    payload: Uint8Array,
    payloadBytes: number,
    ranges: readonly GpaRange[],
  ): void {
    const fields = this.#fields;
    fields.type = type;
    fields.completionRequested = false;
    fields.transactionIdLow = 0;
    fields.transactionIdHigh = 0;
    fields.payload = payload;
    fields.payloadStart = 0;
    fields.payloadBytes = payloadBytes;
    fields.ranges = ranges;
    fields.transfer = null;
  }
}

function makeWriter({ codec }: RuntimePort): PacketWriter {
  return new PacketWriter(codec);
}
