import { assertEquals, assertNotStrictEquals, assertStrictEquals, assertThrows } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { clientTable, serverTable } from "../../support/connected_pair.ts";
import {
  stubClient,
  stubGuest,
  stubHost,
  stubServer,
  stubWorld,
} from "../../support/stub_drivers.ts";

Deno.test("loadGuestDriver: the driver begins in its guest, with a device of its own", () => {
  const { fabric, guest } = stubWorld();
  const contexts: vmbus.GuestContext[] = [];
  const start = (context: vmbus.GuestContext) => void contexts.push(context);
  const instance = vmbus.loadGuestDriver(guest, stubGuest({ start }), { deep: [1, 2n, null] });
  vmbus.loadGuestDriver(guest, stubGuest({ start }));
  const [first, second] = contexts as [vmbus.GuestContext, vmbus.GuestContext];
  assertStrictEquals(first.fabric, fabric);
  assertStrictEquals(first.partition, guest);
  assertNotStrictEquals(first.device, guest.device);
  assertNotStrictEquals(first.device, second.device);
  const { status } = vmbus.WdfFdoQueryForInterface(
    first.device,
    vmbus.KMCL_CLIENT_INTERFACE_TYPE,
    vmbus.KMCL_CLIENT_INTERFACE_V1_SIZE,
    1,
  );
  assertEquals(status, vmbus.STATUS_SUCCESS);
  assertEquals(instance.save({ of: () => "" }), { deep: [1, 2n, null] });
});

Deno.test("loadHostDriver: the driver begins in the root, and knows its guest", async () => {
  const { fabric, guest } = stubWorld();
  const contexts: vmbus.HostContext[] = [];
  const driver = stubHost({
    start(context) {
      contexts.push(context);
      stubServer(context);
    },
  });
  vmbus.loadHostDriver(guest, driver);
  const [context] = contexts as [vmbus.HostContext];
  assertStrictEquals(context.partition, fabric.root);
  assertStrictEquals(context.guest, guest);
  vmbus.loadGuestDriver(
    guest,
    stubGuest({ start: (guestContext) => void stubClient(guestContext) }),
  );
  await fabric.settle();
  const states = fabric.inspect().partitions.flatMap(({ channels }) => channels);
  assertEquals(states.map(({ side, lifecycle }) => [side, lifecycle]), [
    ["server", "opened"],
    ["client", "opened"],
  ]);
});

Deno.test("loadGuestDriver: a start that throws takes its channels with it", async () => {
  const { fabric, guest } = stubWorld();
  const start = (context: vmbus.GuestContext) => {
    stubClient(context);
    throw new Error("no such device");
  };
  assertThrows(() => vmbus.loadGuestDriver(guest, stubGuest({ start })), Error, "no such device");
  await fabric.settle();
  assertEquals(fabric.leaks(), []);
  assertEquals((await vmbus.savePartition(guest)).status, vmbus.STATUS_SUCCESS);
});

Deno.test("loadHostDriver: a start that throws takes its offer back", async () => {
  const { fabric, guest } = stubWorld();
  vmbus.loadGuestDriver(guest, stubGuest({ start: (context) => void stubClient(context) }));
  const start = (context: vmbus.HostContext) => {
    stubServer(context);
    throw new Error("no such device");
  };
  assertThrows(() => vmbus.loadHostDriver(guest, stubHost({ start })), Error, "no such device");
  await fabric.settle();
  const [root, inside] = fabric.inspect().partitions;
  assertEquals(root!.channels, []);
  assertEquals(inside!.channels.map(({ lifecycle }) => lifecycle), ["enabled"]);
  vmbus.loadHostDriver(guest, stubHost({ start: (context) => void stubServer(context) }));
  await fabric.settle();
  assertEquals(fabric.inspect().partitions[1]!.channels[0]!.lifecycle, "opened");
});

Deno.test("loadGuestDriver: refuses what is no driver, no guest, or no plain data", () => {
  const { fabric, guest } = stubWorld();
  const bad: readonly unknown[] = [
    null,
    {},
    { ...stubGuest(), name: "" },
    { ...stubGuest(), name: 7 },
    { ...stubGuest(), name: "\ud800" },
    { ...stubGuest(), start: 1 },
    { ...stubGuest(), restore: undefined },
    { ...stubGuest(), start: () => null },
    { ...stubGuest(), start: () => ({}) },
    { ...stubGuest(), start: () => Promise.resolve({ save: () => null }) },
  ];
  for (const driver of bad) {
    assertThrows(() => vmbus.loadGuestDriver(guest, driver as vmbus.GuestDriver), TypeError);
  }
  const noResume = { ...stubHost(), start: () => ({ save: () => null }) };
  assertThrows(
    () => vmbus.loadHostDriver(guest, noResume as unknown as vmbus.HostDriver),
    TypeError,
    "resume",
  );
  const options = { when: new Date(0) } as unknown as vmbus.PlainData;
  assertThrows(() => vmbus.loadGuestDriver(guest, stubGuest(), options), TypeError, "when");
  assertThrows(
    () => vmbus.loadGuestDriver(fabric.root, stubGuest()),
    Error,
    "is no guest, or is gone",
  );
  guest.destroy();
  assertThrows(() => vmbus.loadGuestDriver(guest, stubGuest()), Error, "gone");
});

Deno.test("Partition.destroy: the channels of the drivers that serve it are gone with it", async () => {
  const { fabric, guest } = stubWorld();
  const calls: string[] = [];
  const seen: { context: vmbus.HostContext; channel: vmbus.VMBCHANNEL }[] = [];
  vmbus.loadHostDriver(
    guest,
    stubHost({
      start(context) {
        const channel = stubServer(context, undefined, {
          EvtChannelSuspend: () => void calls.push("Suspend"),
          EvtChannelClosed: () => void calls.push("Closed"),
        });
        seen.push({ context, channel });
      },
    }),
  );
  vmbus.loadGuestDriver(guest, stubGuest({ start: (context) => void stubClient(context) }));
  await fabric.settle();
  guest.destroy();
  await fabric.settle();
  assertEquals(calls, ["Suspend", "Closed"]);
  assertEquals(fabric.leaks(), []);
  assertEquals(fabric.violations, []);
  assertEquals(fabric.inspect().partitions.map(({ channels }) => channels), [[]]);
  const [{ context, channel }] = seen as [typeof seen[number]];
  const kmcl = serverTable(fabric);
  assertEquals(kmcl.VmbChannelEnable(channel), vmbus.STATUS_INVALID_PARAMETER_1);
  assertEquals(
    kmcl.VmbChannelAllocate(context.device, true).status,
    vmbus.STATUS_INVALID_PARAMETER_1,
  );
});

Deno.test("Partition.destroy: a driver that was not loaded keeps what it has", async () => {
  const { fabric, guest } = stubWorld();
  const kmcl = clientTable(guest);
  const { channel } = vmbus.expectSuccess(kmcl.VmbChannelAllocate(guest.device, false));
  kmcl.VmbChannelCleanup(channel);
  const context = { fabric, partition: fabric.root, device: fabric.root.device, guest };
  const server = stubServer(context);
  guest.destroy();
  await fabric.settle();
  assertEquals(vmbus.inspectChannel(server).lifecycle, "enabled");
});
