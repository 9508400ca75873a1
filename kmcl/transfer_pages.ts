/**
 * Packets that name parts of a GPADL in place of describing memory: transfer pages (wire.md 2.3, kmcl.md P9).
 * KMCL's tables have no function for them; these are the package's own.
 *
 * @module
 */

import type { Endpoint } from "../actors/channel/endpoint.ts";
import type { VMBCHANNEL, VMBPACKET } from "../actors/runtime/handle.ts";
import { bufferRangesFault } from "../core/memory/buffer_ranges.ts";
import { bytesInRanges, type GpaRange } from "../core/memory/gpa_ranges.ts";
import type { BufferRange } from "../core/memory/layouts.ts";
import {
  type NtStatus,
  STATUS_INVALID_BUFFER_SIZE,
  STATUS_INVALID_PARAMETER_1,
  STATUS_INVALID_PARAMETER_2,
  STATUS_INVALID_PARAMETER_3,
  STATUS_INVALID_PARAMETER_4,
  STATUS_INVALID_PARAMETER_5,
  STATUS_INVALID_PARAMETER_6,
  STATUS_NOT_SUPPORTED,
  STATUS_SUCCESS,
} from "../core/ntstatus.ts";
import { NO_RANGES } from "../core/packet/packet.ts";
import { copyElements, copyMembers } from "../core/structures.ts";
import { isU16, isU32, isUint } from "../core/units.ts";
import { VMBUS_CHANNEL_FORMAT_FLAGS } from "./flags.ts";
import { callerOfTable } from "./interface_header.ts";
import { endpointIn, traced, tracedBy } from "./own_calls.ts";
import { checkPayload, payloadOf, wantsCompletion } from "./packet_checks.ts";
import { post, sendable } from "./packet_send.ts";
import type { KmclClientInterfaceV1 } from "./tables.ts";

/** More ranges than a packet can list: its lengths are counted in 16 bits (wire.md 2.1). */
const RANGES_MAX = 0xffff;

/** Whether packets of that channel can name page sets at all: there is no tuple for them, and a pipe copies everything. */
function canName({ runtime, configuration }: Endpoint): boolean {
  return runtime.codec.name === "vmbus" && !configuration.isPipe;
}

/**
 * Has packets of `channel` name the GPADL `gpadlHandle` as page set `pageSetId`, in both directions: what this
 * side sends by {@linkcode sendTransferPages}, and what arrives from the opposite side, which names its
 * number by itself. How both come to the same number is the protocol of the two drivers. `null` takes the
 * number back; so does the end of the channel. A packet of a number that has no GPADL stops the channel,
 * with the fault `"unexpectedPacketType"`.
 *
 * Statuses: SUCCESS; `_1` no live channel, or not within Opened to Closed ([kmcl.md G1](https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md)); NOT_SUPPORTED on a pipe and
 * with codec `"msgpack"`; `_2` no u16; `_3` no GPADL of the channel.
 *
 * @param kmcl The table with which the driver uses the channel.
 * @see {@link https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md | kmcl.md P9}
 */
export function setPageSet(
  kmcl: KmclClientInterfaceV1,
  channel: VMBCHANNEL | null,
  pageSetId: number,
  gpadlHandle: number | null,
): NtStatus {
  const endpoint = endpointIn(kmcl, channel);
  return traced(kmcl, "setPageSet", [channel, pageSetId, gpadlHandle], () => {
    if (endpoint === null || !endpoint.is("rings")) return STATUS_INVALID_PARAMETER_1;
    if (!canName(endpoint)) return STATUS_NOT_SUPPORTED;
    if (!isU16(pageSetId)) return STATUS_INVALID_PARAMETER_2;
    if (gpadlHandle !== null && !isU32(gpadlHandle)) return STATUS_INVALID_PARAMETER_3;
    const isNamed = endpoint.pageSets.name(pageSetId, gpadlHandle);
    return isNamed ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER_3;
  });
}

