/**
 * One packet that arrived, from the call of EvtChannelProcessPacket until the driver has retired it.
 *
 * @module
 */

import type { GpaRange } from "../../core/memory/gpa_ranges.ts";
import type { Mdl } from "../../core/memory/mdl.ts";
import { NO_RANGES, PACKET_IN_BAND, type PacketType } from "../../core/packet/packet.ts";
import { CopyRoom, poison, type RestingRooms } from "../../core/blocks.ts";
import { copyBytes, NO_BYTES } from "../../core/bytes.ts";
import type { IncomingRing } from "../../core/ring/incoming.ts";
import type { ChartActor } from "../chart/chart_actor.ts";
import type { ArrivedPacketEvent, ArrivedPacketTag } from "./arrived_packet_machine.ts";
import type { EndpointPort } from "./endpoint_port.ts";

/** The record of an incoming packet; channels reuse them. */
export class IncomingPacket {
  /** The endpoint that it arrived at. */
  readonly endpoint: EndpointPort;
  /** Its chart: where it stands with the driver. */
  readonly actor: ChartActor<ArrivedPacketEvent, ArrivedPacketTag>;
  /** Which of the packets that arrived at its endpoint it is, by their order; for the trace. */
  number = 0;
  /** What the layer above keeps with it: its completion context. */
  handle: unknown = null;

  /** Its payload, a private copy that the opposite side cannot change. */
  payload: Uint8Array = NO_BYTES;
  /** Its length when it arrived, whatever the driver has done to the array since. */
  payloadBytes = 0;
  /** Descriptor type of it. */
  wireType: PacketType = PACKET_IN_BAND;
  /** The memory that it describes, or names parts of. */
  ranges: readonly GpaRange[] = NO_RANGES;
  /** That memory as the driver sees it, once it asked. */
  mdl: Mdl | null = null;
  /** Low 32 bits of the number by which the sender knows the transaction: it may be any (wire.md 2.5). */
  transactionIdLow = 0;
  /** High 32 bits of that number. */
  transactionIdHigh = 0;
  /** Whether the sender waits for a completion packet. */
  wantsCompletion = false;

  /** When the driver got it. */
  since100ns = 0;

  /** Payload of its completion packet, while that waits for room. */
  answer: Uint8Array = NO_BYTES;
  /** How much of the answer counts. */
  answerBytes = 0;
  /** Place of its completion among everything that the channel sends. */
  order = 0;

  /** Room for payloads, kept from packet to packet. */
  room: CopyRoom = new CopyRoom();

  /** Where the driver's area with the packet lies, once a driver has asked for one; kept from packet to packet. */
  #area: CopyRoom | null = null;
  /** The {@linkcode IncomingPacket.number} of the packet whose area that is. */
  #areaOf = -1;

  /** A record for packets of `endpoint`, in the state of `actor`. */
  constructor(endpoint: EndpointPort, actor: ChartActor<ArrivedPacketEvent, ArrivedPacketTag>) {
    this.endpoint = endpoint;
    this.actor = actor;
  }

  /** Copies `byteCount` bytes of the packet that `ring` shows: they are the opposite side's until then. */
  takePayload(ring: IncomingRing, start: number, byteCount: number): void {
    this.payload = ring.takePayload(this.room, start, byteCount);
    this.payloadBytes = byteCount;
  }

  /** The driver may look at its payload no more: it is overwritten, and where it lay rests. */
  givePayloadUp(resting: RestingRooms): void {
    const { payload } = this;
    if (payload === NO_BYTES) return;
    this.payload = NO_BYTES;
    if (payload === this.room.copy) this.room = resting.exchange(this.room);
    else poison(payload); // it came with a saved guest
  }

  /** The driver's own area with the packet, `byteCount` bytes that are 0 when it asks first (kmcl.md X2); null: no memory. */
  areaOf(byteCount: number): Uint8Array | null {
    const room = this.#area ??= new CopyRoom();
    if (this.#areaOf !== this.number) {
      if (!room.tryReserve(byteCount)) return null;
      Uint8Array.prototype.fill.call(room.copy, 0); // the driver may have given it members of its own
      this.#areaOf = this.number;
    }
    return room.copy;
  }

  /** The area as it is, for a save; null where nobody asked for it. */
  get area(): Uint8Array | null {
    return this.#areaOf === this.number ? this.#area?.copy ?? null : null;
  }

  /** Whether the driver has an area that it must not use once the packet is retired. */
  get hasArea(): boolean {
    return this.#areaOf === this.number;
  }

  /** The driver may use its area no more: it is overwritten, and rests. */
  giveAreaUp(resting: RestingRooms): void {
    if (this.#area !== null) this.#area = resting.exchange(this.#area);
    this.#areaOf = -1;
  }

  /** Keeps a copy of the completion's payload until it is in the ring (kmcl.md P8). */
  takeAnswer(bytes: Uint8Array, byteCount: number): void {
    if (this.answer.length < byteCount) this.answer = new Uint8Array(byteCount);
    copyBytes(this.answer, bytes, 0, byteCount);
    this.answerBytes = byteCount;
  }
}
