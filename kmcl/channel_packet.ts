/**
 * What a driver does with a packet that it was given (kmcl.md R1–R6).
 *
 * @module
 */

import * as args from "../core/arguments.ts";
import * as bytes from "../core/bytes.ts";
import { currentFrame } from "../actors/runtime/irql.ts";
import type { VMBPACKETCOMPLETION } from "../actors/runtime/handle.ts";
import type { Mdl } from "../core/memory/mdl.ts";
import { describe } from "../core/describe.ts";
import {
  type NtStatus,
  STATUS_INVALID_PARAMETER_1,
  STATUS_INVALID_PARAMETER_2,
} from "../core/ntstatus.ts";
import * as units from "../core/units.ts";
import * as ends from "./ends.ts";
import { VMBUS_CHANNEL_PACKET_EXTERNAL_DATA_FLAGS } from "./flags.ts";
import type { FunctionName } from "./function_names.ts";
import { incomingOf, type Kmcl } from "./resolve.ts";
import * as handles from "./resolve.ts";
import type { ArrivedPacket } from "./handles.ts";

// Names of this module's own: an imported one is loaded and checked wherever it is used. Without them the
// figure "transaction" shows it: about 4 % of a transaction with 64 in flight (D140, D279).
const { bytesOf } = args;
const { holdsBytes, lengthOf, NO_BYTES } = bytes;
const { isU32, isUint, showU64 } = units;
const { endDetails, noteEnd } = ends;
const { requireIncoming } = handles;

const COMPLETE = "VmbChannelPacketComplete";

/**
 * Completes a packet, once. An answer that the requester's ring can never carry is a violation that does
 * not throw: the packet is retired by it, and the channel closes (kmcl.md R6).
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_packet_complete | VmbChannelPacketComplete}
 */
export function VmbChannelPacketComplete(
  kmcl: Kmcl,
  packetCompletionContext: VMBPACKETCOMPLETION | null,
  packetCompletionBuffer: ArrayBufferView | null | undefined,
  bufSize: number,
): void {
  const call = COMPLETE;
  const packet = requireLive(kmcl, call, packetCompletionContext);
  if (packet === null) return;
  const answer = bytesOf(packetCompletionBuffer ?? NO_BYTES);
  const { verifier } = kmcl.runtime;
  if (answer === null) {
    const message = `${describe(packetCompletionBuffer)} is no ArrayBufferView`;
    return verifier.report("invalid argument", call, message, detailsOf(packet));
  }
  if (!isWithin(answer, bufSize)) {
    const message = `size ${describe(bufSize)} of a buffer of ${lengthOf(answer)} bytes`;
    return verifier.report("size greater than its buffer", call, message, detailsOf(packet));
  }
  completeLive(kmcl, packet, answer, bufSize);
}

/** Whether `answer` has as many bytes as a driver says. */
export function isWithin(answer: Uint8Array, answerBytes: unknown): boolean {
  return isU32(answerBytes) && holdsBytes(answer, answerBytes);
}

/** The rest of {@linkcode VmbChannelPacketComplete}, for a packet and an answer that are good. */
export function completeLive(
  { runtime: { driverFaults } }: Kmcl,
  packet: ArrivedPacket,
  answer: Uint8Array,
  answerBytes: number,
): void {
  noteRetired(packet, COMPLETE);
  if (driverFaults !== null && driverFaults.keepsBack(packet, answer, answerBytes)) return;
  makeCompletion(packet, answer, answerBytes);
}

/** The completion of a packet that its driver has nothing more to do with, now or some time after its call. */
export function makeCompletion(
  packet: ArrivedPacket,
  answer: Uint8Array,
  answerBytes: number,
): void {
  const { endpoint } = packet;
  if (endpoint.incoming.outstandingPackets.complete(packet, answer, answerBytes)) return;
  // The packet is retired by it and the channel closes: a call that throws would have changed nothing.
  const rule = "completion that the requester's ring can never carry";
  endpoint.runtime.verifier.list(rule, COMPLETE, `its ${answerBytes} bytes`, detailsOf(packet));
}

/**
 * Hands the packet of the running ProcessPacket call back.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_packet_defer_to_passive | VmbChannelPacketDeferToPassive}
 */
export function VmbChannelPacketDeferToPassive(
  kmcl: Kmcl,
  packetCompletionContext: VMBPACKETCOMPLETION | null,
): void {
  const call = "VmbChannelPacketDeferToPassive";
  const packet = requireInline(kmcl, call, packetCompletionContext);
  if (packet === null) return;
  noteRetired(packet, call);
  packet.actor.send({ type: "defer" });
}

