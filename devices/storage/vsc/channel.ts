/**
 * The part of the storage controller's VSC that makes its channels, and says how large their rings and packets are.
 *
 * @module
 */

import * as vmbus from "../../../mod.ts";
import { LONG_PACKET_BYTES, SCSI_INTERFACE_TYPE } from "../protocol.ts";
import type { StorageClientSettings } from "./state.ts";

const { expectSuccess } = vmbus;
/** Highest number of virtual processors that a guest has. */
const PROCESSORS_MAX = 64;

/** Which channel is made, and what it stands on. */
export interface ChannelParts {
  /** The table with which it uses its channels. */
  readonly kmcl: vmbus.KmclClientInterfaceV1;
  /** The driver's own device. */
  readonly device: vmbus.Device;
  /** How large rings and packets are. */
  readonly settings: StorageClientSettings;
  /** The controller; null for any. */
  readonly instance: string | null;
  /** 0 for the primary, more for a sub-channel. */
  readonly index: number;
  /** What is attached to the channel. */
  readonly callbacks: vmbus.ChannelCallbacks;
}

/** A new channel of a controller, with all its settings; they can be made only before it is enabled. */
export function allocateChannel(
  { kmcl, device, settings, instance, index, callbacks }: ChannelParts,
): vmbus.VMBCHANNEL {
  const { channel } = expectSuccess(kmcl.VmbChannelAllocate(device, false));
  const { transferBytesMax, ringPages } = settings;
  const { processPacket, stateChange, pnpFailure } = callbacks;
  expectSuccess(
    kmcl.VmbClientChannelInitSetTargetPnp(channel, SCSI_INTERFACE_TYPE, instance, pnpFailure),
  );
  if (index > 0) expectSuccess(vmbus.initSetSubchannelIndex(kmcl, channel, index));
  expectSuccess(kmcl.VmbChannelInitSetMaximumPacketSize(channel, LONG_PACKET_BYTES));
  // Exactly one range describes the data of a request: one MDL.
  expectSuccess(kmcl.VmbChannelInitSetMaximumExternalData(channel, transferBytesMax, 1));
  expectSuccess(
    kmcl.VmbClientChannelInitSetRingBufferPageCount(channel, ringPages[0], ringPages[1]),
  );
  expectSuccess(kmcl.VmbChannelInitSetProcessPacketCallbacks(channel, processPacket, null));
  expectSuccess(kmcl.VmbChannelInitSetStateChangeCallbacks(channel, stateChange ?? null));
  return channel;
}

/** Virtual processors of the guest, told by a channel that is not enabled yet: it is left on the first. */
export function countProcessors(
  kmcl: vmbus.KmclClientInterfaceV1,
  channel: vmbus.VMBCHANNEL,
): number {
  let count = 1;
  while (count < PROCESSORS_MAX) {
    const status = vmbus.initSetTargetProcessor(kmcl, channel, count);
    if (!vmbus.NT_SUCCESS(status)) break;
    count++;
  }
  if (count > 1) expectSuccess(vmbus.initSetTargetProcessor(kmcl, channel, 0));
  return count;
}
