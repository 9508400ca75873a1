/**
 * The sending half of an endpoint: from a posted packet to the outgoing ring (kmcl.md P1–P8, R6, S6).
 * How its transaction ends is in `completions.ts`.
 *
 * @module
 */

import * as promises from "../../core/assert.ts";
import {
  type NtStatus,
  STATUS_CANCELLED,
  STATUS_DEVICE_REMOVED,
  STATUS_INVALID_BUFFER_SIZE,
  STATUS_SUCCESS,
} from "../../core/ntstatus.ts";
import type { OutgoingRing } from "../../core/ring/outgoing.ts";
import type { RingFault } from "../../core/ring/ring_memory.ts";
import { Fifo } from "../../core/fifo.ts";
import type { PacketObject } from "../packet/packet_object.ts";
import { PacketStore } from "../packet/packet_store.ts";
import { PacketTable } from "../packet/packet_table.ts";
import type { ArrivedPacketEvent } from "./arrived_packet_machine.ts";
import type { SendingEndpoint } from "./half_ports.ts";
import type { IncomingPacket } from "./incoming_packet.ts";
import { type NotPut, PacketWriter } from "./packet_writer.ts";
import type { OutgoingProgress } from "./progress.ts";
import { type WritersPutOff, writersPutOff } from "./put_off.ts";

// Names of this module's own: an imported one is loaded and checked wherever it is used (D140, D320).
const assert: typeof promises.assert = promises.assert;

/** Where a packet stands after it was posted. */
export type Posted = "sent" | "queued" | NtStatus;

/** A completion waits for room. */
const COMPLETE: ArrivedPacketEvent = { type: "complete" };

/** The sending half of one endpoint. */
export class Outgoing {
  /** The channel's packet objects. */
  readonly packets: PacketTable;
  /** Packets and completions that found the ring full, or others waiting before them, while it flowed. */
  roomWaits = 0;
  /** Interrupts that the endpoint sent to the opposite side. */
  interruptsSent = 0;
  readonly #endpoint: SendingEndpoint;
  readonly #writer: PacketWriter;
  #ring: OutgoingRing | null = null;
  /** Posted packets that wait for room or for the flow. */
  readonly #queue = new Fifo<PacketObject>();
  /** Completions that wait for room: they leave whatever the flow is (kmcl.md S6, R6). */
  readonly #completions = new Fifo<IncomingPacket>();
  #nextOrder = 0;
  /** What is put off, where there are scheduling points; null: nothing ever is. */
  readonly putOff: WritersPutOff | null;

  /** The sending half of `endpoint`. */
  constructor(endpoint: SendingEndpoint) {
    this.#endpoint = endpoint;
    this.#writer = PacketWriter.of(endpoint.runtime);
    this.putOff = writersPutOff(endpoint);
    this.packets = new PacketTable(PacketStore.of(endpoint.runtime));
  }

  /** Whether completions wait. */
  get hasCompletions(): boolean {
    return this.#completions.length > 0;
  }

  /** Packets and completions that wait. */
  get queuedCount(): number {
    return this.#queue.length + this.#completions.length;
  }

  /** The channel opens: what is queued goes out once the flow runs. */
  attach(ring: OutgoingRing): void {
    this.#ring = ring;
  }

