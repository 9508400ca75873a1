// The guest's end of a bus whose host takes its time (wire.md 5.6).

import { assertEquals } from "@std/assert";
import type { PartitionObject } from "../../../../actors/partition/partition_object.ts";
import * as vmbus from "../../../../mod.ts";
import { type ControlMessage, offerMessage, RawHost } from "../../../../simulator/peers/mod.ts";
import {
  clientTable,
  makePair,
  PAIR_INSTANCE,
  PAIR_TYPE,
} from "../../../support/connected_pair.ts";
import { stubClient, stubGuest, stubWorld } from "../../../support/stub_drivers.ts";

const OTHER_INSTANCE = "00000000-0000-0000-0000-000000000002";

function namesOf(messages: readonly ControlMessage[]): string[] {
  return messages.map(({ message }) => message);
}

// wire.md 3.4, section 8, 56: a device may use a GPADL for longer than the rings. What is released while
// an answer is due never gets that answer.
Deno.test("RelIdReleased: comes after the last answer that the host owes about the channel's GPADLs", async () => {
  const pair = makePair();
  const { fabric, guest, vsc, client } = pair;
  const buffer = guest.memory.allocate(64 * 4096);
  const host = new RawHost(guest);
  vmbus.expectSuccess(vsc.VmbChannelEnable(client));
  host.post(offerMessage(PAIR_TYPE, PAIR_INSTANCE));
  await fabric.settle();
  const share = () =>
    vmbus.expectSuccess(
      vsc.VmbChannelCreateGpadlFromBuffer(client, 0, buffer, buffer.byteCount),
    ).gpadlHandle;
  const handles = [share(), share()];
  for (const handle of handles) host.inUse.add(handle);
  const done: string[] = [];
  const deleted = handles.map((handle, at) =>
    vsc.VmbChannelDeleteGpadl(client, handle).then(() => done.push(`deleted ${at}`))
  );
  host.post({ message: "rescindChannelOffer", channelId: 1 });
  await fabric.settle();
  const released = () => host.heard.filter(({ message }) => message === "relIdReleased").length;
  assertEquals(vmbus.inspectChannel(client).lifecycle, "disabled"); // its rings are its own again
  assertEquals([released(), done], [0, []]);
  host.torndown(handles[1]!);
  await fabric.settle();
  assertEquals([released(), done], [0, ["deleted 1"]]);
  host.torndown(handles[0]!);
  await fabric.settle();
  await Promise.all(deleted);
  assertEquals([released(), done], [1, ["deleted 1", "deleted 0"]]);
  assertEquals((guest as PartitionObject).bus.faults, []);
  guest.memory.free(buffer);
  vsc.VmbChannelCleanup(client);
});

Deno.test("RelIdReleased: a channel that nobody has waits for such answers, too", async () => {
  const pair = makePair();
  const { fabric, guest, vsc, client } = pair;
  const buffer = guest.memory.allocate(4096);
  const host = new RawHost(guest);
  vmbus.expectSuccess(vsc.VmbChannelEnable(client));
  host.post(offerMessage(PAIR_TYPE, PAIR_INSTANCE));
  await fabric.settle();
  const { gpadlHandle } = vmbus.expectSuccess(
    vsc.VmbChannelCreateGpadlFromBuffer(client, 0, buffer, 4096),
  );
  host.inUse.add(gpadlHandle);
  const deleted = vsc.VmbChannelDeleteGpadl(client, gpadlHandle);
  await vsc.VmbChannelDisable(client);
  host.post({ message: "rescindChannelOffer", channelId: 1 });
  await fabric.settle();
  const said = namesOf(host.heard.splice(0));
  assertEquals(said.slice(-3), ["gpadlTeardown", "closeChannel", "gpadlTeardown"]);
  host.torndown(gpadlHandle);
  await fabric.settle();
  await deleted;
  assertEquals(namesOf(host.heard), ["relIdReleased"]);
  assertEquals((guest as PartitionObject).bus.faults, []);
  vsc.VmbChannelCleanup(client);
});

