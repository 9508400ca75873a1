/**
 * The functions of the tables for a client's settings and for packet objects, as types, in documented
 * order.
 *
 * @module
 */

import type { VMBCHANNEL, VMBPACKET } from "../actors/runtime/handle.ts";
import type { Mdl } from "../core/memory/mdl.ts";
import type { NtStatus } from "../core/ntstatus.ts";
import type { EvtChannelPnpFailure, EvtPacketCompletionRoutine } from "./callbacks.ts";
import type { InitializeResult } from "./packet.ts";

/** The functions for a client's settings and for packet objects. */
export interface KmclPacketFunctions {
  /**
   * Sets the data pages of both rings; each has a control page on top, and is enlarged at Enable
   * where it could not carry a packet at the client's own bounds.
   *
   * Statuses: _1; _2 / _3 0, no u32, or more than one GPADL describes.
   *
   * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_client_channel_init_set_ring_buffer_page_count | VmbClientChannelInitSetRingBufferPageCount}
   */
  VmbClientChannelInitSetRingBufferPageCount(
    channel: VMBCHANNEL | null,
    incomingPageCount: number,
    outgoingPageCount: number,
  ): NtStatus;
  /**
   * Sets which offer the client takes: one of a type, or one instance of it. `pnpFailureCallback` is
   * called when a matching offer was found but connecting failed.
   *
   * Statuses: _1; _2 no GUID; _3 neither absent nor a GUID; _4 neither absent nor a function.
   *
   * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_client_channel_init_set_target_pnp | VmbClientChannelInitSetTargetPnp}
   */
  VmbClientChannelInitSetTargetPnp(
    channel: VMBCHANNEL | null,
    interfaceType: string,
    interfaceInstance?: string | null,
    pnpFailureCallback?: EvtChannelPnpFailure | null,
  ): NtStatus;
  /**
   * Takes a packet object from the channel's lookaside list; null for an invalid channel, which
   * is a violation. Its default completion routine frees it.
   *
   * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_packet_allocate | VmbPacketAllocate}
   */
  VmbPacketAllocate(channel: VMBCHANNEL | null): VMBPACKET | null;
  /**
   * Gives a packet object back to the lookaside list.
   *
   * Violations: an invalid packet, one in flight, one made by VmbPacketInitialize.
   *
   * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_packet_free | VmbPacketFree}
   */
  VmbPacketFree(vmbPacket: VMBPACKET | null): void;
  /**
   * The channel that a packet is of; null for an invalid packet, which is a violation.
   *
   * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_packet_get_channel | VmbPacketGetChannel}
   */
  VmbPacketGetChannel(packetObject: VMBPACKET | null): VMBCHANNEL | null;
  /**
   * The context that VmbPacketSetPointer kept; null before.
   *
   * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_packet_get_pointer | VmbPacketGetPointer}
   */
  VmbPacketGetPointer(packetObject: VMBPACKET | null): unknown;
  /**
   * Makes a packet object in the caller's memory. It needs a completion routine before it is
   * sent, and is never freed.
   *
   * Statuses: _1 bad channel; _2 no buffer; _3 fewer bytes than VmbChannelSizeofPacket, or more
   * than the buffer has.
   *
   * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_packet_initialize | VmbPacketInitialize}
   */
  VmbPacketInitialize(
    channel: VMBCHANNEL | null,
    vmbPacket: ArrayBufferView | null,
    byteCount: number,
  ): InitializeResult;
  /**
   * Sends a packet with `buffer[0, bufferLength)`, which is copied before the call returns. Without
   * WAIT_FOR_COMPLETION the transaction ends when the packet is in the ring, with it when the opposite
   * side's completion has arrived; then the completion routine runs. A packet that finds the ring full
   * queues: that is not an error.
   *
   * Statuses: see [kmcl.md P5](https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md). Violations: an initialized packet without completion routine; a
   * send after Suspend (+).
   *
   * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_packet_send | VmbPacketSend}
   */
  VmbPacketSend(
    packetObject: VMBPACKET | null,
    buffer: ArrayBufferView | null,
    bufferLength: number,
    externalDataMdl: Mdl | null | undefined,
    flags: number,
  ): NtStatus;
  /**
   * Sends a packet that describes part of an MDL chain: `mdlLength` bytes from `mdlOffset` on, 0
   * for all that is left. WAIT_FOR_COMPLETION must be set. With FORCE_MDL_LENGTH the part may
   * reach to the end of the first MDL's last page, and only the first MDL counts.
   *
   * Statuses: see [kmcl.md P5](https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md).
   *
   * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_packet_send_with_external_mdl | VmbPacketSendWithExternalMdl}
   */
  VmbPacketSendWithExternalMdl(
    packetObject: VMBPACKET | null,
    buffer: ArrayBufferView | null,
    bufferLength: number,
    externalDataMdl: Mdl | null,
    mdlOffset: number,
    mdlLength: number,
    flags: number,
  ): NtStatus;
  /**
   * Sends a packet that describes whole pages: the first `pfnLength` of `externalDataPfns`, an array
   * or a typed array.
   * WAIT_FOR_COMPLETION must be set.
   *
   * Statuses: see [kmcl.md P5](https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md).
   *
   * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_packet_send_with_external_pfns | VmbPacketSendWithExternalPfns}
   */
  VmbPacketSendWithExternalPfns(
    packetObject: VMBPACKET | null,
    buffer: ArrayBufferView | null,
    bufferLength: number,
    externalDataPfns: ArrayLike<number | bigint> | null,
    pfnLength: number,
    flags: number,
  ): NtStatus;
  /**
   * Sets what is called when a transaction of the packet ends; the routine is then responsible
   * for freeing or reusing it.
   *
   * Violations: an invalid packet; no function.
   *
   * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_packet_set_completion_routine | VmbPacketSetCompletionRoutine}
   */
  VmbPacketSetCompletionRoutine(
    packetObject: VMBPACKET | null,
    completionRoutine: EvtPacketCompletionRoutine,
  ): void;
  /**
   * Keeps the driver's own context with the packet: any value.
   *
   * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_packet_set_pointer | VmbPacketSetPointer}
   */
  VmbPacketSetPointer(packetObject: VMBPACKET | null, pointer: unknown): void;
}
