/**
 * A packet in the clear, the shapes in which it meets the ring, and what every codec does.
 *
 * @module
 */

import * as views from "../bytes.ts";
import { assert } from "../assert.ts";
import type { GpaRange, RangeFault } from "../memory/gpa_ranges.ts";
import type { BufferRange } from "../memory/layouts.ts";
import { PAGE_BYTES } from "../units.ts";

// Names of this module's own: what is exported is loaded and checked wherever it is used.
const { holdsBytes, NO_BYTES } = views;
const IN_BAND = 6;
const TRANSFER_PAGES = 7;
const GPA_DIRECT = 9;
const COMPLETION = 11;
const COMPLETION_REQUESTED = 1;

/** Descriptor type of a packet whose data all lies in the ring (wire.md 2.2). */
export const PACKET_IN_BAND: 6 = IN_BAND;
/** Descriptor type of a packet that also names parts of a buffer that both sides know (wire.md 2.2). */
export const PACKET_TRANSFER_PAGES: 7 = TRANSFER_PAGES;
/** Descriptor type of a packet that also describes memory of the guest (wire.md 2.2). */
export const PACKET_GPA_DIRECT: 9 = GPA_DIRECT;
/** Descriptor type of the answer to a packet that asked for one (wire.md 2.2). */
export const PACKET_COMPLETION: 11 = COMPLETION;

/** The descriptor types that this package sends and takes. */
export type PacketType =
  | typeof PACKET_IN_BAND
  | typeof PACKET_TRANSFER_PAGES
  | typeof PACKET_GPA_DIRECT
  | typeof PACKET_COMPLETION;

/** Descriptor flag: the sender waits for a completion (wire.md 2.1, bit 0). */
export const FLAG_COMPLETION_REQUESTED: 1 = COMPLETION_REQUESTED;

/** The ranges of every packet that describes no memory. */
export const NO_RANGES: readonly GpaRange[] = Object.freeze([]);

/** What a packet that uses transfer pages says of its data beside the payload ([wire.md 2.3](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)). */
export interface TransferPages {
  /** u16: the buffer, by a number that both sides know it by. */
  readonly pageSetId: number;
  /** At least one part of it. */
  readonly ranges: readonly BufferRange[];
}

/** A packet in the clear: one mutable record, which a channel reuses so that no packet allocates one. */
export class PacketFields {
  /** What kind of packet it is. */
  type: PacketType = PACKET_IN_BAND;
  /** Whether the sender waits for a completion; never true of a completion. */
  completionRequested = false;
  /**
   * Low 32 bits of the requester's number for the transaction; 0 where no completion is asked for. What
   * the 64 bits mean is the requester's business: a completion carries them as they came (wire.md 2.5).
   */
  transactionIdLow = 0;
  /** High 32 bits of the requester's number for the transaction; 0 where no completion is asked for. */
  transactionIdHigh = 0;
  /** The array in which the payload of a packet to be sent lies. That of one that arrived lies in its frame. */
  payload: Uint8Array = NO_BYTES;
  /** Where in {@linkcode PacketFields.payload}, or in {@linkcode ArrivedFrame.bytes}, the payload begins. */
  payloadStart = 0;
  /** Bytes of payload, which may be 0. */
  payloadBytes = 0;
  /** External data: at least one range in a GPA direct packet, no range in any other. */
  ranges: readonly GpaRange[] = NO_RANGES;
  /** Parts of a buffer: there in a packet that uses transfer pages, null in any other. */
  transfer: TransferPages | null = null;
}

/** What the ring's descriptor says of an encoded packet: one record, which its codec reuses. */
export class Frame {
  /** Descriptor type. */
  type: number = PACKET_IN_BAND;
  /** Bytes of the type's own header, which follows the 16-byte descriptor: a multiple of 8. */
  headerBytes = 0;
  /** Bytes of header and payload, before the ring pads them to a multiple of 8. */
  bodyBytes = 0;
  /** Descriptor flags. */
  flags = 0;
  /** Low 32 bits of the descriptor's transaction id. */
  transactionIdLow = 0;
  /** High 32 bits of the descriptor's transaction id. */
  transactionIdHigh = 0;
}

/** Where the body of a packet is written: as a rule the ring's writer, which has reserved room for it. */
export interface BodySpace {
  /** The array that the body is written into. */
  readonly body: Uint8Array;
  /** Where in {@linkcode BodySpace.body} the body begins. */
  readonly bodyStart: number;
  /**
   * Writes the payload, `byteCount` bytes from `start` of `payload`, to `at` of {@linkcode BodySpace.body},
   * or to wherever that part of the body will be in the end.
   */
  putPayload(at: number, payload: Uint8Array, start: number, byteCount: number): void;
}

/**
 * A packet as the ring's reader shows it. The numbers are copies that the reader has checked:
 * `start <= payloadStart <= end <= bytes.length`, with 8 bytes or more between the first two where a
 * packet lists ranges. The bytes themselves are the peer's and may still change.
 */
