/**
 * A server of a guest that says anything: it maps what it can, takes its time, and refuses now and then.
 *
 * @module
 */

import type { Chance } from "../../core/chance.ts";
import * as vmbus from "../../mod.ts";
import { notedCallbacks, PAIR_TYPE, setVmbus } from "./connected_pair.ts";

/** Makes one; it is not enabled. */
export function makeCrossingServer(
  vsp: vmbus.KmclServerInterfaceV1,
  fabric: vmbus.Fabric,
  guest: vmbus.Partition,
  chance: Chance,
  index: number,
): vmbus.VMBCHANNEL {
  const { channel } = vmbus.expectSuccess(vsp.VmbChannelAllocate(fabric.root.device, true));
  setVmbus(vsp, channel, guest);
  const instance = `00000000-0000-0000-0000-00000000000${index}`;
  vsp.VmbServerChannelInitSetTargetInterfaceId(channel, PAIR_TYPE, instance);
  const mapped: number[] = [];
  const unmap = () => {
    for (const handle of mapped.splice(0)) vsp.VmbChannelUnmapGpadl(channel, handle);
  };
  const slowly = async () => {
    if (chance.below(2) === 0) await fabric.delay(1);
  };
  vsp.VmbChannelInitSetStateChangeCallbacks(
    channel,
    notedCallbacks([], "server", {
      EvtChannelOpened: async () => {
        for (const { handle } of vmbus.inspectChannel(channel).gpadls) {
          if (vsp.VmbChannelMapGpadl(channel, 0, handle).mdl !== null) mapped.push(handle);
        }
        await slowly();
        if (chance.below(4) > 0) return vmbus.STATUS_SUCCESS;
        unmap();
        return vmbus.STATUS_UNSUCCESSFUL;
      },
      EvtChannelClosed: async () => {
        await slowly();
        unmap();
      },
    }),
  );
  vsp.VmbChannelInitSetProcessPacketCallbacks(channel, (_channel, packet) => {
    vsp.VmbChannelPacketComplete(packet, null, 0);
  });
  return channel;
}
