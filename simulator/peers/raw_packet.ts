/**
 * Packets as they lie in a ring, right or wrong in every field (wire.md 2).
 *
 * @module
 */

import type { GpaRange } from "../../core/memory/gpa_ranges.ts";
import { createCodec } from "../../core/packet/codec.ts";
import {
  PACKET_COMPLETION,
  PACKET_GPA_DIRECT,
  PACKET_IN_BAND,
  PACKET_TRANSFER_PAGES,
  PacketFields,
  type TransferPages,
} from "../../core/packet/packet.ts";
import {
  DESCRIPTOR_BYTES,
  DESCRIPTOR_FLAG_COMPLETION_REQUESTED,
  LENGTH8_MAX,
} from "../../core/ring/layout.ts";
import { DESCRIPTOR } from "../../core/ring/layouts.ts";
import { roundUp8 } from "../../core/units.ts";
import type { Codec } from "../codec.ts";
import {
  requireArray,
  requireBody,
  requireObject,
  requireOneOf,
  requireUint,
  U32_MAX,
} from "./checks.ts";
import { requireRanges } from "./ranges.ts";

/** Most bytes that the descriptor's numbers can say: they count words of 8 bytes in 16 bits. */
const LENGTH_BYTES_MAX = LENGTH8_MAX * 8;
const U16_MAX = 0xffff;
const U64_MAX = 0xffff_ffff_ffff_ffffn;
const NO_BYTES = new Uint8Array(0);
const CODECS: readonly Codec[] = ["vmbus", "msgpack"];
const TYPES: readonly PlainPacketType[] = [
  PACKET_IN_BAND,
  PACKET_TRANSFER_PAGES,
  PACKET_GPA_DIRECT,
  PACKET_COMPLETION,
];

/**
 * A packet as it lies in a ring, without its trailer: the descriptor's numbers and what follows them, each
 * of which may be a lie ([wire.md 2.1](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)).
 */
export interface RawPacket {
  /** Descriptor type: 6 in-band, 7 transfer pages, 9 GPA-direct, 11 completion. Default 6. */
  readonly type?: number;
  /** Where the payload begins, in bytes from the descriptor on, a multiple of 8. Default 16: no type header. */
  readonly dataOffset?: number;
  /** Bytes of descriptor and body, a multiple of 8. Default: those that are there. */
  readonly length?: number;
  /** Descriptor flags; bit 0 asks for a completion. Default 0. */
  readonly flags?: number;
  /** Number of the transaction. Default 0. */
  readonly transactionId?: bigint;
  /** What follows the descriptor: type header and payload, in words of 8 bytes. Default: one word of 0. */
  readonly body?: Uint8Array;
}

/** Types of the packets that honest peers send: 6 in-band, 7 transfer pages, 9 GPA-direct, 11 completion. */
export type PlainPacketType = 6 | 7 | 9 | 11;

/** A packet in the clear, as {@linkcode encodePacket} writes it. */
export interface PlainPacket {
  /** What kind it is. Default: 9 where it has ranges, 7 where it names parts of a buffer, else 6. */
  readonly type?: PlainPacketType;
  /** Whether its sender wants a completion. Default false. */
  readonly completionRequested?: boolean;
  /** Number of the transaction, which its completion repeats. Default 0. */
  readonly transactionId?: bigint;
  /** What the driver wants to say. Default: nothing. */
  readonly payload?: Uint8Array;
  /** External data of a GPA-direct packet, the guest's own memory. Default: none. */
  readonly ranges?: readonly GpaRange[];
  /** The parts of a buffer that a packet with transfer pages names, in codec `"vmbus"` alone. Default: none. */
  readonly transferPages?: TransferPages;
}

/** u32 numbers as bytes, little-endian. */
export function u32Bytes(...values: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * 4));
  values.forEach((value, at) => {
    requireUint("write numbers of 32 bits", `number ${at}`, value);
    view.setUint32(at * 4, value, true);
  });
  return new Uint8Array(view.buffer);
}