export interface ArrivedFrame {
  /** Descriptor type. */
  readonly type: number;
  /** Descriptor flags. */
  readonly flags: number;
  /** Low 32 bits of the descriptor's transaction id. */
  readonly transactionIdLow: number;
  /** High 32 bits of the descriptor's transaction id. */
  readonly transactionIdHigh: number;
  /** The array in which the packet lies, as a rule the ring itself. To ask for it may cost a copy. */
  readonly bytes: Uint8Array;
  /** Where in {@linkcode ArrivedFrame.bytes} the body begins: just after the descriptor. */
  readonly start: number;
  /** Where the payload begins, as the descriptor says. */
  readonly payloadStart: number;
  /** Where the body ends, its padding included. */
  readonly end: number;
  /** Ranges that a packet announces which lists some, loaded once by the reader; 0 in other packets. */
  readonly rangeCount: number;
}

/**
 * Why an arrived packet is refused:
 * - `unexpectedPacketType`: a type other than {@linkcode PacketType}, or one that the codec never
 *   puts into a descriptor;
 * - `unexpectedFlags`: bits that have no meaning, or a completion that asks for a completion;
 * - `badTransactionId`: no whole number of 64 bits (in msgpack alone: a descriptor holds any);
 * - `malformedMsgpack`: the body is not a tuple of the documented shape;
 * - `surplusBytes`: more follows the tuple than padding;
 * - the others: a description of memory that {@linkcode RangeFault} explains.
 */
export type PacketFault =
  | "unexpectedPacketType"
  | "unexpectedFlags"
  | "badTransactionId"
  | "malformedMsgpack"
  | "surplusBytes"
  | RangeFault;

/** Turns packets into what follows the ring's descriptor, and back. */
export interface PacketCodec {
  /** Which of the two encodings this is. */
  readonly name: "msgpack" | "vmbus";
  /** Measures `packet` for the ring. The result is one record, valid until the next call. */
  frame(packet: PacketFields): Frame;
  /**
   * Writes exactly `bodyBytes` of the frame to where `space` begins. Always called right after
   * {@linkcode PacketCodec.frame} for the same packet, with nothing encoded in between.
   */
  encode(packet: PacketFields, space: BodySpace): void;
  /**
   * Reads what arrived into `into`, but for the payload itself: of that, `into` says which part of
   * `arrived.bytes` it is. Returns null, or the peer's fault; then `into` is as it was.
   */
  decode(arrived: ArrivedFrame, into: PacketFields): PacketFault | null;
  /**
   * The largest `bodyBytes` of any packet with at most `payloadBytes` of payload and
   * `externalBytes` of external data in at most `chainLength` MDLs.
   */
  largestBodyBytes(payloadBytes: number, externalBytes: number, chainLength: number): number;
}

/** Whether `value` is one of the types that this package sends and takes. */
export function isPacketType(value: unknown): value is PacketType {
  return value === IN_BAND || value === GPA_DIRECT || value === COMPLETION ||
    value === TRANSFER_PAGES;
}

/** Whether `value` is one of those that there is a tuple for: page sets are known to Hyper-V's packets alone. */
export function isTupleType(value: unknown): value is Exclude<PacketType, 7> {
  return value !== TRANSFER_PAGES && isPacketType(value);
}

/** Whether a packet of `type` may carry `flags`: only a request may ask for a completion. */
export function areFlagsValid(type: PacketType, flags: unknown): flags is 0 | 1 {
  return flags === 0 || (flags === COMPLETION_REQUESTED && type !== COMPLETION);
}

/** The descriptor flags of `packet`. */
export function flagsOf(packet: PacketFields): 0 | 1 {
  return packet.completionRequested ? COMPLETION_REQUESTED : 0;
}

/** Throws BrokenInvariant where no codec could encode `packet`. */
export function assertEncodable(packet: PacketFields): void {
  const { type, completionRequested, payload, payloadStart, payloadBytes, ranges, transfer } =
    packet;
  const { transactionIdLow: low, transactionIdHigh: high } = packet;
  assert(type !== COMPLETION || !completionRequested, "a completion asks for no completion");
  assert(low >>> 0 === low && high >>> 0 === high, "a transaction id is two u32");
  assert(
    payloadStart >= 0 && payloadBytes >= 0 && holdsBytes(payload, payloadStart + payloadBytes),
    "the payload lies inside its array",
  );
  assert(
    (type === GPA_DIRECT) === (ranges.length > 0),
    "GPA direct packets have ranges, others have none",
  );
  assert(
    (type === TRANSFER_PAGES) === (transfer !== null),
    "packets that use transfer pages name a buffer, others do not",
  );
}

/**
 * The most ranges that describe `externalBytes` in a chain of at most `chainLength` MDLs: no range
 * is empty.
 */
export function largestRangeCount(externalBytes: number, chainLength: number): number {
  return Math.min(externalBytes, chainLength);
}

/**
 * The most pages that `externalBytes` touch in `rangeCount` ranges, each of which may begin at any
 * offset. The worst range begins with the last byte of a page: one byte touches one page, two
 * bytes touch two, and then each further 4096 bytes touch one more.
 */
export function largestPageCount(externalBytes: number, rangeCount: number): number {
  const secondPages = Math.min(rangeCount, externalBytes - rangeCount);
  const furtherBytes = externalBytes - rangeCount - secondPages;
  return rangeCount + secondPages + Math.floor(furtherBytes / PAGE_BYTES);
}
