// Trust levels of one machine: partitions that share its processors, each with drivers and a bus of its own
// (wire.md section 6, "Target VTL"; kmcl.md S14).

import { assertEquals, assertThrows } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import {
  clientTable,
  closePair,
  enablePair,
  makePair,
  openPair,
  type Pair,
  PAIR_TYPE,
  serverTable,
} from "../../support/connected_pair.ts";
import { createFabric } from "../../support/fabric.ts";
import { pattern, WAIT } from "../../support/sending.ts";

const SUCCESS = vmbus.STATUS_SUCCESS;

/** A machine with two levels: drivers of the user's, and a paravisor. */
function machine(options: Partial<vmbus.PartitionOptions> = {}) {
  const fabric = createFabric({ codec: "vmbus" });
  const guest = fabric.createPartition({ name: "guest", memoryPages: 256, processors: 2 });
  const above = fabric.createPartition({ name: "above", vtlOf: guest, vtl: 2, ...options });
  return { fabric, guest, above };
}

/** The levels as inspect() shows them. */
function levels(fabric: vmbus.Fabric) {
  return fabric.inspect().partitions.slice(1).map(({ name, vtl, levelOf, servedBy, state }) =>
    `${name} ${vtl} ${levelOf} ${servedBy} ${state}`
  );
}

/** Sends one request from the client to the server, which answers with its payload. */
async function exchange({ fabric, vsc, client }: Pair): Promise<number[]> {
  const answers: number[] = [];
  const packet = vsc.VmbPacketAllocate(client);
  vsc.VmbPacketSetCompletionRoutine(packet, (done, _status, buffer, length) => {
    answers.push(length, buffer[0] ?? -1);
    vsc.VmbPacketFree(done);
  });
  assertEquals(vsc.VmbPacketSend(packet, new Uint8Array(8).fill(7), 8, null, WAIT), SUCCESS);
  await fabric.settle();
  return answers;
}

Deno.test("createPartition: a further trust level shares memory and processors, and has a bus of its own", async () => {
  const { fabric, guest, above } = machine();
  assertEquals(above.memory, guest.memory);
  assertEquals(levels(fabric), ["guest 0 null root running", "above 2 guest root running"]);
  // The same type and instance on both: each level has its own offers, and its own channel 1.
  const low = await openPair({ within: { fabric, guest } });
  const high = await openPair({
    within: { fabric, guest: above },
    server: (vsp, channel) => {
      assertEquals(vsp.VmbServerChannelInitSetTargetVtl(channel, 2), SUCCESS);
    },
  });
  const ids = [low, high].map(({ client }) => vmbus.inspectChannel(client).channelId);
  assertEquals(ids, [1, 1]);
  assertEquals([await exchange(low), await exchange(high)], [[8, 7], [8, 7]]);
  await low.vsc.VmbChannelDisable(low.client);
  await low.vsp.VmbChannelDisable(low.server);
  low.vsc.VmbChannelCleanup(low.client);
  low.vsp.VmbChannelCleanup(low.server);
  await closePair(high); // nothing is left of both, in the one memory
});

// kmcl.md section 4, VmbServerChannelInitSetTargetVtl; S14: a client sees only offers to its own level.
Deno.test("VmbServerChannelInitSetTargetVtl: names the trust level of the machine whose handle the server has", async () => {
  const { fabric, guest, above } = machine();
  const pair = makePair({
    within: { fabric, guest },
    server: (vsp, channel) => {
      assertEquals(vsp.VmbServerChannelInitSetTargetVtl(channel, 2), SUCCESS);
    },
  });
  enablePair(pair);
  const vsc = clientTable(above);
  const { channel } = vmbus.expectSuccess(vsc.VmbChannelAllocate(above.device, false));
  vsc.VmbClientChannelInitSetTargetPnp(channel, PAIR_TYPE, null, null);
  vsc.VmbChannelInitSetProcessPacketCallbacks(channel, () => {}, null);
  assertEquals(vsc.VmbChannelEnable(channel), SUCCESS);
  await fabric.settle();
  assertEquals(vmbus.inspectChannel(channel).lifecycle, "opened");
  assertEquals(vmbus.inspectChannel(pair.client).lifecycle, "enabled"); // the offer is not for its level
});

