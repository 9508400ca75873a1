/**
 * The functions of the server table that clients do not have, as types, in documented order.
 *
 * @module
 */

import type { KernelHandle, VMBCHANNEL, VmbusHandle } from "../actors/handles.ts";
import type { NtStatus } from "../core/ntstatus.ts";
import type { MapGpadlResult } from "./channel_gpadl.ts";
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
   * @see nf-vmbuskernelmodeclientlibapi-vmbchannelmapgpadl
   */
  VmbChannelMapGpadl(
    channel: VMBCHANNEL | null,
    flags: number,
    gpadlHandle: number,
  ): MapGpadlResult;
  /**
   * Ends a mapping: its MDL must no longer be in use.
   *
   * Violations: an unknown handle, not from Opened to Closed, or not mapped.
   *
   * @see nf-vmbuskernelmodeclientlibapi-vmbchannelunmapgpadl
   */
  VmbChannelUnmapGpadl(channel: VMBCHANNEL | null, gpadlHandle: number): void;
  /**
   * Turns a partition's user-mode VMBus handle into a kernel handle.
   *
   * Statuses: STATUS_SUCCESS; INVALID_HANDLE.
   *
   * @see nf-vmbuskernelmodeclientlibapi-vmbconvertvmbushandletokernelhandle
   */
  VmbConvertVmbusHandleToKernelHandle(userHandle: VmbusHandle | null): ConvertResult;
  /**
   * Sets the server's flags, `VMBUS_SERVER_CHANNEL_INIT_FLAG_*`.
   *
   * Statuses: _1; _2 unknown bits or no u32.
   *
   * @see nf-vmbuskernelmodeclientlibapi-vmbserverchannelinitsetflags
   */
  VmbServerChannelInitSetFlags(channel: VMBCHANNEL | null, flags: number): NtStatus;
  /**
   * Asks for MMIO in the guest's address space, in MiB: the first part must be granted at open,
   * the second may be.
   *
   * Statuses: _1; _2 / _3 no u16; INVALID_PARAMETER both 0.
   *
   * @see nf-vmbuskernelmodeclientlibapi-vmbserverchannelinitsetmmiomegabytes
   */
  VmbServerChannelInitSetMmioMegabytes(
    channel: VMBCHANNEL | null,
    mmioMegabytes: number,
    mmioMegabytesOptional: number,
  ): NtStatus;
  /**
   * Sets the identity of the offer: interface type and instance.
   *
   * Statuses: _1; _2 / _3 no GUID.
   *
   * @see nf-vmbuskernelmodeclientlibapi-vmbserverchannelinitsettargetinterfaceid
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
   * @see nf-vmbuskernelmodeclientlibapi-vmbserverchannelinitsettargetvtl
   */
  VmbServerChannelInitSetTargetVtl(channel: VMBCHANNEL | null, vtl: number): NtStatus;
  /**
   * Sets which guest gets the offer. The channel keeps a reference of its own: the caller closes
   * its handle with ZwClose.
   *
   * Statuses: _1; _2 no kernel handle of a partition's VMBus.
   *
   * @see nf-vmbuskernelmodeclientlibapi-vmbserverchannelinitsetvmbushandle
   */
  VmbServerChannelInitSetVmbusHandle(
    channel: VMBCHANNEL | null,
    vmbusHandle: KernelHandle | null,
  ): NtStatus;
}
