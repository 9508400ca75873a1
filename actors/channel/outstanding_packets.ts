/**
 * The incoming packets that a driver has, from their delivery until their completion is in the ring: how
 * many there may be, and how each is retired (kmcl.md R4-R6).
 *
 * @module
 */

import { RestingRooms } from "../../core/blocks.ts";
import { NO_BYTES } from "../../core/bytes.ts";
import * as packets from "../../core/packet/packet.ts";
import { stateWith } from "../chart/persisted.ts";
import { ARRIVED_PACKET_ACTOR, type ArrivedPacketEvent } from "./arrived_packet_machine.ts";
import type { DriverCallbacks } from "./driver_port.ts";
import type { EndpointPort } from "./endpoint_port.ts";
import { IncomingPacket } from "./incoming_packet.ts";
import type { ChannelFault } from "./types.ts";

// Names of this module's own: an imported one is loaded and checked wherever it is used (D140, D320).
const { NO_RANGES } = packets;

/** An event of a packet that arrived, by its type. */
type EventOf<Type extends ArrivedPacketEvent["type"]> = Extract<
  ArrivedPacketEvent,
  { readonly type: Type }
>;

// Events that carry nothing: one object serves all packets.
const FAIL: EventOf<"fail"> = { type: "fail" };
const RETURNED: EventOf<"returned"> = { type: "returned" };
const SETTLED: EventOf<"settled"> = { type: "settled" };

/** No quota. */
const QUOTA_NONE = 0xffff_ffff;

/** What outstanding packets need of the endpoint at which they arrived. */
export interface DeliveringEndpoint extends EndpointPort {
  /** What its driver hears of it. */
  readonly driverCallbacks: Pick<DriverCallbacks, "packetGone">;
  /** The rings, while the channel has them. */
  readonly rings: object | null;
  /** Its sending half: completions leave by it. */
  readonly outgoing: {
    canAnswer(packet: IncomingPacket, answer: Uint8Array, answerBytes: number): boolean;
    complete(packet: IncomingPacket, answer: Uint8Array, answerBytes: number): void;
  };
  /** Its receiving half. */
  readonly incoming: {
    readonly externalData: { revoke(packet: IncomingPacket): void };
    scheduleNext(): void;
  };
  /** The opposite side would wait for ever: the channel stops and closes by itself (kmcl.md R6, S15). */
  fails(fault: ChannelFault): void;
  /** Tells the chart where the driver holds no packet any more. */
  endDraining(): void;
}

/** The packets that the driver of one endpoint has. */
export class OutstandingPackets {
  /** Most packets with the driver at once. */
  quota: number = QUOTA_NONE;
  readonly #endpoint: DeliveringEndpoint;
  /** All records, and those that may serve another packet. */
  readonly #records: IncomingPacket[] = [];
  /** Room for records that stand for no packet; it never shrinks, as a list that is emptied takes new memory next time. */
  readonly #unused: IncomingPacket[] = [];
  /** How many of them there are. */
  #unusedCount = 0;
  /** Where payloads of retired packets lie; null with the verifier off, in which nobody looks for misuse. */
  readonly resting: RestingRooms | null;
  /** The same for the drivers' areas with their packets, once there is one. */
  #restingAreas: RestingRooms | null = null;
  /** Packets that the driver has not retired (kmcl.md R4). */
  #outstanding = 0;
  /** The same, and those whose completion is not in the ring yet (kmcl.md R6). */
  #unsettled = 0;
  /** Packets that have arrived, modulo 2^32. */
  #count = 0;
  /** Quota was reached: only a completion starts the queue again. */
  #isBlocked = false;

  /** The packets that the driver of `endpoint` has. */
  constructor(endpoint: DeliveringEndpoint) {
    this.#endpoint = endpoint;
    this.resting = endpoint.runtime.verifier.mode === "off" ? null : new RestingRooms();
  }

