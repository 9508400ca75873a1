/**
 * Writes the packets and completions of one endpoint into its outgoing ring, in the codec of the fabric.
 *
 * @module
 */

import * as promises from "../../core/assert.ts";
import type { GpaRange } from "../../core/memory/gpa_ranges.ts";
import * as packets from "../../core/packet/packet.ts";
import { type PacketCodec, PacketFields } from "../../core/packet/packet.ts";
import type { OutgoingRing } from "../../core/ring/outgoing.ts";
import {
  largestPacketBytes,
  type RingFault,
  type RingMemory,
} from "../../core/ring/ring_memory.ts";
import { packetTotalBytes } from "../../core/ring/layout.ts";
import type { PacketObject } from "../packet/packet_object.ts";
import type { IncomingPacket } from "./incoming_packet.ts";
import { LastBody } from "./packet_events.ts";

// Names of this module's own: an imported one is loaded and checked wherever it is used (D140, D320).
const assert: typeof promises.assert = promises.assert;
const { NO_RANGES, PACKET_COMPLETION } = packets;

/** More than a completion has beside its answer, in either codec: descriptor, headers, padding, trailer. */
const COMPLETION_BYTES_MAX = 64;

/** Why a packet is not in the ring. */
export type NotPut = "full" | "tooLarge" | RingFault;

/** The writer of one endpoint. What it has put into the ring nobody sees before that is committed. */
export class PacketWriter {
  /** The packet that was put into the ring, or measured for it, last. */
  readonly lastBody: LastBody = new LastBody();
  readonly #codec: PacketCodec;
  readonly #fields = new PacketFields();
  #ring: OutgoingRing | null = null;
  /** The largest packet that the ring can ever carry, descriptor to trailer. */
  #packetBytesMax = 0;

  /** One that writes packets as `codec` has them. */
  constructor(codec: PacketCodec) {
    this.#codec = codec;
  }

  /** The channel opens. */
  attach(ring: OutgoingRing, memory: RingMemory): void {
    this.#ring = ring;
    this.lastBody.attach(ring, memory);
    this.#packetBytesMax = largestPacketBytes(memory.dataBytes);
  }

  /** The ring is gone. */
  detach(): void {
    this.#ring = null;
    this.lastBody.detach();
  }

  /** Puts a packet into the ring. */
  putPacket(packet: PacketObject, payload: Uint8Array, byteCount: number): "ok" | NotPut {
    this.#loadPacket(packet, payload, byteCount);
    return this.#put();
  }

  /** Puts the completion of `packet` with `answer` into the ring. */
  putCompletion(packet: IncomingPacket, answer: Uint8Array, answerBytes: number): "ok" | NotPut {
    this.#loadCompletion(packet, answer, answerBytes);
    return this.#put();
  }

  /** Whether the ring, if there is one yet, can ever carry a packet (kmcl.md P7). */
  canCarry(packet: PacketObject, payload: Uint8Array, byteCount: number): boolean {
    if (this.#ring === null) return true;
    this.#loadPacket(packet, payload, byteCount);
    return this.#fitsEver();
  }

  /** Whether the ring can ever carry the completion of `packet` with `answer` (kmcl.md R6). */
  canAnswer(packet: IncomingPacket, answer: Uint8Array, answerBytes: number): boolean {
    if (answerBytes + COMPLETION_BYTES_MAX <= this.#packetBytesMax) return true;
    this.#loadCompletion(packet, answer, answerBytes);
    return this.#fitsEver();
  }

  #fitsEver(): boolean {
    const { bodyBytes } = this.#codec.frame(this.#fields);
    return packetTotalBytes(bodyBytes) <= this.#packetBytesMax;
  }

  #put(): "ok" | NotPut {
    const ring = this.#ring;
    assert(ring !== null, "an endpoint that flows or completes has rings");
    const codec = this.#codec;
    const frame = codec.frame(this.#fields);
    this.lastBody.byteCount = frame.bodyBytes;
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
