/**
 * Packets as msgpack: the body of an in-band descriptor is one msgpack array of five,
 *
 *     [type, flags, transactionId, payload, ranges]
 *
 * and what follows it is the ring's padding. Descriptor flags and transaction id are 0.
 *
 * | member        | value                                                   | form that is written  |
 * |---------------|---------------------------------------------------------|-----------------------|
 * | type          | 6, 9 or 11                                              | smallest unsigned     |
 * | flags         | 0, or 1 where a completion is asked for                 | smallest unsigned     |
 * | transactionId | u64                                                     | smallest unsigned     |
 * | payload       | its exact bytes                                         | smallest bin          |
 * | ranges        | type 9: an array of [byteCount, byteOffset, [PFN, ...]] | smallest array        |
 * |               | other types: nil                                        | nil                   |
 *
 * "Smallest" is the shortest form that holds the number or length; a PFN of 2^32 or more is a
 * float 64. A reader also takes the longer unsigned, bin and array forms, and a float 64 for any
 * safe whole number, but no other form: no string, map, extension, and a uint 64 for the transaction
 * id alone.
 *
 * @module
 */

// The subpath without native code: the library's main entry may load an addon.
import { Packr } from "msgpackr/pack";
import { partOf } from "../bytes.ts";
import { type GpaRange, rangeFault } from "../memory/gpa_ranges.ts";
import { isU32, PAGE_BYTES, pagesSpanned } from "../units.ts";
import { scanValue } from "./msgpack_scan.ts";
import {
  areFlagsValid,
  type ArrivedFrame,
  assertEncodable,
  type BodySpace,
  flagsOf,
  Frame,
  isTupleType,
  largestPageCount,
  largestRangeCount,
  NO_RANGES,
  PACKET_COMPLETION,
  PACKET_GPA_DIRECT,
  PACKET_IN_BAND,
  type PacketCodec,
  type PacketFault,
  type PacketFields,
} from "./packet.ts";

/** Most bytes by which the ring pads a body. */
const PADDING_MAX = 7;
/** Members of the tuple, and of each range. */
const PACKET_MEMBERS = 5;
const RANGE_MEMBERS = 3;
/** Arrays around a PFN: the tuple, the ranges, the range and its PFNs. */
const ARRAY_DEPTH = 4;
/** Where in the body the transaction id begins. */
const ID_START = 3;
/** The form of a transaction id of more than 32 bits, and its bytes. */
const UINT64 = 0xcf;
const UINT64_BYTES = 9;
/** Bytes of a float 64, the form of the largest PFNs. */
const PFN_BYTES_MAX = 9;

type RangeTuple = [byteCount: number, byteOffset: number, pfns: readonly number[]];
type PacketTuple = [
  type: number,
  flags: number,
  transactionId: number | bigint,
  payload: Uint8Array,
  ranges: RangeTuple[] | null,
];

/** The codec of packets in msgpack. */
export class MsgpackCodec implements PacketCodec {
  /** Always `"msgpack"`. */
  readonly name = "msgpack" as const;
  readonly #packr = new Packr({ useRecords: false, structuredClone: false });
  readonly #frame = new Frame();
  readonly #bounds = { start: 0, end: 0 };
  readonly #tuple: PacketTuple = [PACKET_IN_BAND, 0, 0, new Uint8Array(0), null];
  /** The bytes of the packet that was framed last. */
  #packed: Uint8Array = new Uint8Array(0);

  /** See {@linkcode PacketCodec.frame}. */
  frame(packet: PacketFields): Frame {
    assertEncodable(packet);
    const tuple = this.#tuple;
    tuple[0] = packet.type;
    tuple[1] = flagsOf(packet);
    tuple[2] = idOf(packet);
    tuple[3] = plainPayload(packet);
    tuple[4] = packet.type === PACKET_GPA_DIRECT ? packet.ranges.map(rangeTuple) : null;
    // A view of the library's own buffer, in which it puts later results behind this one. That
    // buffer and `useBuffer` are shared by every user of the library, so it gets none of ours.
    this.#packed = this.#packr.pack(tuple);
    // Below 2^63 the library writes the same bytes as an int 64.
    if (packet.transactionIdHigh !== 0) this.#packed[ID_START] = UINT64;
    this.#frame.bodyBytes = this.#packed.length;
    return this.#frame;
  }

