/**
 * The receiving half of an endpoint: it takes packets from the incoming ring, one after the other, and
 * hands them to the driver or to the transaction that they complete (kmcl.md R1–R3, S7, S8).
 *
 * @module
 */

import * as packets from "../../core/packet/packet.ts";
import type { IncomingRing } from "../../core/ring/incoming.ts";
import * as promises from "../runtime/promises.ts";
import * as levels from "../runtime/irql.ts";
import type { Frame, Irql } from "../runtime/irql.ts";
import { takeUncommon } from "./arrival.ts";
import type { BytePipe } from "./byte_pipe.ts";
import { ExternalData } from "./external_data.ts";
import type { ReceivingEndpoint } from "./half_ports.ts";
import { OutstandingPackets } from "./outstanding_packets.ts";
import type { IncomingPacket } from "./incoming_packet.ts";
import { endEmptying } from "./peer_closed.ts";
import { TakenPacket } from "./packet_events.ts";
import type { IncomingProgress } from "./progress.ts";
import { Reading, type ReadingHalf } from "./reading.ts";
import { ReceivingCalls } from "./receiving_calls.ts";
import type { ChannelFault } from "./types.ts";

// Names of this module's own: an imported one is loaded and checked wherever it is used (D140, D320).
const { PACKET_COMPLETION, PACKET_IN_BAND } = packets;
const { isPromise } = promises;
const { DISPATCH_LEVEL, leaveFrame, PASSIVE_LEVEL } = levels;

/** Packets taken in one work item; more wait for the next, so that no item runs for ever. */
const PACKETS_PER_ITEM = 1024;

/** The receiving half of one endpoint. */
export class Incoming {
  /** Whether every packet is delivered at PASSIVE_LEVEL. */
  isAlwaysPassive = false;
  /** Of each hundred packets of a batch so many are due at DISPATCH_LEVEL, the rest at PASSIVE_LEVEL (kmcl.md X12). */
  dispatchShare = 100;
  /** The packets that the driver has. */
  readonly outstandingPackets: OutstandingPackets;
  /** The memory that packets describe. */
  readonly externalData: ExternalData;

  #share = 100; // in force
  readonly #endpoint: ReceivingEndpoint;
  readonly #dispatchFrame: Frame;
  readonly #passiveFrame: Frame;
  /** Its callbacks that may be unfinished. */
  readonly #calls: ReceivingCalls;
  readonly #taken: TakenPacket;
  #ring: IncomingRing | null = null;
  /** The packet at the head was handed back and is due at PASSIVE_LEVEL. */
  #isHeadPassive = false;
  /** Packets delivered since the batch began (kmcl.md R3). */
  #batchCount = 0;
  /** The streams of a byte pipe, which take its packets; null: it is no byte pipe. */
  bytes: BytePipe | null = null;
  /** Takes packets where there are scheduling points; null: an item takes all that it may. */
  readonly reading: Reading | null;

  /** The receiving half of `endpoint`. */
  constructor(endpoint: ReceivingEndpoint) {
    this.#endpoint = endpoint;
    this.#taken = TakenPacket.of(endpoint.runtime);
    this.outstandingPackets = new OutstandingPackets(endpoint);
    this.externalData = new ExternalData(endpoint);
    const { points } = endpoint.runtime.scheduler;
    this.reading = points === null ? null : new Reading(this.#half, points);
    this.#dispatchFrame = endpoint.frame("EvtChannelProcessPacket", DISPATCH_LEVEL);
    this.#passiveFrame = endpoint.frame("EvtChannelProcessPacket", PASSIVE_LEVEL);
    this.#calls = new ReceivingCalls(endpoint, () => this.scheduleNext());
  }

  /** Sets {@linkcode Incoming.isAlwaysPassive} and {@linkcode Incoming.dispatchShare}. */
  setLevels(isAlwaysPassive: boolean, dispatchShare: number): void {
    this.isAlwaysPassive = isAlwaysPassive;
    this.dispatchShare = dispatchShare;
    this.#share = isAlwaysPassive ? 0 : dispatchShare;
  }

  /** Whether a ProcessPacket or ProcessingComplete call is unfinished. */
  get isBusy(): boolean {
    return this.#calls.isBusy;
  }

  /** The channel opens. */
  attach(ring: IncomingRing): void {
    this.#setRing(ring);
    this.outstandingPackets.unblock();
    this.#isHeadPassive = false;
    this.#batchCount = 0;
  }

  /** The rings are gone. */
  detach(): void {
    this.#setRing(null);
    this.externalData.forget();
  }

  #setRing(ring: IncomingRing | null): void {
    this.#ring = ring;
    this.reading?.forget();
  }

  // -- Saving and restoring

  /** The reader's end of the ring, while there is one. */
  get ring(): IncomingRing | null {
    return this.#ring;
  }

