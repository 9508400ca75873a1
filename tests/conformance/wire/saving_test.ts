// What a bus is after a save, by the numbers of wire.md section 8.

import { assertEquals, assertMatch } from "@std/assert";
import type { PartitionObject } from "../../../actors/partition/partition_object.ts";
import * as vmbus from "../../../mod.ts";
import { type ControlMessage, RawGuest } from "../../../simulator/peers/mod.ts";
import { instanceOf, manyServers, moveGuest } from "../../kmcl/saving/many_servers.ts";
import { PAIR_TYPE, serverTable, setVmbus } from "../../support/connected_pair.ts";
import { createFabric } from "../../support/fabric.ts";

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

/** A guest of bytes with `count` devices, in a fabric of its own. */
async function rawWorld(count: number) {
  const servers = manyServers({ count });
  const fabric = createFabric({ trace: "off" });
  const raw = new RawGuest(fabric.createPartition({ name: "guest", memoryPages: 64 }));
  vmbus.loadHostDriver(raw.partition, servers);
  await fabric.settle();
  const say = async (speak: (raw: RawGuest) => void) => {
    raw.heard.length = 0;
    speak(raw);
    await fabric.settle();
    return namesOf(raw.heard);
  };
  return { fabric, raw, say, hostDrivers: [servers] };
}

/** The same guest of bytes elsewhere, standing still. */
async function moved({ raw, hostDrivers }: Awaited<ReturnType<typeof rawWorld>>) {
  const back = await moveGuest(raw.partition, { hostDrivers });
  const again = new RawGuest(back.guest);
  const say = async (speak: (raw: RawGuest) => void = () => {}) => {
    again.heard.length = 0;
    speak(again);
    await back.fabric.settle();
    return namesOf(again.heard);
  };
  return { ...back, raw: again, say };
}

function namesOf(heard: readonly ControlMessage[]): readonly string[] {
  return heard.map((message) =>
    "channelId" in message ? `${message.message} ${message.channelId}` : message.message
  );
}

const REQUEST_OFFERS = { message: "requestOffers" } as const;
const OFFERED = ["offerChannel 1", "offerChannel 2", "allOffersDelivered"];

// wire.md section 8, 42
Deno.test("restorePartition: a guest that has left the bus comes back so, and its devices with it", async () => {
  const world = await rawWorld(2);
  assertEquals(await world.say((raw) => raw.unload()), ["unloadComplete"]);
  const back = await moved(world);
  back.guest.resume();
  assertEquals(await back.say(), []);
  assertEquals(await back.say((raw) => (raw.contact("5.3"), raw.post(REQUEST_OFFERS))), [
    "versionResponse",
    ...OFFERED,
  ]);
});

// wire.md section 8, 44
Deno.test("restorePartition: a guest that was making contact continues with it, and connects", async () => {
  const servers = manyServers({ count: 2 });
  const fabric = createFabric({ trace: "off" });
  const guest = fabric.createPartition({ name: "guest", memoryPages: 64 });
  vmbus.loadHostDriver(guest, servers);
  const back = await moveGuest(guest, { hostDrivers: [servers] });
  back.guest.resume();
  await back.fabric.settle();
  assertEquals([back.servers.ids, (back.guest as PartitionObject).bus.faults], [[1, 2], []]);
});

// wire.md section 8, 46
Deno.test("restorePartition: a reserved channel and its GPADL come back, also where the guest has left the bus", async () => {
  const world = await rawWorld(1);
  const rings = world.raw.makeRings(1, 1);
  assertEquals(await world.say((raw) => raw.openReserved(rings)), [
    "gpadlCreated 1",
    "openResult 1",
  ]);
  assertEquals(await world.say((raw) => raw.unload()), ["unloadComplete"]);
  const back = await moved(world);
  back.guest.resume();
  assertEquals(await back.say(), []);
  const { gpadls } = (back.guest as PartitionObject).bus.host;
  assertEquals(gpadls.all.map(({ gpadlId }) => gpadlId), [1]);
  assertEquals(await back.say((raw) => raw.closeReserved()), ["closeReservedResponse 1"]);
});

// wire.md section 8, 47
Deno.test("restorePartition: offers that were not asked for yet are sent when they are, and not before", async () => {
  const world = await rawWorld(2);
  await world.say((raw) => (raw.unload(), raw.contact("5.3")));
  const back = await moved(world);
  back.guest.resume();
  assertEquals(await back.say(), []);
  assertEquals(await back.say((raw) => raw.post(REQUEST_OFFERS)), OFFERED);
});

// wire.md section 8, 50
Deno.test("restorePartition: a host that does not speak so, or lacks a feature, refuses the guest", async () => {
  const guestOf = () => {
    const servers = manyServers({ count: 1 });
    const fabric = createFabric({ trace: "off" });
    const guest = fabric.createPartition({ name: "guest", memoryPages: 64 });
    vmbus.loadHostDriver(guest, servers);
    return { fabric, guest, servers };
  };
  const { fabric, guest, servers } = guestOf();
  await fabric.settle();
  const { bytes } = vmbus.expectSuccess(await vmbus.savePartition(guest));
  const refusals: readonly (readonly [vmbus.FabricOptions, RegExp])[] = [
    [{ vmbusVersion: { highest: "5.3" } }, /version 6\.0.*to 5\.3/],
    [{ vmbusFeatures: 0 }, /modifyConnection, clientId, pauseResume/],
    [{}, /^$/],
  ];
  for (const [options, expected] of refusals) {
    const other = createFabric(options);
    const { reason } = vmbus.restorePartition(other, bytes!, { hostDrivers: [servers] });
    assertMatch(reason ?? "", expected);
  }
});

// wire.md section 8, 48
Deno.test("restorePartition: a device that is new since the save is one more offer, with the next free id", async () => {
  const servers = manyServers({ count: 2 });
  const fabric = createFabric({ trace: "off" });
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
