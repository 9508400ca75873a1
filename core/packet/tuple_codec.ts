/**
 * The msgpack codec for the packet's one shape, straight into and out of the ring: it writes exactly
 * the bytes that {@linkcode MsgpackCodec} writes, and reads whatever that reads.
 *
 * The reader here takes the forms that the writer writes; anything else, right or wrong, is left to the
 * reference, so that there is one place that says what is a fault.
 *
 * @module
 */

import type { GpaRange } from "../memory/gpa_ranges.ts";
import { PAGE_BYTES } from "../units.ts";
import { MsgpackCodec } from "./msgpack_codec.ts";
import * as packets from "./packet.ts";
import {
  type ArrivedFrame,
  type BodySpace,
  Frame,
  type PacketCodec,
  type PacketFault,
  type PacketFields,
} from "./packet.ts";

// Names of this module's own: one that is imported is loaded and checked wherever it is used.
const {
  areFlagsValid,
  assertEncodable,
  flagsOf,
  isTupleType,
  NO_RANGES,
  PACKET_COMPLETION,
  PACKET_GPA_DIRECT,
  PACKET_IN_BAND,
} = packets;

/** Array of five, of three. */
const PACKET_ARRAY = 0x95;
const RANGE_ARRAY = 0x93;
const NIL = 0xc0;
/** The three lengths of bin, from which the forms of 16 and 32 bits follow. */
const BIN8 = 0xc4;
const UINT8 = 0xcc;
/** The form of a transaction id of more than 32 bits, and of no other number. */
const UINT64 = 0xcf;
const FLOAT64 = 0xcb;
const FIXARRAY = 0x90;
const ARRAY16 = 0xdc;
const ARRAY32 = 0xdd;
/** Up to here numbers are compared as whole ones; beside the largest u32 they are made floats for it, which takes longer. */
const INT32_MAX = 0x7fff_ffff;
/** Largest number that is its own form, and largest array with the length in its form. */
const FIXINT_MAX = 0x7f;
const FIXARRAY_MAX = 0x0f;
/** Bytes of a number of 64 bits, its form included. */
const UINT64_BYTES = 9;
/** A page holds two to this power of bytes: to shift is quicker than to divide. */
const PAGE_SHIFT = 12;
/** A range of more bytes, of which pages are counted in more than 31 bits, is left to the reference. */
const BYTE_COUNT_MAX = 0x7fff_0000;
/** Where in the body the transaction id begins. */
const ID_START = 3;
/** Most bytes by which the ring pads a body. */
const PADDING_MAX = 7;
/** Room for one number, to see its bytes. */
const FLOAT = new DataView(new ArrayBuffer(8));
/** What the reader gives for a form that is not among those written here. */
const NOT_CANONICAL = -1;

/** The codec of packets in msgpack, fast. */
export class TupleCodec implements PacketCodec {
  /** Always `"msgpack"`. */
  readonly name = "msgpack" as const;
  readonly #reference = new MsgpackCodec();
  readonly #frame = new Frame();
  /** Where the reader is. */
  #at = 0;

  /** See {@linkcode PacketCodec.frame}. */
  frame(packet: PacketFields): Frame {
    assertEncodable(packet);
    const { payloadBytes, ranges } = packet;
    const idBytes = packet.transactionIdHigh === 0
      ? uintBytes(packet.transactionIdLow)
      : UINT64_BYTES;
    this.#frame.bodyBytes = 3 + idBytes + lengthBytes(payloadBytes) + payloadBytes +
      (packet.type === PACKET_GPA_DIRECT ? rangesBytes(ranges) : 1);
    return this.#frame;
  }

  /** See {@linkcode PacketCodec.encode}. */
  encode(packet: PacketFields, space: BodySpace): void {
    const { payload, payloadStart, payloadBytes } = packet;
    const target = space.body;
    const start = space.bodyStart;
    target[start] = PACKET_ARRAY;
    target[start + 1] = packet.type;
    target[start + 2] = flagsOf(packet);
    let at = packet.transactionIdHigh === 0
      ? writeUint(target, start + 3, packet.transactionIdLow)
      : writeUint64(target, start + 3, packet.transactionIdLow, packet.transactionIdHigh);
    at = writeSized(target, at, payloadBytes, BIN8, 0);
    space.putPayload(at, payload, payloadStart, payloadBytes);
    at += payloadBytes;
    if (packet.type === PACKET_GPA_DIRECT) writeRanges(target, at, packet.ranges);
    else target[at] = NIL;
  }

  /** See {@linkcode PacketCodec.decode}. */
  decode(arrived: ArrivedFrame, into: PacketFields): PacketFault | null {
    return this.#readCanonical(arrived, into) ? null : this.#reference.decode(arrived, into);
  }

