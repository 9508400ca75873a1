// kmcl.md X4, X5: the devices of a channel.

import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { enablePair, makePair, openPair } from "../../support/connected_pair.ts";
import { createFabric } from "../../support/fabric.ts";
import { clientTableV2, serverTableV2 } from "../../support/later_tables.ts";
import { stubClient, stubGuest, stubWorld } from "../../support/stub_drivers.ts";

Deno.test("VmbChannelGetParentDeviceObject: is the device that the channel was allocated for (X4)", () => {
  const { fabric, guest, server, client } = makePair();
  const kmcl = serverTableV2(fabric);
  assertStrictEquals(kmcl.VmbChannelGetParentDeviceObject(server), fabric.root.device);
  assertStrictEquals(kmcl.VmbChannelGetParentDeviceObject(client), guest.device);
});

Deno.test("VmbChannelGetTargetDeviceObject: a server has one from when it knows its guest (X5)", () => {
  const { fabric, vsp, server } = makePair();
  const kmcl = serverTableV2(fabric);
  const { channel } = vmbus.expectSuccess(vsp.VmbChannelAllocate(fabric.root.device, true));
  assertEquals(kmcl.VmbChannelGetTargetDeviceObject(channel), null);
  const target = kmcl.VmbChannelGetTargetDeviceObject(server);
  assertStrictEquals(kmcl.VmbChannelGetTargetDeviceObject(server), target);
  const query = vmbus.WdfIoTargetQueryForInterface(
    target,
    vmbus.KMCL_SERVER_INTERFACE_TYPE,
    vmbus.KMCL_SERVER_INTERFACE_V2_SIZE,
    2,
  );
  assertEquals(query.status, vmbus.STATUS_SUCCESS);
  kmcl.VmbServerChannelInitSetFlags(channel, vmbus.VMBUS_SERVER_CHANNEL_INIT_FLAG_LOOPBACK_OFFER);
  assert(kmcl.VmbChannelGetTargetDeviceObject(channel) !== null);
});

Deno.test("VmbChannelGetTargetDeviceObject: a client has one while it has an offer (X5)", async () => {
  const pair = makePair();
  const { fabric, guest, client, vsc } = pair;
  const kmcl = clientTableV2(guest);
  assertEquals(kmcl.VmbChannelGetTargetDeviceObject(client), null);
  enablePair(pair);
  await fabric.settle();
  const target = kmcl.VmbChannelGetTargetDeviceObject(client);
  const { channel } = vmbus.expectSuccess(kmcl.VmbChannelAllocate(target, false));
  assertStrictEquals(kmcl.VmbChannelGetParentDeviceObject(channel), guest.device);
  await vsc.VmbChannelDisable(client);
  assertEquals(kmcl.VmbChannelGetTargetDeviceObject(client), null);
  vsc.VmbChannelCleanup(client);
  const { status } = kmcl.VmbChannelAllocate(target, false);
  assertEquals(status, vmbus.STATUS_INVALID_PARAMETER_1); // it died with its channel
});

Deno.test("VmbChannelGetParentDeviceObject: of a loaded driver's channel is the driver's own device (X4, X5)", async () => {
  const { fabric, guest } = stubWorld();
  const kmcl = clientTableV2(guest);
  let own: vmbus.Device | null = null;
  let channel: vmbus.VMBCHANNEL | null = null;
  const start = (context: vmbus.GuestContext) => {
    own = context.device;
    channel = stubClient(context);
  };
  vmbus.loadGuestDriver(guest, stubGuest({ start }));
  await fabric.settle();
  assert(own !== null && own !== guest.device);
  assertStrictEquals(kmcl.VmbChannelGetParentDeviceObject(channel), own);
});

Deno.test("VmbChannelGetTargetDeviceObject: of a guest that is gone is no device (X5)", async () => {
  const { fabric, guest, client } = await openPair();
  const kmcl = clientTableV2(guest);
  const target = kmcl.VmbChannelGetTargetDeviceObject(client);
  guest.destroy();
  assertEquals(kmcl.VmbChannelAllocate(target, false).status, vmbus.STATUS_INVALID_PARAMETER_1);
  await fabric.settle();
});

Deno.test("VmbChannelGetTargetDeviceObject: a value that is no channel is a violation, and gives null (X4, X5)", () => {
  const fabric = createFabric({ verifier: "record" });
  const kmcl = serverTableV2(fabric);
  assertEquals(kmcl.VmbChannelGetTargetDeviceObject(null), null);
  assertEquals(kmcl.VmbChannelGetParentDeviceObject(fabric.root.device as never), null);
  assertEquals(fabric.violations.map(({ rule, call }) => [rule, call]), [
    ["invalid handle", "VmbChannelGetTargetDeviceObject"],
    ["invalid handle", "VmbChannelGetParentDeviceObject"],
  ]);
});
