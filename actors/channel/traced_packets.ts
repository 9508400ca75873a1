/**
 * Packets of the rings, as the trace and observers are told of them.
 *
 * @module
 */

import type { CopyRoom } from "../../core/blocks.ts";
import type { GpaRange } from "../../core/memory/gpa_ranges.ts";
import { describeBytes } from "../../core/trace_entries.ts";
import type { TraceDetails } from "../../core/trace_events.ts";

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

/** What an observer has to know of a packet that enters the ring. */
export interface EnteringPacket {
  /** Its transaction. */
  readonly slot: number;
  /** Whether a completion packet is to end it. */
  readonly wantsCompletion: boolean;
  /** The memory that it describes. */
  readonly ranges: readonly GpaRange[];
}

/** A packet of the ring, as entries tell of it (wire.md 2). */
export function describePacket(
  { wantsCompletion, ranges }: Pick<EnteringPacket, "wantsCompletion" | "ranges">,
  payload: Uint8Array,
  byteCount: number,
): TraceDetails {
  const hasExternalData = ranges.length > 0;
  return {
    type: hasExternalData ? "gpaDirect" : "inBand",
    completionRequested: wantsCompletion,
    hasExternalData,
    payload: describeBytes(payload, byteCount),
  };
}
