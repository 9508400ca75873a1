// kmcl.md P9, docs/save-restore.md: what a saved driver has of transfer pages.
import { assertEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { clientTable, serverTable } from "../../support/connected_pair.ts";
import {
  stubClient,
  type StubGuest,
  stubGuest,
  stubHost,
  stubServer,
  stubWorld,
} from "../../support/stub_drivers.ts";

// Parts of a page set are external data, and a driver that holds them holds them after a save.
Deno.test("restorePartition: a packet that names parts of a page set names them again", async () => {
  const { fabric, guest } = stubWorld({ codec: "vmbus" });
  const vsc = clientTable(guest);
  const buffer = guest.memory.allocate(8192);
  guest.memory.write(buffer.gpa + 4094, new Uint8Array([1, 2, 3, 4]));
  const held: vmbus.VMBPACKETCOMPLETION[] = [];
  let channel!: vmbus.VMBCHANNEL;
  let server!: vmbus.VMBCHANNEL;
  const start: StubGuest["start"] = (context) => {
    channel = stubClient(context, (_kmcl, packet) => void held.push(packet));
  };
  const save: StubGuest["save"] = (tokens) => tokens.of(held[0]!);
  vmbus.loadHostDriver(
    guest,
    stubHost({ start: (context) => void (server = stubServer(context, "hold")), save: () => null }),
  );
  vmbus.loadGuestDriver(guest, stubGuest({ start, save }));
  await fabric.settle();
  const { gpadlHandle } = vmbus.expectSuccess(
    vsc.VmbChannelCreateGpadlFromBuffer(channel, 0, buffer, 8192),
  );
  const vsp = serverTable(fabric);
  vmbus.expectSuccess(vmbus.setPageSet(vsc, channel, 9, gpadlHandle));
  vmbus.expectSuccess(vmbus.setPageSet(vsp, server, 9, gpadlHandle));
  const send = () => {
    const packet = vsp.VmbPacketAllocate(server);
    const part = { byteOffset: 4094, byteCount: 4 };
    vmbus.expectSuccess(vmbus.sendTransferPages(vsp, packet, null, 0, 9, [part], 1));
  };
  send();
  await fabric.settle();
  assertEquals(held.length, 1);
  send(); // the guest is paused before it reads this one
  const { bytes, reason } = await vmbus.savePartition(guest);
  assertEquals(reason, null);

  const again = vmbus.createFabric({ codec: "vmbus" });
  const restored: vmbus.VMBPACKETCOMPLETION[] = [];
  const seen: number[][] = [];
  const restore = (context: vmbus.GuestRestoreContext, saved: vmbus.PlainData) => {
    const kmcl = clientTable(context.partition);
    context.attachChannel("channel 0", {
      processPacket: (_channel, packet) => look(packet),
      stateChange: {
        ...vmbus.VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(),
        EvtChannelClosed: (of) => kmcl.VmbChannelDeleteGpadl(of, gpadlHandle!),
      },
    });
    restored.push(context.attachCompletion(String(saved)).packet);
  };
  const options = { guestDrivers: [stubGuest({ restore })], hostDrivers: [stubHost()] };
  const { partition, reason: why } = vmbus.restorePartition(
    again,
    bytes!,
    options,
  );
  assertEquals(why, null);
  partition!.resume();
  const kmcl = clientTable(partition!);
  const look = (packet: vmbus.VMBPACKETCOMPLETION) => {
    const { mdl } = vmbus.expectSuccess(kmcl.VmbChannelPacketGetExternalData(packet, 0));
    seen.push(...vmbus.mdlSegments(mdl).map((view) => [...view]));
    kmcl.VmbChannelPacketComplete(packet, null, 0);
  };
  look(restored.shift()!);
  assertEquals(seen, [[1, 2, 3, 4]]);
  // The number stands for the buffer as well: the packet that lay in the ring names it by that.
  await again.settle();
  assertEquals(seen, [[1, 2, 3, 4], [1, 2, 3, 4]]);
});