function requireWords(name: string, value: number): void {
  requireUint("write a packet", name, value, LENGTH_BYTES_MAX);
  if (value % 8 !== 0) {
    throw new RangeError(`Cannot write a packet: ${name} must be a multiple of 8, not ${value}`);
  }
}

function requireTransactionId(value: bigint): void {
  if (typeof value === "bigint" && value >= 0n && value <= U64_MAX) return;
  throw new RangeError(
    `Cannot write a packet: transactionId must be a bigint of 64 bits, not ${String(value)}`,
  );
}

/**
 * The bytes of `packet`, descriptor first. The trailer is the ring's: see {@linkcode RawRings.put}.
 *
 * @throws {RangeError} A number does not fit its field, or bytes are not in words of 8.
 * @throws {TypeError} `packet` is no object, or its `body` no ArrayBufferView.
 */
export function rawPacketBytes(packet: RawPacket): Uint8Array {
  requireObject("write a packet", "packet", packet);
  const body = requireBody(
    "write a packet",
    packet.body ?? new Uint8Array(8),
    8,
    LENGTH_BYTES_MAX - DESCRIPTOR_BYTES,
  );
  const byteCount = DESCRIPTOR_BYTES + body.length;
  const { type = PACKET_IN_BAND, dataOffset = DESCRIPTOR_BYTES, flags = 0 } = packet;
  const { length = byteCount, transactionId = 0n } = packet;
  requireUint("write a packet", "type", type, U16_MAX);
  requireWords("dataOffset", dataOffset);
  requireWords("length", length);
  requireUint("write a packet", "flags", flags, U16_MAX);
  requireTransactionId(transactionId);
  const descriptor = {
    type,
    dataOffset8: dataOffset / 8,
    length8: length / 8,
    flags,
    transactionId,
  };
  const bytes = new Uint8Array(byteCount);
  bytes.set(DESCRIPTOR.encode(descriptor));
  bytes.set(body, DESCRIPTOR_BYTES);
  return bytes;
}

/**
 * `packet` as an honest peer writes it, in the encoding of its fabric.
 *
 * @throws {TypeError} No such codec.
 * @throws {RangeError} There is no such packet: a completion that asks for one, ranges in a packet that is
 * not GPA-direct or none in one that is, a range of wrong numbers, transfer pages in a packet of another
 * type or in msgpack, or too many bytes.
 */
export function encodePacket(codec: Codec, packet: PlainPacket = {}): RawPacket {
  requireOneOf("encode a packet", "codec", codec, CODECS);
  const fields = fieldsOf(packet);
  if (codec === "msgpack" && fields.transfer !== null) {
    throw new RangeError("Cannot encode a packet: msgpack has no transfer pages");
  }
  const encoder = createCodec(codec);
  const frame = encoder.frame(fields);
  const body = new Uint8Array(roundUp8(frame.bodyBytes));
  encoder.encode(fields, {
    body,
    bodyStart: 0,
    putPayload: (at, payload, start, byteCount) =>
      body.set(payload.subarray(start, start + byteCount), at),
  });
  return {
    type: frame.type,
    dataOffset: DESCRIPTOR_BYTES + frame.headerBytes,
    flags: frame.flags,
    transactionId: BigInt(frame.transactionIdHigh) << 32n | BigInt(frame.transactionIdLow),
    body,
  };
}

function typeOf(ranges: readonly GpaRange[], transferPages: unknown): PlainPacketType {
  if (ranges.length > 0) return PACKET_GPA_DIRECT;
  return transferPages === undefined ? PACKET_IN_BAND : PACKET_TRANSFER_PAGES;
}

/** The parts that a packet names, each of whose numbers fits its field; whether they are right is another matter. */
function transferOf(type: PlainPacketType, given: TransferPages | undefined): TransferPages | null {
  if ((type === PACKET_TRANSFER_PAGES) !== (given !== undefined)) {
    throw new RangeError(
      `Cannot encode a packet: one of type ${type} has ${
        given === undefined ? "transferPages" : "no transferPages"
      }`,
    );
  }
  if (given === undefined) return null;
  requireObject("encode a packet", "transferPages", given);
  requireUint("encode a packet", "transferPages.pageSetId", given.pageSetId, U16_MAX);
  requireArray("encode a packet", "transferPages.ranges", given.ranges);
  for (const { byteCount, byteOffset } of given.ranges) {
    requireUint("encode a packet", "byteCount", byteCount, U32_MAX);
    requireUint("encode a packet", "byteOffset", byteOffset, U32_MAX);
  }
  return given;
}

