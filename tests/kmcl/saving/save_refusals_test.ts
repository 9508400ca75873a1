// docs/save-restore.md: when a guest is not saved, it continues unharmed.
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { FabricRuntime } from "../../../actors/fabric/fabric_runtime.ts";
import { PartitionObject } from "../../../actors/partition/partition_object.ts";
import * as vmbus from "../../../mod.ts";
import { defineScenario, runWorld } from "../../../simulator/mod.ts";
import { clientTable, serverTable } from "../../support/connected_pair.ts";
import { post } from "../../support/driving.ts";
import { endpointBehind } from "../../support/endpoints.ts";
import {
  type OnPacket,
  stubClient,
  type StubGuest,
  stubGuest,
  type StubHost,
  stubHost,
  stubServer,
  stubWorld,
} from "../../support/stub_drivers.ts";
import type { Treatment } from "../../support/treatment.ts";

/** A guest and a server with a channel between them; both count the packets that they completed. */
async function connected(
  onServer: Treatment | OnPacket = "complete",
  onClient: Treatment | OnPacket = "complete",
  host: StubHost = {},
  guestStub: StubGuest = {},
  callbacks: (guest: vmbus.Partition) => Partial<vmbus.StateChangeCallbacks> = () => ({}),
) {
  const { fabric, guest } = stubWorld({ verifier: "record" });
  const channels: { server?: vmbus.VMBCHANNEL; client?: vmbus.VMBCHANNEL } = {};
  const load = {
    ...host,
    start: (context: vmbus.HostContext) => {
      channels.server = stubServer(context, onServer);
    },
  };
  vmbus.loadHostDriver(guest, stubHost(load));
  vmbus.loadGuestDriver(
    guest,
    stubGuest({
      ...guestStub,
      start: (context) => {
        channels.client = stubClient(context, onClient, callbacks(guest));
      },
    }),
  );
  await fabric.settle();
  const { server, client } = channels as Required<typeof channels>;
  return { fabric, guest, server, client, vsp: serverTable(fabric), vsc: clientTable(guest) };
}

/** Asks for a save that must be refused; checks that packets move both ways as before. */
async function refused(
  world: Awaited<ReturnType<typeof connected>>,
  options: vmbus.SaveOptions = {},
): Promise<readonly [string, string]> {
  const result = await vmbus.savePartition(world.guest, options);
  assertEquals([result.bytes === null, result.summary], [true, null]);
  return [String(vmbus.ntStatusName(result.status)), String(result.reason)];
}

async function assertUnharmed(world: Awaited<ReturnType<typeof connected>>): Promise<void> {
  const { fabric, guest, server, client, vsp, vsc } = world;
  post(vsc, client);
  post(vsp, server);
  await fabric.settle();
  for (const channel of [server, client]) {
    const { lifecycle, flow, outstanding, packets } = vmbus.inspectChannel(channel);
    assertEquals([lifecycle, flow, outstanding, packets], ["opened", "active", 0, []]);
  }
  assertEquals((await vmbus.savePartition(guest)).reason, null);
}

Deno.test("savePartition: the root, another's partition and a bad bound are refused", async () => {
  const { fabric, guest } = stubWorld();
  const asked: readonly (readonly [unknown, unknown])[] = [
    [fabric.root, {}],
    [{ ...guest }, {}],
    [null, {}],
    [guest, { itemsMax: -1 }],
    [guest, { itemsMax: 1.5 }],
    [guest, { itemsMax: "7" }],
  ];
  for (const [partition, options] of asked) {
    const { status, bytes, reason } = await vmbus.savePartition(
      partition as vmbus.Partition,
      options as vmbus.SaveOptions,
    );
    assertEquals([status, bytes], [vmbus.STATUS_INVALID_PARAMETER, null]);
    assertEquals(typeof reason, "string");
  }
});

Deno.test("savePartition: a partition that crashed or was destroyed is gone", async () => {
  for (const end of ["crash", "destroy"] as const) {
    const { guest } = stubWorld();
    guest[end]();
    const { status } = await vmbus.savePartition(guest);
    assertEquals(status, vmbus.STATUS_DEVICE_REMOVED);
  }
});

