/**
 * What the trace hears of one endpoint (api.md section 3), and who observes the fabric.
 *
 * @module
 */

import type { CopyRoom } from "../../core/blocks.ts";
import { NO_BYTES } from "../../core/bytes.ts";
import { bytesInRanges, type GpaRange } from "../../core/memory/gpa_ranges.ts";
import { type NtStatus, STATUS_SUCCESS } from "../../core/ntstatus.ts";
import type { Trace } from "../../core/trace.ts";
import { describeBytes } from "../../core/trace_entries.ts";
import { TRACE_EVENTS, type TraceDetails, type TraceEvent } from "../../core/trace_events.ts";
import { showU64 } from "../../core/units.ts";
import { outermostState } from "../chart/outermost_state.ts";
import type { Frame, Irql } from "../runtime/irql.ts";
import type { ObservationOf, ObservedEndpoint } from "../runtime/observation.ts";
import type { RuntimePort } from "../runtime/runtime_port.ts";
import { type Arrival, describePacket, type EnteringPacket } from "./traced_packets.ts";

const { bytesTaken, packetArrived, packetCompleted, packetEnded, transactionIdHigh } = TRACE_EVENTS;

/** Beside an arrival: its sender wants a completion; it describes memory. */
const WANTS_COMPLETION = 1;
const HAS_EXTERNAL_DATA = 2;

/** What has become of a synchronous request. */
interface EndedRequest {
  /** Its status. */
  readonly status: NtStatus;
  /** Bytes of the answer; null where its caller learns none. */
  readonly completionBufferSize: number | null;
}

/** An endpoint, as entries of the trace name it. */
interface TracedEndpoint extends ObservedEndpoint {
  /** The number of its channel on the bus; null while it has none. */
  readonly channelId: number | null;
  /** Server: the guest whose bus that is; null: it is for nobody yet. */
  readonly guest: { readonly name: string } | null;
}

/** The trace of one endpoint. */
export class ChannelTrace {
  readonly #trace: Trace;
  readonly #clock: { readonly now100ns: number };
  readonly #subjectId: number;
  /** Whoever observes the fabric hears of it here: for each thing that happens one question is asked. */
  readonly #runtime: Pick<RuntimePort, "observer">;
  readonly #endpoint: TracedEndpoint;

  /** What happens to `endpoint` of the fabric whose runtime this is. */
  constructor(
    runtime: Pick<RuntimePort, "recorder" | "clock" | "observer">,
    endpoint: TracedEndpoint,
  ) {
    this.#trace = runtime.recorder;
    this.#clock = runtime.clock;
    this.#subjectId = endpoint.id;
    this.#runtime = runtime;
    this.#endpoint = endpoint;
  }

  // -- What only entries tell: it follows from what the digest has

