// The bus of a saved guest: a channel for each id, channels that it has released, its GPADLs (wire.md 5.2,
// kmcl.md V8, V10).

import { assertEquals } from "@std/assert";
import type { PartitionObject } from "../../../actors/partition/partition_object.ts";
import { encodeControlMessage } from "../../../core/control/codec.ts";
import * as vmbus from "../../../mod.ts";
import { gpadlMessages, RawGuest, wholePages } from "../../../simulator/peers/mod.ts";
import { stubClient, stubGuest } from "../../support/stub_drivers.ts";
import { PAIR_TYPE, serverTable, setVmbus } from "../../support/connected_pair.ts";
import { instanceOf, manyServers, moveGuest } from "./many_servers.ts";

const CHANNELS = 2047;

/** Ids from 1 on. */
function idsTo(last: number): number[] {
  return Array.from({ length: last }, (_, at) => at + 1);
}

function faultsOf(guest: vmbus.Partition): unknown {
  return (guest as PartitionObject).bus.faults;
}

// kmcl.md section 5, VmbChannelEnable; wire.md 4.5: an id is used again once the guest has released it.
Deno.test("VmbChannelEnable: there is no room for more servers than ids, until one goes", async () => {
  const fabric = vmbus.createFabric({ trace: "off" });
  const guest = fabric.createPartition({ name: "guest", memoryPages: 16 });
  const servers = vmbus.loadHostDriver(guest, manyServers({ count: CHANNELS }));
  const one = () => {
    const vsp = serverTable(fabric);
    const { channel } = vmbus.expectSuccess(vsp.VmbChannelAllocate(fabric.root.device, true));
    setVmbus(vsp, channel, guest);
    vsp.VmbServerChannelInitSetTargetInterfaceId(channel, PAIR_TYPE, instanceOf(CHANNELS));
    vsp.VmbChannelInitSetProcessPacketCallbacks(channel, () => {});
    return { vsp, channel };
  };
  const { vsp, channel } = one();
  assertEquals(vsp.VmbChannelEnable(channel), vmbus.STATUS_INSUFFICIENT_RESOURCES); // not offered yet
  await fabric.settle();
  assertEquals(servers.ids, idsTo(CHANNELS));
  assertEquals(vsp.VmbChannelEnable(channel), vmbus.STATUS_INSUFFICIENT_RESOURCES);
  for (const at of [CHANNELS - 1, 499]) {
    await vsp.VmbChannelDisable(servers.channels[at]!);
    assertEquals(vsp.VmbChannelEnable(channel), vmbus.STATUS_INSUFFICIENT_RESOURCES); // not released
    await fabric.settle();
    assertEquals(vsp.VmbChannelEnable(channel), vmbus.STATUS_SUCCESS);
    assertEquals(vmbus.inspectChannel(channel).channelId, at + 1);
    await vsp.VmbChannelDisable(channel);
    await fabric.settle();
    assertEquals(vsp.VmbChannelEnable(servers.channels[at]!), vmbus.STATUS_SUCCESS);
  }
  assertEquals(faultsOf(guest), []);
});

// kmcl.md V8, V10: what a guest has it has again, and a server that cannot go on gets the next free id.
Deno.test("restorePartition: a guest with a channel for each id comes back, whatever its servers do then", async () => {
  let isBack = false;
  const many = manyServers({
    count: CHANNELS,
    opened: (index) => isBack && index === 0 ? vmbus.STATUS_UNSUCCESSFUL : vmbus.STATUS_SUCCESS,
    flags: (index) => index === 7 ? vmbus.VMBUS_SERVER_CHANNEL_INIT_FLAG_FORCE_NEW_CHANNEL : 0,
  });
  const clients: vmbus.VMBCHANNEL[] = [];
  const client = stubGuest({
    name: "client",
    start: (context) => void clients.push(stubClient(context)),
    save: (tokens) => tokens.of(clients[0]!),
    restore: (context, token) => {
      const processPacket: vmbus.EvtChannelProcessPacket = (_channel, packet) =>
        serverTable(context.fabric).VmbChannelPacketComplete(packet, null, 0);
      clients.unshift(context.attachChannel(String(token), { processPacket }));
    },
  });
  const fabric = vmbus.createFabric({ trace: "off" });
  const guest = fabric.createPartition({ name: "guest", memoryPages: 64 });
  const first = vmbus.loadHostDriver(guest, many);
  vmbus.loadGuestDriver(guest, client);
  await fabric.settle();
  assertEquals(first.ids, idsTo(CHANNELS));
  isBack = true;
  const back = await moveGuest(guest, { hostDrivers: [many], guestDrivers: [client] });
  // Only what the guest has to release is missing, and no id is given out that nobody may have.
  assertEquals(back.servers.ids.slice(0, 9), [1, 2, 3, 4, 5, 6, 7, null, 9]);
  back.guest.resume();
  await back.fabric.settle();
  assertEquals(back.servers.ids.toSorted((a, b) => a! - b!), idsTo(CHANNELS));
  assertEquals(faultsOf(back.guest), []);
});

// wire.md 3.4: the same id on two channels, where neither was incomplete when the other began.
Deno.test("restorePartition: an incomplete GPADL comes back beside a complete one of the same id", async () => {
  const many = manyServers({ count: 2 });
  const fabric = vmbus.createFabric({ trace: "off" });
  const raw = new RawGuest(fabric.createPartition({ name: "hostile", memoryPages: 64 }));
  vmbus.loadHostDriver(raw.partition, many);
  await fabric.settle();
  const pfns = (count: number) => Array.from({ length: count }, (_, at) => at % 8);
  const [header, ...bodies] = gpadlMessages(2, 77, [wholePages(pfns(64))]);
  for (const [channelId, gpadlId] of [[2, 5], [1, 77]] as const) {
    raw.describe(channelId, gpadlId, [wholePages(pfns(1))]);
  }
  raw.post(header!);
  await fabric.settle();
  const back = await moveGuest(raw.partition, { hostDrivers: [many] });
  back.guest.resume();
  const { gpadls } = (back.guest as PartitionObject).bus.host;
  const stages = () =>
    gpadls.all.map(({ channelId, gpadlId, stage }) => [channelId, gpadlId, stage]);
  assertEquals(stages(), [[2, 5, "accepted"], [2, 77, "incomplete"], [1, 77, "accepted"]]);
  for (const body of bodies) {
    back.guest.postControlMessage("toHost", encodeControlMessage(body));
  }
  await back.fabric.settle();
  assertEquals(stages()[1], [2, 77, "accepted"]);
});

// wire.md 4.5, 5.5: a guest may release what it has closed; after a restore its server is a new one to it.
Deno.test("restorePartition: a server whose channel the guest has released is offered anew", async () => {
  const many = manyServers({ count: 1 });
  const fabric = vmbus.createFabric({ trace: "off", codec: "vmbus" });
  const raw = new RawGuest(fabric.createPartition({ name: "hostile", memoryPages: 64 }));
  const { channels: [server] } = vmbus.loadHostDriver(raw.partition, many);
  raw.open(raw.makeRings(1, 1));
  await fabric.settle();
  raw.close();
  await fabric.settle();
  raw.post({ message: "relIdReleased", channelId: 1 });
  await fabric.settle();
  const { lifecycle, channelId } = vmbus.inspectChannel(server!);
  assertEquals([lifecycle, channelId], ["closed", null]);
  const back = await moveGuest(raw.partition, { hostDrivers: [many] }, { codec: "vmbus" });
  const offered = vmbus.inspectChannel(back.servers.channels[0]!);
  assertEquals([offered.lifecycle, offered.channelId], ["enabled", 1]);
});
