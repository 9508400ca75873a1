/**
 * Which client gets which offer (kmcl.md S14): order, instances, partitions, trust levels, loopback.
 *
 * @module
 */

import { createFabric } from "../../support/fabric.ts";
import { assertEquals } from "@std/assert";
import { encodeControlMessage } from "../../../core/control/codec.ts";
import * as vmbus from "../../../mod.ts";
import { offerMessage } from "../../../simulator/peers/mod.ts";
import { clientTable, PAIR_TYPE, serverTable, setVmbus } from "../../support/connected_pair.ts";

const OTHER_TYPE = "7d9d9a51-5ea2-4f9a-9d0c-3f2c7f3b8f10";
const instance = (number: number) => `0000000${number}-2f52-4c57-8a1e-0d7b4f1c2a33`;

/** A fabric in which tests make servers and clients. */
class Stage {
  readonly fabric: vmbus.Fabric;
  readonly vsp: vmbus.KmclServerInterfaceV1;
  readonly guest: vmbus.Partition;
  /** Endpoints that were made, with the table and so the partition that they are of. */
  readonly #made: [vmbus.KmclClientInterfaceV1, vmbus.VMBCHANNEL][] = [];

  constructor(options: vmbus.FabricOptions = {}) {
    this.fabric = createFabric(options);
    this.vsp = serverTable(this.fabric);
    this.guest = this.addGuest("guest");
  }

  addGuest(name: string, vtl = 0): vmbus.Partition {
    return this.fabric.createPartition({ name, vtl, memoryPages: 256 });
  }

  /** An offer, enabled and started. */
  offer(
    number: number,
    { guest = this.guest, type = PAIR_TYPE, vtl = 0, flags = 0 } = {},
  ): vmbus.VMBCHANNEL {
    const { vsp, fabric } = this;
    const { channel } = vmbus.expectSuccess(vsp.VmbChannelAllocate(fabric.root.device, true));
    setVmbus(vsp, channel, guest);
    const statuses = [
      vsp.VmbServerChannelInitSetTargetInterfaceId(channel, type, instance(number)),
      vsp.VmbServerChannelInitSetTargetVtl(channel, vtl),
      vsp.VmbServerChannelInitSetFlags(channel, flags),
      vsp.VmbChannelInitSetProcessPacketCallbacks(
        channel,
        (_channel, packet, buffer, byteCount) => {
          vsp.VmbChannelPacketComplete(packet, buffer, byteCount);
        },
      ),
      vsp.VmbChannelEnable(channel),
    ];
    assertEquals(statuses, statuses.map(() => vmbus.STATUS_SUCCESS));
    vsp.VmbChannelStart(channel);
    this.#made.push([vsp, channel]);
    return channel;
  }

  /** A client of any instance, or of one; enabled. */
  client(number: number | null, { guest = this.guest, type = PAIR_TYPE } = {}): vmbus.VMBCHANNEL {
    const vsc = clientTable(guest);
    const { channel } = vmbus.expectSuccess(vsc.VmbChannelAllocate(guest.device, false));
    const wanted = number === null ? null : instance(number);
    const statuses = [
      vsc.VmbClientChannelInitSetTargetPnp(channel, type, wanted, null),
      vsc.VmbClientChannelInitSetRingBufferPageCount(channel, 1, 1),
      vsc.VmbChannelInitSetProcessPacketCallbacks(channel, () => {}, null),
      vsc.VmbChannelEnable(channel),
    ];
    assertEquals(statuses, statuses.map(() => vmbus.STATUS_SUCCESS));
    this.#made.push([vsc, channel]);
    return channel;
  }

  /** The numbers of the instances that `clients` have open; null for one that waits. */
  async taken(...clients: vmbus.VMBCHANNEL[]): Promise<(number | null)[]> {
    await this.fabric.settle();
    return clients.map((client) => {
      const { lifecycle } = vmbus.inspectChannel(client);
      if (lifecycle === "enabled") return null;
      assertEquals(lifecycle, "opened");
      return Number(this.vsp.VmbChannelGetInterfaceInstance(client).slice(0, 8));
    });
  }

