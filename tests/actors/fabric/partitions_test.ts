// api.md section 3: what pause, resume, crash and destroy of a partition mean to a program.
import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import type { FabricRuntime } from "../../../actors/fabric/fabric_runtime.ts";
import * as vmbus from "../../../mod.ts";
import {
  clientTable,
  closePair,
  enablePair,
  makePair,
  openPair,
  type Pair,
  serverTable,
} from "../../support/connected_pair.ts";
import { endServer, hops, post, request, watch } from "../../support/driving.ts";

function lifecycles({ server, client }: Pair): (string | undefined)[] {
  return [server, client].map((channel) => vmbus.inspectChannel(channel)?.lifecycle);
}

Deno.test("Fabric.partitions: has the root first, and each guest until it is destroyed", () => {
  const fabric = vmbus.createFabric();
  const [a, b] = ["a", "b"].map((name) => fabric.createPartition({ name, memoryPages: 16 }));
  assertEquals(fabric.partitions.map(({ name }) => name), ["root", "a", "b"]);
  assertStrictEquals(fabric.partitions[0], fabric.root);
  a?.crash();
  assertEquals(fabric.partitions.map(({ name }) => name), ["root", "a", "b"]);
  a?.destroy();
  assertEquals(fabric.partitions.map(({ name }) => name), ["root", "b"]);
  a?.destroy();
  b?.destroy();
  assertEquals(fabric.partitions.map(({ name }) => name), ["root"]);
});

Deno.test("Partition.pause: stops its processors; its memory stays", async () => {
  const log: string[] = [];
  const pair = await openPair({
    onClientPacket: (_channel, packet) => {
      log.push("packet");
      pair.vsc.VmbChannelPacketComplete(packet, null, 0);
    },
  });
  const buffer = pair.guest.memory.allocate(8);
  pair.guest.memory.write(buffer.gpa, Uint8Array.of(1, 2, 3));
  pair.guest.pause();
  assertEquals(pair.fabric.inspect().partitions[1]?.state, "paused");
  post(pair.vsp, pair.server);
  await pair.fabric.advance(100);
  assertEquals(log, []);
  assertEquals([...pair.guest.memory.read(buffer.gpa, 3)], [1, 2, 3]);
  pair.guest.resume();
  assertEquals(log, [], "resume returns at once, and runs nothing itself");
  await pair.fabric.settle();
  assertEquals(log, ["packet"]);
  pair.guest.memory.free(buffer);
  await closePair(pair);
});

Deno.test("Partition.pause: leaves the other partitions running", async () => {
  const pair = await openPair();
  const other = pair.fabric.createPartition({ name: "other", memoryPages: 512 });
  const second = makePair({
    within: { fabric: pair.fabric, guest: other },
    instance: "0c7e1f4e-2f52-4c57-8a1e-0d7b4f1c2a35",
  });
  enablePair(second);
  pair.guest.pause();
  await pair.fabric.settle();
  assertEquals(lifecycles(second), ["opened", "opened"]);
  assertEquals((await request(second)).status, vmbus.STATUS_SUCCESS);
  pair.guest.resume();
});

Deno.test("Partition.pause: holds a callback that waits until the partition continues", async () => {
  const log: string[] = [];
  const pair: Pair = makePair({
    clientCallbacks: {
      EvtChannelPostStarted: async () => {
        await pair.fabric.delay(5);
        log.push(`first at ${pair.fabric.now()}`);
        await pair.fabric.delay(5);
        log.push(`second at ${pair.fabric.now()}`);
      },
    },
  });
  enablePair(pair);
  await pair.fabric.advance(2);
  pair.guest.pause();
  await pair.fabric.advance(20);
  assertEquals(log, []);
  assertEquals(pair.fabric.inspect().callers.map(({ inside }) => inside), [
    "EvtChannelPostStarted",
  ]);
  pair.guest.resume();
  await pair.fabric.settle();
  assertEquals(log, ["first at 22"]);
  await pair.fabric.advance(5);
  assertEquals(log, ["first at 22", "second at 27"]);
  await closePair(pair);
});

Deno.test("Partition.pause: twice is once, and so is resume", async () => {
  const pair = await openPair();
  const digest = () => pair.fabric.inspect().partitions[1]?.state;
  pair.guest.resume();
  assertEquals(digest(), "running");
  pair.guest.pause();
  pair.guest.pause();
  assertEquals(digest(), "paused");
  pair.guest.resume();
  pair.guest.resume();
  assertEquals(digest(), "running");
  assertEquals((await request(pair)).status, vmbus.STATUS_SUCCESS);
  await closePair(pair);
});

Deno.test("Partition.pause: of the root stops the servers", async () => {
  const pair = await openPair();
  pair.fabric.root.pause();
  const asked = watch(request(pair));
  await pair.fabric.settle();
  assertEquals(asked.state, "pending");
  pair.fabric.root.resume();
  await pair.fabric.settle();
  assertEquals(asked.state, "resolved");
  await closePair(pair);
});

