/**
 * A packet's arrival on the trace: with it its ProcessPacket call begins.
 *
 * @module
 */

import type { CopyRoom } from "../../core/blocks.ts";
import type { Trace } from "../../core/trace.ts";
import { TRACE_EVENTS } from "../../core/trace_events.ts";
import { showU64 } from "../../core/units.ts";

const ARRIVED = TRACE_EVENTS.packetArrived;
const ID_HIGH = TRACE_EVENTS.transactionIdHigh;

/** Beside an arrival: its sender wants a completion; it describes memory. */
const WANTS_COMPLETION = 1;
const HAS_EXTERNAL_DATA = 2;

/** What the trace has to know of a packet that arrived. */
export interface Arrival {
  /** Its number on the channel. */
  readonly number: number;
  /** Its payload. */
  readonly payload: Uint8Array;
  /** What the payload lies in. */
  readonly room: CopyRoom;
  /** The memory that it describes. */
  readonly ranges: { readonly length: number };
  /** Its sender's id for it: the lower half. */
  readonly transactionIdLow: number;
  /** And the upper one. */
  readonly transactionIdHigh: number;
  /** Whether its sender wants a completion. */
  readonly wantsCompletion: boolean;
}

/** Records on `trace`, which is on, that `packet` has arrived at what `subjectId` stands for. */
export function traceArrival(
  trace: Trace,
  at100ns: number,
  subjectId: number,
  packet: Arrival,
): void {
  const { payload, ranges, transactionIdLow, transactionIdHigh, wantsCompletion, room } = packet;
  if (transactionIdHigh !== 0) {
    trace.recordShort(at100ns, ID_HIGH, subjectId, 0, transactionIdHigh, 0);
  }
  const beside = (wantsCompletion ? WANTS_COMPLETION : 0) |
    (ranges.length > 0 ? HAS_EXTERNAL_DATA : 0);
  trace.recordPacket(
    at100ns,
    ARRIVED,
    subjectId,
    beside,
    transactionIdLow,
    room,
    payload.length,
  );
  if (trace.keepsEntries) tellArrival(trace, packet);
}

function tellArrival(trace: Trace, packet: Arrival): void {
  const { number, payload, ranges, wantsCompletion } = packet;
  const transactionId = showU64(packet.transactionIdLow, packet.transactionIdHigh);
  trace.tellValues([transactionId, payload.length]);
  trace.tell({
    packet: number,
    completionRequested: wantsCompletion,
    hasExternalData: ranges.length > 0,
    payload: trace.describeBytes(payload, payload.length),
  });
}
