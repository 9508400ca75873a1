// Calls of the functions beside KMCL's tables are on the trace, refused ones as well (api.md section 3, The trace).

import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import * as vmbus from "../../mod.ts";
import { makePipe } from "../support/byte_pipes.ts";
import { ByteHost } from "../support/byte_host.ts";
import { clientTable } from "../support/connected_pair.ts";
import { createFabric } from "../support/fabric.ts";

/** Each function beside the tables that takes one, called for a channel, or packet, that is none. */
const REFUSED: Readonly<Record<string, (kmcl: vmbus.KmclClientInterfaceV1) => unknown>> = {
  setPageSet: (kmcl) => vmbus.setPageSet(kmcl, null, 1, 2),
  sendTransferPages: (kmcl) => vmbus.sendTransferPages(kmcl, null, null, 0, 1, [], 1),
  bytePipe: (kmcl) => vmbus.bytePipe(kmcl, null),
  initSetSubchannelIndex: (kmcl) => vmbus.initSetSubchannelIndex(kmcl, null, 1),
  initSetOfferOrder: (kmcl) => vmbus.initSetOfferOrder(kmcl, null, 1),
  initSetOfferFlags: (kmcl) => vmbus.initSetOfferFlags(kmcl, null, 2),
  initSetTargetProcessor: (kmcl) => vmbus.initSetTargetProcessor(kmcl, null, 0),
  setTargetProcessor: (kmcl) => vmbus.setTargetProcessor(kmcl, null, 0),
  pollChannel: (kmcl) => vmbus.pollChannel(kmcl, null),
  connectSocket: (kmcl) => vmbus.connectSocket(kmcl, null, { timeout100ns: 5 }),
  drainAndDisable: (kmcl) => vmbus.drainAndDisable(kmcl, null, { timeout100ns: 5 }),
};

for (const [name, call] of Object.entries(REFUSED)) {
  Deno.test(`${name}: a call for no channel is on the trace of its table's fabric`, async () => {
    const fabric = vmbus.createFabric({ trace: "full", verifier: "record" });
    const guest = fabric.createPartition({ name: "guest", memoryPages: 16 });
    const kmcl = clientTable(guest);
    const before = fabric.traceDigest();
    const count = fabric.trace.length;
    await call(kmcl);
    const told = fabric.trace.slice(count).filter(({ values: [value] }) => value === name)
      .map(({ event, subject }) => `${event} ${subject}`);
    assertEquals(told, ["call guest", "callReturned guest"]);
    assertNotEquals(fabric.traceDigest(), before);
  });
}

Deno.test("pollChannel: called by what is no table, it is on no trace", async () => {
  const pipe = makePipe();
  await pipe.fabric.settle();
  const before = pipe.fabric.traceDigest();
  const status = vmbus.pollChannel({} as vmbus.KmclClientInterfaceV1, pipe.host.channel);
  assertEquals([status, pipe.fabric.traceDigest()], [vmbus.STATUS_INVALID_PARAMETER_1, before]);
});

Deno.test("BytePipe: a call after the channel's Cleanup is on the trace", async () => {
  const { fabric, vsp, host } = makePipe();
  await fabric.settle();
  await vsp.VmbChannelDisable(host.channel);
  vsp.VmbChannelCleanup(host.channel);
  const before = fabric.traceDigest();
  assertEquals((await host.read(1)).status, vmbus.STATUS_INVALID_HANDLE);
  assertNotEquals(fabric.traceDigest(), before);
});

Deno.test("setSocketProvider: is on the trace with its arguments and status, taken or refused", () => {
  const fabric = vmbus.createFabric({ trace: "full" });
  const guest = fabric.createPartition({ name: "guest", memoryPages: 16 });
  const digests = new Set([fabric.traceDigest()]);
  const told = (provider: unknown) => {
    vmbus.setSocketProvider(guest, provider as vmbus.SocketProvider);
    digests.add(fabric.traceDigest());
    return fabric.trace.slice(-2).map(({ event, subject, details }) => [event, subject, details]);
  };
  const call = "setSocketProvider";
  const outcome = (status: vmbus.NtStatus) => [
    "callReturned",
    "root",
    { call, status, statusName: vmbus.ntStatusName(status)! },
  ];
  assertEquals(told(() => vmbus.STATUS_SUCCESS), [
    ["call", "root", { call, guest: "VMBUS of guest", provider: "a function" }],
    outcome(vmbus.STATUS_SUCCESS),
  ]);
  assertEquals(told(null)[0], ["call", "root", { call, guest: "VMBUS of guest", provider: null }]);
  assertEquals(told(5)[1], outcome(vmbus.STATUS_INVALID_PARAMETER_2));
  guest.destroy();
  assertEquals(told(null), [
    ["call", "root", { call, guest: "VMBUS of not live", provider: null }],
    outcome(vmbus.STATUS_INVALID_PARAMETER_1),
  ]);
  assertEquals(digests.size, 5);
});