Deno.test("Partition.crash: ends what its drivers wait for with STATUS_DEVICE_REMOVED", async () => {
  const pair = await openPair({ onServerPacket: () => {} });
  const { fabric, vsc, client, guest } = pair;
  const asked = request(pair);
  const paused = watch(vsc.VmbChannelPause(client));
  const disabled = watch(vsc.VmbChannelDisable(client));
  guest.crash();
  assertEquals((await asked).status, vmbus.STATUS_DEVICE_REMOVED);
  await fabric.settle();
  assertEquals([paused.state, disabled.state], ["resolved", "resolved"]);
  assertEquals((await request(pair)).status, vmbus.STATUS_DEVICE_REMOVED);
  assertEquals(fabric.inspect().partitions[1]?.state, "crashed");
});

Deno.test("Partition.crash: makes its endpoints Disabled, and closes its server sides", async () => {
  const pair = await openPair();
  const { fabric, vsc, client, guest, calls } = pair;
  calls.length = 0;
  guest.crash();
  assertEquals(vmbus.inspectChannel(client)?.lifecycle, "disabled");
  await fabric.settle();
  assertEquals(calls, ["server Suspend", "server Closed"]);
  // Disable and Cleanup do nothing: they are no misuse either.
  await vsc.VmbChannelDisable(client);
  vsc.VmbChannelCleanup(client);
  assertEquals(vmbus.inspectChannel(client)?.lifecycle, "disabled");
  assertEquals(vsc.VmbChannelEnable(client), vmbus.STATUS_INVALID_DEVICE_STATE);
  await endServer(pair);
});

Deno.test("Partition.crash: never lets its callbacks run again", async () => {
  const log: string[] = [];
  const pair: Pair = makePair({
    clientCallbacks: {
      EvtChannelPostStarted: async () => {
        log.push("began");
        await pair.fabric.delay(5);
        log.push("went on");
      },
    },
    onClientPacket: () => {
      log.push("packet");
    },
  });
  enablePair(pair);
  await pair.fabric.settle();
  post(pair.vsp, pair.server);
  pair.guest.crash();
  await pair.fabric.advance(10);
  pair.guest.resume();
  pair.guest.pause();
  await pair.fabric.advance(10);
  assertEquals(log, ["began"]);
  assertEquals(pair.fabric.inspect().callers, []);
  assertEquals(pair.fabric.inspect().callbacks, []);
  await endServer(pair);
});

Deno.test("Partition.crash: makes what its callbacks do later nobody's concern", async () => {
  const gate = Promise.withResolvers<void>();
  const pair: Pair = makePair({
    clientCallbacks: {
      EvtChannelPostStarted: async () => {
        pair.guest.crash();
        await gate.promise;
        throw new Error("too late");
      },
    },
  });
  enablePair(pair);
  await pair.fabric.settle();
  gate.resolve();
  await hops(10);
  await pair.fabric.settle();
  await endServer(pair);
});

Deno.test("Partition.crash: of a paused partition gives its callers their answers", async () => {
  const statuses: (string | undefined)[] = [];
  const pair: Pair = makePair({
    onServerPacket: () => {},
    clientCallbacks: {
      EvtChannelPostStarted: async () => {
        const { status } = await request(pair, "ask", -10_000);
        statuses.push(vmbus.ntStatusName(status));
      },
    },
  });
  enablePair(pair);
  await pair.fabric.settle();
  pair.guest.pause();
  await pair.fabric.advance(5); // the timeout elapses, and the caller cannot hear of it
  assertEquals(statuses, []);
  pair.guest.crash();
  await pair.fabric.settle();
  assertEquals(statuses, ["STATUS_CANCELLED"]);
});

Deno.test("Partition.destroy: is a crash, and then its handles die", async () => {
  const pair = await openPair();
  const { fabric, vsp, guest, calls } = pair;
  const { kernelHandle } = vmbus.expectSuccess(
    vsp.VmbConvertVmbusHandleToKernelHandle(guest.vmbusHandle),
  );
  calls.length = 0;
  guest.destroy();
  await fabric.settle();
  assertEquals(calls, ["server Suspend", "server Closed"]);
  const { channel: late } = vmbus.expectSuccess(vsp.VmbChannelAllocate(fabric.root.device, true));
  assertEquals(
    vsp.VmbServerChannelInitSetVmbusHandle(late, kernelHandle),
    vmbus.STATUS_INVALID_PARAMETER_2,
  );
  assertEquals(
    vsp.VmbConvertVmbusHandleToKernelHandle(guest.vmbusHandle).status,
    vmbus.STATUS_INVALID_HANDLE,
  );
  assertEquals(vmbus.ZwClose(kernelHandle), vmbus.STATUS_INVALID_HANDLE);
  const query = vmbus.WdfFdoQueryForInterface(
    guest.device,
    vmbus.KMCL_CLIENT_INTERFACE_TYPE,
    vmbus.KMCL_CLIENT_INTERFACE_V1_SIZE,
    vmbus.KMCL_CLIENT_INTERFACE_VERSION_V1,
  );
  assertEquals([query.status, query.kmcl], [vmbus.STATUS_NOT_FOUND, null]);
  vsp.VmbChannelCleanup(late);
  await endServer(pair);
});

