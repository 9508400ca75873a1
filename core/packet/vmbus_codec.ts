/**
 * Packets exactly as Hyper-V lays them out (wire.md 2.1 to 2.3): the payload as it is, and before
 * it, in a GPA direct packet, the ranges. The descriptor counts in words of 8 bytes, so a payload
 * comes out with its length rounded up to 8.
 *
 * @module
 */

import { type GpaRange, parseRanges, rangesBytes, writeRanges } from "../memory/gpa_ranges.ts";
import * as packets from "./packet.ts";
import {
  type ArrivedFrame,
  type BodySpace,
  Frame,
  largestPageCount,
  largestRangeCount,
  type PacketCodec,
  type PacketFault,
  type PacketFields,
} from "./packet.ts";

// Names of this module's own: one that is imported is loaded and checked wherever it is used.
const {
  areFlagsValid,
  assertEncodable,
  FLAG_COMPLETION_REQUESTED,
  flagsOf,
  isPacketType,
  NO_RANGES,
  PACKET_COMPLETION,
  PACKET_GPA_DIRECT,
} = packets;

/** Bytes before the first range of a GPA direct packet: u32 reserved, u32 range count. */
const GPA_DIRECT_HEADER_BYTES = 8;
/** Bytes of a range before its PFNs, and of each PFN. */
const WORD_BYTES = 8;

/** The codec of Hyper-V's own packets. */
export class VmbusCodec implements PacketCodec {
  /** Always `"vmbus"`. */
  readonly name = "vmbus" as const;
  readonly #frame = new Frame();

  /** See {@linkcode PacketCodec.frame}. */
  frame(packet: PacketFields): Frame {
    assertEncodable(packet);
    const frame = this.#frame;
    frame.type = packet.type;
    frame.headerBytes = headerBytes(packet);
    frame.bodyBytes = frame.headerBytes + packet.payloadBytes;
    frame.flags = flagsOf(packet);
    frame.transactionIdLow = packet.transactionIdLow;
    frame.transactionIdHigh = packet.transactionIdHigh;
    return frame;
  }

  /** See {@linkcode PacketCodec.encode}. */
  encode(packet: PacketFields, space: BodySpace): void {
    let at = space.bodyStart;
    if (packet.type === PACKET_GPA_DIRECT) {
      writeGpaDirectHeader(space.body, at, packet.ranges.length);
      at = writeRanges(space.body, at + GPA_DIRECT_HEADER_BYTES, packet.ranges);
    }
    space.putPayload(at, packet.payload, packet.payloadStart, packet.payloadBytes);
  }

  /** See {@linkcode PacketCodec.decode}. */
  decode(arrived: ArrivedFrame, into: PacketFields): PacketFault | null {
    const type = arrived.type;
    if (!isPacketType(type)) return "unexpectedPacketType";
    if (!areFlagsValid(type, arrived.flags)) return "unexpectedFlags";
    const completionRequested = arrived.flags === FLAG_COMPLETION_REQUESTED;
    // Elsewhere the id is meaningless and may be anything (wire.md 2.1).
    const hasTransaction = completionRequested || type === PACKET_COMPLETION;
    let ranges: readonly GpaRange[] = NO_RANGES;
    if (type === PACKET_GPA_DIRECT) {
      if (arrived.rangeCount === 0) return "emptyRange";
      const rangesStart = arrived.start + GPA_DIRECT_HEADER_BYTES;
      const parsed = parseRanges(
        arrived.bytes,
        rangesStart,
        arrived.payloadStart,
        arrived.rangeCount,
      );
      if (typeof parsed === "string") return parsed;
      ranges = parsed;
    }
    into.type = type;
    into.completionRequested = completionRequested;
    into.transactionIdLow = hasTransaction ? arrived.transactionIdLow : 0;
    into.transactionIdHigh = hasTransaction ? arrived.transactionIdHigh : 0;
    into.payloadStart = arrived.payloadStart;
    into.payloadBytes = arrived.end - arrived.payloadStart;
    into.ranges = ranges;
    return null;
  }

  /** See {@linkcode PacketCodec.largestBodyBytes}. Some packet reaches it. */
  largestBodyBytes(payloadBytes: number, externalBytes: number, chainLength: number): number {
    const rangeCount = largestRangeCount(externalBytes, chainLength);
    if (rangeCount === 0) return payloadBytes;
    const words = rangeCount + largestPageCount(externalBytes, rangeCount);
    return GPA_DIRECT_HEADER_BYTES + words * WORD_BYTES + payloadBytes;
  }
}

function headerBytes(packet: PacketFields): number {
  if (packet.type !== PACKET_GPA_DIRECT) return 0;
  return GPA_DIRECT_HEADER_BYTES + rangesBytes(packet.ranges);
}

function writeGpaDirectHeader(target: Uint8Array, start: number, rangeCount: number): void {
  target.fill(0, start, start + 4);
  target[start + 4] = rangeCount;
  target[start + 5] = rangeCount >>> 8;
  target[start + 6] = rangeCount >>> 16;
  target[start + 7] = rangeCount >>> 24;
}
