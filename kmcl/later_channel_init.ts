/**
 * Configuration that versions 4 and 5 add, while an endpoint is Disabled and initializing: our reading (kmcl.md X6 to
 * X16, I1–I6).
 *
 * @module
 */

import type { Endpoint } from "../actors/channel/endpoint.ts";
import type { VMBCHANNEL } from "../actors/runtime/handle.ts";
import { type NtStatus, STATUS_INVALID_PARAMETER_2, STATUS_SUCCESS } from "../core/ntstatus.ts";
import { isUint } from "../core/units.ts";
import type {
  EvtChannelProcessingComplete,
  EvtChannelProcessingCompleteEx,
  EvtChannelProcessPacket,
  EvtChannelProcessPacketEx,
  EvtChannelRestorePacket,
  EvtChannelRestorePacketEx,
  EvtChannelSavePacket,
  EvtChannelSavePacketEx,
} from "./callbacks.ts";
import { configure, setProcessPacketCallbacks } from "./channel_init.ts";
import { endpointOf, type Kmcl } from "./resolve.ts";
import { setSavePacketCallbacks } from "./server_channel_init.ts";

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
  return configure(
    kmcl,
    channel,
    null,
    ({ configuration }) => configuration.setMaximumPacketCount(packetCount),
  );
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
  return configure(kmcl, channel, null, (endpoint) => {
    const primary = endpointOf(kmcl, primaryChannel);
    return primary !== null && isBeside(endpoint, primary) && follow(endpoint, primary)
      ? STATUS_SUCCESS
      : STATUS_INVALID_PARAMETER_2;
  });
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
  return configure(kmcl, channel, "client", ({ partition, configuration }) => {
    const { processorCount } = partition;
    return isUint(processorIndex, processorCount - 1)
      ? configuration.setTargetProcessor(processorIndex, processorCount)
      : STATUS_INVALID_PARAMETER_2;
  });
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
  return configure(kmcl, channel, null, ({ configuration, outgoing }) => {
    const status = configuration.setInlineContextSize(contextSize);
    if (status !== STATUS_SUCCESS) return status;
    for (const packet of outgoing.packets.live) packet.dropContext(false); // each has one of this size
    return status;
  });
}

/** What its neighbour would be given in the place of `callback`. No function stays what it is, and is refused there. */
function bound<Ex extends ((...given: never[]) => unknown) | null | undefined, Plain>(
  callback: Ex,
  bind: (callback: NonNullable<Ex>) => Plain,
): Plain {
  return typeof callback === "function" ? bind(callback) : callback as unknown as Plain;
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
  const given = context ?? null;
  const processPacket = bound(
    processPacketCallback,
    (callback): EvtChannelProcessPacket => (of, packet, buffer, bufferLength, flags) =>
      callback(of, packet, buffer, bufferLength, flags, given),
  );
  const complete = bound(
    processingCompleteCallback,
    (callback): EvtChannelProcessingComplete => (of, packetsProcessed) =>
      callback(of, packetsProcessed, given),
  );
  return configure(
    kmcl,
    channel,
    null,
    (endpoint) => setProcessPacketCallbacks(endpoint, processPacket, complete),
  );
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
  const given = context ?? null;
  const save = bound(
    savePacketCallback,
    (callback): EvtChannelSavePacket => (of, packet, saveBuf, saveBufSize) =>
      callback(of, packet, saveBuf, saveBufSize, given),
  );
  const restore = bound(
    restorePacketCallback,
    (callback): EvtChannelRestorePacket => (of, libBuf, libBufSize, saveBuf, saveBufSize) =>
      callback(of, libBuf, libBufSize, saveBuf, saveBufSize, given),
  );
  return configure(
    kmcl,
    channel,
    "server",
    (endpoint) => setSavePacketCallbacks(endpoint, save, restore),
  );
}