  /** Reads a packet in the forms that are written here; false, and nothing changed, for any other. */
  #readCanonical(arrived: ArrivedFrame, into: PacketFields): boolean {
    const { bytes, payloadStart: start, end } = arrived;
    if (arrived.type !== PACKET_IN_BAND || arrived.flags !== 0) return false;
    if (end - start < 5 || bytes[start] !== PACKET_ARRAY) return false;
    const type = bytes[start + 1];
    const flags = bytes[start + 2];
    if (!isTupleType(type) || !areFlagsValid(type, flags)) return false;
    const idStart = start + ID_START;
    this.#at = idStart;
    const idForm = bytes[idStart]!;
    let idLow = this.#readUintOf(bytes, idForm);
    let idHigh = 0;
    if (idLow < 0) {
      if (idForm !== UINT64 || idStart + UINT64_BYTES > end) return false;
      idHigh = readU32(bytes, idStart + 1);
      idLow = readU32(bytes, idStart + 5);
      this.#at = idStart + UINT64_BYTES;
    }
    const payloadBytes = this.#readSized(bytes, bytes[this.#at]! - BIN8);
    const payloadStart = this.#at;
    if (payloadBytes < 0 || payloadStart + payloadBytes >= end) return false;
    this.#at = payloadStart + payloadBytes;
    const ranges = this.#readRanges(bytes, end, type === PACKET_GPA_DIRECT);
    const paddingBytes = end - this.#at;
    if (ranges === null || paddingBytes < 0 || paddingBytes > PADDING_MAX) return false;
    into.type = type;
    into.completionRequested = flags !== 0;
    if (flags === 0 && type !== PACKET_COMPLETION) {
      idLow = 0;
      idHigh = 0;
    }
    into.transactionIdLow = idLow;
    into.transactionIdHigh = idHigh;
    into.payloadStart = payloadStart;
    into.payloadBytes = payloadBytes;
    into.ranges = ranges;
    into.transfer = null;
    return true;
  }

  // The readers take what is at #at, and move it behind that. Where it is not in one of the forms that are
  // written here, they return NOT_CANONICAL or null, and #at means nothing. Each byte is loaded once. That
  // nothing was behind the end is seen once, when all is read: a look for each number would take a tenth
  // longer. Behind the array's end there is undefined, which is in no form.

  #readRanges(bytes: Uint8Array, end: number, isWanted: boolean): readonly GpaRange[] | null {
    if (!isWanted) return bytes[this.#at++] === NIL ? NO_RANGES : null;
    const count = this.#readArray(bytes);
    if (count <= 0 || count > end - this.#at) return null;
    const ranges = new Array<GpaRange>(count); // to grow by push would cost more than all else here
    for (let i = 0; i < count; i++) {
      const range = this.#readRange(bytes, end);
      if (range === null) return null;
      ranges[i] = range;
    }
    return ranges;
  }

  #readRange(bytes: Uint8Array, end: number): GpaRange | null {
    if (bytes[this.#at++] !== RANGE_ARRAY) return null;
    const byteCount = this.#readUint(bytes);
    if (byteCount <= 0 || byteCount > BYTE_COUNT_MAX) return null;
    const byteOffset = this.#readUint(bytes);
    if (byteOffset < 0 || byteOffset >= PAGE_BYTES) return null;
    const count = this.#readArray(bytes);
    const pages = byteOffset + byteCount + PAGE_BYTES - 1 >> PAGE_SHIFT;
    if (count !== pages || count > end - this.#at) return null;
    const pfns = new Array<number>(count);
    for (let i = 0; i < count; i++) {
      const pfn = this.#readUint(bytes);
      if (pfn < 0) return null;
      pfns[i] = pfn;
    }
    return { byteCount, byteOffset, pfns };
  }

  #readUint(bytes: Uint8Array): number {
    return this.#readUintOf(bytes, bytes[this.#at]!);
  }

  /** The number that begins with `form`. */
  #readUintOf(bytes: Uint8Array, form: number): number {
    if (form <= FIXINT_MAX) {
      this.#at++;
      return form;
    }
    return this.#readSized(bytes, form - UINT8);
  }

  #readArray(bytes: Uint8Array): number {
    const form = bytes[this.#at]!;
    if (form >> 4 !== FIXARRAY >> 4) {
      const size = form === ARRAY16 || form === ARRAY32 ? form - ARRAY16 + 1 : NOT_CANONICAL;
      return this.#readSized(bytes, size);
    }
    this.#at++;
    return form & FIXARRAY_MAX;
  }

  /** The number after a form byte: in 8, 16 or 32 bits, by `size` from 0 on. */
  #readSized(bytes: Uint8Array, size: number): number {
    const at = this.#at + 1;
    this.#at = at + (1 << size);
    if (size === 1) return bytes[at]! << 8 | bytes[at + 1]!;
    if (size === 2) return readU32(bytes, at);
    return size === 0 ? bytes[at] ?? NOT_CANONICAL : NOT_CANONICAL;
  }

  /** See {@linkcode PacketCodec.largestBodyBytes}. */
  largestBodyBytes(payloadBytes: number, externalBytes: number, chainLength: number): number {
    return this.#reference.largestBodyBytes(payloadBytes, externalBytes, chainLength);
  }
}