/**
 * Sends a packet with `buffer[0, bufferLength)`, as VmbPacketSend does, that also names parts of a page set: the
 * opposite side finds them by VmbChannelPacketGetExternalData, within its own bounds, as memory of the
 * guest that it shares. A part may lie anywhere in the buffer, and parts may overlap. The memory is
 * the sender's to leave alone until the completion, which must be asked for; the GPADL keeps it pinned.
 *
 * Statuses, in this order: `_1` no live packet, or one in flight; NOT_SUPPORTED on a pipe and with codec `"msgpack"`;
 * `_2` and `_3` buffer and length, as in VmbPacketSend; `_4` no page set of that number; `_5` no list of
 * at least one part, a part of no bytes, or one that leaves the buffer; `_6` unknown flags, or
 * WAIT_FOR_COMPLETION is missing; INVALID_BUFFER_SIZE more than the sender's MaximumExternalData, or more
 * than its ring can ever carry; DEVICE_REMOVED the channel is closing.
 *
 * @example
 * ```ts
 * import * as vmbus from "@vmbus/kmcl";
 *
 * // A server: the guest has told it of the GPADL of its receive buffer, and the packet that carried that ends here.
 * export function deliver(
 *   kmcl: vmbus.KmclServerInterfaceV1,
 *   channel: vmbus.VMBCHANNEL,
 *   packet: vmbus.VMBPACKET,
 *   receiveBuffer: number,
 * ) {
 *   vmbus.expectSuccess(vmbus.setPageSet(kmcl, channel, 0xcafe, receiveBuffer));
 *   const frame = { byteOffset: 0x1000, byteCount: 1514 };
 *   return vmbus.sendTransferPages(kmcl, packet, null, 0, 0xcafe, [frame], 1);
 * }
 * ```
 *
 * @param kmcl The table with which the driver uses the packet's channel.
 * @see {@link https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md | kmcl.md P9}
 */
export function sendTransferPages(
  kmcl: KmclClientInterfaceV1,
  packetObject: VMBPACKET | null,
  buffer: ArrayBufferView | null,
  bufferLength: number,
  pageSetId: number,
  ranges: readonly BufferRange[],
  flags: number,
): NtStatus {
  const parts = partsOf(ranges); // the driver's code may run here, so before anything is looked at
  const caller = callerOfTable(kmcl);
  const target = caller === null ? null : sendable(caller, packetObject);
  const words = parts === null ? null : new Uint32Array(parts.flatMap(wordsOf));
  const given = [packetObject, buffer, bufferLength, pageSetId, words, flags];
  return tracedBy(caller, "sendTransferPages", given, () => {
    if (target === null) return STATUS_INVALID_PARAMETER_1;
    const { endpoint, packet } = target;
    if (!canName(endpoint)) return STATUS_NOT_SUPPORTED;
    const payload = payloadOf(buffer, bufferLength);
    const status = checkPayload(endpoint, payload, bufferLength, flags, false);
    if (status !== STATUS_SUCCESS) return status;
    const named = isU16(pageSetId) ? endpoint.pageSets.rangesOf(pageSetId) : null;
    const wrong = whatIsWrong(endpoint, named, parts, flags);
    if (wrong !== STATUS_SUCCESS || parts === null) return wrong;
    packet.transfer = { pageSetId, ranges: parts };
    const sent = post("sendTransferPages", target, payload, bufferLength, NO_RANGES, flags);
    if (sent !== STATUS_SUCCESS) packet.transfer = null;
    return sent;
  });
}

/** A driver's list of parts, copied; null where it is no such list. */
function partsOf(ranges: unknown): BufferRange[] | null {
  const elements = copyElements(ranges, RANGES_MAX + 1);
  if (elements === null) return null;
  const parts: BufferRange[] = [];
  for (const element of elements) {
    const part = copyMembers(element, ["byteCount", "byteOffset"]);
    if (part === null || !isU32(part.byteCount) || !isU32(part.byteOffset)) return null;
    parts.push({ byteCount: part.byteCount, byteOffset: part.byteOffset });
  }
  return parts;
}

function wordsOf({ byteCount, byteOffset }: BufferRange): number[] {
  return [byteCount, byteOffset];
}

/** The steps of a send that concern what it names, in their order. */
function whatIsWrong(
  { configuration }: Endpoint,
  named: readonly GpaRange[] | null,
  parts: readonly BufferRange[] | null,
  flags: number,
): NtStatus {
  if (named === null) return STATUS_INVALID_PARAMETER_4;
  if (parts === null || bufferRangesFault(parts, bytesInRanges(named)) !== null) {
    return STATUS_INVALID_PARAMETER_5;
  }
  if (!isUint(flags, VMBUS_CHANNEL_FORMAT_FLAGS) || !wantsCompletion(flags)) {
    return STATUS_INVALID_PARAMETER_6;
  }
  const { externalBytesMax, externalChainMax } = configuration;
  const isTooMuch = parts.length > externalChainMax || bytesInRanges(parts) > externalBytesMax;
  return isTooMuch ? STATUS_INVALID_BUFFER_SIZE : STATUS_SUCCESS;
}