Deno.test("Partition: all trust levels of a machine are paused, continued, crashed and destroyed together", async () => {
  const { fabric, guest, above } = machine();
  const states = () => fabric.inspect().partitions.slice(1).map(({ state }) => state);
  above.pause();
  assertEquals(states(), ["paused", "paused"]);
  const low = makePair({ within: { fabric, guest } });
  enablePair(low);
  await fabric.settle();
  assertEquals(vmbus.inspectChannel(low.client).lifecycle, "enabled"); // its processors stand still
  guest.resume();
  await fabric.settle();
  assertEquals([states(), vmbus.inspectChannel(low.client).lifecycle], [
    ["running", "running"],
    "opened",
  ]);
  above.crash();
  await fabric.settle();
  assertEquals(states(), ["crashed", "crashed"]);
  assertEquals(low.calls.slice(-2), ["server Suspend", "server Closed"]); // S13
  guest.destroy();
  assertEquals(states(), []);
  await low.vsp.VmbChannelDisable(low.server);
  low.vsp.VmbChannelCleanup(low.server);
  assertEquals([fabric.leaks(), fabric.violations], [[], []]);
});

Deno.test("createPartition: a level that is made while its machine stands still stands still, too", async () => {
  const fabric = createFabric();
  const guest = fabric.createPartition({ name: "guest", memoryPages: 16 });
  guest.pause();
  const above = fabric.createPartition({ name: "above", vtlOf: guest, vtl: 2 });
  assertEquals(levels(fabric), ["guest 0 null root paused", "above 2 guest root paused"]);
  const pair = makePair({
    within: { fabric, guest: above },
    server: (vsp, channel) => {
      assertEquals(vsp.VmbServerChannelInitSetTargetVtl(channel, above.vtl), SUCCESS);
    },
  });
  enablePair(pair);
  await fabric.settle();
  assertEquals(vmbus.inspectChannel(pair.client).lifecycle, "enabled"); // its processors stand still, too
  guest.resume();
  assertEquals(levels(fabric), ["guest 0 null root running", "above 2 guest root running"]);
  await fabric.settle();
  assertEquals(vmbus.inspectChannel(pair.client).lifecycle, "opened");
});

Deno.test("createPartition: a level with memory of its own is out of the reach of the others", () => {
  const { guest, above } = machine({ memoryPages: 8 });
  assertEquals([guest.memory.pageCount, above.memory.pageCount], [256, 8]);
  above.memory.write(0, new Uint8Array([1, 2, 3]));
  assertEquals(guest.memory.read(0, 3), new Uint8Array(3));
});

// A paravisor's servers, in its own device, for the level below it (wire.md section 6, redirect).
Deno.test("createPartition: with redirect the servers of a level run in its paravisor", async () => {
  const fabric = createFabric({ codec: "vmbus" });
  const paravisor = fabric.createPartition({ name: "paravisor", vtl: 2, memoryPages: 64 });
  const query = () =>
    vmbus.WdfFdoQueryForInterface(
      paravisor.device,
      vmbus.KMCL_SERVER_INTERFACE_TYPE,
      vmbus.KMCL_SERVER_INTERFACE_V1_SIZE,
      1,
    );
  assertEquals(query().status, vmbus.STATUS_NOT_SUPPORTED); // it serves nobody yet (kmcl.md N5)
  const guest = fabric.createPartition({
    name: "guest",
    vtlOf: paravisor,
    vtl: 0,
    redirect: true,
    memoryPages: 256,
  });
  assertEquals(levels(fabric), [
    "paravisor 2 null root running",
    "guest 0 paravisor paravisor running",
  ]);
  const { kmcl: vsp } = vmbus.expectSuccess(query());
  const { channel: server } = vmbus.expectSuccess(vsp.VmbChannelAllocate(paravisor.device, true));
  const { kernelHandle } = vmbus.expectSuccess(
    vsp.VmbConvertVmbusHandleToKernelHandle(guest.vmbusHandle),
  );
  vsp.VmbServerChannelInitSetVmbusHandle(server, kernelHandle);
  vmbus.ZwClose(kernelHandle);
  vsp.VmbServerChannelInitSetTargetInterfaceId(
    server,
    PAIR_TYPE,
    "0c7e1f4e-2f52-4c57-8a1e-0d7b4f1c2a33",
  );
  const seen: number[] = [];
  vsp.VmbChannelInitSetProcessPacketCallbacks(server, (_channel, packet, buffer, length) => {
    const { mdl } = vsp.VmbChannelPacketGetExternalData(packet, 0);
    seen.push(length, ...vmbus.mdlSegments(mdl).flatMap((view) => [...view]));
    vsp.VmbChannelPacketComplete(packet, buffer, length);
  }, null);
  assertEquals(vsp.VmbChannelEnable(server), SUCCESS);
  vsp.VmbChannelStart(server);

  const vsc = clientTable(guest);
  const { channel: client } = vmbus.expectSuccess(vsc.VmbChannelAllocate(guest.device, false));
  vsc.VmbClientChannelInitSetTargetPnp(client, PAIR_TYPE, null, null);
  vsc.VmbClientChannelInitSetRingBufferPageCount(client, 4, 4);
  vsc.VmbChannelInitSetProcessPacketCallbacks(client, () => {}, null);
  assertEquals(vsc.VmbChannelEnable(client), SUCCESS);
  await fabric.settle();
  assertEquals(vmbus.inspectChannel(client).lifecycle, "opened");
  // The paravisor sees the memory that a packet names, and nothing of its own is seen.
  const page = guest.memory.allocate(4096);
  guest.memory.write(page.gpa, pattern(4));
  const mdl = vmbus.IoAllocateMdl(guest.memory, page.gpa, 4);
  const packet = vsc.VmbPacketAllocate(client);
  assertEquals(vsc.VmbPacketSend(packet, new Uint8Array(8), 8, mdl, WAIT), SUCCESS);
  await fabric.settle();
  assertEquals(seen, [8, ...pattern(4)]);

  await vsc.VmbChannelDisable(client);
  await vsp.VmbChannelDisable(server);
  await fabric.settle();
  vsc.VmbChannelCleanup(client);
  vsp.VmbChannelCleanup(server);
  guest.memory.free(page);
  assertEquals([fabric.leaks(), fabric.violations], [[], []]);
});

