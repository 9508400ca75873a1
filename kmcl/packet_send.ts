/**
 * Sending packets, with and without external data (kmcl.md P1–P8).
 *
 * @module
 */

import * as bytes from "../core/bytes.ts";
import type { VMBPACKET } from "../actors/runtime/handle.ts";
import type { Endpoint } from "../actors/channel/endpoint.ts";
import type { PacketObject } from "../actors/packet/packet_object.ts";
import type { GpaRange } from "../core/memory/gpa_ranges.ts";
import type { Mdl } from "../core/memory/mdl.ts";
import type { NtStatus } from "../core/ntstatus.ts";
import * as statuses from "../core/ntstatus.ts";
import * as packets from "../core/packet/packet.ts";
import type { CallName } from "./call_parameters.ts";
import type { InFabric, Kmcl } from "./resolve.ts";
import * as handles from "./resolve.ts";
import * as checks from "./packet_checks.ts";
import { pfnsOf, rangesOfPfns } from "./pfn_checks.ts";
import type { PacketTarget } from "./handles.ts";

// Names of this module's own: an imported one is loaded and checked wherever it is used. Without them the
// figure "transaction" shows it: about 5 % of a transaction with one in flight (D140, D279).
const {
  STATUS_DEVICE_REMOVED,
  STATUS_INVALID_BUFFER_SIZE,
  STATUS_INVALID_DEVICE_REQUEST,
  STATUS_INVALID_PARAMETER_1,
  STATUS_INVALID_PARAMETER_5,
  STATUS_INVALID_PARAMETER_6,
  STATUS_INVALID_PARAMETER_7,
  STATUS_SUCCESS,
} = statuses;
const { areFlagsGood, checkPayload, isGiven, isWithinBounds, payloadOf, wantsCompletion } = checks;
const { NO_BYTES } = bytes;
const { NO_RANGES } = packets;
const { packetOf } = handles;

/** A packet that may be sent: step 1 of P5. */
export function sendable(kmcl: InFabric, packetObject: VMBPACKET | null): PacketTarget | null {
  const target = packetOf(kmcl, packetObject);
  return target === null || target.packet.actor.tags.inFlight ? null : target;
}

/** Whether no routine would announce the end of the packet: it lies in the caller's memory and has none. */
function lacksRoutine(packet: PacketObject): boolean {
  return packet.kind === "initialized" && packet.routine === null;
}

/** Reports a send that must not be made. STATUS_SUCCESS: it is made nevertheless. */
function reportMisuse(
  call: CallName,
  { endpoint, packet }: PacketTarget,
  payload: Uint8Array,
  payloadBytes: number,
): NtStatus {
  // A packet that the ring can never carry has a status (P7), so it is no violation (kmcl.md section 9).
  if (!endpoint.outgoing.canCarry(packet, payload, payloadBytes)) return STATUS_SUCCESS;
  if (lacksRoutine(packet)) {
    checks.reportNoRoutine(endpoint, packet, call);
    return STATUS_INVALID_DEVICE_REQUEST;
  }
  checks.reportQuiet(endpoint, call);
  return STATUS_SUCCESS;
}

/** Steps 7 and 8 of P5, and the send itself, because of `call`; everything else was checked. */
export function post(
  call: CallName,
  target: PacketTarget,
  sent: Uint8Array | null,
  bufferLength: number,
  ranges: readonly GpaRange[],
  flags: number,
): NtStatus {
  const { endpoint, packet } = target;
  if (!isWithinBounds(endpoint, ranges)) return STATUS_INVALID_BUFFER_SIZE;
  if (endpoint.isClosing) return STATUS_DEVICE_REMOVED;
  let payload = sent ?? NO_BYTES;
  let payloadBytes = bufferLength;
  if (endpoint.configuration.isPipe) {
    payload = checks.asDatagram(payload, payloadBytes);
    payloadBytes = payload.length;
  }
  packet.ranges = ranges;
  packet.wantsCompletion = wantsCompletion(flags);
  if (lacksRoutine(packet) || endpoint.actor.tags.quiet) {
    const status = reportMisuse(call, target, payload, payloadBytes);
    if (status !== STATUS_SUCCESS) return status;
  }
  const posted = endpoint.outgoing.post(packet, payload, payloadBytes, true);
  if (posted === "sent" || posted === "queued") return STATUS_SUCCESS;
  packet.ranges = NO_RANGES;
  return posted === "full" ? STATUS_INVALID_BUFFER_SIZE : posted;
}

