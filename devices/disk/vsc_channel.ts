/**
 * The part of the disk's VSC that makes its channel, and says how large its rings and packets are.
 *
 * @module
 */

import * as vmbus from "../../mod.ts";
import { DISK_INTERFACE_TYPE, PAGE_BYTES, REQUEST_BYTES } from "./protocol.ts";
import type { DiskClientOptions } from "./vsc_state.ts";

const { expectSuccess } = vmbus;

/** A new channel of a disk's client, with all its settings; they can be made only before it is enabled. */
export function allocateChannel(
  kmcl: vmbus.KmclClientInterfaceV1,
  device: vmbus.Device,
  options: DiskClientOptions,
  { processPacket, stateChange, pnpFailure }: vmbus.ChannelCallbacks,
): vmbus.VMBCHANNEL {
  const { channel } = expectSuccess(kmcl.VmbChannelAllocate(device, false));
  const { instance = null, transferBytesMax = 65_536, ringPages = [4, 4] } = options;
  expectSuccess(
    kmcl.VmbClientChannelInitSetTargetPnp(channel, DISK_INTERFACE_TYPE, instance, pnpFailure),
  );
  const pages = Math.ceil(transferBytesMax / PAGE_BYTES) + 1;
  expectSuccess(kmcl.VmbChannelInitSetMaximumPacketSize(channel, REQUEST_BYTES));
  expectSuccess(kmcl.VmbChannelInitSetMaximumExternalData(channel, pages * PAGE_BYTES, pages));
  expectSuccess(
    kmcl.VmbClientChannelInitSetRingBufferPageCount(channel, ringPages[0], ringPages[1]),
  );
  expectSuccess(kmcl.VmbChannelInitSetProcessPacketCallbacks(channel, processPacket, null));
  expectSuccess(kmcl.VmbChannelInitSetStateChangeCallbacks(channel, stateChange ?? null));
  return channel;
}
