/**
 * What the trace hears of one endpoint (api.md section 3).
 *
 * @module
 */

import type { CopyRoom } from "../../core/blocks.ts";
import { bytesInRanges, type GpaRange } from "../../core/memory/gpa_ranges.ts";
import type { Trace } from "../../core/trace.ts";
import { TRACE_EVENTS, type TraceEvent } from "../../core/trace_events.ts";
import { showU64 } from "../../core/units.ts";

const { packetArrived, packetCompleted, packetEnded, transactionIdHigh } = TRACE_EVENTS;

/** Beside an arrival: its sender wants a completion; it describes memory. */
const WANTS_COMPLETION = 1;
const HAS_EXTERNAL_DATA = 2;

/** What the trace has to know of a packet that arrived. */
export interface Arrival {
  /** Its number on the channel. */
  readonly number: number;
  /** Its payload, from the beginning of the array. */
  readonly payload: Uint8Array;
  /** Bytes of it. */
  readonly payloadBytes: number;
  /** What the payload lies in. */
  readonly room: CopyRoom;
  /** The memory that it describes. */
  readonly ranges: readonly GpaRange[];
  /** Its sender's id for it: the lower half. */
  readonly transactionIdLow: number;
  /** And the upper one. */
  readonly transactionIdHigh: number;
  /** Whether its sender wants a completion. */
  readonly wantsCompletion: boolean;
}

/** The trace of one endpoint. */
export class ChannelTrace {
  readonly #trace: Trace;
  readonly #clock: { readonly now100ns: number };
  readonly #subjectId: number;

  /** What happens to the endpoint that is `subjectId` on `trace`, at the times that `clock` shows. */
  constructor(trace: Trace, clock: { readonly now100ns: number }, subjectId: number) {
    this.#trace = trace;
    this.#clock = clock;
    this.#subjectId = subjectId;
  }

  /** Something happened that no other function here is for. */
  happened(event: TraceEvent, a?: number, b?: number): void {
    this.#trace.record(this.#clock.now100ns, event, this.#subjectId, a, b);
  }

  /** The opposite side did something wrong. */
  fault(fault: string): void {
    this.#trace.recordTexts(this.#clock.now100ns, "fault", this.#subjectId, fault);
  }

  // -- Packets of the opposite side

  /** A packet arrived: with it its ProcessPacket call begins. */
  arrived(packet: Arrival): void {
    if (this.#trace.isOn) this.#arrived(packet);
  }

  #arrived(packet: Arrival): void {
    const trace = this.#trace;
    const { now100ns } = this.#clock;
    const idHigh = packet.transactionIdHigh;
    if (idHigh !== 0) {
      trace.recordShort(now100ns, transactionIdHigh, this.#subjectId, 0, idHigh, 0);
    }
    trace.recordPacket(
      now100ns,
      packetArrived,
      this.#subjectId,
      (packet.wantsCompletion ? WANTS_COMPLETION : 0) |
        (packet.ranges.length > 0 ? HAS_EXTERNAL_DATA : 0),
      packet.transactionIdLow,
      packet.room,
      packet.payloadBytes,
    );
    if (trace.keepsEntries) this.#tellArrived(packet);
  }

  #tellArrived(packet: Arrival): void {
    const trace = this.#trace;
    const { number, payload, payloadBytes, ranges, wantsCompletion } = packet;
    const transactionId = showU64(packet.transactionIdLow, packet.transactionIdHigh);
    trace.tellValues([transactionId, payloadBytes]);
    trace.tell({
      packet: number,
      completionRequested: wantsCompletion,
      hasExternalData: ranges.length > 0,
      payload: trace.describeBytes(payload, payloadBytes),
    });
  }

  /** An answer is not on its way to be read: as a rule it is recorded where it is. */
  answerKept(answer: Uint8Array, byteCount: number): void {
    const { now100ns } = this.#clock;
    this.#trace.recordPayload(now100ns, "answerKept", this.#subjectId, answer, byteCount);
  }

  /** A callback that each packet has is over: that follows from calls, which say whether they are made inside one. */
  returned(callback: number): void {
    if (!this.#trace.keepsEntries) return;
    this.#trace.imply(this.#clock.now100ns, "callbackEnd", this.#subjectId, callback);
  }

  // -- Packets of its own

  /** A packet waits for room or for the flow. */
  queued(slot: number, payload: Uint8Array, byteCount: number): void {
    this.happened("packetQueued", slot, byteCount);
    this.#trace.addPayload(payload, byteCount);
  }

  /** A packet entered the ring: that follows from its call's success, or from what made room for those that queue. */
  entered(slot: number, byteCount: number): void {
    if (!this.#trace.keepsEntries) return;
    this.#trace.imply(this.#clock.now100ns, "packetEntered", this.#subjectId, slot, byteCount);
  }

  /** A transaction ended with an answer, of which `byteCount` bytes lie in `answer`. */
  completed(slot: number, answer: CopyRoom, byteCount: number): void {
    const trace = this.#trace;
    if (!trace.isOn) return;
    const { now100ns } = this.#clock;
    trace.recordPacket(now100ns, packetCompleted, this.#subjectId, 0, slot, answer, byteCount);
    if (trace.keepsEntries) {
      trace.tell({ payload: trace.describeBytes(answer.copy, byteCount) });
    }
  }

  /** A transaction ended without an answer. */
  ended(slot: number, status: number): void {
    const trace = this.#trace;
    if (!trace.isOn) return;
    trace.recordShort(this.#clock.now100ns, packetEnded, this.#subjectId, 0, slot, status);
  }

  /**
   * The memory that packet `slot` describes changes hands: where it lies, and what is there now. Drivers
   * write to it through views, which nobody sees; but what it holds when it changes hands is known.
   */
  externalData(
    event: "externalDataSent" | "externalDataEnded",
    slot: number,
    ranges: readonly GpaRange[],
    memory: { pieces(ranges: readonly GpaRange[]): readonly Uint8Array[] },
  ): void {
    const trace = this.#trace;
    if (!trace.isOn) return;
    const words = [slot];
    for (const { byteOffset, byteCount, pfns } of ranges) {
      words.push(byteOffset, byteCount);
      for (const pfn of pfns) words.push(pfn);
    }
    trace.recordWords(this.#clock.now100ns, event, this.#subjectId, 0, words);
    for (const piece of memory.pieces(ranges)) trace.addPayload(piece, piece.length);
    if (!trace.keepsEntries) return;
    trace.tellValues([slot, bytesInRanges(ranges)]);
  }

  /** The ring goes with what nobody has read of it, where payloads are recorded as they are read. */
  unread(ring: { unread(): Uint8Array }): void {
    if (!this.#trace.isOn) return;
    const bytes = ring.unread();
    if (bytes.length === 0) return;
    const { now100ns } = this.#clock;
    this.#trace.recordPayload(now100ns, "unread", this.#subjectId, bytes, bytes.length);
  }
}