  /** Packets that the driver has and must retire. */
  get outstanding(): number {
    return this.#outstanding;
  }

  /** The same, and those whose completion is not in the ring yet: what the quota counts. */
  get unsettled(): number {
    return this.#unsettled;
  }

  /** Whether the quota keeps the queue from continuing. */
  get isBlocked(): boolean {
    return this.#isBlocked;
  }

  /** The channel opens: what it held before is settled. */
  unblock(): void {
    this.#isBlocked = false;
  }

  /** Whether another packet may be delivered; where none may, the queue is blocked from now on. */
  mayGrow(): boolean {
    if (this.#unsettled >= this.quota) this.#isBlocked = true;
    return this.#isBlocked !== true;
  }

  /** A record for a packet that is about to be delivered; it counts from now on. */
  add(event: EventOf<"arrived">): IncomingPacket {
    const packet = this.#unusedCount > 0
      ? this.#unused[--this.#unusedCount]!
      : this.#newRecord(null);
    packet.number = this.#count = this.#count + 1 >>> 0;
    packet.actor.send(event, "arrived");
    this.#outstanding++;
    this.#unsettled++;
    return packet;
  }

  #newRecord(stage: "held" | "completed" | null): IncomingPacket {
    const { actors } = this.#endpoint.runtime;
    const state = stage === null ? null : stateWith(actors.chart(ARRIVED_PACKET_ACTOR), stage);
    const packet = new IncomingPacket(this.#endpoint, actors.create(ARRIVED_PACKET_ACTOR, state));
    this.#records.push(packet);
    return packet;
  }

  /** The packets that the driver has, the ProcessPacket call of each ended. */
  get list(): readonly IncomingPacket[] {
    return this.#records.filter(({ actor }) => actor.tags.held);
  }

  /** Of the packets that the driver has not retired the one that it has had for longest. */
  get oldest(): IncomingPacket | null {
    let oldest: IncomingPacket | null = null;
    for (const packet of this.#records) {
      if (!packet.actor.tags.outstanding) continue;
      if (oldest === null || packet.since100ns < oldest.since100ns) oldest = packet;
    }
    return oldest;
  }

  /** The packet whose sender knows it as `slot` and awaits a completion of the driver's, if it is here. */
  awaiting(slot: number): IncomingPacket | null {
    return this.#records.find((packet) =>
      packet.actor.tags.outstanding && packet.wantsCompletion &&
      packet.transactionIdLow === slot && packet.transactionIdHigh === 0
    ) ?? null;
  }

  /** A record for a packet that was saved: the driver has it, or retired it and its completion waits. */
  addSaved(stage: "held" | "completed"): IncomingPacket {
    const packet = this.#newRecord(stage);
    packet.number = this.#count = this.#count + 1 >>> 0;
    packet.since100ns = this.#endpoint.runtime.clock.now100ns;
    if (stage === "held") this.#outstanding++;
    this.#unsettled++;
    return packet;
  }

  /** The channel was open when it was saved, and the quota may have been reached. */
  resume(isBlocked: boolean): void {
    this.#isBlocked = isBlocked;
  }

  /**
   * The ProcessPacket call for `packet` has ended. True where it goes back to the queue: it keeps its place
   * in the ring and is parsed again, and its context is dead.
   */
  returned(packet: IncomingPacket): boolean {
    const { actor } = packet;
    const { inCall, handedBack } = actor.tags;
    if (inCall === true) actor.send(RETURNED, "returned");
    if (handedBack === true) {
      this.#endpoint.trace.retired(packet.number, "handedBack", NO_BYTES, 0);
      this.#retired(packet);
      this.#unsettled--;
      this.#release(packet);
    }
    if (inCall === true && actor.tags.unused === true) { // handed back, or it was failed
      this.#givePayloadUp(packet);
      this.#keep(packet);
    }
    return handedBack;
  }