Deno.test("savePartition: a channel of a driver that was not loaded is named", async () => {
  const world = stubWorld();
  const { fabric, guest } = world;
  const kmcl = clientTable(guest);
  const { channel } = vmbus.expectSuccess(kmcl.VmbChannelAllocate(guest.device, false));
  const first = await vmbus.savePartition(guest);
  assertEquals(first.status, vmbus.STATUS_NOT_SUPPORTED);
  assertStringIncludes(first.reason!, "channel 1 (client)");
  kmcl.VmbChannelCleanup(channel);
  stubServer({ fabric, partition: fabric.root, device: fabric.root.device, guest });
  const second = await vmbus.savePartition(guest);
  assertEquals(second.status, vmbus.STATUS_NOT_SUPPORTED);
  assertStringIncludes(second.reason!, "channel 2 (server)");
});

Deno.test("savePartition: a server that was loaded for another guest is named", async () => {
  const { fabric, guest } = stubWorld();
  const other = fabric.createPartition({ name: "other", memoryPages: 16 });
  const start = (context: vmbus.HostContext) => void stubServer({ ...context, guest: other });
  vmbus.loadHostDriver(guest, stubHost({ start }));
  for (const partition of [guest, other]) {
    const { status, reason } = await vmbus.savePartition(partition);
    assertEquals(status, vmbus.STATUS_NOT_SUPPORTED);
    assertStringIncludes(reason!, "channel 1 (server)");
  }
});

Deno.test("savePartition: cannot be asked for inside a callback", async () => {
  const failures: Promise<unknown>[] = [];
  const world = await connected((kmcl, packet) => {
    failures.push(
      assertRejects(() => vmbus.savePartition(world.guest), Error, "inside a callback"),
    );
    kmcl.VmbChannelPacketComplete(packet, null, 0);
  });
  post(world.vsc, world.client);
  await world.fabric.settle();
  await Promise.all(failures);
  assertEquals(failures.length, 1);
});

Deno.test("savePartition: one save of a guest at a time", async () => {
  const world = await connected();
  post(world.vsc, world.client);
  const first = vmbus.savePartition(world.guest);
  const second = await refused(world);
  assertEquals(second[0], "STATUS_INVALID_DEVICE_STATE");
  assertEquals((await first).reason, null);
});

Deno.test("savePartition: a callback that awaits what the fabric does not know is named", async () => {
  let give = () => {};
  const world = await connected("complete", async (kmcl, packet) => {
    await new Promise<void>((resolve) => give = resolve);
    kmcl.VmbChannelPacketComplete(packet, null, 0);
  });
  world.vsc.VmbChannelSetIncomingProcessingAtPassive(world.client, true);
  post(world.vsp, world.server);
  if (!(world.fabric instanceof FabricRuntime)) {
    throw new TypeError("Cannot step through the fabric");
  }
  await world.fabric.loop.driveUntil("step", () => false, 3); // settle would wait for it
  const [status, reason] = await refused(world, { itemsMax: 70 });
  assertEquals(status, "STATUS_TIMEOUT");
  assertStringIncludes(reason, "EvtChannelProcessPacket of channel 2 (client) does not end");
  give();
  await world.fabric.settle();
  world.vsc.VmbChannelSetIncomingProcessingAtPassive(world.client, false);
  world.vsp.VmbChannelStart(world.server);
  assertEquals(vmbus.inspectChannel(world.client).outstanding, 0);
  assertEquals((await vmbus.savePartition(world.guest)).reason, null);
});

Deno.test("savePartition: a callback that waits in KMCL is named with what it waits for", async () => {
  const held: vmbus.VMBPACKETCOMPLETION[] = [];
  const onServer: OnPacket = (_kmcl, packet) => void held.push(packet);
  const world = await connected(onServer, "complete", {}, {}, (guest) => ({
    EvtChannelPostStarted: async (channel) => {
      await clientTable(guest).VmbChannelSendSynchronousRequest(
        channel,
        new Uint8Array(8),
        8,
        null,
        vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION,
        null,
        0,
      );
    },
  }));
  const [status, reason] = await refused(world);
  assertEquals(status, "STATUS_TIMEOUT");
  assertStringIncludes(reason, "EvtChannelPostStarted of channel 2 (client)");
  assertStringIncludes(reason, "VmbChannelSendSynchronousRequest for the end of packet 0");
  world.vsp.VmbChannelPacketComplete(held.pop()!, null, 0);
  assertEquals((await vmbus.savePartition(world.guest)).reason, null);
  assertEquals(world.fabric.inspect().callbacks, []);
});

