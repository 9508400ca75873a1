/**
 * Packet objects: allocate, initialize, free, and what is kept with them (kmcl.md section 5).
 *
 * @module
 */

import type { PacketObject } from "../actors/packet/packet_object.ts";
import type { VMBCHANNEL, VMBPACKET } from "../actors/runtime/handle.ts";
import { bytesOf } from "../core/arguments.ts";
import { describe } from "../core/describe.ts";
import {
  type NtStatus,
  STATUS_INVALID_PARAMETER_1,
  STATUS_INVALID_PARAMETER_2,
  STATUS_INVALID_PARAMETER_3,
  STATUS_SUCCESS,
} from "../core/ntstatus.ts";
import { holdsBytes, wholeOf } from "../core/bytes.ts";
import { isU32 } from "../core/units.ts";
import type { EvtPacketCompletionRoutine } from "./callbacks.ts";
import { driverOf } from "./driver.ts";
import { isExhausted } from "./exhausted.ts";
import { packetObjectBytes } from "./channel_properties.ts";
import { endpointOf, type Kmcl, requireEndpoint, requirePacket } from "./resolve.ts";
import { initializePacket } from "./initialized_packets.ts";
import { handOutPacket, releasePacket } from "./packet_handles.ts";

/**
 * Takes a packet object from the channel's lookaside list.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_packet_allocate | VmbPacketAllocate}
 */
export function VmbPacketAllocate(kmcl: Kmcl, channel: VMBCHANNEL | null): VMBPACKET | null {
  const endpoint = requireEndpoint(kmcl, "VmbPacketAllocate", channel);
  if (endpoint === null || isExhausted(endpoint, "packet")) return null;
  const { packetCountMax } = endpoint.configuration;
  if (packetCountMax !== null && endpoint.outgoing.packets.driversCount >= packetCountMax) {
    return null;
  }
  return handOutPacket(endpoint, "lookaside");
}

/** What VmbPacketInitialize gives. */
export interface InitializeResult {
  /**
   * STATUS_SUCCESS, _1, _2 (no buffer, or a packet in flight or a channel lies in it) or _3;
   * INSUFFICIENT_RESOURCES where VmbChannelInitSetMaximumPacketCount allows no more.
   */
  readonly status: NtStatus;
  /** The packet object; null on failure. */
  readonly packet: VMBPACKET | null;
}

/**
 * Makes a packet object in the caller's memory: in memory that holds one of the channel already, the same
 * one, as new.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_packet_initialize | VmbPacketInitialize}
 */
export function VmbPacketInitialize(
  kmcl: Kmcl,
  channel: VMBCHANNEL | null,
  vmbPacket: ArrayBufferView | null,
  byteCount: number,
): InitializeResult {
  const endpoint = endpointOf(kmcl, channel);
  const failed = (status: NtStatus) => ({ status, packet: null });
  if (endpoint === null) return failed(STATUS_INVALID_PARAMETER_1);
  const buffer = bytesOf(vmbPacket);
  if (buffer === null) return failed(STATUS_INVALID_PARAMETER_2);
  const neededBytes = packetObjectBytes(endpoint);
  if (!isU32(byteCount) || byteCount < neededBytes || !holdsBytes(buffer, byteCount)) {
    return failed(STATUS_INVALID_PARAMETER_3);
  }
  const packet = initializePacket(endpoint, wholeOf(buffer), neededBytes);
  return typeof packet === "number" ? failed(packet) : { status: STATUS_SUCCESS, packet };
}

/**
 * Gives a packet object back to the lookaside list.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_packet_free | VmbPacketFree}
 */
export function VmbPacketFree(kmcl: Kmcl, vmbPacket: VMBPACKET | null): void {
  const call = "VmbPacketFree";
  const target = requirePacket(kmcl, call, vmbPacket);
  if (target === null) return;
  const { endpoint, packet } = target;
  const { verifier } = kmcl.runtime;
  const about = { channel: endpoint.place, packet: packet.slot };
  if (packet.kind === "initialized") {
    return verifier.report(
      "Free of a packet made by VmbPacketInitialize",
      call,
      "its memory is the caller's",
      about,
    );
  }
  if (!packet.actor.can("free")) {
    return verifier.report("Free of a packet in flight", call, "its transaction lasts", about);
  }
  releasePacket(endpoint, packet, call);
}

/**
 * Sets what is called when a transaction of the packet ends.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_packet_set_completion_routine | VmbPacketSetCompletionRoutine}
 */
export function VmbPacketSetCompletionRoutine(
  kmcl: Kmcl,
  packetObject: VMBPACKET | null,
  completionRoutine: EvtPacketCompletionRoutine,
): void {
  const target = setRoutine(kmcl, "VmbPacketSetCompletionRoutine", packetObject, completionRoutine);
  if (target !== null) target.takesContext = false;
}

/** Sets the routine of a packet, with or without a context; null where one of them is not good: a violation. */
export function setRoutine(
  kmcl: Kmcl,
  call: "VmbPacketSetCompletionRoutine" | "VmbPacketSetCompletionRoutineEx",
  packetObject: VMBPACKET | null,
  completionRoutine: unknown,
): PacketObject | null {
  const target = requirePacket(kmcl, call, packetObject);
  if (target === null) return null;
  const { endpoint, packet } = target;
  if (typeof completionRoutine !== "function") {
    const message = `${describe(completionRoutine)} is no function`;
    const about = { channel: endpoint.place, packet: packet.slot };
    kmcl.runtime.verifier.report("invalid argument", call, message, about);
    return null;
  }
  packet.routine = completionRoutine;
  return packet;
}

/**
 * Keeps the driver's own context with the packet.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_packet_set_pointer | VmbPacketSetPointer}
 */
export function VmbPacketSetPointer(
  kmcl: Kmcl,
  packetObject: VMBPACKET | null,
  pointer: unknown,
): void {
  const target = requirePacket(kmcl, "VmbPacketSetPointer", packetObject);
  if (target !== null) target.packet.pointer = pointer;
}

/**
 * The context that VmbPacketSetPointer kept.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_packet_get_pointer | VmbPacketGetPointer}
 */
export function VmbPacketGetPointer(kmcl: Kmcl, packetObject: VMBPACKET | null): unknown {
  return requirePacket(kmcl, "VmbPacketGetPointer", packetObject)?.packet.pointer ?? null;
}

/**
 * The channel that a packet is of.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_packet_get_channel | VmbPacketGetChannel}
 */
export function VmbPacketGetChannel(kmcl: Kmcl, packetObject: VMBPACKET | null): VMBCHANNEL | null {
  const target = requirePacket(kmcl, "VmbPacketGetChannel", packetObject);
  return target === null ? null : driverOf(target.endpoint).channel;
}
