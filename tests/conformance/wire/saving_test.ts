// What a bus is after a save, by the numbers of wire.md section 8.

import { assertEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { RawGuest } from "../../../simulator/peers/mod.ts";
import { instanceOf, manyServers, moveGuest } from "../../kmcl/saving/many_servers.ts";
import { PAIR_TYPE, serverTable, setVmbus } from "../../support/connected_pair.ts";

/** A server for `guest` of a device that it did not have. */
function newDevice(fabric: vmbus.Fabric, guest: vmbus.Partition, index: number): vmbus.VMBCHANNEL {
  const vsp = serverTable(fabric);
  const { channel } = vmbus.expectSuccess(vsp.VmbChannelAllocate(fabric.root.device, true));
  setVmbus(vsp, channel, guest);
  vsp.VmbServerChannelInitSetTargetInterfaceId(channel, PAIR_TYPE, instanceOf(index));
  vsp.VmbChannelInitSetProcessPacketCallbacks(channel, () => {});
  assertEquals(vsp.VmbChannelEnable(channel), vmbus.STATUS_SUCCESS);
  return channel;
}

// wire.md section 8, 48
Deno.test("restorePartition: a device that is new since the save is one more offer, with the next free id", async () => {
  const servers = manyServers({ count: 2 });
  const fabric = vmbus.createFabric({ trace: "off" });
  const guest = fabric.createPartition({ name: "guest", memoryPages: 64 });
  vmbus.loadHostDriver(guest, servers);
  await fabric.settle();
  const back = await moveGuest(guest, { hostDrivers: [servers] });
  const raw = new RawGuest(back.guest);
  newDevice(back.fabric, back.guest, 7);
  back.guest.resume();
  await back.fabric.settle();
  assertEquals(
    raw.heard.map((message) =>
      message.message === "offerChannel" ? [message.channelId, message.instanceId] : message
    ),
    [[3, instanceOf(7)]],
  );
});
