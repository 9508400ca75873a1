/**
 * Configuration that versions 4 and 5 add, while an endpoint is Disabled and initializing: our reading (kmcl.md X6 to
 * X16, I1–I6).
 *
 * @module
 */

import type { Endpoint } from "../actors/channel/endpoint.ts";
import type { VMBCHANNEL } from "../actors/runtime/handle.ts";
import {
  type NtStatus,
  STATUS_INVALID_PARAMETER_1,
  STATUS_INVALID_PARAMETER_2,
  STATUS_INVALID_PARAMETER_3,
  STATUS_SUCCESS,
} from "../core/ntstatus.ts";
import { isUint } from "../core/units.ts";
import type {
  EvtChannelProcessingCompleteEx,
  EvtChannelProcessPacketEx,
  EvtChannelRestorePacketEx,
  EvtChannelSavePacketEx,
} from "./callbacks.ts";
import { configurable, isCallback } from "./channel_init.ts";
import { driverOf } from "./driver.ts";
import { endpointOf, type Kmcl } from "./resolve.ts";

/**
 * Sets how many packet objects the driver may have at once. Our reading.
 *
 * @see {@link https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md | kmcl.md X6}
 */
export function VmbChannelInitSetMaximumPacketCount(
  kmcl: Kmcl,
  channel: VMBCHANNEL | null,
  packetCount: number,
): NtStatus {
  const endpoint = configurable(kmcl, channel, null);
  return endpoint?.configuration.setMaximumPacketCount(packetCount) ?? STATUS_INVALID_PARAMETER_1;
}

/**
 * Makes the channel a sub-channel of the device whose primary is given. Our reading.
 *
 * @see {@link https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md | kmcl.md X8}
 */
export function VmbChannelInitSetPrimaryChannel(
  kmcl: Kmcl,
  channel: VMBCHANNEL | null,
  primaryChannel: VMBCHANNEL | null,
): NtStatus {
  const endpoint = configurable(kmcl, channel, null);
  if (endpoint === null) return STATUS_INVALID_PARAMETER_1;
  const primary = endpointOf(kmcl, primaryChannel);
  return primary !== null && isBeside(endpoint, primary) && follow(endpoint, primary)
    ? STATUS_SUCCESS
    : STATUS_INVALID_PARAMETER_2;
}

/** Whether `primary` is another channel of the same side, and of the same partition. */
function isBeside(endpoint: Endpoint, primary: Endpoint): boolean {
  return primary !== endpoint && primary.side === endpoint.side &&
    primary.partition === endpoint.partition;
}

/** Has the endpoint be of the device and the guest of `primary`; false where those are not known. */
function follow(endpoint: Endpoint, primary: Endpoint): boolean {
  const instance = primary.channel?.instance ?? null;
  if (!endpoint.configuration.setPrimary(primary.configuration, instance)) return false;
  endpoint.offeredTo = primary.offeredTo;
  return true;
}

/**
 * Sets the processor on which a client is interrupted. Our reading.
 *
 * @see {@link https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md | kmcl.md X16}
 */
export function VmbClientChannelInitSetTargetProcessorIndex(
  kmcl: Kmcl,
  channel: VMBCHANNEL | null,
  processorIndex: number,
): NtStatus {
  const endpoint = configurable(kmcl, channel, "client");
  if (endpoint === null) return STATUS_INVALID_PARAMETER_1;
  const { processorCount } = endpoint.partition;
  return isUint(processorIndex, processorCount - 1)
    ? endpoint.configuration.setTargetProcessor(processorIndex, processorCount)
    : STATUS_INVALID_PARAMETER_2;
}

/**
 * Sets the bytes of the driver's context in each packet object. Our reading.
 *
 * @see {@link https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md | kmcl.md X13}
 */
export function VmbChannelInitSetInlinePacketContextSize(
  kmcl: Kmcl,
  channel: VMBCHANNEL | null,
  contextSize: number,
): NtStatus {
  const endpoint = configurable(kmcl, channel, null);
  if (endpoint === null) return STATUS_INVALID_PARAMETER_1;
  const status = endpoint.configuration.setInlineContextSize(contextSize);
  if (status !== STATUS_SUCCESS) return status;
  for (const packet of endpoint.outgoing.packets.live) packet.dropContext(false); // each has one of this size
  return status;
}

/**
 * Sets what is called for each packet, and at the end of each batch, with a context for both. Our reading.
 *
 * @see {@link https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md | kmcl.md X15}
 */
export function VmbChannelInitSetProcessPacketCallbacksEx(
  kmcl: Kmcl,
  channel: VMBCHANNEL | null,
  processPacketCallback: EvtChannelProcessPacketEx,
  processingCompleteCallback?: EvtChannelProcessingCompleteEx | null,
  context?: unknown,
): NtStatus {
  const endpoint = configurable(kmcl, channel, null);
  if (endpoint === null) return STATUS_INVALID_PARAMETER_1;
  if (typeof processPacketCallback !== "function") return STATUS_INVALID_PARAMETER_2;
  if (!isCallback(processingCompleteCallback)) return STATUS_INVALID_PARAMETER_3;
  const driver = driverOf(endpoint);
  const given = context ?? null;
  driver.onProcessPacket = (of, packet, buffer, bufferLength, flags) =>
    processPacketCallback(of, packet, buffer, bufferLength, flags, given);
  const complete = processingCompleteCallback ?? null;
  driver.onProcessingComplete = complete === null
    ? null
    : (of, packetsProcessed) => complete(of, packetsProcessed, given);
  return STATUS_SUCCESS;
}

/**
 * Sets what is called for each packet in flight when the channel is saved, and when it is restored, with a context for
 * both. Our reading.
 *
 * @see {@link https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md | kmcl.md X15}
 */
export function VmbServerChannelInitSetSaveRestorePacketCallbacksEx(
  kmcl: Kmcl,
  channel: VMBCHANNEL | null,
  savePacketCallback: EvtChannelSavePacketEx,
  restorePacketCallback: EvtChannelRestorePacketEx,
  context?: unknown,
): NtStatus {
  const endpoint = configurable(kmcl, channel, "server");
  if (endpoint === null) return STATUS_INVALID_PARAMETER_1;
  if (typeof savePacketCallback !== "function") return STATUS_INVALID_PARAMETER_2;
  if (typeof restorePacketCallback !== "function") return STATUS_INVALID_PARAMETER_3;
  const driver = driverOf(endpoint);
  const given = context ?? null;
  driver.onSavePacket = (of, packet, saveBuf, saveBufSize) =>
    savePacketCallback(of, packet, saveBuf, saveBufSize, given);
  driver.onRestorePacket = (of, libBuf, libBufSize, saveBuf, saveBufSize) =>
    restorePacketCallback(of, libBuf, libBufSize, saveBuf, saveBufSize, given);
  return STATUS_SUCCESS;
}