/**
 * Calls a packet that the driver has not retired malformed.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_packet_fail | VmbChannelPacketFail}
 */
export function VmbChannelPacketFail(
  kmcl: Kmcl,
  packetCompletionContext: VMBPACKETCOMPLETION | null,
): void {
  const call = "VmbChannelPacketFail";
  const packet = requireLive(kmcl, call, packetCompletionContext);
  if (packet === null) return;
  noteRetired(packet, call);
  packet.endpoint.incoming.outstandingPackets.fail(packet);
}

/** What VmbChannelPacketGetExternalData gives. */
export interface ExternalDataResult {
  /** STATUS_SUCCESS, PENDING, _1, _2, NOT_FOUND or INVALID_BUFFER_SIZE. */
  readonly status: NtStatus;
  /** The sender's memory, the same each time, dead after VmbChannelPacketComplete; null on failure. */
  readonly mdl: Mdl | null;
}

/**
 * The memory that a packet describes.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_packet_get_external_data | VmbChannelPacketGetExternalData}
 */
export function VmbChannelPacketGetExternalData(
  kmcl: Kmcl,
  packetCompletionContext: VMBPACKETCOMPLETION | null,
  flags: number,
): ExternalDataResult {
  const packet = incomingOf(kmcl, packetCompletionContext);
  if (packet === null || isDead(packet)) return { status: STATUS_INVALID_PARAMETER_1, mdl: null };
  if (!isUint(flags, VMBUS_CHANNEL_PACKET_EXTERNAL_DATA_FLAGS)) {
    return { status: STATUS_INVALID_PARAMETER_2, mdl: null };
  }
  const result = packet.endpoint.incoming.externalData.of(packet);
  // Its call hands it back, unless it is completed in it after all.
  if (packet.actor.tags.handedBack) noteRetired(packet, "VmbChannelPacketGetExternalData");
  return result;
}

/**
 * The driver's own area with a packet. Our reading.
 *
 * @see {@link https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md | kmcl.md X2}
 */
export function VmbChannelPacketGetClientContext(
  kmcl: Kmcl,
  packetCompletionContext: VMBPACKETCOMPLETION | null,
): Uint8Array | null {
  const packet = requireLive(kmcl, "VmbChannelPacketGetClientContext", packetCompletionContext);
  return packet?.areaOf(packet.endpoint.configuration.clientContextBytes) ?? null;
}

/** What a violation about a packet says. */
function detailsOf({ endpoint, transactionIdLow, transactionIdHigh }: ArrivedPacket) {
  const packet = showU64(transactionIdLow, transactionIdHigh);
  return { channel: endpoint.place, packet };
}

/** Notes with its context that `call` ended what the driver may do with `packet`. */
function noteRetired(packet: ArrivedPacket, call: FunctionName): void {
  const { endpoint, handle, transactionIdLow, transactionIdHigh } = packet;
  if (endpoint.runtime.verifier.mode === "off") return; // as noteEnd has it, without the call
  const context = handle as VMBPACKETCOMPLETION | null;
  noteEnd(endpoint.runtime, context, call, endpoint, transactionIdLow, transactionIdHigh);
}

/** Whether the driver has retired the packet, or handed it back by deferring it. */
export function isDead({ actor }: ArrivedPacket): boolean {
  return !actor.tags.live;
}

/** The packet of a context that was neither retired nor handed back, or null after a violation. */
function requireLive(kmcl: Kmcl, call: FunctionName, context: unknown): ArrivedPacket | null {
  const packet = requireIncoming(kmcl, call, context);
  if (packet === null || !isDead(packet)) return packet;
  const rule = "PacketComplete, Defer or Fail of a context that is retired or handed back";
  kmcl.runtime.verifier.report(
    rule,
    call,
    "it was retired or handed back before",
    endDetails(context, "VMBPACKETCOMPLETION") ?? detailsOf(packet),
  );
  return null;
}

/** The same, in the synchronous part of the packet's own ProcessPacket call. */
function requireInline(kmcl: Kmcl, call: FunctionName, context: unknown): ArrivedPacket | null {
  const packet = requireLive(kmcl, call, context);
  if (packet === null) return null;
  const frame = currentFrame();
  const isInline = frame?.name === "EvtChannelProcessPacket" && frame.owner === packet.endpoint &&
    packet.actor.tags.inCall;
  if (isInline) return packet;
  const rule = "DeferToPassive outside ProcessPacket";
  const message = "no ProcessPacket call for the packet is running";
  kmcl.runtime.verifier.report(rule, call, message, detailsOf(packet));
  return null;
}
