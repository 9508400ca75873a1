/**
 * Sending: packets, packets with external data, synchronous requests (kmcl.md P1–P8, Y1–Y5).
 *
 * @module
 */

import type { Endpoint } from "../actors/channel/endpoint.ts";
import type { RequestResult } from "../actors/channel/requests.ts";
import { currentFrame, KeGetCurrentIrql, PASSIVE_LEVEL } from "../actors/fabric/irql.ts";
import type { PacketTarget, VMBCHANNEL, VMBPACKET } from "../actors/handles.ts";
import type { GpaRange } from "../core/memory/gpa_ranges.ts";
import {
  isLiveMdl,
  type Mdl,
  mdlRoomBytes,
  measureChain,
  rangesOfChain,
  rangesOfFirst,
} from "../core/memory/mdl.ts";
import {
  invalidParameter,
  type NtStatus,
  STATUS_DEVICE_REMOVED,
  STATUS_INVALID_BUFFER_SIZE,
  STATUS_INVALID_DEVICE_REQUEST,
  STATUS_INVALID_PARAMETER_1,
  STATUS_INVALID_PARAMETER_5,
  STATUS_INVALID_PARAMETER_7,
  STATUS_INVALID_PARAMETER_8,
  STATUS_NOT_SUPPORTED,
  STATUS_SUCCESS,
} from "../core/ntstatus.ts";
import { NO_RANGES } from "../core/packet/packet.ts";
import { PIPE_DATA_MAX, PIPE_HEADER_BYTES, writePipeHeader } from "../core/packet/pipe.ts";
import { isU32, isUint, PAGE_BYTES } from "../core/units.ts";
import {
  VMBUS_CHANNEL_FORMAT_FLAG_FORCE_MDL_LENGTH,
  VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION,
} from "./flags.ts";
import { endpointOf, type Kmcl, packetOf } from "./kmcl.ts";

const NO_BYTES = new Uint8Array(0);
/** All bits of the format flags. */
const FORMAT_FLAGS_MAX = 7;

/** Where a function has its arguments: each status names the position of the wrong one. */
interface Positions {
  readonly externalData: 4;
  readonly offset: 5;
  readonly length: 5 | 6;
  readonly flags: 5 | 6 | 7;
}

const SEND: Positions = { externalData: 4, offset: 5, length: 6, flags: 5 };
const SEND_MDL: Positions = { externalData: 4, offset: 5, length: 6, flags: 7 };
const SEND_PFNS: Positions = { externalData: 4, offset: 5, length: 5, flags: 6 };

/** What a send is checked for, in the order of kmcl.md P5. */
interface Sending {
  readonly buffer: Uint8Array | null | undefined;
  readonly bufferLength: number;
  readonly flags: number;
  /** Whether the caller gave external data, whatever it is worth. */
  readonly hasExternalData: boolean;
  /** The memory that the packet describes, or the status that names what is wrong with it. */
  readonly ranges: () => readonly GpaRange[] | NtStatus;
}

/** A packet that passed every check. */
interface Checked {
  readonly payload: Uint8Array;
  readonly payloadBytes: number;
  readonly ranges: readonly GpaRange[];
  readonly wantsCompletion: boolean;
}

/** Whether a packet may describe memory or want a completion (P5.2): only a guest's, and not on a pipe. */
function isSupported(
  endpoint: Endpoint,
  hasExternalData: boolean,
  wantsCompletion: boolean,
): boolean {
  if (hasExternalData && endpoint.side === "server") return false;
  return !endpoint.configuration.isPipe || !(hasExternalData || wantsCompletion);
}

/** Steps 2 to 6 of P5; `positions` says which status names which argument. */
function check(endpoint: Endpoint, sending: Sending, positions: Positions): Checked | NtStatus {
  const { buffer, bufferLength, flags, hasExternalData } = sending;
  const { configuration } = endpoint;
  const wantsCompletion = (flags & VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION) !== 0;
  if (!isSupported(endpoint, hasExternalData, wantsCompletion)) return STATUS_NOT_SUPPORTED;
  const payload = buffer ?? NO_BYTES;
  if (!(payload instanceof Uint8Array)) return invalidParameter(2);
  if (payload === NO_BYTES && bufferLength !== 0) {
    return invalidParameter(isU32(bufferLength) ? 2 : 3);
  }
  const largest = configuration.isPipe
    ? Math.min(configuration.packetBytesMax, PIPE_DATA_MAX)
    : configuration.packetBytesMax;
  if (!isUint(bufferLength, Math.min(largest, payload.length))) return invalidParameter(3);
  const ranges = sending.ranges();
  if (typeof ranges === "number") return ranges;
  const areFlagsWrong = !isUint(flags, FORMAT_FLAGS_MAX) || (hasExternalData && !wantsCompletion);
  if (areFlagsWrong) return invalidParameter(positions.flags);
  return { payload, payloadBytes: bufferLength, ranges, wantsCompletion };
}