  /** Whether nothing that was sent before `order` waits. */
  hasEntered(order: number): boolean {
    const isLater = (next: { readonly order: number } | null) => (next?.order ?? order) >= order;
    return isLater(this.#queue.peek()) && isLater(this.#completions.peek());
  }

  /** Whether something waits for nothing but room in the ring. */
  get awaitsRoom(): boolean {
    if (this.hasCompletions) return true;
    const { flows, bounce } = this.#endpoint;
    return this.#queue.length > 0 && flows && bounce?.isAwaited !== true;
  }

  /** The rings are gone; completions that did not get out have nobody to go to. */
  detach(): void {
    if (this.#ring !== null) this.#endpoint.trace.unread(this.#ring);
    this.#ring = null;
    this.putOff?.forget();
    for (let left = this.#completions.shift(); left !== null; left = this.#completions.shift()) {
      this.#endpoint.incoming.outstandingPackets.settled(left);
    }
  }

  // -- Saving and restoring

  /** The writer's end of the ring, while there is one. */
  get ring(): OutgoingRing | null {
    return this.#ring;
  }

  /** What is under way. */
  get progress(): OutgoingProgress {
    return {
      queue: this.#queue.list(),
      completions: this.#completions.list(),
      ended: this.#endpoint.completions.due,
      nextOrder: this.#nextOrder,
    };
  }

  /** Resumes what was under way in a saved endpoint; its packets are in their states already. */
  resume({ queue, completions, ended, nextOrder }: OutgoingProgress): void {
    for (const packet of queue) this.#queue.push(packet);
    for (const completion of completions) this.#completions.push(completion);
    this.#nextOrder = nextOrder;
    this.#endpoint.completions.resume(ended);
    for (const packet of this.packets.live) this.#endpoint.completions.begin(packet);
  }

  // -- Posting

  /**
   * Posts a packet whose transaction was described in it: into the ring where nothing is before it
   * and there is room, else onto the queue. Where `mayQueue` is false it is refused instead, as
   * `"full"`, and nothing has changed.
   */
  post(
    packet: PacketObject,
    payload: Uint8Array,
    byteCount: number,
    mayQueue: boolean,
  ): Posted | "full" {
    packet.order = this.#nextOrder++;
    const isFirst = this.queuedCount === 0 && this.#endpoint.flows;
    const outcome = isFirst ? this.#enterRing(packet, payload, byteCount) : "full";
    if (outcome === "ok") {
      this.#endpoint.completions.begin(packet);
      this.#publish();
      return "sent";
    }
    if (outcome === "full" || outcome === "noPages") {
      return this.#postLater(packet, payload, byteCount, mayQueue, isFirst);
    }
    if (outcome === "tooLarge") return STATUS_INVALID_BUFFER_SIZE;
    this.#endpoint.faulted(outcome);
    return STATUS_DEVICE_REMOVED;
  }

  /** Puts a packet onto the queue: it found no room, or is not the first (kmcl.md P2). */
  #postLater(
    packet: PacketObject,
    payload: Uint8Array,
    byteCount: number,
    mayQueue: boolean,
    isFirst: boolean,
  ): Posted | "full" {
    if (!isFirst && !this.canCarry(packet, payload, byteCount)) return STATUS_INVALID_BUFFER_SIZE;
    if (!mayQueue) return "full";
    this.#endpoint.completions.begin(packet);
    packet.keep(payload, byteCount);
    packet.actor.send({ type: "queue" });
    this.#queue.push(packet);
    this.#endpoint.trace.queued(packet.slot, payload, byteCount);
    if (this.#endpoint.flows) this.roomWaits++;
    if (isFirst) this.flush();
    return "queued";
  }

  /**
   * Sends, or queues, the completion of a packet that the driver has retired. Where nothing waits before
   * it and there is room, it is encoded from the driver's own buffer; else a copy of that is kept.
   */
  complete(packet: IncomingPacket, answer: Uint8Array, answerBytes: number): void {
    packet.order = this.#nextOrder++;
    if (
      this.queuedCount === 0 && this.#putAnswer(packet, answer, answerBytes) === "ok"
    ) {
      this.#endpoint.incoming.outstandingPackets.settled(packet, this.#writer.settled);
      return this.#publish();
    }
    this.#completeLater(packet, answer, answerBytes);
  }

  #completeLater(packet: IncomingPacket, answer: Uint8Array, answerBytes: number): void {
    packet.actor.send(COMPLETE);
    packet.takeAnswer(answer, answerBytes);
    this.#endpoint.trace.answerKept(answer, answerBytes);
    this.#completions.push(packet);
    this.flush();
    if (this.#completions.length > 0) this.roomWaits++;
  }

  // -- The ring

  /** Puts what waits into the ring, as far as the flow lets it and there is room. */
  flush(): void {
    const ring = this.#ring;
    if (ring === null || this.#endpoint.isSound !== true) return;
    if (this.queuedCount === 0) ring.clearAwaitRoom();
    else this.#flushInto(ring);
  }

  #flushInto(ring: OutgoingRing): void {
    this.putOff?.room.forget();
    for (let room = true; room;) {
      const outcome = this.#putNext();
      if (outcome === "done") {
        // What the flow keeps from going out waits on: a save must not depend on who looked last.
        if (this.#queue.length === 0) ring.clearAwaitRoom();
        break;
      }
      if (outcome === "ok") continue;
      if (outcome !== "full") return this.#endpoint.faulted(outcome);
      const { byteCount } = this.#writer.lastBody;
      this.#publish(); // the reader must see what it can make room of
      const came = this.putOff === null
        ? ring.awaitRoom(byteCount)
        : this.putOff.room.awaitRoom(ring, byteCount);
      if (came !== true) this.#endpoint.polling.begin();
      if (came === null) return;
      if (typeof came === "string") return this.#endpoint.faulted(came);
      room = came;
    }
    this.#publish();
  }

  /** A look for room that was put off has shown whether there is some. */
  goOn(came: boolean | RingFault): void {
    if (typeof came === "string") this.#endpoint.faulted(came);
    else if (came) this.flush();
  }

  /** Puts the packet or completion that was sent first; packets wait while the flow does not run. */
  #putNext(): "ok" | "done" | "full" | RingFault {
    const packet = this.#endpoint.flows ? this.#queue.peek() : null;
    const completion = this.#completions.peek();
    if (completion !== null && (packet === null || completion.order < packet.order)) {
      return this.#putCompletion(completion);
    }
    if (packet === null) return "done";
    const outcome = this.#enterRing(packet, packet.payload, packet.payloadBytes);
    // What the packet waits for may need a completion of this side: that does not wait behind it (kmcl.md X19).
    if (outcome === "noPages") {
      return completion === null ? "done" : this.#putCompletion(completion);
    }
    if (outcome === "full" || (outcome !== "ok" && outcome !== "tooLarge")) return outcome;
    this.#queue.shift();
    if (outcome === "tooLarge") {
      this.#endpoint.completions.completeWithStatus(packet, STATUS_INVALID_BUFFER_SIZE);
    }
    return "ok";
  }

  #putCompletion(completion: IncomingPacket): "ok" | "done" | "full" | RingFault {
    const { answer, answerBytes } = completion;
    const outcome = this.#putAnswer(completion, answer, answerBytes);
    if (outcome === "full" || (outcome !== "ok" && outcome !== "tooLarge")) return outcome;
    this.#completions.shift();
    const event = outcome === "ok" ? this.#writer.settled : undefined;
    this.#endpoint.incoming.outstandingPackets.settled(completion, event);
    // No driver's: of one it is known when it completes the packet. A saved state may hold anything.
    if (outcome === "tooLarge") this.#endpoint.fails("completionTooLarge");
    return outcome === "tooLarge" ? "done" : "ok";
  }

  /** See {@linkcode PacketWriter.canCarry} and {@linkcode BounceBuffers.canHold}; without a ring nobody knows. */
  canCarry(packet: PacketObject, payload: Uint8Array, byteCount: number): boolean {
    if (this.#endpoint.bounce?.canHold(packet) === false) return false;
    return this.#ring === null || this.#writer.canCarry(this.#ring, packet, payload, byteCount);
  }

  /** See {@linkcode PacketWriter.canAnswer}. */
  canAnswer(packet: IncomingPacket, answer: Uint8Array, answerBytes: number): boolean {
    return this.#writer.canAnswer(this.#openRing(), packet, answer, answerBytes);
  }

  #putAnswer(packet: IncomingPacket, answer: Uint8Array, answerBytes: number): "ok" | NotPut {
    return this.#writer.putCompletion(this.#openRing(), packet, answer, answerBytes);
  }

  #openRing(): OutgoingRing {
    const ring = this.#ring;
    assert(ring !== null, "an endpoint that flows or completes has rings");
    return ring;
  }