Deno.test("savePartition: a callback that a delay ends is waited for, in virtual time", async () => {
  const world = await connected("complete", async (kmcl, packet) => {
    await world.fabric.delay(30);
    kmcl.VmbChannelPacketComplete(packet, null, 0);
  });
  world.vsc.VmbChannelSetIncomingProcessingAtPassive(world.client, true);
  post(world.vsp, world.server);
  await world.fabric.settle();
  assertEquals((await vmbus.savePartition(world.guest)).reason, null);
  assertEquals(world.fabric.now(), 30);
});

Deno.test("savePartition: a host driver that throws or rejects is named, and told to go on", async () => {
  const resumed: string[] = [];
  let failing: () => unknown = () => null;
  const world = await connected("complete", "complete", {
    save: () => failing(),
    resume: () => void resumed.push("resume"),
  });
  const fails: readonly (readonly [() => unknown, string])[] = [
    [() => {
      throw new Error("no room");
    }, "no room"],
    [() => Promise.reject(new Error("no room, later")), "no room, later"],
    [() => ({ at: new Map() }), "its state.at"],
    [() => Promise.resolve(() => {}), "its state is of type function"],
  ];
  for (const [fail, text] of fails) {
    failing = fail;
    const [status, reason] = await refused(world);
    assertEquals(status, "STATUS_UNSUCCESSFUL");
    assertStringIncludes(reason, 'host driver "stub" cannot be saved');
    assertStringIncludes(reason, text);
    assertEquals(resumed.splice(0), ["resume"]);
  }
  failing = () => null;
  await assertUnharmed(world);
  assertEquals(resumed, []);
  world.guest.resume();
  assertEquals(resumed, ["resume"]);
});

Deno.test("savePartition: a driver that never completes a packet ends it in time, and continues", async () => {
  const held: vmbus.VMBPACKETCOMPLETION[] = [];
  const ended: string[] = [];
  let isSaving = true;
  const world = await connected((_kmcl, packet) => void held.push(packet), "complete", {
    async save() {
      if (!isSaving) return null;
      try {
        await world.vsp.VmbChannelPause(world.server);
        return null;
      } finally {
        ended.push("save ended");
      }
    },
    resume() {
      ended.push("resume");
      world.vsp.VmbChannelStart(world.server);
    },
  });
  post(world.vsc, world.client);
  const [status, reason] = await refused(world);
  assertEquals(status, "STATUS_TIMEOUT");
  assertStringIncludes(reason, 'HostDriver.save of host driver "stub" does not end');
  assertStringIncludes(reason, "VmbChannelPause for channel 1 (server) to come to rest");
  assertEquals(ended, ["save ended", "resume"]);
  assertEquals(world.fabric.inspect().callbacks, []);
  for (const packet of held.splice(0)) world.vsp.VmbChannelPacketComplete(packet, null, 0);
  await world.fabric.settle();
  assertEquals(vmbus.inspectChannel(world.server).flow, "active");
  isSaving = false;
  assertEquals((await vmbus.savePartition(world.guest)).reason, null);
});

Deno.test("savePartition: a guest driver must tell plain data, and change nothing", async () => {
  let saving: (tokens: vmbus.HandleTokens) => unknown = () => null;
  const world = await connected("complete", "complete", {}, { save: (tokens) => saving(tokens) });
  const { vsc, client, server } = world;
  const fails: readonly (readonly [(tokens: vmbus.HandleTokens) => unknown, string])[] = [
    [() => {
      throw new Error("not now");
    }, "not now"],
    [() => Promise.resolve(null), "its state"],
    [() => [1, undefined], "its state[1]"],
    [() => vsc.VmbPacketAllocate(client), "Cannot call KMCL functions"],
    [() => vsc.VmbChannelEnable(client), "Cannot call KMCL functions"],
    [() => vsc.VmbChannelAllocate(world.guest.device, false), "Cannot call KMCL functions"],
    [(tokens) => tokens.of(server), "no live handle of guest driver"],
    [(tokens) => tokens.of({} as vmbus.VMBCHANNEL), "no live handle of guest driver"],
  ];
  for (const [fail, text] of fails) {
    saving = fail;
    const [status, reason] = await refused(world);
    assertEquals(status, "STATUS_UNSUCCESSFUL");
    assertStringIncludes(reason, 'guest driver "stub" cannot be saved');
    assertStringIncludes(reason, text);
  }
  saving = () => null;
  await assertUnharmed(world);
});