// docs/saved-state.md, guest's end: who is saved in between has the channel when it continues.
Deno.test("restorePartition: a channel that waits for such answers comes back, and is released then", async () => {
  const { fabric, guest } = stubWorld({ trace: "off" });
  await fabric.settle(); // the guest asked for its offers
  const host = new RawHost(guest);
  const clients: vmbus.VMBCHANNEL[] = [];
  const driver = stubGuest({
    start: (context) => void clients.push(stubClient(context)),
    save: (tokens) => tokens.of(clients[0]!),
    restore: (context, token) =>
      void context.attachChannel(String(token), { processPacket: () => {} }),
  });
  vmbus.loadGuestDriver(guest, driver);
  host.post(offerMessage(PAIR_TYPE, PAIR_INSTANCE));
  await fabric.settle();
  const vsc = clientTable(guest);
  const buffer = guest.memory.allocate(4096);
  const { gpadlHandle } = vmbus.expectSuccess(
    vsc.VmbChannelCreateGpadlFromBuffer(clients[0]!, 0, buffer, 4096),
  );
  host.inUse.add(gpadlHandle);
  void vsc.VmbChannelDeleteGpadl(clients[0]!, gpadlHandle);
  host.post({ message: "rescindChannelOffer", channelId: 1 });
  await fabric.settle();
  const { bytes } = vmbus.expectSuccess(await vmbus.savePartition(guest));
  const elsewhere = vmbus.createFabric();
  const back = vmbus.restorePartition(elsewhere, bytes!, { guestDrivers: [driver] });
  assertEquals(back.reason, null);
  const restored = new RawHost(back.partition!);
  back.partition!.resume();
  await elsewhere.settle();
  assertEquals(restored.heard, []);
  restored.torndown(gpadlHandle);
  await elsewhere.settle();
  assertEquals(namesOf(restored.heard), ["relIdReleased"]);
});

// kmcl.md S13: a guest may end at any moment, also while it waits for the host's answer (kmcl.md G5).
for (const end of ["crash", "destroy"] as const) {
  for (const header of ["ring", "driver's"] as const) {
    Deno.test(`roundTrip: a host may ${end} the guest instead of an answer about a ${header} GPADL`, async () => {
      const pair = makePair();
      const { fabric, guest, vsc, client } = pair;
      const buffer = guest.memory.allocate(4096);
      let headersLeft = header === "ring" ? 1 : 2;
      const host = new RawHost(guest, ({ message }) => {
        if (message === "gpadlHeader" && --headersLeft === 0) guest[end]();
        return null;
      });
      vmbus.expectSuccess(vsc.VmbChannelEnable(client));
      host.post(offerMessage(PAIR_TYPE, PAIR_INSTANCE));
      await fabric.settle();
      if (header !== "ring") {
        const { status } = vsc.VmbChannelCreateGpadlFromBuffer(client, 0, buffer, 4096);
        assertEquals(status, vmbus.STATUS_UNSUCCESSFUL);
      }
      assertEquals(headersLeft, 0);
      assertEquals(vmbus.inspectChannel(client)?.lifecycle, "disabled");
      await fabric.settle();
      vsc.VmbChannelCleanup(client);
    });
  }
}

// kmcl.md S11, S14: a client that was disabled waits no more, whenever that was.
Deno.test("match: a client that is disabled while another one connects takes no offer", async () => {
  const pair = makePair();
  const { fabric, guest } = pair;
  const second = makePair({ within: { fabric, guest }, instance: OTHER_INSTANCE });
  const ended: Promise<void>[] = [];
  const host = new RawHost(guest, ({ message }) => {
    if (message === "gpadlHeader") ended.push(second.vsc.VmbChannelDisable(second.client));
    return null;
  });
  for (const { vsc, client } of [pair, second]) vmbus.expectSuccess(vsc.VmbChannelEnable(client));
  host.offer(PAIR_TYPE, PAIR_INSTANCE);
  host.offer(PAIR_TYPE, OTHER_INSTANCE, { channelId: 2 });
  await fabric.settle();
  await Promise.all(ended);
  const lives = [pair, second].map(({ client }) => vmbus.inspectChannel(client).lifecycle);
  assertEquals([lives, ended.length], [["opened", "disabled"], 1]);
  fabric.dispose();
});
