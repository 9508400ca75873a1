/**
 * The checks of a send, step by step (kmcl.md P5), and what every send does beside them.
 *
 * @module
 */

import type { Endpoint } from "../actors/channel/endpoint.ts";
import type { PacketObject } from "../actors/packet/packet_object.ts";
import * as args from "../core/arguments.ts";
import { copyBytes, NO_BYTES } from "../core/bytes.ts";
import * as bytes from "../core/bytes.ts";
import { bytesInRanges, type GpaRange } from "../core/memory/gpa_ranges.ts";
import {
  isLiveMdl,
  mdlRoomBytes,
  measureChain,
  rangesOfChain,
  rangesOfFirst,
} from "../core/memory/mdl.ts";
import {
  type NtStatus,
  STATUS_INVALID_PARAMETER_2,
  STATUS_INVALID_PARAMETER_3,
  STATUS_INVALID_PARAMETER_4,
  STATUS_INVALID_PARAMETER_5,
  STATUS_INVALID_PARAMETER_6,
  STATUS_NOT_SUPPORTED,
} from "../core/ntstatus.ts";
import * as statuses from "../core/ntstatus.ts";
import { PIPE_DATA_MAX, PIPE_HEADER_BYTES, writePipeHeader } from "../core/packet/pipe.ts";
import * as units from "../core/units.ts";
import * as formats from "./flags.ts";
import type { CallName } from "./call_parameters.ts";

// Names of this module's own: an imported one is loaded and checked wherever it is used (D140, D320).
const { bytesOf } = args;
const { holdsBytes } = bytes;
const { isU32, isUint } = units;
const { STATUS_SUCCESS } = statuses;
const {
  VMBUS_CHANNEL_FORMAT_FLAG_FORCE_MDL_LENGTH,
  VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION,
  VMBUS_CHANNEL_FORMAT_FLAGS,
} = formats;

/** Whether an optional argument was given, valid or not. */
export function isGiven(argument: unknown): boolean {
  return argument !== null && argument !== undefined;
}

/** Whether `flags` has the bit `flag`; false where `flags` is not a u32. */
function hasFlag(flags: number, flag: number): boolean {
  return isU32(flags) && (flags & flag) !== 0;
}

/** Whether the transaction ends with a completion packet. */
export function wantsCompletion(flags: number): boolean {
  return hasFlag(flags, VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION);
}

/** The bytes of a send's buffer; null where it is not a buffer. Length 0 needs no buffer. */
export function payloadOf(buffer: unknown, bufferLength: unknown): Uint8Array | null {
  if (isGiven(buffer)) return bytesOf(buffer);
  return isU32(bufferLength) && bufferLength !== 0 ? null : NO_BYTES;
}

/** Steps 2 and 3: what the channel supports, and the payload. */
export function checkPayload(
  { side, configuration }: Endpoint,
  payload: Uint8Array | null,
  bufferLength: number,
  flags: number,
  hasExternalData: boolean,
): NtStatus {
  const { isPipe, pipeType, packetBytesMax } = configuration;
  if (hasExternalData && side === "server") return STATUS_NOT_SUPPORTED;
  if (isPipe && (hasExternalData || wantsCompletion(flags))) return STATUS_NOT_SUPPORTED;
  if (isPipe && pipeType === "byte") return STATUS_NOT_SUPPORTED; // it has no packets of its drivers
  if (payload === null) return STATUS_INVALID_PARAMETER_2;
  if (!isU32(bufferLength)) return STATUS_INVALID_PARAMETER_3;
  const isTooLong = bufferLength > packetBytesMax || !holdsBytes(payload, bufferLength) ||
    isPipe && bufferLength > PIPE_DATA_MAX;
  return isTooLong ? STATUS_INVALID_PARAMETER_3 : STATUS_SUCCESS;
}

/** Step 5 where there is neither offset nor length: the whole of an MDL chain, as ranges. */
export function rangesOfWhole(endpoint: Endpoint, mdl: unknown): readonly GpaRange[] | NtStatus {
  const chain = isLiveMdl(mdl) ? measureChain(mdl, endpoint.partition.memory) : null;
  if (chain === null || !isLiveMdl(mdl)) return STATUS_INVALID_PARAMETER_4;
  return rangesOfChain(mdl, 0, chain.byteCount);
}

/** Step 5: part of an MDL chain, as ranges. */
export function rangesOfPart(
  endpoint: Endpoint,
  mdl: unknown,
  offset: number,
  length: number,
  flags: number,
): readonly GpaRange[] | NtStatus {
  const chain = isLiveMdl(mdl) ? measureChain(mdl, endpoint.partition.memory) : null;
  if (chain === null || !isLiveMdl(mdl)) return STATUS_INVALID_PARAMETER_4;
  if (!isU32(offset) || offset >= chain.byteCount) return STATUS_INVALID_PARAMETER_5;
  const isForced = hasFlag(flags, VMBUS_CHANNEL_FORMAT_FLAG_FORCE_MDL_LENGTH) && length !== 0;
  const endBytes = isForced ? mdlRoomBytes(mdl) : chain.byteCount;
  if (!isU32(length) || offset + length > endBytes) return STATUS_INVALID_PARAMETER_6;
  if (isForced) return rangesOfFirst(mdl, offset, length);
  return rangesOfChain(mdl, offset, length === 0 ? chain.byteCount - offset : length);
}

/** Step 6: known bits, and a completion for external data, which is pinned until then. */
export function areFlagsGood(flags: number, ranges: readonly GpaRange[]): boolean {
  return isUint(flags, VMBUS_CHANNEL_FORMAT_FLAGS) &&
    (ranges.length === 0 || wantsCompletion(flags));
}

/** Step 7: whether external data is within the sender's own bounds. */
export function isWithinBounds(
  { configuration }: Endpoint,
  ranges: readonly GpaRange[],
): boolean {
  if (ranges.length === 0) return true;
  if (ranges.length > configuration.externalChainMax) return false;
  return bytesInRanges(ranges) <= configuration.externalBytesMax;
}

/** A datagram with the header that VMBus puts before it (kmcl.md section 7). */
export function asDatagram(payload: Uint8Array, byteCount: number): Uint8Array {
  const datagram = new Uint8Array(PIPE_HEADER_BYTES + byteCount);
  writePipeHeader(datagram, 0, byteCount);
  copyBytes(datagram, payload, 0, byteCount, PIPE_HEADER_BYTES);
  return datagram;
}

/** Reports a send of a packet in the caller's memory whose end no routine would announce. */
export function reportNoRoutine(
  endpoint: Endpoint,
  packet: PacketObject,
  call: CallName,
): void {
  const rule = "send of an initialized packet without completion routine";
  const about = { channel: endpoint.place, packet: packet.slot };
  endpoint.runtime.verifier.report(rule, call, "nobody would hear of its end", about);
}

/** Reports a send that must not happen now (+): in modes `record` and `off` it is made nevertheless. */
export function reportQuiet(endpoint: Endpoint, call: CallName): void {
  if (!endpoint.is("quiet")) return;
  const rule = "send between Suspend and the next Started or Closed";
  endpoint.runtime.verifier.report(rule, call, "it was told to suspend", {
    channel: endpoint.place,
  });
}