Deno.test("savePartition: a guest that is resumed or crashes meanwhile is not saved", async () => {
  for (
    const [change, expected] of [["resume", "STATUS_INVALID_DEVICE_STATE"], [
      "crash",
      "STATUS_DEVICE_REMOVED",
    ]] as const
  ) {
    const world = await connected("complete", "complete", {
      async save() {
        await world.fabric.delay(1);
        world.guest[change]();
        return null;
      },
    });
    const [status] = await refused(world);
    assertEquals(status, expected);
    await world.fabric.settle();
  }
});

Deno.test("savePartition: what a driver throws on the way fails it, and the guest continues", async () => {
  const { fabric, guest } = stubWorld();
  let channel: vmbus.VMBCHANNEL | null = null;
  const slow: OnPacket = async (kmcl, packet) => {
    await fabric.delay(1);
    kmcl.VmbChannelPacketComplete(packet, null, 0);
    throw new Error("a driver's bug");
  };
  vmbus.loadHostDriver(
    guest,
    stubHost({ start: (context) => void (channel = stubServer(context)) }),
  );
  const start = (context: vmbus.GuestContext) => {
    clientTable(guest).VmbChannelSetIncomingProcessingAtPassive(stubClient(context, slow), true);
  };
  vmbus.loadGuestDriver(guest, stubGuest({ start }));
  await fabric.settle();
  post(serverTable(fabric), channel!);
  await fabric.settle();
  await assertRejects(() => vmbus.savePartition(guest), Error, "a driver's bug");
  assertEquals(fabric.inspect().partitions[1]!.state, "running");
  assertEquals((await vmbus.savePartition(guest)).reason, null);
});

function connectionOf(fabric: vmbus.Fabric): vmbus.ConnectionState | undefined {
  return fabric.inspect().partitions[1]?.connection;
}

// Found by worlds in which the bytes of messages are damaged.
Deno.test("savePartition: a guest whose contact was damaged is saved as far as it has come", async () => {
  const scenario = defineScenario({
    name: "unheard",
    title: "a guest whose first message is damaged is saved",
    partitions: { guest: { memoryPages: 16 } },
    faults: [{ do: "messageDamaged", nth: 1, budget: 1 }],
    workload: async (world) => {
      await world.fabric.delay(1);
      const { bytes, reason } = await vmbus.savePartition(world.guest("guest"));
      assertEquals(reason, null);
      const elsewhere = vmbus.createFabric();
      vmbus.expectSuccess(vmbus.restorePartition(elsewhere, bytes!));
      assertEquals(connectionOf(elsewhere), connectionOf(world.fabric));
      elsewhere.dispose();
    },
  });
  const { findings, faults } = await runWorld(scenario, { schedule: "fifo" });
  assertEquals([findings, faults.length], [[], 1]);
});

// Found by worlds in which the bus takes offers back, and makes them again.
Deno.test("savePartition: refuses a guest that is offered a channel after its server was saved", async () => {
  let isOfferedLate = true;
  const world = await connected("complete", "complete", {
    async save() {
      await world.vsp.VmbChannelPause(world.server);
      await vmbus.saveServerChannel(world.vsp, world.server);
      if (isOfferedLate) bus.host.offerAgain(endpoint);
      return null;
    },
    resume: () => void world.vsp.VmbChannelStart(world.server),
  });
  const endpoint = endpointBehind(world.server);
  const { bus } = PartitionObject.guestOf(endpoint)!;
  bus.host.takeBack(endpoint);
  await world.fabric.settle();
  const [status, reason] = await refused(world);
  assertEquals(status, "STATUS_UNSUCCESSFUL");
  assertStringIncludes(reason, "has changed since");
  isOfferedLate = false;
  assertEquals((await vmbus.savePartition(world.guest)).reason, null);
});
