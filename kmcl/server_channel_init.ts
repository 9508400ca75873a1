/**
 * Configuration of a server endpoint, while it is Disabled and initializing, and the handle of the guest
 * that it is for (kmcl.md section 5).
 *
 * @module
 */

import type { Endpoint } from "../actors/channel/endpoint.ts";
import type { KernelHandle, VMBCHANNEL, VmbusHandle } from "../actors/runtime/handle.ts";
import {
  type NtStatus,
  STATUS_INVALID_DEVICE_REQUEST,
  STATUS_INVALID_HANDLE,
  STATUS_INVALID_PARAMETER_2,
  STATUS_INVALID_PARAMETER_3,
  STATUS_SUCCESS,
} from "../core/ntstatus.ts";
import type { EvtChannelRestorePacket, EvtChannelSavePacket } from "./callbacks.ts";
import { configure } from "./channel_init.ts";
import { driverOf } from "./driver.ts";
import { type Kmcl, refuseWhereRefused } from "./resolve.ts";
import { isPassive } from "./levels.ts";
import { handleFor, resolveHandle } from "./handles.ts";

/**
 * Sets the server's flags, `VMBUS_SERVER_CHANNEL_INIT_FLAG_*`.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_server_channel_init_set_flags | VmbServerChannelInitSetFlags}
 */
export function VmbServerChannelInitSetFlags(
  kmcl: Kmcl,
  channel: VMBCHANNEL | null,
  flags: number,
): NtStatus {
  return configure(
    kmcl,
    channel,
    "server",
    ({ configuration }) => configuration.setServerFlags(flags),
  );
}

/**
 * Asks for MMIO in the guest's address space, in MiB.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_server_channel_init_set_mmio_megabytes | VmbServerChannelInitSetMmioMegabytes}
 */
export function VmbServerChannelInitSetMmioMegabytes(
  kmcl: Kmcl,
  channel: VMBCHANNEL | null,
  mmioMegabytes: number,
  mmioMegabytesOptional: number,
): NtStatus {
  return configure(
    kmcl,
    channel,
    "server",
    ({ configuration }) => configuration.setMmioMegabytes(mmioMegabytes, mmioMegabytesOptional),
  );
}

/**
 * Sets the identity of the offer.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_server_channel_init_set_target_interface_id | VmbServerChannelInitSetTargetInterfaceId}
 */
export function VmbServerChannelInitSetTargetInterfaceId(
  kmcl: Kmcl,
  channel: VMBCHANNEL | null,
  interfaceType: string,
  interfaceInstance: string,
): NtStatus {
  return configure(
    kmcl,
    channel,
    "server",
    ({ configuration }) => configuration.setServerTarget(interfaceType, interfaceInstance),
  );
}

/**
 * Sets the virtual trust level whose clients see the offer.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_server_channel_init_set_target_vtl | VmbServerChannelInitSetTargetVtl}
 */
export function VmbServerChannelInitSetTargetVtl(
  kmcl: Kmcl,
  channel: VMBCHANNEL | null,
  targetVtl: number,
): NtStatus {
  return configure(
    kmcl,
    channel,
    "server",
    ({ configuration }) => configuration.setTargetVtl(targetVtl),
  );
}

/**
 * Sets which guest gets the offer. A loopback offer is for the server's own partition and does not need
 * it.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_server_channel_init_set_vmbus_handle | VmbServerChannelInitSetVmbusHandle}
 */
export function VmbServerChannelInitSetVmbusHandle(
  kmcl: Kmcl,
  channel: VMBCHANNEL | null,
  vmbusHandle: KernelHandle | null,
): NtStatus {
  return configure(kmcl, channel, "server", (endpoint) => {
    const partition = resolveHandle(vmbusHandle, "KERNEL");
    if (partition === null || partition.runtime !== kmcl.runtime) return STATUS_INVALID_PARAMETER_2;
    endpoint.offeredTo = partition;
    return STATUS_SUCCESS;
  });
}

/**
 * Sets what is called for each packet in flight when the channel is saved, and when it is restored.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_server_channel_init_set_save_restore_packet_callbacks | VmbServerChannelInitSetSaveRestorePacketCallbacks}
 */
export function VmbServerChannelInitSetSaveRestorePacketCallbacks(
  kmcl: Kmcl,
  channel: VMBCHANNEL | null,
  savePacketCallback: EvtChannelSavePacket,
  restorePacketCallback: EvtChannelRestorePacket,
): NtStatus {
  return configure(
    kmcl,
    channel,
    "server",
    (endpoint) => setSavePacketCallbacks(endpoint, savePacketCallback, restorePacketCallback),
  );
}

/** Does what VmbServerChannelInitSetSaveRestorePacketCallbacks does, for an endpoint that was checked. */
export function setSavePacketCallbacks(
  endpoint: Endpoint,
  savePacket: EvtChannelSavePacket,
  restorePacket: EvtChannelRestorePacket,
): NtStatus {
  if (typeof savePacket !== "function") return STATUS_INVALID_PARAMETER_2;
  if (typeof restorePacket !== "function") return STATUS_INVALID_PARAMETER_3;
  const driver = driverOf(endpoint);
  driver.onSavePacket = savePacket;
  driver.onRestorePacket = restorePacket;
  return STATUS_SUCCESS;
}

/** What VmbConvertVmbusHandleToKernelHandle gives. */
export interface ConvertResult {
  /** STATUS_SUCCESS or INVALID_HANDLE. */
  readonly status: NtStatus;
  /** The kernel handle; null on failure. The caller closes it with ZwClose. */
  readonly kernelHandle: KernelHandle | null;
}

/**
 * Turns a partition's user-mode VMBus handle into a kernel handle.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_convert_vmbus_handle_to_kernel_handle | VmbConvertVmbusHandleToKernelHandle}
 */
export function VmbConvertVmbusHandleToKernelHandle(
  kmcl: Kmcl,
  vmbusHandle: VmbusHandle | null,
): ConvertResult {
  refuseWhereRefused(kmcl);
  const partition = resolveHandle(vmbusHandle, "VMBUS");
  if (partition === null || partition.runtime !== kmcl.runtime) {
    return { status: STATUS_INVALID_HANDLE, kernelHandle: null };
  }
  const kernelHandle = handleFor("KERNEL", partition);
  partition.kernelHandles.add(kernelHandle);
  return { status: STATUS_SUCCESS, kernelHandle };
}

/**
 * Closes a kernel handle. Statuses: STATUS_SUCCESS; INVALID_HANDLE for anything else, also for one that
 * was closed before. Violation: above PASSIVE_LEVEL.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/ntifs/nf-ntifs-zwclose | ZwClose}
 */
export function ZwClose(handle: KernelHandle | null): NtStatus {
  const partition = resolveHandle(handle, "KERNEL");
  if (partition === null || handle === null) return STATUS_INVALID_HANDLE;
  const { runtime, traceId, kernelHandles } = partition;
  if (!isPassive(runtime, "ZwClose")) return STATUS_INVALID_DEVICE_REQUEST;
  runtime.recorder.record(runtime.clock.now100ns, "handleClosed", traceId);
  kernelHandles.delete(handle);
  handle.kill();
  return STATUS_SUCCESS;
}