  #imply(
    event: TraceEvent,
    details: TraceDetails,
    values: readonly (number | string)[] = [],
  ): void {
    this.#trace.imply(this.#clock.now100ns, event, this.#subjectId, { values, details });
  }

  /** It was made: from now on entries call it by its name. */
  created(): void {
    if (!this.#trace.keepsEntries) return;
    const { name, side, place: { partition } } = this.#endpoint;
    this.#trace.nameSubject(this.#subjectId, name);
    this.#imply("channelCreated", { partition, side });
  }

  /** Its chart has taken the event of which the entry at `place` tells: says which state it is in by now. */
  cameTo(place: number, { snapshot }: { readonly snapshot: { readonly value: unknown } }): void {
    const { value } = snapshot;
    const [lifecycle, flow] = ["lifecycle", "flow"].map((region) => outermostState(value, region));
    this.#trace.tell({ state: `${lifecycle}, ${flow}` }, [], place);
  }

  // -- The channel

  /** Something happened that no other function here is for. */
  happened(event: TraceEvent, a?: number, b?: number): void {
    this.#trace.record(this.#clock.now100ns, event, this.#subjectId, a, b);
  }

  /** The opposite side did something wrong. */
  fault(fault: string): void {
    this.#trace.recordTexts(this.#clock.now100ns, "fault", this.#subjectId, fault);
    this.#runtime.observer?.see({ kind: "channelFaults", endpoint: this.#endpoint, fault });
  }

  /** Its chart is told of `event`, which has number `code` there. Returns the place of the entry; null: none is kept. */
  told(event: string, code: number, status: number | undefined): number | null {
    this.happened("channelEvent", code, status);
    const place = this.#trace.keepsEntries ? this.#trace.entries.length - 1 : null;
    this.#runtime.observer?.see({ kind: "channelChanges", endpoint: this.#endpoint, event });
    return place;
  }

  /** It has rings from now on; those of a saved endpoint hold what they held. */
  attached(isResumed: boolean): void {
    const endpoint = this.#endpoint;
    const { channelId, side, place: { partition } } = endpoint;
    const guest = side === "client" ? partition : endpoint.guest?.name ?? null;
    this.#imply("ringsAttached", { isResumed, guest, channelId });
    this.#runtime.observer?.see({ kind: "ringsAttached", endpoint, isResumed });
  }

  /** Its rings are gone. */
  detached(): void {
    this.#imply("ringsDetached", {});
    this.#runtime.observer?.see({ kind: "ringsDetached", endpoint: this.#endpoint });
  }

  /** EvtChannelProcessingComplete of a batch of `count` packets is about to be called. */
  batch({ name, code, irql }: Frame, count: number): void {
    this.happened("callbackBegin", code, count);
    this.#trace.tell({ irql });
    const endpoint = this.#endpoint;
    this.#runtime.observer?.see({ kind: "callbackBegins", endpoint, callback: name, irql, count });
  }

  /** A synchronous request has ended, within its call or after a wait. */
  requestEnded({ status, completionBufferSize }: EndedRequest): void {
    this.happened("requestEnded", status, completionBufferSize ?? undefined);
    const { observer } = this.#runtime;
    if (observer === null) return;
    const call = "VmbChannelSendSynchronousRequest";
    const result = { status, completionBufferSize };
    observer.see({ kind: "functionReturns", call, endpoint: this.#endpoint, status, result });
  }

  // -- Packets of the opposite side

  /** A packet arrived: with it its ProcessPacket call begins, at `irql`. */
  arrived(packet: Arrival, irql: Irql): void {
    if (this.#trace.isHeard === true) this.#hearArrived(packet, irql);
  }

  #hearArrived(packet: Arrival, irql: Irql): void {
    if (this.#trace.isOn) this.#arrived(packet, irql);
    if (this.#runtime.observer !== null) this.#observeArrived(packet, irql);
  }

  #observeArrived(packet: Arrival, irql: Irql): void {
    this.#runtime.observer?.see({
      kind: "packetArrives",
      endpoint: this.#endpoint,
      packet: packet.number,
      transactionIdLow: packet.transactionIdLow,
      transactionIdHigh: packet.transactionIdHigh,
      wantsCompletion: packet.wantsCompletion,
      hasExternalData: packet.ranges.length > 0,
      payload: packet.payload,
      payloadBytes: packet.payloadBytes,
      irql,
    });
  }

  #arrived(packet: Arrival, irql: Irql): void {
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
    if (trace.keepsEntries) this.#tellArrived(packet, irql);
  }

  #tellArrived(packet: Arrival, irql: Irql): void {
    const trace = this.#trace;
    const { number, payload, payloadBytes, wireType, wantsCompletion } = packet;
    const transactionId = showU64(packet.transactionIdLow, packet.transactionIdHigh);
    trace.tellValues([transactionId, payloadBytes]);
    trace.tell({
      packet: number,
      ...describePacket({ wantsCompletion, wireType }, payload, payloadBytes),
      callback: "EvtChannelProcessPacket",
      irql,
    });
  }

  /** Bytes were taken out of a packet of a byte pipe. */
  bytesTaken(room: CopyRoom, byteCount: number): void {
    if (!this.#trace.isOn) return;
    const { now100ns } = this.#clock;
    this.#trace.recordPacket(now100ns, bytesTaken, this.#subjectId, 0, byteCount, room, byteCount);
    if (this.#trace.keepsEntries) {
      this.#trace.tell({ payload: describeBytes(room.copy, byteCount) });
    }
  }

  /** An answer is not on its way to be read: as a rule it is recorded where it is. */
  answerKept(answer: Uint8Array, byteCount: number): void {
    const { now100ns } = this.#clock;
    this.#trace.recordPayload(now100ns, "answerKept", this.#subjectId, answer, byteCount);
  }

  /** The driver is done with a packet, or it goes back to the queue. */
  retired(
    packet: number,
    how: ObservationOf<"packetRetired">["how"],
    answer: Uint8Array,
    answerBytes: number,
  ): void {
    if (this.#trace.isTold !== true) return;
    const endpoint = this.#endpoint;
    if (this.#trace.keepsEntries) {
      const payload = how === "completed" ? describeBytes(answer, answerBytes) : null;
      this.#imply("packetRetired", { packet, how, payload });
    }
    this.#runtime.observer?.see(
      { kind: "packetRetired", endpoint, packet, how, answer, answerBytes },
    );
  }

  /** A completed packet counts no more; where `isAnswered` its completion is in the ring. */
  settled(packet: number, isAnswered: boolean): void {
    if (this.#trace.isTold !== true) return;
    const endpoint = this.#endpoint;
    if (this.#trace.keepsEntries) this.#imply("packetSettled", { packet, isAnswered });
    this.#runtime.observer?.see({ kind: "packetSettled", endpoint, packet, isAnswered });
  }

  /** A callback that each packet has is over: that follows from calls, which say whether they are made inside one. */
  returned(frame: Frame): void {
    if (this.#trace.isTold === true) this.#tellReturned(frame);
  }

  #tellReturned({ name, code }: Frame): void {
    if (this.#trace.keepsEntries) this.#imply("callbackEnd", {}, [code]);
    const endpoint = this.#endpoint;
    this.#runtime.observer?.see({ kind: "callbackReturns", endpoint, callback: name });
  }

  // -- Packets of its own

  /** A packet waits for room or for the flow. */
  queued(slot: number, payload: Uint8Array, byteCount: number): void {
    this.happened("packetQueued", slot, byteCount);
    this.#trace.addPayload(payload, byteCount);
    if (this.#trace.keepsEntries) {
      this.#trace.tell({ payload: describeBytes(payload, byteCount) });
    }
    const { observer } = this.#runtime;
    if (observer === null) return;
    const endpoint = this.#endpoint;
    const payloadBytes = byteCount;
    observer.see({ kind: "packetQueued", endpoint, packet: slot, payload, payloadBytes });
  }

  /** A packet entered the ring: that follows from its call's success, or from what made room for those that queue. */
  entered(packet: EnteringPacket, payload: Uint8Array, byteCount: number): void {
    if (this.#trace.isTold === true) this.#tellEntered(packet, payload, byteCount);
  }

  #tellEntered(packet: EnteringPacket, payload: Uint8Array, byteCount: number): void {
    if (this.#trace.keepsEntries) {
      const details = describePacket(packet, payload, byteCount);
      this.#imply("packetEntered", details, [packet.slot, byteCount]);
    }
    if (this.#runtime.observer !== null) this.#observeEntered(packet, payload, byteCount);
  }

  #observeEntered(packet: EnteringPacket, payload: Uint8Array, payloadBytes: number): void {
    this.#runtime.observer?.see({
      kind: "packetEnters",
      endpoint: this.#endpoint,
      packet: packet.slot,
      payload,
      payloadBytes,
      wantsCompletion: packet.wantsCompletion,
      hasExternalData: packet.hasExternalData,
    });
  }

  /** A transaction ended with an answer, of which `byteCount` bytes lie in `answer`. */
  completed(slot: number, answer: CopyRoom, byteCount: number): void {
    if (this.#trace.isHeard === true) this.#hearCompleted(slot, answer, byteCount);
  }

  #hearCompleted(slot: number, answer: CopyRoom, byteCount: number): void {
    const trace = this.#trace;
    if (trace.isOn) {
      const { now100ns } = this.#clock;
      trace.recordPacket(now100ns, packetCompleted, this.#subjectId, 0, slot, answer, byteCount);
      if (trace.keepsEntries) {
        trace.tell({ type: "completion", payload: describeBytes(answer.copy, byteCount) });
      }
    }
    if (this.#runtime.observer !== null) {
      this.#observeEnded(slot, STATUS_SUCCESS, true, answer.copy, byteCount);
    }
  }

  #observeEnded(
    packet: number,
    status: NtStatus,
    isAnswered: boolean,
    answer: Uint8Array,
    answerBytes: number,
  ): void {
    const endpoint = this.#endpoint;
    this.#runtime.observer?.see({
      kind: "transactionEnds",
      endpoint,
      packet,
      status,
      isAnswered,
      answer,
      answerBytes,
    });
  }

  /** A transaction ended without an answer. */
  ended(slot: number, status: number): void {
    const trace = this.#trace;
    if (trace.isOn) {
      trace.recordShort(this.#clock.now100ns, packetEnded, this.#subjectId, 0, slot, status);
    }
    if (this.#runtime.observer !== null) this.#observeEnded(slot, status, false, NO_BYTES, 0);
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
