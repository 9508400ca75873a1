// A guest that leaves while a server still has its rings, and then is gone (wire.md 5.1, 5.3).

import { assertEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { ByteGuest } from "../../support/byte_guest.ts";
import { makeServer, serverTable } from "../../support/connected_pair.ts";
import { createFabric } from "../../support/fabric.ts";
import { Receiver } from "../../support/treatment.ts";

/** A guest of bytes that has unloaded, while a server holds a packet of it. */
async function left() {
  const fabric = createFabric({ codec: "vmbus" });
  const guest = new ByteGuest(fabric);
  const vsp = serverTable(fabric);
  const receiver = new Receiver(vsp, fabric, true);
  const options = { onServerPacket: "hold" } as const;
  const server = makeServer(vsp, fabric, guest.door.partition, [], options, receiver);
  assertEquals(vsp.VmbChannelEnable(server), vmbus.STATUS_SUCCESS);
  vsp.VmbChannelStart(server);
  guest.connect();
  await fabric.settle();
  guest.describe(1, 9, 0, 4);
  guest.open(1, 7, 9);
  await fabric.settle();
  guest.upstream.write(6, 1, 1n, new Uint8Array(8));
  guest.door.signalEvent(0x2001, 0);
  await fabric.settle();
  guest.take();
  guest.say(16, 0);
  await fabric.settle();
  return { fabric, guest };
}

Deno.test("attachForeignGuest: a guest that left while its rings were in use may be detached", async () => {
  const { fabric, guest } = await left();
  guest.door.detach();
  await fabric.settle();
  assertEquals(fabric.partitions.length, 1);
  fabric.dispose();
});