  disable(channel: vmbus.VMBCHANNEL): Promise<void> {
    return this.vsp.VmbChannelDisable(channel);
  }

  /** Ends all, and checks that nothing is left. */
  async end(): Promise<void> {
    for (const [kmcl, channel] of this.#made.toReversed()) {
      await kmcl.VmbChannelDisable(channel);
      kmcl.VmbChannelCleanup(channel);
    }
    await this.fabric.settle();
    assertEquals(this.fabric.leaks(), []);
    assertEquals(this.fabric.violations, []);
    for (const { faults } of this.fabric.inspect().partitions) assertEquals(faults, []);
  }
}

// kmcl.md S14
Deno.test("VmbChannelEnable: clients that wait get offers in the order of Enable", async () => {
  const stage = new Stage();
  const clients = [stage.client(null), stage.client(null), stage.client(null)];
  assertEquals(await stage.taken(...clients), [null, null, null]);
  stage.offer(7);
  assertEquals(await stage.taken(...clients), [7, null, null]);
  stage.offer(3);
  assertEquals(await stage.taken(...clients), [7, 3, null]);
  await stage.end();
});

// kmcl.md S14: the oldest free offer of its type, whatever its GUID
Deno.test("VmbChannelEnable: a client without instance takes the oldest free offer of its type", async () => {
  const stage = new Stage();
  await stage.fabric.settle(); // the guest asked for offers: later ones come in the order of Enable
  stage.offer(9);
  stage.offer(1, { type: OTHER_TYPE });
  stage.offer(4);
  await stage.fabric.settle();
  const clients = [stage.client(null), stage.client(null), stage.client(null)];
  assertEquals(await stage.taken(...clients), [9, 4, null]);
  assertEquals(await stage.taken(stage.client(null, { type: OTHER_TYPE })), [1]);
  await stage.end();
});

// kmcl.md S14: one whose instance is taken stays Enabled until it is free
Deno.test("VmbChannelEnable: a client whose instance is taken waits until it is free", async () => {
  const stage = new Stage();
  stage.offer(1);
  const [any, picky, late] = [stage.client(null), stage.client(1), stage.client(1)];
  assertEquals(await stage.taken(any, picky, late), [1, null, null]);
  stage.offer(2); // free, but not the one they want
  assertEquals(await stage.taken(picky, late), [null, null]);
  await stage.disable(any);
  assertEquals(await stage.taken(picky, late), [1, null]);
  await stage.disable(picky);
  assertEquals(await stage.taken(late), [1]);
  await stage.end();
});

// kmcl.md S14: a client that waits does not hold up one behind it
Deno.test("VmbChannelEnable: a client that waits for its instance is passed by one that does not", async () => {
  const stage = new Stage();
  const [picky, any] = [stage.client(5), stage.client(null)];
  stage.offer(6);
  assertEquals(await stage.taken(picky, any), [null, 6]);
  stage.offer(5);
  assertEquals(await stage.taken(picky, any), [5, 6]);
  await stage.end();
});

// kmcl.md S14: by one client at a time
Deno.test("VmbChannelEnable: an offer is taken by one client at a time, and by the next when it is free", async () => {
  for (const schedule of ["fifo", "random"] as const) {
    const stage = new Stage({ schedule, seed: 3 });
    const server = stage.offer(1);
    const clients = Array.from({ length: 4 }, () => stage.client(null));
    for (const client of clients) {
      assertEquals(await stage.taken(client), [1]);
      const open = clients.filter((one) => vmbus.inspectChannel(one).lifecycle === "opened");
      assertEquals(open, [client]);
      await stage.disable(client);
    }
    await stage.fabric.settle();
    assertEquals(vmbus.inspectChannel(server).lifecycle, "closed");
    await stage.end();
  }
});