Deno.test("VmbChannelEnable: a server of the host cannot offer to a level that its paravisor serves", () => {
  const fabric = createFabric();
  const paravisor = fabric.createPartition({ name: "paravisor", vtl: 2, memoryPages: 16 });
  const guest = fabric.createPartition({ name: "guest", vtlOf: paravisor, redirect: true });
  const pair = makePair({ within: { fabric, guest } });
  assertEquals(pair.vsp.VmbChannelEnable(pair.server), vmbus.STATUS_INVALID_DEVICE_REQUEST);
});

Deno.test("Partition.crash: ends a paravisor with the level that it serves", async () => {
  const fabric = createFabric();
  const paravisor = fabric.createPartition({ name: "paravisor", vtl: 2, memoryPages: 64 });
  const guest = fabric.createPartition({ name: "guest", vtlOf: paravisor, redirect: true });
  const seen: string[] = [];
  vmbus.loadHostDriver(guest, {
    name: "relay",
    start: ({ partition, device }) => {
      seen.push(partition.name);
      const { kmcl } = vmbus.expectSuccess(vmbus.WdfFdoQueryForInterface(
        device,
        vmbus.KMCL_SERVER_INTERFACE_TYPE,
        vmbus.KMCL_SERVER_INTERFACE_V1_SIZE,
        1,
      ));
      vmbus.expectSuccess(kmcl.VmbChannelAllocate(device, true));
      return { save: () => null, resume: () => {} };
    },
    restore: () => ({ save: () => null, resume: () => {} }),
  });
  assertEquals(seen, ["paravisor"]); // its device is where the servers of its guest run
  await fabric.settle();
  paravisor.crash();
  await fabric.settle();
  assertEquals(levels(fabric).map((line) => line.split(" ").at(-1)), ["crashed", "crashed"]);
  guest.destroy();
  assertEquals(levels(fabric), []);
  assertEquals([fabric.leaks(), fabric.violations], [[], []]);
});

Deno.test("createPartition: refuses levels that cannot be", () => {
  const { fabric, guest, above } = machine();
  const create = (options: Partial<vmbus.PartitionOptions>) => () =>
    fabric.createPartition({ name: "more", ...options });
  const notLiving = "vtlOf must be a guest of this fabric that lives, not ";
  for (const vtlOf of [fabric.root, createFabric().createPartition({ name: "x" }), {} as never]) {
    assertThrows(create({ vtlOf, vtl: 1 }), TypeError, notLiving);
  }
  assertThrows(create({ vtlOf: guest, vtl: 2 }), RangeError, "guest has a trust level 2 already");
  assertThrows(create({ vtlOf: guest }), RangeError, "guest has a trust level 0 already");
  assertThrows(create({ vtlOf: guest, vtl: 1, redirect: true }), RangeError, "higher trust level");
  assertThrows(create({ vtlOf: guest, vtl: 1, processors: 2 }), TypeError, "processors is that of");
  assertThrows(create({ vtlOf: guest, vtl: 1, mmioMegabytes: 2 }), TypeError, "mmioMegabytes is");
  assertThrows(create({ redirect: true }), TypeError, "redirect is for a partition with vtlOf");
  assertThrows(
    create({ redirect: 1 as never }),
    TypeError,
    "redirect must be true or false, not 1",
  );
  above.crash();
  assertThrows(create({ vtlOf: guest, vtl: 1 }), TypeError, notLiving);
  serverTable(fabric); // the root's is there as before
});