Deno.test("Partition.crash: is not for the root, nor is destroy", () => {
  const { root } = vmbus.createFabric();
  for (const call of ["crash", "destroy"] as const) {
    assertThrows(
      () => root[call](),
      Error,
      `Cannot ${call} the root partition as the fabric runs in it`,
    );
  }
});

Deno.test("Partition: what a crashed one leaves is no leak", async () => {
  const pair = await openPair();
  const { fabric, vsc, client, guest } = pair;
  guest.memory.allocate(4096);
  vsc.VmbPacketAllocate(client);
  assert(fabric.leaks().length > 2);
  guest.crash();
  await endServer(pair);
});

Deno.test("Partition.postControlMessage: puts bytes on the bus as they are", async () => {
  const pair = await openPair({ fabric: { trace: "full" } });
  const { fabric, guest } = pair;
  const bytes = Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0); // RequestOffers, which the guest sent before
  guest.postControlMessage("toHost", bytes);
  bytes.fill(0); // it was copied
  assertEquals(fabric.inspect().partitions[1]?.messagesToHost, 1);
  await fabric.settle();
  const state = fabric.inspect().partitions[1];
  assertEquals([state?.messagesToHost, state?.faultCount], [0, 1]);
  assertEquals(state?.faults, [
    {
      direction: "toHost",
      message: "requestOffers",
      fault: "unexpectedMessage",
      reason: "the offers are asked for once in a connection, and were",
    },
  ]);
  const sent = fabric.trace.filter(({ event }) => event === "messageToHost").at(-1);
  assertEquals(sent?.values, ["0300000000000000"]);
  guest.postControlMessage("toGuest", new Uint8Array(0));
  await fabric.settle();
  assertEquals(fabric.inspect().partitions[1]?.faultCount, 2);
  await closePair(pair);
});

Deno.test("Partition.postControlMessage: refuses another direction, and what is no bytes", () => {
  const guest = vmbus.createFabric().createPartition({ name: "guest", memoryPages: 16 });
  const post = guest.postControlMessage as (direction: unknown, bytes: unknown) => void;
  assertThrows(
    () => post.call(guest, "sideways", new Uint8Array(8)),
    TypeError,
    "Cannot post a control message: no direction is called sideways",
  );
  assertThrows(
    () => post.call(guest, "toHost", "text"),
    TypeError,
    "Cannot post a control message: a value of type string is no ArrayBufferView",
  );
});

Deno.test("Partition: has its name, its device and its memory", () => {
  const fabric = vmbus.createFabric();
  const guest = fabric.createPartition({ name: "a guest", memoryPages: 16 });
  assertEquals([guest.name, guest.memory.pageCount], ["a guest", 16]);
  assertEquals(
    vmbus.NT_SUCCESS(clientTable(guest).VmbChannelAllocate(guest.device, false).status),
    true,
  );
  const { status } = serverTable(fabric).VmbChannelAllocate(guest.device, true);
  assertEquals(status, vmbus.STATUS_INVALID_PARAMETER_2);
});

Deno.test("Partition.pause: ends no run that has nothing else to do", async () => {
  const pair = await openPair();
  pair.guest.pause();
  post(pair.vsp, pair.server);
  await pair.fabric.run();
  assertEquals(pair.fabric.now(), 0);
  pair.guest.resume();
  await pair.fabric.run();
  await closePair(pair);
});

for (const ends of [["destroy"], ["crash", "destroy"], ["pause", "crash", "destroy"]] as const) {
  for (const interpreter of ["compiled", "stock"] as const) {
    Deno.test(`Partition.destroy: its actors end, those of its channels and packets too (${ends.join()}, ${interpreter})`, async () => {
      const pair = await openPair({ fabric: { interpreter } });
      const { fabric, guest, vsc, vsp, client, server } = pair;
      const { system } = (fabric as FabricRuntime).actors;
      for (let packet = 0; packet < 3; packet++) vsc.VmbPacketAllocate(client);
      assertEquals(system.livingCount, 2 + 4 + 2 + 3 + 4); // partitions, ends of buses, endpoints, packets; channel and rings on both ends
      for (const end of ends) guest[end]();
      assertEquals(system.livingCount, 3 + 1 + 2);
      vsc.VmbPacketFree(vsc.VmbPacketAllocate(client)); // its driver does not know
      assertEquals(system.livingCount, 3 + 1 + 2);
      await fabric.settle();
      await vsc.VmbChannelDisable(client); // which does nothing
      vsc.VmbChannelCleanup(client);
      await vsp.VmbChannelDisable(server);
      vsp.VmbChannelCleanup(server);
      assertEquals(system.livingCount, 3);
      assertEquals(fabric.leaks(), []);
    });
  }
}