  /** The life of a packet's Buffer is over (api.md section 1), and that of the driver's area with it. */
  #givePayloadUp(packet: IncomingPacket): void {
    if (this.resting === null) return;
    packet.givePayloadUp(this.resting);
    if (packet.hasArea) packet.giveAreaUp(this.#restingAreas ??= new RestingRooms());
  }

  /**
   * The driver is done with `packet`; `answer[0, answerBytes)` goes back where the sender waits. False
   * where that can never be, as its ring is too small: the channel fails, so that the wait ends (kmcl.md R6).
   */
  complete(packet: IncomingPacket, answer: Uint8Array, answerBytes: number): boolean {
    const endpoint = this.#endpoint;
    const { outgoing } = endpoint;
    const isAnswered = packet.wantsCompletion && endpoint.rings !== null && endpoint.isSound;
    const fits = !isAnswered || outgoing.canAnswer(packet, answer, answerBytes);
    endpoint.trace.retired(packet.number, "completed", answer, answerBytes);
    this.#retired(packet);
    if (isAnswered && fits) outgoing.complete(packet, answer, answerBytes);
    else {
      if (answerBytes > 0) endpoint.trace.answerKept(answer, answerBytes);
      this.settled(packet);
    }
    this.#givePayloadUp(packet); // the answer may have been the payload itself
    if (!fits) endpoint.fails("completionTooLarge");
    this.#wakeDrain();
    return fits;
  }

  /**
   * The driver is done with `packet`, and its completion comes later (see {@linkcode DriverFaults}): nothing of
   * the packet is the driver's any more, and for the channel the driver has it.
   */
  withhold(packet: IncomingPacket): void {
    this.#endpoint.incoming.externalData.revoke(packet);
    this.#endpoint.driverCallbacks.packetGone(packet);
    this.#givePayloadUp(packet);
  }

  /** The driver calls `packet` malformed: it gets no answer, and the channel stops, unless it has. */
  fail(packet: IncomingPacket): void {
    const { actor } = packet;
    actor.send(FAIL);
    this.#endpoint.trace.retired(packet.number, "failed", NO_BYTES, 0);
    this.#retired(packet);
    this.#release(packet);
    if (actor.tags.unused) { // else its Buffer holds until the callback has returned
      this.#givePayloadUp(packet);
      this.#keep(packet);
    }
    this.#hasRoom();
    this.#endpoint.faulted("packetFailed");
    this.#wakeDrain();
  }

  /** Nothing but the end of a flow waits for the last packet. */
  #wakeDrain(): void {
    const endpoint = this.#endpoint;
    if (this.#outstanding === 0 && endpoint.actor.tags.draining) endpoint.endDraining();
  }

  /** The completion of a retired packet is in the ring, which `event` carries, or none is owed. */
  settled(packet: IncomingPacket, event: EventOf<"settled"> = SETTLED): void {
    packet.actor.send(event, "settled");
    this.#endpoint.trace.settled(packet.number, event !== SETTLED);
    this.#release(packet);
    this.#keep(packet);
    this.#hasRoom();
  }

  /** One packet fewer counts for the quota: it may have room again. */
  #hasRoom(): void {
    this.#unsettled--;
    if (this.#isBlocked !== true || this.#unsettled >= this.quota) return;
    this.#isBlocked = false;
    this.#endpoint.incoming.scheduleNext();
  }

  #retired(packet: IncomingPacket): void {
    this.#outstanding--;
    this.#endpoint.incoming.externalData.revoke(packet);
  }

  /** The record of `packet` serves another one. */
  #keep(packet: IncomingPacket): void {
    this.#unused[this.#unusedCount++] = packet;
  }

  /** Nothing is left of a packet but its record. */
  #release(packet: IncomingPacket): void {
    packet.ranges = NO_RANGES;
    this.#endpoint.driverCallbacks.packetGone(packet);
  }

  /** The channel is gone: no further event comes for the actors of its packets. */
  stopActors(): void {
    for (const { actor } of this.#records) actor.stop();
  }
}