// kmcl.md S14: a waiting client that is disabled is no longer in the row
Deno.test("VmbChannelDisable: of a client that waits takes it out of the row", async () => {
  const stage = new Stage();
  const [first, second] = [stage.client(null), stage.client(null)];
  await stage.disable(first);
  stage.offer(1);
  assertEquals(await stage.taken(second), [1]);
  assertEquals(vmbus.inspectChannel(first).lifecycle, "disabled");
  await stage.end();
});

// kmcl.md S14: enabled again, a client is the last in the row
Deno.test("VmbChannelEnable: a client that is enabled again is the last in the row", async () => {
  const stage = new Stage();
  const server = stage.offer(1);
  const [first, second] = [stage.client(null), stage.client(null)];
  assertEquals(await stage.taken(first, second), [1, null]);
  await stage.disable(first);
  assertEquals(stage.vsp.VmbChannelEnable(first), vmbus.STATUS_SUCCESS);
  assertEquals(await stage.taken(first, second), [null, 1]);
  await stage.disable(server);
  await stage.fabric.settle();
  assertEquals(vmbus.inspectChannel(second).lifecycle, "disabled");
  assertEquals(vmbus.inspectChannel(first).lifecycle, "enabled");
  await stage.end();
});

// kmcl.md S2, S14: a server that went and came back is a new offer, also where the client is there first
for (const schedule of ["fifo", "random"] as const) {
  Deno.test(`VmbChannelEnable: a client does not take an offer that was taken back (${schedule})`, async () => {
    for (let seed = 0; seed < 8; seed++) {
      const stage = new Stage({ schedule, seed });
      const server = stage.offer(1);
      const client = stage.client(null);
      assertEquals(await stage.taken(client), [1]);
      await stage.disable(client);
      await stage.disable(server);
      assertEquals(stage.vsp.VmbChannelEnable(client), vmbus.STATUS_SUCCESS);
      assertEquals(stage.vsp.VmbChannelEnable(server), vmbus.STATUS_SUCCESS);
      assertEquals(await stage.taken(client), [1]);
      await stage.end();
    }
  });
}

// kmcl.md S14: only offers to its own partition
Deno.test("VmbChannelEnable: a client sees only offers to its own partition", async () => {
  const stage = new Stage();
  const other = stage.addGuest("other");
  const [here, there] = [stage.client(null), stage.client(null, { guest: other })];
  const server = stage.offer(1, { guest: other });
  assertEquals(await stage.taken(here, there), [null, 1]);
  // The same instance may be offered to each guest.
  stage.offer(1);
  assertEquals(await stage.taken(here, there), [1, 1]);
  await stage.disable(server);
  await stage.fabric.settle();
  assertEquals(vmbus.inspectChannel(there).lifecycle, "disabled");
  assertEquals(await stage.taken(here), [1]);
  await stage.end();
});

// kmcl.md S14: only offers to its own VTL
Deno.test("VmbChannelEnable: a client sees only offers to its own VTL", async () => {
  const stage = new Stage();
  const guests = [stage.guest, stage.addGuest("vtl 1", 1), stage.addGuest("vtl 2", 2)];
  const clients = guests.map((guest) => stage.client(null, { guest }));
  const servers = guests.map((guest, vtl) => stage.offer(1, { guest, vtl: (vtl + 1) % 3 }));
  assertEquals(await stage.taken(...clients), [null, null, null]);
  assertEquals(servers.map((server) => vmbus.inspectChannel(server).lifecycle), [
    "enabled",
    "enabled",
    "enabled",
  ]);
  guests.forEach((guest, vtl) => stage.offer(2, { guest, vtl }));
  assertEquals(await stage.taken(...clients), [2, 2, 2]);
  await stage.end();
});

