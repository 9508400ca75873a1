/**
 * Synchronous requests: packets whose sender waits for their end (kmcl.md Y1–Y5).
 *
 * @module
 */

import { holdsBytes, NO_BYTES } from "../core/bytes.ts";
import type { Endpoint } from "../actors/channel/endpoint.ts";
import type { RequestOptions, RequestResult } from "../actors/channel/requests.ts";
import { currentFrame } from "../actors/runtime/irql.ts";
import type { VMBCHANNEL } from "../actors/runtime/handle.ts";
import type { Mdl } from "../core/memory/mdl.ts";
import {
  type NtStatus,
  STATUS_DEVICE_REMOVED,
  STATUS_INSUFFICIENT_RESOURCES,
  STATUS_INVALID_BUFFER_SIZE,
  STATUS_INVALID_DEVICE_REQUEST,
  STATUS_INVALID_PARAMETER_1,
  STATUS_INVALID_PARAMETER_5,
  STATUS_INVALID_PARAMETER_6,
  STATUS_INVALID_PARAMETER_7,
  STATUS_INVALID_PARAMETER_8,
  STATUS_SUCCESS,
} from "../core/ntstatus.ts";
import { NO_RANGES } from "../core/packet/packet.ts";
import { isUint } from "../core/units.ts";
import { isExhausted } from "./exhausted.ts";
import { endpointOf, type Kmcl, waiting } from "./resolve.ts";
import { mayBlock } from "./levels.ts";
import {
  areFlagsGood,
  asDatagram,
  checkPayload,
  isGiven,
  isWithinBounds,
  payloadOf,
  rangesOfWhole,
  reportQuiet,
  wantsCompletion,
} from "./packet_checks.ts";

const CALL = "VmbChannelSendSynchronousRequest";
/** The range of a C `LARGE_INTEGER`. */
const TIMEOUT_MIN = -(2n ** 63n);
const TIMEOUT_MAX = 2n ** 63n - 1n;

/** A timeout as KeWaitForSingleObject takes it, in 100 ns; null for anything else (kmcl.md Y3). */
function readTimeout(
  timeout: unknown,
  now100ns: number,
): { mayQueue: boolean; deadline100ns: number | null } | null {
  if (timeout === null || timeout === undefined) return { mayQueue: true, deadline100ns: null };
  if (typeof timeout !== "bigint" && !Number.isInteger(timeout)) return null;
  const units = BigInt(timeout as number | bigint);
  if (units < TIMEOUT_MIN || units > TIMEOUT_MAX) return null;
  if (units === 0n) return { mayQueue: false, deadline100ns: null };
  const deadline100ns = Number(units > 0n ? units : BigInt(now100ns) - units);
  return { mayQueue: true, deadline100ns: Math.min(deadline100ns, Number.MAX_SAFE_INTEGER) };
}

/** Whether the running code may block until the end of a request; for ever, where it has no deadline (kmcl.md Y5, S5). */
function mayWait(endpoint: Endpoint, isTimed: boolean): boolean {
  if (!mayBlock(endpoint.runtime, CALL)) return false;
  const frame = currentFrame();
  const isInStarted = frame?.name === "EvtChannelStarted" && frame.owner === endpoint;
  if (!isInStarted || isTimed) return true;
  const name = `${frame.name} of ${endpoint.name}`;
  const message = `${name} waits for a request on ${endpoint.name}, but has to return first`;
  endpoint.runtime.verifier.report("selfWait", CALL, message, { channel: endpoint.place });
  return false;
}

/** The arguments of a request, behind the channel. */
interface RequestCall {
  readonly buffer: ArrayBufferView | null;
  readonly bufferSize: number;
  readonly externalDataMdl: Mdl | null | undefined;
  readonly flags: number;
  readonly completionBuffer: ArrayBufferView | null | undefined;
  readonly completionBufferSize: number | null | undefined;
  readonly timeout: number | bigint | null | undefined;
}

/**
 * The completion buffer and how much of it may be filled; or the status that says what is wrong with it
 * (kmcl.md Y2).
 */