/** Steps 2 to 6 of P5 for {@linkcode VmbPacketSend}: the memory that the packet describes, or what is wrong. */
export function checkSend(
  endpoint: Endpoint,
  payload: Uint8Array | null,
  bufferLength: number,
  externalDataMdl: Mdl | null | undefined,
  flags: number,
): readonly GpaRange[] | NtStatus {
  const hasMdl = isGiven(externalDataMdl);
  const status = checkPayload(endpoint, payload, bufferLength, flags, hasMdl);
  if (status !== STATUS_SUCCESS) return status;
  const ranges = hasMdl ? checks.rangesOfWhole(endpoint, externalDataMdl) : NO_RANGES;
  if (typeof ranges === "number") return ranges;
  return areFlagsGood(flags, ranges) ? ranges : STATUS_INVALID_PARAMETER_5;
}

/**
 * Sends a packet with `buffer[0, bufferLength)`, which is copied before the call returns.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_packet_send | VmbPacketSend}
 */
export function VmbPacketSend(
  kmcl: Kmcl,
  packetObject: VMBPACKET | null,
  buffer: ArrayBufferView | null,
  bufferLength: number,
  externalDataMdl: Mdl | null | undefined,
  flags: number,
): NtStatus {
  const target = sendable(kmcl, packetObject);
  if (target === null) return STATUS_INVALID_PARAMETER_1;
  const payload = payloadOf(buffer, bufferLength);
  const ranges = checkSend(target.endpoint, payload, bufferLength, externalDataMdl, flags);
  if (typeof ranges === "number") return ranges;
  return post("VmbPacketSend", target, payload, bufferLength, ranges, flags);
}

/**
 * Sends a packet that describes part of an MDL chain.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_packet_send_with_external_mdl | VmbPacketSendWithExternalMdl}
 */
export function VmbPacketSendWithExternalMdl(
  kmcl: Kmcl,
  packetObject: VMBPACKET | null,
  buffer: ArrayBufferView | null,
  bufferLength: number,
  externalDataMdl: Mdl | null,
  mdlOffset: number,
  mdlLength: number,
  flags: number,
): NtStatus {
  const target = sendable(kmcl, packetObject);
  if (target === null) return STATUS_INVALID_PARAMETER_1;
  const { endpoint } = target;
  const payload = payloadOf(buffer, bufferLength);
  const status = checkPayload(endpoint, payload, bufferLength, flags, true);
  if (status !== STATUS_SUCCESS) return status;
  const ranges = checks.rangesOfPart(endpoint, externalDataMdl, mdlOffset, mdlLength, flags);
  if (typeof ranges === "number") return ranges;
  if (!areFlagsGood(flags, ranges)) return STATUS_INVALID_PARAMETER_7;
  return post("VmbPacketSendWithExternalMdl", target, payload, bufferLength, ranges, flags);
}

/**
 * Sends a packet that describes whole pages.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_packet_send_with_external_pfns | VmbPacketSendWithExternalPfns}
 */
export function VmbPacketSendWithExternalPfns(
  kmcl: Kmcl,
  packetObject: VMBPACKET | null,
  buffer: ArrayBufferView | null,
  bufferLength: number,
  externalDataPfns: ArrayLike<number | bigint> | null,
  pfnLength: number,
  flags: number,
): NtStatus {
  const pfns = pfnsOf(externalDataPfns, pfnLength);
  const target = sendable(kmcl, packetObject);
  if (target === null) return STATUS_INVALID_PARAMETER_1;
  const { endpoint } = target;
  const payload = payloadOf(buffer, bufferLength);
  const status = checkPayload(endpoint, payload, bufferLength, flags, true);
  if (status !== STATUS_SUCCESS) return status;
  const ranges = rangesOfPfns(endpoint, pfns, pfnLength);
  if (typeof ranges === "number") return ranges;
  if (!areFlagsGood(flags, ranges)) return STATUS_INVALID_PARAMETER_6;
  return post("VmbPacketSendWithExternalPfns", target, payload, bufferLength, ranges, flags);
}
