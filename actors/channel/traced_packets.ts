/**
 * Packets of the rings, as the trace and observers are told of them.
 *
 * @module
 */

import type { CopyRoom } from "../../core/blocks.ts";
import type { GpaRange } from "../../core/memory/gpa_ranges.ts";
import {
  PACKET_COMPLETION,
  PACKET_GPA_DIRECT,
  PACKET_IN_BAND,
  PACKET_TRANSFER_PAGES,
  type PacketType,
} from "../../core/packet/packet.ts";
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
  /** Descriptor type of it. */
  readonly wireType: PacketType;
  /** The memory that it describes, or names. */
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
  /** Descriptor type of it. */
  readonly wireType: PacketType;
  /** Whether the opposite side finds memory by it. */
  readonly hasExternalData: boolean;
}

/** What a packet of each type is called that a driver sends. */
const TYPES: Readonly<Record<PacketType, string>> = {
  [PACKET_IN_BAND]: "inBand",
  [PACKET_TRANSFER_PAGES]: "transferPages",
  [PACKET_GPA_DIRECT]: "gpaDirect",
  [PACKET_COMPLETION]: "completion",
};

/** A packet of the ring, as entries tell of it (wire.md 2). */
export function describePacket(
  { wantsCompletion, wireType }: Pick<EnteringPacket, "wantsCompletion" | "wireType">,
  payload: Uint8Array,
  byteCount: number,
): TraceDetails {
  return {
    type: TYPES[wireType],
    completionRequested: wantsCompletion,
    hasExternalData: wireType !== PACKET_IN_BAND,
    payload: describeBytes(payload, byteCount),
  };
}