function fieldsOf({ ranges = [], payload = NO_BYTES, ...packet }: PlainPacket): PacketFields {
  const { type = typeOf(ranges, packet.transferPages), transferPages } = packet;
  const { completionRequested = false, transactionId = 0n } = packet;
  requireOneOf("encode a packet", "type", type, TYPES);
  requireTransactionId(transactionId);
  if (type === PACKET_COMPLETION && completionRequested) {
    throw new RangeError("Cannot encode a packet: a completion asks for no completion");
  }
  if ((type === PACKET_GPA_DIRECT) !== ranges.length > 0) {
    throw new RangeError(
      `Cannot encode a packet: one of type ${type} has ${
        type === PACKET_GPA_DIRECT ? "at least one range" : "no ranges"
      }, not ${ranges.length}`,
    );
  }
  requireRanges("encode a packet", ranges, "right");
  const fields = new PacketFields();
  fields.type = type;
  fields.completionRequested = completionRequested;
  if (completionRequested || type === PACKET_COMPLETION) {
    fields.transactionIdLow = Number(transactionId & BigInt(U32_MAX));
    fields.transactionIdHigh = Number(transactionId >> 32n);
  }
  fields.payload = requireBody("encode a packet", payload, 1, LENGTH_BYTES_MAX);
  fields.payloadBytes = fields.payload.length;
  fields.ranges = ranges;
  fields.transfer = transferOf(type, transferPages);
  return fields;
}

/**
 * A packet without payload and memory, of any type, with any flags and any id, as a peer's own codec would
 * write it: where it is a lie, it is one in the fields that the codec carries.
 *
 * @throws {TypeError} No such codec.
 * @throws {RangeError} A number does not fit its field.
 */
export function emptyPacket(
  codec: Codec,
  type: number,
  flags: number,
  transactionId: bigint,
): RawPacket {
  requireOneOf("write a packet", "codec", codec, CODECS);
  requireTransactionId(transactionId);
  if (codec === "vmbus") return { type, flags, transactionId, body: NO_BYTES };
  requireUint("write a tuple", "type", type, 0x7f);
  requireUint("write a tuple", "flags", flags, 0x7f);
  // [type, flags, id as uint 64, no bytes, nil], padded
  const body = new Uint8Array(16);
  body.set([0x95, type, flags, 0xcf]);
  new DataView(body.buffer).setBigUint64(4, transactionId);
  body.set([0xc4, 0, 0xc0], 12);
  return { body };
}

/**
 * A GPA-direct packet that claims to describe `rangeCount` ranges of the guest's memory, and then has these
 * 32-bit words: for an honest range its byte count, its offset, and each PFN in two halves
 * ([wire.md 2.3, 3.1](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)).
 *
 * @throws {RangeError} A number does not fit its field, or the words are not even in number.
 */
export function rangedPacket(rangeCount: number, ...words: readonly number[]): RawPacket {
  const body = u32Bytes(0, rangeCount, ...words);
  return {
    type: PACKET_GPA_DIRECT,
    flags: DESCRIPTOR_FLAG_COMPLETION_REQUESTED,
    dataOffset: DESCRIPTOR_BYTES + body.length,
    body,
  };
}

/**
 * A packet whose body is these bytes, padded to words: for the codec `"msgpack"`, which has one tuple in it.
 *
 * @throws {RangeError} A byte is no whole number from 0 to 255.
 */
export function bytesPacket(...bytes: readonly number[]): RawPacket {
  bytes.forEach((byte, at) => requireUint("write a packet", `byte ${at}`, byte, 0xff));
  const body = new Uint8Array(roundUp8(bytes.length));
  body.set(bytes);
  return { body };
}
