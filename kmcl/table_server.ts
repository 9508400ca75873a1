/**
 * The functions of the server table that clients do not have, as types, in documented order.
 *
 * @module
 */

import type { KernelHandle, VMBCHANNEL, VMBPACKET, VmbusHandle } from "../actors/runtime/handle.ts";
import type { NtStatus } from "../core/ntstatus.ts";
import type { EvtChannelRestorePacket, EvtChannelSavePacket } from "./callbacks.ts";
import type { MapGpadlResult } from "./channel_gpadl.ts";
import type { SaveContinueResult } from "./channel_save.ts";
import type { ConvertResult } from "./server_channel_init.ts";

/** The functions for servers only: `KMCL_SERVER_ONLY_METHODS`. */
export interface KmclServerOnlyMethods {
  /**
   * Maps a GPADL of the client: one mapping at a time. The MDL is dead once it is unmapped.
   *
   * Statuses, in order: _1 bad channel, client endpoint, not from Opened to Closed; _2 unknown
   * flags; _3 unknown handle, or being deleted; SHARING_VIOLATION mapped already; ACCESS_DENIED
   * write access to a read-only GPADL.
   *
   * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_map_gpadl | VmbChannelMapGpadl}
   */
  VmbChannelMapGpadl(
    channel: VMBCHANNEL | null,
    flags: number,
    gpadlHandle: number,
  ): MapGpadlResult;
  /**
   * Restores a channel that is Disabled and initializing from whole chunks of a save, in one or more
   * calls. After STATUS_SUCCESS the driver enables it; nothing can be configured any more. On failure
   * the channel is as before, and a new attempt begins with the first chunk.
   *
   * Statuses, in order: _1 bad channel, client endpoint, not initializing; _2 no buffer; _3 size;
   * INVALID_DEVICE_REQUEST inside EvtChannelRestorePacket of the channel; DATA_ERROR damaged or cut
   * short; MORE_PROCESSING_REQUIRED sound so far, more chunks exist; REVISION_MISMATCH saved from
   * another channel, configuration or format; INVALID_DEVICE_REQUEST packets were saved and there is
   * no callback, or a callback restored none; the failure of a callback. Violation: above
   * PASSIVE_LEVEL, as callbacks of that level run inside.
   *
   * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_restore_from_buffer | VmbChannelRestoreFromBuffer}
   */
  VmbChannelRestoreFromBuffer(
    channel: VMBCHANNEL | null,
    buffer: ArrayBufferView | null,
    bufferSize: number,
  ): NtStatus;
  /**
   * Begins to save a channel that is Paused, and Enabled, Opened or Closed. From then on nothing of
   * it may change until VmbChannelSaveEnd: what does, ends the save.
   *
   * Statuses, in order: _1 bad channel, client endpoint; INVALID_DEVICE_STATE another state, being
   * saved already, or the guest is gone; INVALID_DEVICE_REQUEST packets are in flight and there is no
   * callback.
   *
   * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_save_begin | VmbChannelSaveBegin}
   */
  VmbChannelSaveBegin(channel: VMBCHANNEL | null): NtStatus;
  /**
   * Writes the next chunks of a save, as many as fit, and says how many bytes that were and how many
   * the next chunk needs. Its calls' bytes, one after the other, are what VmbChannelRestoreFromBuffer
   * takes.
   *
   * Statuses, in order: _1 bad channel, client endpoint; INVALID_DEVICE_STATE no save, or the channel
   * has changed since it began; _2 no buffer, where the size is not 0; _3 size; INVALID_DEVICE_REQUEST
   * inside EvtChannelSavePacket of the channel; then STATUS_SUCCESS all is saved, BUFFER_OVERFLOW more is
   * to come, BUFFER_TOO_SMALL nothing was written, or the failure of a callback. Violation: above
   * PASSIVE_LEVEL, as callbacks of that level run inside.
   *
   * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_save_continue | VmbChannelSaveContinue}
   */
  VmbChannelSaveContinue(
    channel: VMBCHANNEL | null,
    saveBuffer: ArrayBufferView | null,
    saveBufferSize: number,
  ): SaveContinueResult;
  /**
   * Ends a save, whether or not all of it was written. The channel is as it was before the save.
   *
   * Violation: a channel that is not being saved.
   *
   * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_save_end | VmbChannelSaveEnd}
   */
  VmbChannelSaveEnd(channel: VMBCHANNEL | null): void;
  /**
   * Ends a mapping: its MDL must no longer be in use.
   *
   * Violations: an unknown handle, not from Opened to Closed, or not mapped.
   *
   * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_unmap_gpadl | VmbChannelUnmapGpadl}
   */
  VmbChannelUnmapGpadl(channel: VMBCHANNEL | null, gpadlHandle: number): void;
  /**
   * Turns a partition's user-mode VMBus handle into a kernel handle.
   *
   * Statuses: STATUS_SUCCESS; INVALID_HANDLE.
   *
   * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_convert_vmbus_handle_to_kernel_handle | VmbConvertVmbusHandleToKernelHandle}
   */
  VmbConvertVmbusHandleToKernelHandle(vmbusHandle: VmbusHandle | null): ConvertResult;
  /**
   * Puts a packet that the driver allocated into the transaction of a saved one; inside
   * EvtChannelRestorePacket, with the bytes that it was called with.
   *
   * Statuses, in order: _1 no packet that is free; _2 no buffer; _3 size beyond it;
   * INVALID_DEVICE_REQUEST outside EvtChannelRestorePacket; _1 a packet of another channel;
   * INVALID_DEVICE_REQUEST the callback has restored its packet; _3 another size; DATA_ERROR other bytes.
   *
   * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_packet_restore | VmbPacketRestore}
   */
  VmbPacketRestore(
    packetObject: VMBPACKET | null,
    buffer: ArrayBufferView | null,
    bufferSize: number,
  ): NtStatus;
  /**
   * Sets the server's flags, `VMBUS_SERVER_CHANNEL_INIT_FLAG_*`.
   *
   * Statuses: _1; _2 unknown bits or no u32.
   *
   * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_server_channel_init_set_flags | VmbServerChannelInitSetFlags}
   */
  VmbServerChannelInitSetFlags(channel: VMBCHANNEL | null, flags: number): NtStatus;
  /**
   * Asks for MMIO in the guest's address space, in MiB: the first part must be granted at open,
   * the second may be.
   *
   * Statuses: _1; _2 / _3 no u16; INVALID_PARAMETER both 0.
   *
   * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_server_channel_init_set_mmio_megabytes | VmbServerChannelInitSetMmioMegabytes}
   */
  VmbServerChannelInitSetMmioMegabytes(
    channel: VMBCHANNEL | null,
    mmioMegabytes: number,
    mmioMegabytesOptional: number,
  ): NtStatus;
  /**
   * Sets what is called for each packet in flight when the channel is saved, and when it is restored.
   *
   * Statuses: _1; _2 / _3 no function.
   *
   * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_server_channel_init_set_save_restore_packet_callbacks | VmbServerChannelInitSetSaveRestorePacketCallbacks}
   */
  VmbServerChannelInitSetSaveRestorePacketCallbacks(
    channel: VMBCHANNEL | null,
    savePacketCallback: EvtChannelSavePacket,
    restorePacketCallback: EvtChannelRestorePacket,
  ): NtStatus;
  /**
   * Sets the identity of the offer: interface type and instance.
   *
   * Statuses: _1; _2 / _3 no GUID.
   *
   * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_server_channel_init_set_target_interface_id | VmbServerChannelInitSetTargetInterfaceId}
   */
  VmbServerChannelInitSetTargetInterfaceId(
    channel: VMBCHANNEL | null,
    interfaceType: string,
    interfaceInstance: string,
  ): NtStatus;
  /**
   * Sets the virtual trust level whose clients see the offer.
   *
   * Statuses: _1; _2 none of 0, 1, 2.
   *
   * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_server_channel_init_set_target_vtl | VmbServerChannelInitSetTargetVtl}
   */
  VmbServerChannelInitSetTargetVtl(channel: VMBCHANNEL | null, targetVtl: number): NtStatus;
  /**
   * Sets which guest gets the offer; a loopback offer without it is for the server's own partition.
   * The channel keeps a reference of its own: the caller closes
   * its handle with ZwClose.
   *
   * Statuses: _1; _2 no kernel handle of a partition's VMBus.
   *
   * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_server_channel_init_set_vmbus_handle | VmbServerChannelInitSetVmbusHandle}
   */
  VmbServerChannelInitSetVmbusHandle(
    channel: VMBCHANNEL | null,
    vmbusHandle: KernelHandle | null,
  ): NtStatus;
}