  /** Puts a packet into the ring and tells its actor, with the bytes that are there now. */
  #enterRing(
    packet: PacketObject,
    payload: Uint8Array,
    byteCount: number,
  ): "ok" | "noPages" | NotPut {
    const { bounce } = this.#endpoint;
    const taken = bounce === null ? "ok" : bounce.take(packet);
    if (taken !== "ok") return taken;
    const outcome = this.#writer.putPacket(this.#openRing(), packet, payload, byteCount);
    if (bounce !== null) {
      if (outcome === "ok") bounce.entered(packet);
      else bounce.undo(packet);
    }
    if (outcome !== "ok") return outcome;
    if (packet.wantsCompletion) packet.actor.send(this.#writer.enter, "enter");
    else packet.actor.send(this.#writer.enterLast, "enterLast");
    this.#endpoint.trace.entered(packet, payload, byteCount);
    if (!packet.wantsCompletion) this.#endpoint.completions.schedule(packet, STATUS_SUCCESS);
    return "ok";
  }

  #publish(): void {
    const { drains } = this.#endpoint;
    if (drains.length > 0) drains.forEach((drain) => drain.look());
    if (this.putOff !== null) this.putOff.signal.publish(this.#ring!);
    else if (this.#ring!.commit()) this.#endpoint.signal.raise();
  }

  // -- The end of a transaction

  /**
   * The packet that a completion from the peer ends; null where it ends none: the peer's fault. Our ids
   * are slots, so one with a high half is not ours.
   */
  awaited(transactionIdLow: number, transactionIdHigh: number): PacketObject | null {
    const packet = transactionIdHigh === 0 ? this.packets.at(transactionIdLow) : null;
    if (packet === null) return null;
    const { tags } = packet.actor;
    return tags.awaiting === true || tags.withdrawn === true ? packet : null;
  }

  /** Ends everything that is still under way (kmcl.md S15). */
  endAll(): void {
    this.#endpoint.completions.endAll();
    this.#queue.clear();
  }

  /** Takes back a queued packet that nobody waits for any more. */
  withdrawQueued(packet: PacketObject): void {
    const wasQueued = this.#queue.remove(packet);
    assert(wasQueued, "a packet that is taken back was queued");
    this.#endpoint.completions.withdraw(packet, STATUS_CANCELLED);
    this.flush();
  }
}
