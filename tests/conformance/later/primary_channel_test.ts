// kmcl.md X8 to X10: sub-channels by their primary.

import { assertEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { enablePair, makePair, openPair, type Pair } from "../../support/connected_pair.ts";
import { serverTableV5 } from "../../support/later_tables.ts";

const { STATUS_SUCCESS } = vmbus;

/** Channels beside those of `primary`, which say no more than that. */
function subPair(primary: Pair): Pair {
  const { fabric, guest, vsp, vsc } = primary;
  const later = serverTableV5(fabric);
  const make = (device: vmbus.Device, isServer: boolean, of: vmbus.VMBCHANNEL) => {
    const { channel } = vmbus.expectSuccess(vsp.VmbChannelAllocate(device, isServer));
    assertEquals(later.VmbChannelInitSetPrimaryChannel(channel, of), STATUS_SUCCESS);
    const complete: vmbus.EvtChannelProcessPacket = (_channel, packet) =>
      vsc.VmbChannelPacketComplete(packet, null, 0);
    vsp.VmbChannelInitSetProcessPacketCallbacks(channel, complete);
    return channel;
  };
  const server = make(fabric.root.device, true, primary.server);
  return { ...primary, server, client: make(guest.device, false, primary.client) };
}

const stateOf = (channel: vmbus.VMBCHANNEL) => {
  const { lifecycle, subchannelIndex, instance } = vmbus.inspectChannel(channel);
  return [lifecycle, subchannelIndex, instance];
};
const ZERO = "00000000-0000-0000-0000-000000000000";

Deno.test("VmbChannelInitSetPrimaryChannel: servers take the first free index, clients the oldest free offer (X8, X9, X10)", async () => {
  const primary = await openPair();
  const { fabric, vsp, vsc } = primary;
  const [one, two] = [subPair(primary), subPair(primary)];
  for (const pair of [one, two]) {
    enablePair(pair);
    await fabric.settle();
  }
  const instance = vsp.VmbChannelGetInterfaceInstance(primary.server);
  for (const channel of [one.server, one.client]) {
    assertEquals(stateOf(channel), ["opened", 1, instance]);
  }
  for (const channel of [two.server, two.client]) {
    assertEquals(stateOf(channel), ["opened", 2, instance]);
  }
  // What is free again is taken again.
  await vsp.VmbChannelDisable(one.server);
  await fabric.settle();
  assertEquals(stateOf(one.client)[0], "disabled");
  const three = subPair(primary);
  vsc.VmbChannelEnable(three.client);
  await fabric.settle();
  assertEquals(stateOf(three.client), ["enabled", 0, null]); // it waits
  vsp.VmbChannelEnable(three.server);
  await fabric.settle();
  assertEquals(stateOf(three.client), ["opened", 1, instance]);
  // The primary goes, and they before it.
  await vsp.VmbChannelDisable(primary.server);
  await fabric.settle();
  assertEquals([two, three].map(({ client }) => stateOf(client)[0]), ["disabled", "disabled"]);
});

Deno.test("VmbChannelInitSetPrimaryChannel: packets go their own way (X8)", async () => {
  const primary = await openPair();
  const sub = subPair(primary);
  enablePair(sub);
  const { fabric, vsc, client } = sub;
  await fabric.settle();
  const ends: vmbus.NtStatus[] = [];
  const packet = vsc.VmbPacketAllocate(client);
  vsc.VmbPacketSetCompletionRoutine(packet, (_packet, status) => void ends.push(status));
  vsc.VmbPacketSend(packet, Uint8Array.of(1), 1, null, 1);
  await fabric.settle();
  assertEquals(ends, [STATUS_SUCCESS]);
});

Deno.test("VmbChannelInitSetPrimaryChannel: an index that the driver names is the one, whichever comes first (X9, X10)", async () => {
  const primary = await openPair();
  const { fabric, vsp, vsc } = primary;
  const later = serverTableV5(fabric);
  const named = subPair(primary);
  for (const channel of [named.server, named.client]) {
    assertEquals(vmbus.initSetSubchannelIndex(vsp, channel, 5), STATUS_SUCCESS);
  }
  assertEquals(later.VmbChannelInitSetPrimaryChannel(named.server, primary.server), STATUS_SUCCESS);
  const any = subPair(primary);
  enablePair(any);
  enablePair(named);
  await fabric.settle();
  assertEquals(stateOf(named.client)[1], 5);
  assertEquals(stateOf(any.client)[1], 1);
  vsc.VmbChannelDisable(any.client);
});

Deno.test("VmbChannelInitSetPrimaryChannel: what is no primary to follow is _2, and changes nothing (X8)", async () => {
  const primary = makePair();
  const { fabric, guest, vsp, vsc, server, client } = primary;
  const later = serverTableV5(fabric);
  const other = fabric.createPartition({ name: "other" });
  const foreign = makePair();
  const allocate = (device: vmbus.Device, isServer: boolean) =>
    vmbus.expectSuccess(vsp.VmbChannelAllocate(device, isServer)).channel;
  const [newServer, newClient] = [
    allocate(fabric.root.device, true),
    allocate(guest.device, false),
  ];
  const gone = allocate(fabric.root.device, true);
  vsp.VmbChannelCleanup(gone);
  const refused = (channel: vmbus.VMBCHANNEL, of: unknown) => {
    const before = fabric.inspect();
    const status = later.VmbChannelInitSetPrimaryChannel(channel, of as vmbus.VMBCHANNEL);
    assertEquals(vmbus.ntStatusName(status), "STATUS_INVALID_PARAMETER_2");
    assertEquals(fabric.inspect(), before);
  };
  const said = allocate(fabric.root.device, true);
  assertEquals(vmbus.initSetSubchannelIndex(vsp, said, 1), STATUS_SUCCESS);
  vsp.VmbServerChannelInitSetTargetInterfaceId(said, ZERO, ZERO);
  const silent = allocate(fabric.root.device, true);
  for (const value of [null, 1, {}, newServer, client, said, silent, gone, foreign.server]) {
    refused(newServer, value);
  }
  // The client of the pair names no instance, and has none yet.
  for (const value of [newClient, server, client, allocate(other.device, false)]) {
    refused(newClient, value);
  }
  enablePair(primary);
  await fabric.settle();
  assertEquals(later.VmbChannelInitSetPrimaryChannel(newClient, client), STATUS_SUCCESS);
  assertEquals(later.VmbChannelInitSetPrimaryChannel(newServer, server), STATUS_SUCCESS);
  const once = [
    later.VmbChannelInitSetPrimaryChannel(client, newClient),
    vsc.VmbChannelEnable(newClient),
  ];
  assertEquals(once.map(vmbus.ntStatusName), [
    "STATUS_INVALID_PARAMETER_1", // it is open
    "STATUS_INVALID_DEVICE_REQUEST", // it has no ProcessPacket
  ]);
});

Deno.test("VmbChannelEnable: a sub-channel needs its primary's offer (X9)", () => {
  const primary = makePair();
  const { vsp, fabric } = primary;
  const later = serverTableV5(fabric);
  const { channel } = vmbus.expectSuccess(vsp.VmbChannelAllocate(fabric.root.device, true));
  later.VmbChannelInitSetPrimaryChannel(channel, primary.server);
  vsp.VmbChannelInitSetProcessPacketCallbacks(channel, () => {});
  assertEquals(vsp.VmbChannelEnable(channel), vmbus.STATUS_INVALID_DEVICE_REQUEST);
  assertEquals(vmbus.inspectChannel(channel).subchannelIndex, 0);
  assertEquals(vsp.VmbChannelEnable(primary.server), STATUS_SUCCESS);
  assertEquals(vsp.VmbChannelEnable(channel), STATUS_SUCCESS);
  assertEquals(vmbus.inspectChannel(channel).subchannelIndex, 1);
});

Deno.test("VmbChannelRestoreFromBuffer: a server that takes any index is the one that was saved (X9)", async () => {
  const primary = await openPair();
  const { fabric, vsp } = primary;
  const [one, two] = [subPair(primary), subPair(primary)];
  for (const pair of [one, two]) {
    enablePair(pair);
    await fabric.settle();
  }
  const bytes = await vmbus.saveServerChannel(vsp, two.server);
  for (const { server } of [one, two]) await vsp.VmbChannelDisable(server);
  const again = subPair(primary);
  assertEquals(vmbus.restoreServerChannel(vsp, again.server, bytes), STATUS_SUCCESS);
  assertEquals(vmbus.inspectChannel(again.server).subchannelIndex, 2);
  assertEquals(vsp.VmbChannelEnable(again.server), STATUS_SUCCESS);
  assertEquals(vmbus.inspectChannel(again.server).subchannelIndex, 2);
  // A primary does not count as one of its sub-channels.
  const whole = await vmbus.saveServerChannel(vsp, primary.server);
  const other = subPair(primary);
  const status = vmbus.restoreServerChannel(vsp, other.server, whole);
  assertEquals(status, vmbus.STATUS_REVISION_MISMATCH);
});
