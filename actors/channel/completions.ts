/**
 * How a transaction that an endpoint began ends: with its completion routine, in its own order
 * (kmcl.md P4, P5, S15).
 *
 * @module
 */

import { CopyRoom } from "../../core/blocks.ts";
import { type NtStatus, STATUS_CANCELLED, STATUS_DEVICE_REMOVED } from "../../core/ntstatus.ts";
import * as statuses from "../../core/ntstatus.ts";
import { NO_RANGES } from "../../core/packet/packet.ts";
import { Fifo } from "../../core/fifo.ts";
import type { PacketObject } from "../packet/packet_object.ts";
import type { Points } from "../runtime/points.ts";
import type { PacketEvent } from "../packet/types.ts";
import type { BounceBuffers } from "./bounce_buffers.ts";
import type { DriverCallbacks } from "./driver_port.ts";
import type { EndpointPort } from "./endpoint_port.ts";

// Names of this module's own: an imported one is loaded and checked wherever it is used (D140, D320).
const { STATUS_SUCCESS } = statuses;

/** An event that ends a transaction; one that the opposite side completed carries the completion packet. */
type CompleteEvent = Extract<PacketEvent, { readonly type: "complete" }>;

/** Ends a transaction without a completion packet. */
const COMPLETE: CompleteEvent = { type: "complete" };

/** What completions need of the endpoint that began the transactions. */
export interface CompletedEndpoint extends EndpointPort {
  /** What its driver hears of it. */
  readonly driverCallbacks: Pick<DriverCallbacks, "packetEnded">;
  /** Its bounce buffers; null: it needs none. */
  readonly bounce: BounceBuffers | null;
  /** Its sending half. */
  readonly outgoing: {
    flush(): void;
    readonly packets: { readonly live: readonly PacketObject[]; free(packet: PacketObject): void };
  };
  /** What it has to do. */
  readonly work: { scheduleCompletions(): void };
}

/** The transactions of one endpoint that are over, up to their completion routines. */
export class PacketCompletions {
  readonly #endpoint: CompletedEndpoint;
  /** Packets whose transaction is over and whose completion routine is due. */
  readonly #due = new Fifo<PacketObject>();
  /** Routines that the item which stopped between two of them is still to run. */
  #left = 0;
  /** What routines are given where there is no answer: an array of the driver's own, as any answer is. */
  readonly #nothing = new CopyRoom();

  /** The completions of `endpoint`. */
  constructor(endpoint: CompletedEndpoint) {
    this.#endpoint = endpoint;
  }

  /** Whether completion routines are due. */
  get isDue(): boolean {
    return this.#due.length > 0;
  }

  /** How many are due. */
  get dueCount(): number {
    return this.#due.length;
  }

  /** Packets whose completion routine is due, in order. */
  get due(): readonly PacketObject[] {
    return this.#due.list();
  }

  /** Routines that the item which stopped between two of them is still to run; 0 where none has stopped. */
  get left(): number {
    return this.#left;
  }

  /** The transaction lasts from here on: its memory, the sender's own, stays where it is (kmcl.md P5). */
  begin(packet: PacketObject): void {
    if (packet.ranges.length > 0) this.#pin(packet);
  }