/** Whether external data is within the sender's own bounds (P5.7). */
function isWithinBounds({ configuration }: Endpoint, ranges: readonly GpaRange[]): boolean {
  if (ranges.length > configuration.externalChainMax) return false;
  return ranges.reduce((sum, range) => sum + range.byteCount, 0) <= configuration.externalBytesMax;
}

/** A datagram with the header that VMBus puts before it (kmcl.md section 7). */
function asDatagram(payload: Uint8Array, byteCount: number): Uint8Array {
  const datagram = new Uint8Array(PIPE_HEADER_BYTES + byteCount);
  writePipeHeader(datagram, 0, byteCount);
  datagram.set(payload.subarray(0, byteCount), PIPE_HEADER_BYTES);
  return datagram;
}

/** Reports a send that must not happen now (+): it goes on in modes `record` and `off`. */
function reportQuiet(kmcl: Kmcl, call: string, endpoint: Endpoint): void {
  if (!endpoint.is("quiet")) return;
  const message = `${endpoint.name} was told to suspend`;
  kmcl.world.verifier.report("send between Suspend and the next Started or Closed", call, message);
}

/** All of P5 for a packet object, then the send itself. */
function send(
  kmcl: Kmcl,
  call: string,
  packetObject: VMBPACKET | null,
  positions: Positions,
  describe: (target: PacketTarget) => Sending,
): NtStatus {
  const target = packetOf(kmcl, packetObject);
  if (target === null || !target.packet.actor.can("enter")) return STATUS_INVALID_PARAMETER_1;
  const { endpoint, packet } = target;
  if (packet.actor.is("inFlight")) return STATUS_INVALID_PARAMETER_1;
  const checked = check(endpoint, describe(target), positions);
  if (typeof checked === "number") return checked;
  if (!isWithinBounds(endpoint, checked.ranges)) return STATUS_INVALID_BUFFER_SIZE;
  if (endpoint.isGone) return STATUS_DEVICE_REMOVED;
  if (packet.kind === "initialized" && packet.routine === null) {
    const rule = "send of an initialized packet without completion routine";
    kmcl.world.verifier.report(rule, call, `packet ${packet.slot} of ${endpoint.name} has none`);
    return STATUS_INVALID_DEVICE_REQUEST;
  }
  reportQuiet(kmcl, call, endpoint);
  packet.ranges = checked.ranges;
  packet.wantsCompletion = checked.wantsCompletion;
  const { isPipe } = endpoint.configuration;
  const payload = isPipe ? asDatagram(checked.payload, checked.payloadBytes) : checked.payload;
  const payloadBytes = isPipe ? payload.length : checked.payloadBytes;
  const posted = endpoint.outgoing.post(packet, payload, payloadBytes, true);
  if (posted === "sent" || posted === "queued") return STATUS_SUCCESS;
  packet.ranges = NO_RANGES;
  return posted === "full" ? STATUS_INVALID_BUFFER_SIZE : posted;
}

/** The whole of an MDL chain, as ranges. */
function rangesOfWhole(endpoint: Endpoint, mdl: unknown): readonly GpaRange[] | NtStatus {
  const chain = isLiveMdl(mdl) ? measureChain(mdl, endpoint.partition.memory) : null;
  if (chain === null || !isLiveMdl(mdl)) return invalidParameter(4);
  return rangesOfChain(mdl, 0, chain.byteCount);
}