function answerOf(
  { completionBuffer, completionBufferSize }: RequestCall,
): Pick<RequestOptions, "completionBuffer" | "completionBufferBytes"> | NtStatus {
  const hasBuffer = isGiven(completionBuffer);
  if (!hasBuffer && !isGiven(completionBufferSize)) {
    return { completionBuffer: null, completionBufferBytes: null };
  }
  const room = payloadOf(completionBuffer, completionBufferSize);
  if (room === null) return STATUS_INVALID_PARAMETER_6;
  const isGood = isUint(completionBufferSize, 0xffff_ffff) &&
    holdsBytes(room, completionBufferSize) &&
    completionBufferSize % 8 === 0;
  if (!isGood) return STATUS_INVALID_PARAMETER_7;
  return {
    completionBuffer: hasBuffer ? room : null,
    completionBufferBytes: completionBufferSize,
  };
}

/** All of P5 for a request, with the numbers of its own arguments, and Y2 to Y5. */
function checkRequest(
  kmcl: Kmcl,
  endpoint: Endpoint,
  asked: RequestCall,
): RequestOptions | NtStatus {
  const { bufferSize, externalDataMdl, flags } = asked;
  const hasMdl = isGiven(externalDataMdl);
  const buffer = payloadOf(asked.buffer, bufferSize);
  const status = checkPayload(endpoint, buffer, bufferSize, flags, hasMdl);
  if (status !== STATUS_SUCCESS) return status;
  const ranges = hasMdl ? rangesOfWhole(endpoint, externalDataMdl) : NO_RANGES;
  if (typeof ranges === "number") return ranges;
  const isServer = endpoint.side === "server";
  const waits = wantsCompletion(flags);
  if (!areFlagsGood(flags, ranges) || (isServer && waits)) return STATUS_INVALID_PARAMETER_5;
  const answer = answerOf(asked);
  if (typeof answer === "number") return answer;
  const when = readTimeout(asked.timeout, kmcl.runtime.clock.now100ns);
  if (when === null || (isServer && when.mayQueue)) return STATUS_INVALID_PARAMETER_8;
  if (!isWithinBounds(endpoint, ranges)) return STATUS_INVALID_BUFFER_SIZE;
  if (endpoint.requests.rejectsRequests) return STATUS_DEVICE_REMOVED;
  if (isExhausted(endpoint, "request")) return STATUS_INSUFFICIENT_RESOURCES;
  const isTimed = when.deadline100ns !== null;
  if ((when.mayQueue || waits) && !mayWait(endpoint, isTimed)) return STATUS_INVALID_DEVICE_REQUEST;
  reportQuiet(endpoint, CALL);
  const { isPipe } = endpoint.configuration;
  const payload = isPipe ? asDatagram(buffer ?? NO_BYTES, bufferSize) : buffer ?? NO_BYTES;
  return {
    ...when,
    ...answer,
    payload,
    payloadBytes: isPipe ? payload.length : bufferSize,
    ranges,
    wantsCompletion: waits,
  };
}

function failed(status: NtStatus): RequestResult {
  return { status, completionBufferSize: null };
}

/** The result of a request that ended within its call. */
function ended(result: RequestResult, { requests }: Endpoint): Promise<RequestResult> {
  requests.trace(result);
  return Promise.resolve(result);
}

/**
 * Sends a packet and waits for the end of its transaction. Where there is nothing to wait for, the
 * promise is settled when the call returns (kmcl.md Y5).
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_send_synchronous_request | VmbChannelSendSynchronousRequest}
 */
export function VmbChannelSendSynchronousRequest(
  kmcl: Kmcl,
  channel: VMBCHANNEL | null,
  buffer: ArrayBufferView | null,
  bufferSize: number,
  externalDataMdl: Mdl | null | undefined,
  flags: number,
  completionBuffer?: ArrayBufferView | null,
  completionBufferSize?: number | null,
  timeout?: number | bigint | null,
): Promise<RequestResult> {
  const asked = {
    buffer,
    bufferSize,
    externalDataMdl,
    flags,
    completionBuffer,
    completionBufferSize,
    timeout,
  };
  return waiting(() => {
    const endpoint = endpointOf(kmcl, channel);
    if (endpoint === null) return Promise.resolve(failed(STATUS_INVALID_PARAMETER_1));
    const options = checkRequest(kmcl, endpoint, asked);
    if (typeof options === "number") return ended(failed(options), endpoint);
    const sent = endpoint.requests.send(options);
    return sent instanceof Promise ? sent : ended(sent, endpoint);
  });
}