  /** How far it is. */
  get progress(): IncomingProgress {
    const { isBlocked } = this.outstandingPackets;
    return { isBlocked, isHeadPassive: this.#isHeadPassive, batchCount: this.#batchCount };
  }

  /** Continues from where a saved endpoint was, with a ring that is attached. */
  resume({ isBlocked, isHeadPassive, batchCount }: IncomingProgress): void {
    this.outstandingPackets.resume(isBlocked);
    this.#isHeadPassive = isHeadPassive;
    this.#batchCount = batchCount;
  }

  // -- Taking packets from the ring

  /** Takes packets until the ring is empty, the quota is reached, or something must come first. */
  drain(irql: Irql): void {
    const ring = this.#ring;
    if (ring === null || this.#calls.isBusy === true) return;
    for (let taken = 0; taken < PACKETS_PER_ITEM; taken++) {
      if (!this.#endpoint.flows) return this.#commit(ring);
      if (!this.outstandingPackets.mayGrow()) return this.#endBatch(ring, irql);
      const outcome = ring.next();
      if (outcome === "empty") {
        if (this.#sleeps(ring)) return this.#countBatch(irql);
      } else if (outcome !== "packet") return this.#endpoint.faulted(outcome);
      else if (!this.#take(ring, irql)) return;
    }
    this.#commit(ring);
    this.scheduleNext();
  }

  /** Takes the packet that the ring shows; false where the queue must not continue at once. */
  #take(ring: IncomingRing, irql: Irql): boolean {
    const taken = this.#taken;
    taken.ring = ring;
    const fault = this.#endpoint.runtime.codec.decode(ring, taken.fields);
    if (fault !== null) return this.#stopAt(fault);
    if (taken.fields.type === PACKET_COMPLETION) return this.#takeCompletion(ring);
    if (this.bytes !== null) return this.#takeBytes(ring, this.bytes);
    const isPassiveDue = this.#isHeadPassive === true || this.isShareSpent;
    if (isPassiveDue !== (irql === PASSIVE_LEVEL)) { // at another level than this work item's (kmcl.md R1)
      this.#commit(ring);
      this.scheduleNext();
      return false;
    }
    return this.#deliver(ring, irql);
  }

  #stopAt(fault: ChannelFault): false {
    this.#endpoint.faulted(fault);
    return false;
  }

  /** Whether the next packet's batch has had its share of DISPATCH_LEVEL, for now. */
  get isShareSpent(): boolean {
    return this.#share < 100 && this.#batchCount % 100 >= this.#share;
  }

  #takeBytes(ring: IncomingRing, bytes: BytePipe): boolean {
    const outcome = bytes.take(ring, this.#taken.fields);
    if (outcome === "taken") ring.advance();
    else if (outcome === "held") this.#endBatch(ring, DISPATCH_LEVEL);
    else this.#endpoint.faulted(outcome);
    return outcome === "taken";
  }

  #takeCompletion(ring: IncomingRing): boolean {
    const taken = this.#taken;
    const { payloadStart, payloadBytes, transactionIdLow, transactionIdHigh } = taken.fields;
    const packet = this.#endpoint.outgoing.awaited(transactionIdLow, transactionIdHigh);
    if (packet === null) return this.#stopAt("unknownTransaction");
    const { answer } = taken;
    ring.takePayload(answer, payloadStart, payloadBytes);
    ring.advance();
    this.#endpoint.completions.complete(packet, taken.completes, answer, payloadBytes);
    const { resting } = this.outstandingPackets;
    if (resting !== null) taken.answer = resting.exchange(answer);
    return true;
  }

  /** Whether the ring is still empty once the writer has been allowed to signal (wire.md 1.8). */
  #sleeps(ring: IncomingRing): boolean {
    this.#commit(ring);
    const rest = ring.rearm();
    if (rest === "more") return false;
    if (rest !== "sleep") this.#endpoint.faulted(rest);
    return true;
  }

  #commit(ring: IncomingRing): void {
    if (ring.commit()) this.#endpoint.signal.raise();
  }

  /** EvtChannelSuspend is due, and the batch ends before it; false where that must wait for its ProcessingComplete. */
  finishBatch(): boolean {
    if (this.#ring !== null) this.#endBatch(this.#ring, PASSIVE_LEVEL);
    return !this.#calls.isBusy;
  }

  /** Whether the driver is to hear of packets that it was given. */
  get hasBatch(): boolean {
    return this.#batchCount > 0 && this.#endpoint.driverCallbacks.hearsOfBatches;
  }

  /** Ends the batch: the driver hears how many packets it was (kmcl.md R3). */
  #endBatch(ring: IncomingRing, irql: Irql): void {
    this.#commit(ring);
    this.#countBatch(irql);
  }

  #countBatch(irql: Irql): void {
    if (this.bytes !== null) this.bytes.endBatch();
    else this.#tellBatch(irql);
    if (this.#endpoint.actor.tags.emptying === true) endEmptying(this.#endpoint, this);
  }

