// kmcl.md X1, X3: what the functions of later versions keep is saved with a guest, and nothing else is.

import { assert, assertEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { clientTable, serverTable } from "../../support/connected_pair.ts";
import { post } from "../../support/driving.ts";
import { clientTableV2 } from "../../support/later_tables.ts";
import {
  stubClient,
  stubGuest,
  stubHost,
  stubServer,
  stubWorld,
} from "../../support/stub_drivers.ts";

/** A guest whose driver holds a packet with an area of 16 bytes, which say `fill`; 0: it did not ask. */
async function savedWithArea(fill: number): Promise<Uint8Array> {
  const { fabric, guest } = stubWorld();
  const kmcl = clientTableV2(guest);
  const held: vmbus.VMBPACKETCOMPLETION[] = [];
  let channel!: vmbus.VMBCHANNEL;
  let server!: vmbus.VMBCHANNEL;
  const start = (context: vmbus.HostContext) => void (server = stubServer(context, "hold"));
  vmbus.loadHostDriver(guest, stubHost({ start, save: () => null }));
  vmbus.loadGuestDriver(
    guest,
    stubGuest({
      start: (context) =>
        void (channel = stubClient(
          context,
          (_kmcl, packet) => void held.push(packet),
          {},
          (made) => vmbus.expectSuccess(kmcl.VmbChannelInitSetClientContextSize(made, 16)),
        )),
      save: (tokens) => [tokens.of(channel), ...held.map((packet) => tokens.of(packet))],
    }),
  );
  await fabric.settle();
  post(serverTable(fabric), server, "for the guest");
  await fabric.settle();
  const [packet] = held;
  assert(packet !== undefined);
  if (fill > 0) kmcl.VmbChannelPacketGetClientContext(packet)!.fill(fill);
  const { bytes, reason } = await vmbus.savePartition(guest);
  assertEquals(reason, null);
  return bytes!;
}

Deno.test("VmbChannelPacketGetClientContext: an area is saved with the packet that the driver has (X3)", async () => {
  for (const fill of [0, 9]) {
    const bytes = await savedWithArea(fill);
    let held!: vmbus.HeldPacket;
    const restore = (context: vmbus.GuestRestoreContext) => {
      context.attachChannel("channel 0", { processPacket: () => {} });
      held = context.attachCompletion("completion 0/0");
    };
    const { reason, partition } = vmbus.restorePartition(vmbus.createFabric(), bytes, {
      guestDrivers: [stubGuest({ restore })],
      hostDrivers: [stubHost()],
    });
    assertEquals(reason, null);
    const area = clientTableV2(partition!).VmbChannelPacketGetClientContext(held.packet)!;
    assertEquals([...area], Array(16).fill(fill));
    partition!.resume();
    clientTable(partition!).VmbChannelPacketComplete(held.packet, null, 0);
    assertEquals([...area], Array(16).fill(0xdd));
  }
});

Deno.test("savePartition: who asks for no area saves what was saved before there were any (X3)", async () => {
  const text = (bytes: Uint8Array) => new TextDecoder("latin1").decode(bytes);
  assertEquals(text(await savedWithArea(0)).includes("\xa4area"), false);
  assertEquals(text(await savedWithArea(1)).includes("\xa4area"), true);
});