  #pin(packet: PacketObject): void {
    const { memory } = this.#endpoint.partition;
    const ranges = packet.ownRanges ?? packet.ranges;
    for (const { pfns } of ranges) memory.pin(pfns);
    this.#endpoint.trace.externalData("externalDataSent", packet.slot, ranges, memory);
  }

  /** Ends a transaction with the completion that arrived for it, which `event` carries. */
  complete(
    packet: PacketObject,
    event: CompleteEvent,
    answer: CopyRoom,
    answerBytes: number,
  ): void {
    this.#endpoint.trace.completed(packet.slot, answer, answerBytes);
    this.#end(packet, event, STATUS_SUCCESS, answer.copy, answerBytes);
  }

  /** The transaction is over without a completion: its routine is due. */
  completeWithStatus(packet: PacketObject, status: NtStatus): void {
    packet.actor.send({ type: "finish" });
    this.#endpoint.bounce?.end(packet, false);
    this.schedule(packet, status);
  }

  /** Ends what is in a ring that is gone; what is queued waits for the next one. */
  endSent(): void {
    for (const packet of this.#unfinished().filter(isSent)) {
      this.completeWithStatus(packet, STATUS_DEVICE_REMOVED);
    }
  }

  /** Ends everything that is still under way (kmcl.md S15). */
  endAll(): void {
    for (const packet of this.#unfinished()) {
      this.completeWithStatus(packet, isSent(packet) ? STATUS_DEVICE_REMOVED : STATUS_CANCELLED);
    }
  }

  /** Packets whose transactions are not over, in the order of sending. */
  #unfinished(): readonly PacketObject[] {
    return this.#endpoint.outgoing.packets.live
      .filter(({ actor }) => actor.can("finish"))
      .sort((a, b) => a.order - b.order);
  }

  /** The completion routine of `packet`, which waits for no completion any more, is due with `status`. */
  schedule(packet: PacketObject, status: NtStatus): void {
    packet.status = status;
    this.#due.push(packet);
    this.#endpoint.work.scheduleCompletions();
  }

  /** In a restored endpoint: the routines of `packets` were due; the work item comes back by itself. */
  resume(packets: readonly PacketObject[]): void {
    for (const packet of packets) this.#due.push(packet);
  }

  /** Runs the completion routines that are due. */
  run(): void {
    // One of them may crash its own partition: then no further one runs.
    for (let due = this.#due.length; due > 0 && this.#endpoint.partition.isAlive; due--) {
      const packet = this.#due.shift();
      if (packet === null) return;
      this.#endUnanswered(packet, packet.status);
    }
  }

  /** The same, where it may be overtaken between two of them; true where it stopped at a point. */
  runToPoint(points: Points): boolean {
    if (this.#left === 0) this.#left = this.#due.length;
    while (this.#left > 0 && this.#endpoint.partition.isAlive) {
      const packet = this.#due.shift();
      if (packet === null) break;
      this.#left--;
      this.#endUnanswered(packet, packet.status);
      if (this.#left > 0 && points.stop()) return true;
    }
    this.#left = 0;
    return false;
  }

  /** Ends a transaction that never reached the ring, with `status`, at once. */
  withdraw(packet: PacketObject, status: NtStatus): void {
    packet.actor.send({ type: "finish" });
    this.#endUnanswered(packet, status);
  }

  #endUnanswered(packet: PacketObject, status: NtStatus): void {
    this.#nothing.reserve(0);
    this.#endpoint.trace.ended(packet.slot, status);
    this.#end(packet, COMPLETE, status, this.#nothing.copy, 0);
  }

  /** The transaction is over: the packet may be sent again or freed (kmcl.md P4). */
  #end(
    packet: PacketObject,
    event: CompleteEvent,
    status: NtStatus,
    answer: Uint8Array,
    answerBytes: number,
  ): void {
    const isAnswered = event !== COMPLETE && packet.actor.tags.awaiting === true;
    packet.actor.send(event, "complete");
    if (packet.ranges.length > 0) this.#unpin(packet, isAnswered);
    packet.transfer = null;
    const { request } = packet;
    if (packet.kind === "request") {
      this.#endpoint.outgoing.packets.free(packet);
      request?.ended(status, answer, answerBytes);
    } else this.#endpoint.driverCallbacks.packetEnded(packet, status, answer, answerBytes);
    if (this.#endpoint.bounce?.isAwaited === true) this.#endpoint.outgoing.flush();
  }

  /** Also when the endpoint has left the bus: the memory is its own partition's. */
  #unpin(packet: PacketObject, isAnswered: boolean): void {
    const { memory } = this.#endpoint.partition;
    this.#endpoint.bounce?.end(packet, isAnswered);
    this.#endpoint.trace.externalData("externalDataEnded", packet.slot, packet.ranges, memory);
    for (const { pfns } of packet.ranges) memory.unpin(pfns);
    packet.ranges = NO_RANGES;
  }
}

/** Whether `packet` is in the ring or with the opposite side, which owes a completion for it. */
function isSent({ actor: { tags } }: PacketObject): boolean {
  return tags.awaiting || tags.withdrawn;
}