  #tellBatch(irql: Irql): void {
    const count = this.#batchCount;
    const { hasBatch } = this;
    // Whoever takes packets at PASSIVE_LEVEL alone hears of their number there as well (kmcl.md R3).
    const isElsewhere = this.isAlwaysPassive && irql === DISPATCH_LEVEL;
    if (hasBatch && isElsewhere) return this.#scheduleNextPassive();
    this.#batchCount = 0;
    if (hasBatch) this.#calls.reportBatch(count, irql);
  }

  /** Has the queue continue in a work item of its own, at the level that the next packet is due at. */
  scheduleNext(): void {
    if (this.#isHeadPassive || this.isShareSpent) this.#scheduleNextPassive();
    else this.#endpoint.work.scheduleInterrupt();
  }

  /** At PASSIVE_LEVEL the queue continues, unless pages are brought in: then it does so after that. */
  #scheduleNextPassive(): void {
    if (!this.externalData.isAwaited) this.#endpoint.work.schedulePassivePackets();
  }

  /** Hands the packet that the ring shows to the driver; false where the queue must not continue at once. */
  #deliver(ring: IncomingRing, irql: Irql): boolean {
    const packet = this.#accept(ring, irql);
    if (typeof packet === "string") return this.#stopAt(packet);
    const { callbacks } = this.#endpoint.runtime;
    const frame = irql === DISPATCH_LEVEL ? this.#dispatchFrame : this.#passiveFrame;
    const outer = callbacks.enter(frame);
    let result: unknown;
    let isLater = false;
    try {
      result = irql === DISPATCH_LEVEL
        ? this.#endpoint.driverCallbacks.processPacket(packet)
        : this.#calls.processPassive(packet);
      isLater = isPromise(result);
    } catch (error) {
      callbacks.threw(frame, error);
    } finally {
      leaveFrame(outer);
    }
    if (!isLater) {
      this.#endpoint.trace.returned(frame);
      return this.#afterCall(ring, packet, irql);
    }
    this.#awaitDelivery(ring, packet, frame, result);
    return false;
  }

  /** The rest of a delivery whose callback returned a promise. */
  #awaitDelivery(ring: IncomingRing, packet: IncomingPacket, frame: Frame, later: unknown): void {
    this.#commit(ring);
    this.#calls.await(frame, later, () => {
      if (this.#afterCall(ring, packet, frame.irql)) this.scheduleNext();
    });
  }

  /** Takes the packet's fields into a record of its own; the peer's fault where they do not hold. */
  #accept(ring: IncomingRing, irql: Irql): IncomingPacket | ChannelFault {
    const { arrived, fields } = this.#taken;
    const endpoint = this.#endpoint;
    if (fields.type !== PACKET_IN_BAND || endpoint.configuration.isPipe) {
      const fault = takeUncommon(endpoint, ring, fields);
      if (fault !== null) return fault;
    }
    const packet = this.outstandingPackets.add(arrived);
    packet.takePayload(ring, fields.payloadStart, fields.payloadBytes);
    packet.wireType = fields.type;
    packet.ranges = fields.ranges;
    packet.transactionIdLow = fields.transactionIdLow;
    packet.transactionIdHigh = fields.transactionIdHigh;
    packet.wantsCompletion = fields.completionRequested;
    packet.since100ns = endpoint.runtime.clock.now100ns;
    this.#isHeadPassive = false;
    endpoint.trace.arrived(packet, irql);
    return packet;
  }

  /** The ProcessPacket call has ended; false where the queue must not continue at once. */
  #afterCall(ring: IncomingRing, packet: IncomingPacket, irql: Irql): boolean {
    if (this.outstandingPackets.returned(packet)) {
      this.#isHeadPassive = true;
      if (this.reading?.isUnderWay === true) this.reading.requeue();
      else this.#endRequeue(ring, irql);
      return false;
    }
    ring.advance();
    this.#batchCount++;
    return true;
  }

  #endRequeue(ring: IncomingRing, irql: Irql): void {
    this.#endBatch(ring, irql);
    if (!this.#calls.isBusy) this.#scheduleNextPassive();
  }

  /** Brings in the pages that drivers wait for; then the queue continues, which may have waited for that. */
  pageIn(): void {
    this.externalData.bringIn();
    this.scheduleNext();
  }

  /** What a reading does here. */
  get #half(): ReadingHalf {
    return {
      ring: () => this.#ring,
      isBusy: () => this.#calls.isBusy,
      flows: () => this.#endpoint.flows,
      packetsPerItem: PACKETS_PER_ITEM,
      mayGrow: () => this.outstandingPackets.mayGrow(),
      take: (from, irql) => this.#take(from, irql),
      commit: (to) => this.#commit(to),
      report: (irql) => this.#countBatch(irql),
      endRequeue: (of, irql) => this.#endRequeue(of, irql),
      faulted: (fault) => this.#endpoint.faulted(fault),
      scheduleNext: () => this.scheduleNext(),
    };
  }
}