Deno.test("setSocketProvider: refuses a guest whose host is somebody outside", () => {
  const fabric = createFabric({ codec: "vmbus" });
  const { door } = new ByteHost(fabric);
  const status = vmbus.setSocketProvider(door.partition, () => vmbus.STATUS_SUCCESS);
  assertEquals(status, vmbus.STATUS_INVALID_DEVICE_REQUEST);
  fabric.dispose();
});

Deno.test("setSocketProvider: what cannot be asked what it is, is no guest", () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const status = vmbus.setSocketProvider(proxy as vmbus.Partition, null);
  assertEquals(status, vmbus.STATUS_INVALID_PARAMETER_1);
});

Deno.test("Partition.connect: it, and disconnect, are on the trace, also where nothing follows at once", async () => {
  const fabric = vmbus.createFabric({ trace: "full" });
  const guest = fabric.createPartition({ name: "guest", memoryPages: 16 });
  await fabric.settle();
  const digests = new Set([fabric.traceDigest()]);
  const told = (change: "connect" | "disconnect") => {
    guest[change]();
    digests.add(fabric.traceDigest());
  };
  for (const change of ["disconnect", "connect", "disconnect", "disconnect"] as const) told(change);
  assertEquals(digests.size, 5);
  const own = fabric.trace.filter(({ event, subject }) =>
    subject === "guest" && /^partition(Dis)?[cC]onnects$/.test(event)
  );
  assertEquals(own.map(({ event }) => event), [
    "partitionDisconnects",
    "partitionConnects",
    "partitionDisconnects",
    "partitionDisconnects",
  ]);
  guest.crash();
  const before = fabric.traceDigest();
  guest.connect(); // does nothing
  assertEquals(fabric.traceDigest(), before);
  fabric.dispose();
  assertThrows(() => guest.connect(), Error, "disposed");
});

Deno.test("EvtSocketConnect: is on the trace with the status that the provider answers", async () => {
  const fabric = vmbus.createFabric({ trace: "full" });
  const guest = fabric.createPartition({ name: "guest", memoryPages: 64 });
  vmbus.setSocketProvider(guest, () => vmbus.STATUS_INSUFFICIENT_RESOURCES);
  const kmcl = clientTable(guest);
  const { channel } = kmcl.VmbChannelAllocate(guest.device, false);
  vmbus.expectSuccess(vmbus.bytePipe(kmcl, channel, { socket: { isForGuestAccept: false } }));
  const [service, endpoint] = [
    "6d9d9a51-5ea2-4f9a-9d0c-3f2c7f3b8f10",
    "0c7e1f4e-2f52-4c57-8a1e-0d7b4f1c2a33",
  ];
  kmcl.VmbClientChannelInitSetTargetPnp(channel, service, endpoint);
  vmbus.expectSuccess(kmcl.VmbChannelEnable(channel));
  const status = await vmbus.connectSocket(kmcl, channel, { timeout100ns: 10_000_000 });
  assertEquals(status, vmbus.STATUS_INSUFFICIENT_RESOURCES);
  const ended = fabric.trace.find(({ event, values: [value] }) =>
    event === "callbackEnd" && value === "EvtSocketConnect"
  );
  assertEquals(ended?.details["status"], vmbus.STATUS_INSUFFICIENT_RESOURCES);
  await kmcl.VmbChannelDisable(channel);
  kmcl.VmbChannelCleanup(channel);
});

Deno.test("savePartition: a refused one is on the trace, with its status, until the fabric's end", async () => {
  const fabric = vmbus.createFabric({ trace: "full" });
  const guest = fabric.createPartition({ name: "guest", memoryPages: 16 });
  await fabric.settle();
  const before = fabric.traceDigest();
  await vmbus.savePartition(guest, { itemsMax: -1 });
  assertNotEquals(fabric.traceDigest(), before);
  await vmbus.savePartition(fabric.root);
  guest.crash();
  await vmbus.savePartition(guest);
  const refused = fabric.trace.filter(({ event }) => event === "saveRefused");
  assertEquals(refused.map(({ subject, details }) => [subject, details["status"]]), [
    ["guest", vmbus.STATUS_INVALID_PARAMETER],
    ["root", vmbus.STATUS_INVALID_PARAMETER],
    ["guest", vmbus.STATUS_DEVICE_REMOVED],
  ]);
  const last = fabric.traceDigest();
  fabric.dispose();
  await vmbus.savePartition(guest);
  assertEquals(fabric.traceDigest(), last);
});
