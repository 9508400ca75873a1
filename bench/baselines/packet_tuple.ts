/**
 * A packet as the array of five that msgpack libraries are given, and back.
 *
 * @module
 */

import {
  areFlagsValid,
  flagsOf,
  isTupleType,
  NO_RANGES,
  PACKET_GPA_DIRECT,
  type PacketFields,
} from "../../core/packet/packet.ts";

/** `[type, flags, transactionId, payload, ranges]`; a range is `[byteCount, byteOffset, pfns]`. */
export type PacketTuple = [
  type: number,
  flags: number,
  transactionId: number,
  payload: Uint8Array,
  ranges: [number, number, readonly number[]][] | null,
];

/** Writes `packet` into `tuple`, which is used again and again. */
export function fillTuple(tuple: PacketTuple, packet: PacketFields): void {
  const { payload, payloadStart, payloadBytes, ranges } = packet;
  tuple[0] = packet.type;
  tuple[1] = flagsOf(packet);
  tuple[2] = packet.transactionIdLow;
  tuple[3] = payloadBytes === payload.length
    ? payload
    : payload.subarray(payloadStart, payloadStart + payloadBytes);
  tuple[4] = packet.type === PACKET_GPA_DIRECT
    ? ranges.map(({ byteCount, byteOffset, pfns }) => [byteCount, byteOffset, pfns])
    : null;
}

/** Reads what a library decoded, in trust of its shape: the baseline is not slowed by checks. */
export function readTuple(tuple: PacketTuple, into: PacketFields): void {
  const [type, flags, transactionId, payload, ranges] = tuple;
  if (!isTupleType(type) || !areFlagsValid(type, flags)) {
    throw new Error(`Cannot read a packet of type ${type} with flags ${flags}`);
  }
  into.type = type;
  into.completionRequested = flags !== 0;
  into.transactionIdLow = transactionId;
  into.payload = payload;
  into.payloadStart = 0;
  into.payloadBytes = payload.length;
  into.ranges = ranges === null
    ? NO_RANGES
    : ranges.map(([byteCount, byteOffset, pfns]) => ({ byteCount, byteOffset, pfns }));
}

/** A tuple to fill. */
export function emptyTuple(): PacketTuple {
  return [0, 0, 0, new Uint8Array(0), null];
}