/** Part of an MDL chain, as ranges (P5.5). */
function rangesOfPart(
  endpoint: Endpoint,
  mdl: unknown,
  offset: number,
  length: number,
  flags: number,
): readonly GpaRange[] | NtStatus {
  const chain = isLiveMdl(mdl) ? measureChain(mdl, endpoint.partition.memory) : null;
  if (chain === null || !isLiveMdl(mdl)) return invalidParameter(4);
  if (!isU32(offset) || offset >= chain.byteCount) return invalidParameter(5);
  const isForced = (flags & VMBUS_CHANNEL_FORMAT_FLAG_FORCE_MDL_LENGTH) !== 0 && length !== 0;
  const endBytes = isForced ? mdlRoomBytes(mdl) : chain.byteCount;
  if (!isU32(length) || offset + length > endBytes) return invalidParameter(6);
  if (isForced) return rangesOfFirst(mdl, offset, length);
  return rangesOfChain(mdl, offset, length === 0 ? chain.byteCount - offset : length);
}

/** Whole pages, as one range (P5.4). */
function rangesOfPfns(
  endpoint: Endpoint,
  pfns: unknown,
  length: number,
): readonly GpaRange[] | NtStatus {
  if (!isU32(length) || length === 0) return invalidParameter(5);
  if (!Array.isArray(pfns)) return invalidParameter(4);
  if (length > pfns.length) return invalidParameter(5);
  const part: readonly number[] = pfns.slice(0, length);
  if (!endpoint.partition.memory.holdsPfns(part)) return invalidParameter(4);
  return [{ byteOffset: 0, byteCount: length * PAGE_BYTES, pfns: part }];
}

/**
 * Sends a packet with `buffer[0, bufferLength)`, which is copied before the call returns.
 *
 * @see nf-vmbuskernelmodeclientlibapi-vmbpacketsend
 */
export function VmbPacketSend(
  kmcl: Kmcl,
  packetObject: VMBPACKET | null,
  buffer: Uint8Array | null,
  bufferLength: number,
  externalDataMdl: Mdl | null | undefined,
  flags: number,
): NtStatus {
  const hasExternalData = externalDataMdl !== null && externalDataMdl !== undefined;
  return send(kmcl, "VmbPacketSend", packetObject, SEND, ({ endpoint }) => ({
    buffer,
    bufferLength,
    flags,
    hasExternalData,
    ranges: () => hasExternalData ? rangesOfWhole(endpoint, externalDataMdl) : NO_RANGES,
  }));
}

/**
 * Sends a packet that describes part of an MDL chain.
 *
 * @see nf-vmbuskernelmodeclientlibapi-vmbpacketsendwithexternalmdl
 */
export function VmbPacketSendWithExternalMdl(
  kmcl: Kmcl,
  packetObject: VMBPACKET | null,
  buffer: Uint8Array | null,
  bufferLength: number,
  externalDataMdl: Mdl | null,
  mdlOffset: number,
  mdlLength: number,
  flags: number,
): NtStatus {
  return send(kmcl, "VmbPacketSendWithExternalMdl", packetObject, SEND_MDL, ({ endpoint }) => ({
    buffer,
    bufferLength,
    flags,
    hasExternalData: true,
    ranges: () => rangesOfPart(endpoint, externalDataMdl, mdlOffset, mdlLength, flags),
  }));
}

/**
 * Sends a packet that describes whole pages.
 *
 * @see nf-vmbuskernelmodeclientlibapi-vmbpacketsendwithexternalpfns
 */
export function VmbPacketSendWithExternalPfns(
  kmcl: Kmcl,
  packetObject: VMBPACKET | null,
  buffer: Uint8Array | null,
  bufferLength: number,
  externalDataPfns: readonly number[] | null,
  pfnLength: number,
  flags: number,
): NtStatus {
  return send(kmcl, "VmbPacketSendWithExternalPfns", packetObject, SEND_PFNS, ({ endpoint }) => ({
    buffer,
    bufferLength,
    flags,
    hasExternalData: true,
    ranges: () => rangesOfPfns(endpoint, externalDataPfns, pfnLength),
  }));
}