// kmcl.md section 5, Enable: an instance GUID already offered to that guest
Deno.test("VmbChannelEnable: refuses an instance that is offered to that guest already", async () => {
  const stage = new Stage();
  const { vsp, fabric, guest } = stage;
  const first = stage.offer(1);
  const { channel } = vmbus.expectSuccess(vsp.VmbChannelAllocate(fabric.root.device, true));
  setVmbus(vsp, channel, guest);
  vsp.VmbServerChannelInitSetTargetInterfaceId(channel, OTHER_TYPE, instance(1));
  vsp.VmbChannelInitSetProcessPacketCallbacks(channel, () => {}, null);
  assertEquals(vsp.VmbChannelEnable(channel), vmbus.STATUS_OBJECT_NAME_COLLISION);
  assertEquals(vmbus.inspectChannel(channel).initializing, true);
  await stage.disable(first);
  assertEquals(vsp.VmbChannelEnable(channel), vmbus.STATUS_SUCCESS);
  await stage.disable(channel);
  vsp.VmbChannelCleanup(channel);
  await stage.end();
});

// kmcl.md section 5, loopback: the root's own VMBus, clients of the root
Deno.test("VmbChannelEnable: a loopback offer goes to clients of the root, and to no guest", async () => {
  const stage = new Stage();
  const { fabric } = stage;
  const flags = vmbus.VMBUS_SERVER_CHANNEL_INIT_FLAG_LOOPBACK_OFFER;
  const inGuest = stage.client(null);
  const server = stage.offer(1, { guest: fabric.root, flags });
  const inRoot = stage.client(null, { guest: fabric.root });
  assertEquals(await stage.taken(inGuest, inRoot), [null, 1]);
  const vsc = clientTable(fabric.root);
  const answers: (readonly number[])[] = [];
  const packet = vsc.VmbPacketAllocate(inRoot);
  vsc.VmbPacketSetCompletionRoutine(packet, (done, status, buffer) => {
    assertEquals(status, vmbus.STATUS_SUCCESS);
    answers.push([...buffer]);
    vsc.VmbPacketFree(done);
  });
  vsc.VmbPacketSend(packet, Uint8Array.of(1, 2, 3), 3, null, 1);
  await fabric.settle();
  assertEquals(answers, [[1, 2, 3]]);
  // Rings lie in the root's memory.
  assertEquals((fabric.inspect().partitions[0]?.pinnedPages ?? 0) > 0, true);
  assertEquals(fabric.inspect().partitions[1]?.pinnedPages, 0);
  assertEquals(vmbus.inspectChannel(server).lifecycle, "opened");
  await stage.end();
});

// kmcl.md section 5: the flag and the VMBus must agree
Deno.test("VmbChannelEnable: refuses a loopback offer to a guest, and a plain one to the root", () => {
  const { fabric, vsp, guest } = new Stage();
  for (const [flags, target] of [[1, guest], [0, fabric.root]] as const) {
    const { channel } = vmbus.expectSuccess(vsp.VmbChannelAllocate(fabric.root.device, true));
    setVmbus(vsp, channel, target);
    vsp.VmbServerChannelInitSetTargetInterfaceId(channel, PAIR_TYPE, instance(1));
    vsp.VmbServerChannelInitSetFlags(channel, flags);
    vsp.VmbChannelInitSetProcessPacketCallbacks(channel, () => {}, null);
    assertEquals(vsp.VmbChannelEnable(channel), vmbus.STATUS_INVALID_DEVICE_REQUEST);
  }
});

// wire.md section 6: a sub-channel belongs to who has the primary, and says nothing of another device.
Deno.test("VmbChannelEnable: a client passes a sub-channel by, and takes the device when it is offered", async () => {
  const stage = new Stage();
  const client = stage.client(4);
  const any = stage.client(null);
  await stage.fabric.settle();
  for (const subchannelIndex of [1, 2]) {
    const offer = offerMessage(PAIR_TYPE, instance(4), {
      channelId: 8 + subchannelIndex,
      subchannelIndex,
    });
    stage.guest.postControlMessage("toGuest", encodeControlMessage(offer));
  }
  assertEquals(await stage.taken(client, any), [null, null]);
  stage.offer(4);
  assertEquals(await stage.taken(client, any), [4, null]);
  await stage.end();
});