  /** See {@linkcode PacketCodec.encode}. */
  encode(_packet: PacketFields, space: BodySpace): void {
    space.body.set(this.#packed, space.bodyStart);
  }

  /** See {@linkcode PacketCodec.decode}. */
  decode(arrived: ArrivedFrame, into: PacketFields): PacketFault | null {
    if (arrived.type !== PACKET_IN_BAND) return "unexpectedPacketType";
    if (arrived.flags !== 0) return "unexpectedFlags";
    const { bytes, payloadStart: start } = arrived;
    const end = scanValue(bytes, start, arrived.end, ARRAY_DEPTH);
    if (end === null) return "malformedMsgpack";
    if (arrived.end - end > PADDING_MAX) return "surplusBytes";
    const tuple = this.#unpack(bytes, start, end);
    if (!Array.isArray(tuple) || tuple.length !== PACKET_MEMBERS) return "malformedMsgpack";
    const type: unknown = tuple[0];
    const flags: unknown = tuple[1];
    const transactionId: unknown = tuple[2];
    const payload: unknown = tuple[3];
    if (!isTupleType(type)) return "unexpectedPacketType";
    if (!areFlagsValid(type, flags)) return "unexpectedFlags";
    if (!isTransactionId(transactionId)) return "badTransactionId";
    // The library returns a view; anything else is not part of this packet.
    if (!(payload instanceof Uint8Array) || payload.buffer !== bytes.buffer) {
      return "malformedMsgpack";
    }
    const ranges = type === PACKET_GPA_DIRECT ? readRanges(tuple[4]) : readNoRanges(tuple[4]);
    if (typeof ranges === "string") return ranges;
    into.type = type;
    into.completionRequested = flags !== 0;
    setId(into, flags !== 0 || type === PACKET_COMPLETION ? transactionId : 0);
    into.payloadStart = payload.byteOffset - bytes.byteOffset;
    into.payloadBytes = payload.length;
    into.ranges = ranges;
    into.transfer = null;
    return null;
  }

  /**
   * See {@linkcode PacketCodec.largestBodyBytes}. No packet exceeds it; the largest one, whose PFNs
   * are 2^32 or more, is shorter by at most 8 bytes for each of its ranges.
   */
  largestBodyBytes(payloadBytes: number, externalBytes: number, chainLength: number): number {
    const packetBytes = ID_START + UINT64_BYTES + binHeaderBytes(payloadBytes) + payloadBytes;
    const rangeCount = largestRangeCount(externalBytes, chainLength);
    if (rangeCount === 0) return packetBytes + 1;
    const pfnsHeaderBytes = arrayHeaderBytes(largestPageCount(externalBytes, 1));
    const rangeBytes = 1 + uintBytes(externalBytes) + uintBytes(PAGE_BYTES - 1) + pfnsHeaderBytes;
    return packetBytes + arrayHeaderBytes(rangeCount) + rangeCount * rangeBytes +
      largestPageCount(externalBytes, rangeCount) * PFN_BYTES_MAX;
  }

  /**
   * The value in `bytes[start, end)`, undefined where the library finds no value. The library keeps a
   * DataView as a property of `bytes`, so it is fastest where each packet comes in the same array.
   */
  #unpack(bytes: Uint8Array, start: number, end: number): unknown {
    this.#bounds.start = start;
    this.#bounds.end = end;
    try {
      return this.#packr.unpack(bytes, this.#bounds);
    } catch {
      // The scan let the bytes through, so the peer changed them since. The error's text says no
      // more than the fault that the caller returns.
      return undefined;
    }
  }
}

/** The payload as the library must see it: a subclass of Uint8Array could ask for another form. */
function plainPayload(packet: PacketFields): Uint8Array {
  const { payload, payloadStart, payloadBytes } = packet;
  return partOf(payload, payloadStart, payloadBytes);
}

/** The transaction id as the library takes it. */
function idOf({ transactionIdLow, transactionIdHigh }: PacketFields): number | bigint {
  if (transactionIdHigh === 0) return transactionIdLow;
  return BigInt(transactionIdHigh) << 32n | BigInt(transactionIdLow);
}

/** Whether `value` has 64 bits, and is exact: above 2^53 a float 64 stands for several numbers. */
function isTransactionId(value: unknown): value is number | bigint {
  if (typeof value === "bigint") return value >= 0n; // the scan lets no more than 64 bits through
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function setId(into: PacketFields, id: number | bigint): void {
  const isBig = typeof id === "bigint";
  into.transactionIdLow = isBig ? Number(BigInt.asUintN(32, id)) : id >>> 0;
  into.transactionIdHigh = isBig ? Number(id >> 32n) : Math.floor(id / 2 ** 32);
}

function rangeTuple(range: GpaRange): RangeTuple {
  return [range.byteCount, range.byteOffset, range.pfns];
}

function readNoRanges(value: unknown): readonly GpaRange[] | PacketFault {
  return value === null ? NO_RANGES : "malformedMsgpack";
}

function readRanges(value: unknown): readonly GpaRange[] | PacketFault {
  if (!Array.isArray(value)) return "malformedMsgpack";
  if (value.length === 0) return "emptyRange";
  const ranges: GpaRange[] = [];
  for (const member of value) {
    const range = readRange(member);
    if (typeof range === "string") return range;
    ranges.push(range);
  }
  return ranges;
}

/** The checks of wire.md 3.1, in its order; here the PFNs say themselves how many they are. */
function readRange(value: unknown): GpaRange | PacketFault {
  if (!Array.isArray(value) || value.length !== RANGE_MEMBERS) return "malformedMsgpack";
  const byteCount: unknown = value[0];
  const byteOffset: unknown = value[1];
  const pfns: unknown = value[2];
  if (!isU32(byteCount) || !isU32(byteOffset) || !isListOfPfns(pfns)) return "malformedMsgpack";
  const fault = rangeFault(byteCount, byteOffset);
  if (fault !== null) return fault;
  const pages = pagesSpanned(byteOffset, byteCount);
  if (pfns.length < pages) return "rangeTooSmall";
  if (pfns.length > pages) return "malformedMsgpack";
  return { byteCount, byteOffset, pfns };
}

function isListOfPfns(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every(isPfn);
}

function isPfn(value: unknown): boolean {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** Bytes of the smallest form of an unsigned number below 2^32. */
function uintBytes(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x100) return 2;
  return value < 0x1_0000 ? 3 : 5;
}

/** Bytes before the content of the smallest bin of that length. */
function binHeaderBytes(byteCount: number): number {
  if (byteCount < 0x100) return 2;
  return byteCount < 0x1_0000 ? 3 : 5;
}

/** Bytes before the members of the smallest array of that length. */
function arrayHeaderBytes(memberCount: number): number {
  if (memberCount < 0x10) return 1;
  return memberCount < 0x1_0000 ? 3 : 5;
}
