/**
 * What every device does alike with a channel of its own.
 *
 * @module
 */

import * as vmbus from "../mod.ts";

const { expectSuccess } = vmbus;

/** Whether `channel` is offered to the guest: not so where it was taken away, by its device or another. */
export function isOffered(channel: vmbus.VMBCHANNEL): boolean {
  const inspected = vmbus.inspectChannel(channel);
  return inspected !== null && inspected.lifecycle !== "disabled";
}

/** Offers `channel`; `saved` is what was saved of it, null where it is new. */
export function enableServerChannel(
  kmcl: vmbus.KmclServerInterfaceV1,
  channel: vmbus.VMBCHANNEL,
  saved: Uint8Array | null,
): void {
  if (saved !== null) {
    const status = vmbus.restoreServerChannel(kmcl, channel, saved);
    expectSuccess(status, "restoreServerChannel");
  }
  expectSuccess(kmcl.VmbChannelEnable(channel), "VmbChannelEnable");
}
