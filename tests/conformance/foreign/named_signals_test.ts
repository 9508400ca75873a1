// Signals that a guest names itself, as bytes on the foreign door (wire.md 4.2, 5.2).

import { assertEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { ByteGuest } from "../../support/byte_guest.ts";
import { makeServer, PAIR_INSTANCE, serverTable } from "../../support/connected_pair.ts";
import { createFabric } from "../../support/fabric.ts";
import { words } from "../../support/held_link.ts";

/** A guest at 6.0 that names signals, and so many servers for it, each with a channel. */
async function named(servers: number) {
  const fabric = createFabric({ codec: "vmbus" });
  const guest = new ByteGuest(fabric, { processors: 2 });
  const vsp = serverTable(fabric);
  const channels = Array.from({ length: servers }, (_, at) => {
    const instance = PAIR_INSTANCE.slice(0, -1) + at;
    const server = makeServer(vsp, fabric, guest.door.partition, [], { instance });
    assertEquals(vsp.VmbChannelEnable(server), vmbus.STATUS_SUCCESS);
    vsp.VmbChannelStart(server);
    return server;
  });
  guest.contact(0x6_0000, 0x1);
  guest.say(3, 0);
  await fabric.settle();
  guest.take();
  return { fabric, guest, vsp, channels };
}

/** Opens a channel over four pages from `page` on, signalled as it says. */
function open(
  guest: ByteGuest,
  channelId: number,
  page: number,
  targetVp: number,
  connectionId: number,
  eventFlag: number,
): void {
  const gpadlId = channelId + 8;
  guest.describe(channelId, gpadlId, page, 4);
  for (const control of [page, page + 2]) {
    new Uint32Array(guest.memory, control * 4096, 1024).fill(0).fill(1, 16, 17);
  }
  const message = new Uint8Array(156);
  message.set(words(5, 0, channelId, 7, gpadlId, targetVp, 2));
  message.set(words(connectionId, eventFlag), 148);
  guest.post(message);
}

Deno.test("attachForeignGuest: channels of two processors may have the same event flag", async () => {
  const { fabric, guest, vsp, channels } = await named(2);
  open(guest, 1, 0, 0, 0x31, 5);
  open(guest, 2, 4, 1, 0x32, 5);
  await fabric.settle();
  assertEquals(guest.take().filter(([type]) => type === 6), [
    words(6, 0, 1, 7, 0),
    words(6, 0, 2, 7, 0),
  ]);
  for (const [at, place] of ["0 2 5", "1 2 5"].entries()) {
    const packet = vsp.VmbPacketAllocate(channels[at]!);
    vsp.VmbPacketSetCompletionRoutine(packet, () => {});
    assertEquals(vsp.VmbPacketSend(packet, new Uint8Array(8), 8, null, 1), vmbus.STATUS_SUCCESS);
    await fabric.settle();
    assertEquals(guest.signals.splice(0), [place]);
  }
  fabric.dispose();
});

Deno.test("attachForeignGuest: connections that a guest had named and has closed are kept nowhere", async () => {
  const { fabric, guest } = await named(1);
  for (const connectionId of [0x31, 0x32, 0x33]) {
    open(guest, 1, 0, 0, connectionId, 5);
    await fabric.settle();
    assertEquals(guest.door.signalEvent(connectionId, 0), null);
    guest.say(7, 0, 1);
    guest.say(11, 0, 1, 9);
    await fabric.settle();
    assertEquals(guest.door.signalEvent(connectionId, 0), "unknownSignal");
  }
  fabric.dispose();
});