function readU32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24 | bytes[at + 1]! << 16 | bytes[at + 2]! << 8 | bytes[at + 3]!) >>> 0;
}

// The writers put something at `at`, and return where it ends.

function writeRanges(target: Uint8Array, start: number, ranges: readonly GpaRange[]): number {
  let at = writeArray(target, start, ranges.length);
  for (let i = 0; i < ranges.length; i++) {
    const { byteCount, byteOffset, pfns } = ranges[i]!;
    target[at] = RANGE_ARRAY;
    at = writeUint(target, at + 1, byteCount);
    at = writeUint(target, at, byteOffset);
    at = writeArray(target, at, pfns.length);
    for (let page = 0; page < pfns.length; page++) at = writeUint(target, at, pfns[page]!);
  }
  return at;
}

function writeArray(target: Uint8Array, at: number, length: number): number {
  if (length > FIXARRAY_MAX) return writeSized(target, at, length, ARRAY16 - 1, 1);
  target[at] = FIXARRAY | length;
  return at + 1;
}

function writeUint(target: Uint8Array, at: number, value: number): number {
  if (value <= FIXINT_MAX) {
    target[at] = value;
    return at + 1;
  }
  return value <= INT32_MAX || value <= 0xffff_ffff
    ? writeSized(target, at, value, UINT8, 0)
    : writeFloat(target, at, value);
}

/** A form byte for 8, 16 or 32 bits, one after the other from `form8` on, and the number itself. */
function writeSized(
  target: Uint8Array,
  at: number,
  value: number,
  form8: number,
  smallest: 0 | 1,
): number {
  if (value <= 0xff && smallest === 0) {
    target[at] = form8;
    target[at + 1] = value;
    return at + 2;
  }
  if (value <= 0xffff) {
    target[at] = form8 + 1;
    target[at + 1] = value >>> 8;
    target[at + 2] = value;
    return at + 3;
  }
  target[at] = form8 + 2;
  writeU32(target, at + 1, value);
  return at + 5;
}

/** The form of a transaction id of more than 32 bits. */
function writeUint64(target: Uint8Array, at: number, low: number, high: number): number {
  target[at] = UINT64;
  writeU32(target, at + 1, high);
  writeU32(target, at + 5, low);
  return at + UINT64_BYTES;
}

function writeU32(target: Uint8Array, at: number, value: number): void {
  target[at] = value >>> 24;
  target[at + 1] = value >>> 16;
  target[at + 2] = value >>> 8;
  target[at + 3] = value;
}

/** The form of the largest PFNs. */
function writeFloat(target: Uint8Array, at: number, value: number): number {
  target[at] = FLOAT64;
  FLOAT.setFloat64(0, value);
  for (let i = 0; i < 8; i++) target[at + 1 + i] = FLOAT.getUint8(i);
  return at + 9;
}

function rangesBytes(ranges: readonly GpaRange[]): number {
  let bytes = arrayBytes(ranges.length);
  for (let i = 0; i < ranges.length; i++) {
    const { byteCount, byteOffset, pfns } = ranges[i]!;
    bytes += 1 + uintBytes(byteCount) + uintBytes(byteOffset) + arrayBytes(pfns.length);
    for (let page = 0; page < pfns.length; page++) bytes += uintBytes(pfns[page]!);
  }
  return bytes;
}

/** Bytes of a number's form. */
function uintBytes(value: number): number {
  if (value <= FIXINT_MAX) return 1;
  if (value <= 0xffff) return value <= 0xff ? 2 : 3;
  return value <= INT32_MAX || value <= 0xffff_ffff ? 5 : 9;
}

/** Bytes of a form byte and of the number after it. */
function lengthBytes(value: number): number {
  if (value <= 0xff) return 2;
  return value <= 0xffff ? 3 : 5;
}

function arrayBytes(length: number): number {
  if (length <= FIXARRAY_MAX) return 1;
  return length <= 0xffff ? 3 : 5;
}
