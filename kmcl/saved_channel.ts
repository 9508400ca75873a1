/**
 * Helps for drivers of servers: a whole save, and a whole restore, in one call each.
 *
 * @module
 */

import type { VMBCHANNEL } from "../actors/runtime/handle.ts";
import { bytesOf } from "../core/arguments.ts";
import { lengthOf } from "../core/bytes.ts";
import {
  type NtStatus,
  STATUS_BUFFER_OVERFLOW,
  STATUS_BUFFER_TOO_SMALL,
  STATUS_MORE_PROCESSING_REQUIRED,
  STATUS_SUCCESS,
} from "../core/ntstatus.ts";
import { joined } from "../core/saved/envelope.ts";
import { KmclError } from "./expect_success.ts";
import type { KmclServerInterfaceV1 } from "./tables.ts";

/** Bytes of the first buffer; most idle channels need no other. */
const FIRST_BYTES = 1024;

/**
 * Pauses a server and saves it: VmbChannelPause, VmbChannelSaveBegin, VmbChannelSaveContinue until all is
 * there, VmbChannelSaveEnd. The channel stays Paused; VmbChannelStart resumes it.
 *
 * @example
 * ```ts
 * import * as vmbus from "@vmbus/kmcl";
 *
 * const fabric = vmbus.createFabric();
 * const guest = fabric.createPartition({ name: "guest" });
 * const { kmcl } = vmbus.expectSuccess(vmbus.WdfFdoQueryForInterface(
 *   fabric.root.device, vmbus.KMCL_SERVER_INTERFACE_TYPE, vmbus.KMCL_SERVER_INTERFACE_V1_SIZE, 1));
 *
 * function makeServer(): vmbus.VMBCHANNEL {
 *   const { channel } = vmbus.expectSuccess(kmcl.VmbChannelAllocate(fabric.root.device, true));
 *   const { kernelHandle } = kmcl.VmbConvertVmbusHandleToKernelHandle(guest.vmbusHandle);
 *   kmcl.VmbServerChannelInitSetVmbusHandle(channel, kernelHandle);
 *   vmbus.ZwClose(kernelHandle);
 *   kmcl.VmbServerChannelInitSetTargetInterfaceId(
 *     channel, "6d9d9a51-5ea2-4f9a-9d0c-3f2c7f3b8f10", "0c7e1f4e-2f52-4c57-8a1e-0d7b4f1c2a33");
 *   kmcl.VmbChannelInitSetProcessPacketCallbacks(channel, (_channel, packet) =>
 *     kmcl.VmbChannelPacketComplete(packet, null, 0));
 *   return channel;
 * }
 *
 * const server = makeServer();
 * vmbus.expectSuccess(kmcl.VmbChannelEnable(server));
 * const bytes = await vmbus.saveServerChannel(kmcl, server);
 * await kmcl.VmbChannelDisable(server);
 * kmcl.VmbChannelCleanup(server);
 *
 * const again = makeServer();
 * vmbus.expectSuccess(vmbus.restoreServerChannel(kmcl, again, bytes));
 * vmbus.expectSuccess(kmcl.VmbChannelEnable(again));
 * kmcl.VmbChannelStart(again);
 * await kmcl.VmbChannelDisable(again);
 * kmcl.VmbChannelCleanup(again);
 * ```
 *
 * @throws {KmclError} VmbChannelSaveBegin or VmbChannelSaveContinue failed, with their status.
 */
export async function saveServerChannel(
  kmcl: KmclServerInterfaceV1,
  channel: VMBCHANNEL | null,
): Promise<Uint8Array> {
  await kmcl.VmbChannelPause(channel);
  const status = kmcl.VmbChannelSaveBegin(channel);
  if (status !== STATUS_SUCCESS) throw new KmclError(status, "VmbChannelSaveBegin");
  try {
    return saveChunks(kmcl, channel);
  } finally {
    kmcl.VmbChannelSaveEnd(channel);
  }
}

function saveChunks(kmcl: KmclServerInterfaceV1, channel: VMBCHANNEL | null): Uint8Array {
  const pieces: Uint8Array[] = [];
  let buffer = new Uint8Array(FIRST_BYTES);
  for (;;) {
    const result = kmcl.VmbChannelSaveContinue(channel, buffer, buffer.length);
    const { status, bytesFilled, bytesRequired } = result;
    const isMore = status === STATUS_BUFFER_OVERFLOW || status === STATUS_BUFFER_TOO_SMALL;
    if (status !== STATUS_SUCCESS && !isMore) throw new KmclError(status, "VmbChannelSaveContinue");
    pieces.push(buffer.slice(0, bytesFilled ?? 0));
    if (!isMore) return joined(pieces);
    const requiredBytes = bytesRequired ?? 0;
    if (requiredBytes > buffer.length) buffer = new Uint8Array(requiredBytes);
  }
}

/**
 * Restores a server, which is configured and not enabled, from all the bytes of a save. Statuses as
 * VmbChannelRestoreFromBuffer has them; STATUS_DATA_ERROR where the bytes end before the save did.
 *
 * See {@linkcode saveServerChannel} for an example.
 */
export function restoreServerChannel(
  kmcl: KmclServerInterfaceV1,
  channel: VMBCHANNEL | null,
  bytes: ArrayBufferView,
): NtStatus {
  const saved = bytesOf(bytes);
  const size = saved === null ? 0 : lengthOf(saved);
  const status = kmcl.VmbChannelRestoreFromBuffer(channel, saved, size);
  if (status !== STATUS_MORE_PROCESSING_REQUIRED) return status;
  // No chunk at all is damage: KMCL forgets what it has read so far.
  return kmcl.VmbChannelRestoreFromBuffer(channel, new Uint8Array(0), 0);
}
