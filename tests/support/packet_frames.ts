/**
 * Packets for tests of the codecs, and what the ring's reader would show of them.
 *
 * @module
 */

import {
  type ArrivedFrame,
  type BodySpace,
  PACKET_GPA_DIRECT,
  type PacketCodec,
  type PacketFault,
  PacketFields,
} from "../../core/packet/packet.ts";
import { roundUp8, showU64 } from "../../core/units.ts";

/** Where the body lies in the array that an arrived packet shows: not at its beginning. */
const BODY_START = 24;
/** What memory around a body holds. */
const STALE = 0xee;

/** A packet with these fields; `payload` is taken whole where no part of it is named. */
export function packetOf(fields: Partial<PacketFields>): PacketFields {
  const packet = Object.assign(new PacketFields(), fields);
  if (fields.payloadBytes === undefined) packet.payloadBytes = packet.payload.length;
  return packet;
}

/** The bytes given in hexadecimal, with spaces anywhere. */
export function bytesOf(hex: string): Uint8Array {
  const digits = hex.replaceAll(/\s/g, "");
  const bytes = new Uint8Array(digits.length / 2);
  for (let at = 0; at < bytes.length; at++) {
    bytes[at] = Number.parseInt(digits.slice(at * 2, at * 2 + 2), 16);
  }
  return bytes;
}

/** Room for a body in `body`, from `bodyStart` on. */
export function bodySpace(body: Uint8Array, bodyStart: number): BodySpace {
  return {
    body,
    bodyStart,
    putPayload: (at, payload, start, byteCount) =>
      body.set(payload.subarray(start, start + byteCount), at),
  };
}

/** Has `codec` read what arrived, payload included: the fault, or null. */
export function decodeWhole(
  codec: PacketCodec,
  arrived: ArrivedFrame,
  into: PacketFields,
): PacketFault | null {
  const fault = codec.decode(arrived, into);
  if (fault === null) into.payload = arrived.bytes;
  return fault;
}

/** The body that `codec` writes for `packet`; throws where it writes outside what it announced. */
export function encodeBody(codec: PacketCodec, packet: PacketFields): Uint8Array {
  const { bodyBytes } = codec.frame(packet);
  const target = new Uint8Array(BODY_START + bodyBytes + 8).fill(STALE);
  codec.encode(packet, bodySpace(target, BODY_START));
  const outside = [
    ...target.subarray(0, BODY_START),
    ...target.subarray(BODY_START + bodyBytes),
  ];
  if (outside.some((byte) => byte !== STALE)) throw new Error("Cannot encode: wrote outside");
  return target.slice(BODY_START, BODY_START + bodyBytes);
}

/** What a reader shows of `body`, padded to 8 with stale bytes; `fields` replace what it would say. */
export function arrivedOf(body: Uint8Array, fields: Partial<ArrivedFrame> = {}): ArrivedFrame {
  const end = BODY_START + roundUp8(body.length);
  const bytes = new Uint8Array(end + 16).fill(STALE);
  bytes.set(body, BODY_START);
  return {
    type: 6,
    flags: 0,
    transactionIdLow: 0,
    transactionIdHigh: 0,
    bytes,
    start: BODY_START,
    payloadStart: BODY_START,
    end,
    rangeCount: 0,
    ...fields,
  };
}

/** A GPA direct packet in the form of wire.md 2.3, of which the first `headerBytes` are ranges. */
export function arrivedGpaDirect(
  body: Uint8Array,
  headerBytes: number,
  rangeCount: number,
  fields: Partial<ArrivedFrame> = {},
): ArrivedFrame {
  return arrivedOf(body, {
    type: PACKET_GPA_DIRECT,
    flags: 1,
    payloadStart: BODY_START + headerBytes,
    rangeCount,
    ...fields,
  });
}

/** What the other side's reader shows of `packet` after `codec` has encoded it. */
export function sendThrough(codec: PacketCodec, packet: PacketFields): ArrivedFrame {
  const { type, headerBytes, flags, transactionIdLow, transactionIdHigh } = codec.frame(packet);
  return arrivedOf(encodeBody(codec, packet), {
    type,
    flags,
    transactionIdLow,
    transactionIdHigh,
    payloadStart: BODY_START + headerBytes,
    rangeCount: packet.transfer?.ranges.length ?? packet.ranges.length,
  });
}

/** A copy of the payload. */
export function payloadOf(packet: PacketFields): Uint8Array {
  return packet.payload.slice(packet.payloadStart, packet.payloadStart + packet.payloadBytes);
}

/** What a channel would know of the packet, as one comparable value. */
export function summaryOf(packet: PacketFields): unknown {
  const { type, completionRequested, ranges, transfer } = packet;
  const transactionId = showU64(packet.transactionIdLow, packet.transactionIdHigh);
  return {
    type,
    completionRequested,
    transactionId,
    payload: payloadOf(packet),
    ranges,
    ...(transfer && { transfer }),
  };
}