/** A timeout as KeWaitForSingleObject takes it, in 100 ns; null where it is none (kmcl.md Y3). */
function readTimeout(
  timeout: number | bigint | null | undefined,
  now100ns: number,
): { mayQueue: boolean; deadline100ns: number | null } | null {
  if (timeout === null || timeout === undefined) return { mayQueue: true, deadline100ns: null };
  const isNumber = typeof timeout === "bigint" || Number.isInteger(timeout);
  if (!isNumber) return null;
  const units = Math.max(
    -Number.MAX_SAFE_INTEGER,
    Math.min(Number.MAX_SAFE_INTEGER, Number(timeout)),
  );
  if (units === 0) return { mayQueue: false, deadline100ns: null };
  const deadline100ns = units > 0 ? units : now100ns - units;
  return { mayQueue: true, deadline100ns: Math.min(deadline100ns, Number.MAX_SAFE_INTEGER) };
}

/** Whether the running code may block until the end of a request (kmcl.md Y5, S5). */
function mayWait(kmcl: Kmcl, call: string, endpoint: Endpoint): boolean {
  const frame = currentFrame();
  const { verifier } = kmcl.world;
  if (KeGetCurrentIrql() !== PASSIVE_LEVEL) {
    verifier.report("waiting call at DISPATCH_LEVEL", call, `${frame?.name} must not wait`);
    return false;
  }
  if (frame?.name !== "EvtChannelStarted" || frame.owner !== endpoint) return true;
  const message = `the queue of ${endpoint.name} does not run before ${frame.name} has returned`;
  verifier.report("wait that can never return", call, message);
  return false;
}

/**
 * Sends a packet and waits for the end of its transaction.
 *
 * @see nf-vmbuskernelmodeclientlibapi-vmbchannelsendsynchronousrequest
 */
export async function VmbChannelSendSynchronousRequest(
  kmcl: Kmcl,
  channel: VMBCHANNEL | null,
  buffer: Uint8Array | null,
  bufferSize: number,
  externalDataMdl: Mdl | null | undefined,
  flags: number,
  completionBuffer: Uint8Array | null | undefined,
  completionBufferSize: number,
  timeout?: number | bigint | null,
): Promise<RequestResult> {
  const call = "VmbChannelSendSynchronousRequest";
  const failed = (status: NtStatus) => ({ status, completionBufferSize: null });
  const endpoint = endpointOf(kmcl, channel);
  if (endpoint === null) return failed(STATUS_INVALID_PARAMETER_1);
  const hasExternalData = externalDataMdl !== null && externalDataMdl !== undefined;
  const checked = check(endpoint, {
    buffer,
    bufferLength: bufferSize,
    flags,
    hasExternalData,
    ranges: () => hasExternalData ? rangesOfWhole(endpoint, externalDataMdl) : NO_RANGES,
  }, SEND);
  if (typeof checked === "number") return failed(checked);
  const { isRoot } = endpoint.partition;
  if (isRoot && checked.wantsCompletion) return failed(STATUS_INVALID_PARAMETER_5);
  const answerBuffer = completionBuffer ?? null;
  const isBuffer = answerBuffer === null
    ? completionBufferSize === 0
    : answerBuffer instanceof Uint8Array;
  if (!isBuffer && isU32(completionBufferSize)) return failed(invalidParameter(6));
  const isSize = isUint(completionBufferSize, answerBuffer?.length ?? 0) &&
    completionBufferSize % 8 === 0;
  if (!isSize) return failed(STATUS_INVALID_PARAMETER_7);
  const when = readTimeout(timeout, kmcl.world.clock.now100ns);
  if (when === null || (isRoot && when.mayQueue)) return failed(STATUS_INVALID_PARAMETER_8);
  if (!isWithinBounds(endpoint, checked.ranges)) return failed(STATUS_INVALID_BUFFER_SIZE);
  const mustWait = when.mayQueue || checked.wantsCompletion;
  if (mustWait && !mayWait(kmcl, call, endpoint)) return failed(STATUS_INVALID_DEVICE_REQUEST);
  if (!endpoint.isGone && !endpoint.is("leaving")) reportQuiet(kmcl, call, endpoint);
  const { isPipe } = endpoint.configuration;
  const payload = isPipe ? asDatagram(checked.payload, checked.payloadBytes) : checked.payload;
  return await endpoint.requests.send({
    ...when,
    payload,
    payloadBytes: isPipe ? payload.length : checked.payloadBytes,
    ranges: checked.ranges,
    wantsCompletion: checked.wantsCompletion,
    completionBuffer: answerBuffer,
    completionBufferBytes: completionBufferSize,
  });
}
