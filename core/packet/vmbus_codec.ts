/**
 * Packets exactly as Hyper-V lays them out (wire.md 2.1 to 2.3): the payload as it is, and before
 * it, in a GPA direct packet, the ranges. The descriptor counts in words of 8 bytes, so a payload
 * comes out with its length rounded up to 8.
 *
 * @module
 */

import { bufferRangesBytes, readBufferRanges, writeBufferRanges } from "../memory/buffer_ranges.ts";
import {
  type GpaRange,
  parseRanges,
  rangesBytes,
  writeRanges,
  writeWord,
} from "../memory/gpa_ranges.ts";
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
  type TransferPages,
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
  PACKET_TRANSFER_PAGES,
} = packets;

/** Bytes before the first range: u32 reserved, or u16 page set and u16 reserved; then u32 range count. */
const RANGED_HEADER_BYTES = 8;
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
      writeWord(space.body, at, 0, packet.ranges.length);
      at = writeRanges(space.body, at + RANGED_HEADER_BYTES, packet.ranges);
    } else if (packet.transfer !== null) {
      writeTransferHeader(space.body, at, packet.transfer);
      at += headerBytes(packet);
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
    let transfer: TransferPages | null = null;
    if (type === PACKET_GPA_DIRECT) {
      if (arrived.rangeCount === 0) return "emptyRange";
      const rangesStart = arrived.start + RANGED_HEADER_BYTES;
      const parsed = parseRanges(
        arrived.bytes,
        rangesStart,
        arrived.payloadStart,
        arrived.rangeCount,
      );
      if (typeof parsed === "string") return parsed;
      ranges = parsed;
    } else if (type === PACKET_TRANSFER_PAGES) {
      const parsed = readTransferHeader(arrived);
      if (typeof parsed === "string") return parsed;
      transfer = parsed;
    }
    into.type = type;
    into.completionRequested = completionRequested;
    into.transactionIdLow = hasTransaction ? arrived.transactionIdLow : 0;
    into.transactionIdHigh = hasTransaction ? arrived.transactionIdHigh : 0;
    into.payloadStart = arrived.payloadStart;
    into.payloadBytes = arrived.end - arrived.payloadStart;
    into.ranges = ranges;
    into.transfer = transfer;
    return null;
  }

  /** See {@linkcode PacketCodec.largestBodyBytes}. Some packet reaches it. */
  largestBodyBytes(payloadBytes: number, externalBytes: number, chainLength: number): number {
    const rangeCount = largestRangeCount(externalBytes, chainLength);
    if (rangeCount === 0) return payloadBytes;
    const words = rangeCount + largestPageCount(externalBytes, rangeCount);
    return RANGED_HEADER_BYTES + words * WORD_BYTES + payloadBytes;
  }
}

function headerBytes({ type, ranges, transfer }: PacketFields): number {
  if (type === PACKET_GPA_DIRECT) return RANGED_HEADER_BYTES + rangesBytes(ranges);
  return transfer === null ? 0 : RANGED_HEADER_BYTES + bufferRangesBytes(transfer.ranges);
}

/** Writes what comes before the ranges of a packet and them. */
function writeTransferHeader(target: Uint8Array, start: number, transfer: TransferPages): void {
  const { pageSetId, ranges } = transfer;
  writeWord(target, start, pageSetId, ranges.length);
  writeBufferRanges(target, start + RANGED_HEADER_BYTES, ranges);
}

/** Reads the header that {@linkcode writeTransferHeader} writes: each byte once, as the peer may change them. */
function readTransferHeader(arrived: ArrivedFrame): TransferPages | PacketFault {
  const { bytes, start, payloadStart, rangeCount } = arrived;
  const pageSetId = bytes[start]! | bytes[start + 1]! << 8; // what follows may be anything
  const ranges = readBufferRanges(bytes, start + RANGED_HEADER_BYTES, payloadStart, rangeCount);
  return typeof ranges === "string" ? ranges : { pageSetId, ranges };
}
