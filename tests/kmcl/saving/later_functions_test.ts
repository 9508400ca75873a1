// kmcl.md X1, X3: what the functions of later versions keep is saved with a guest, and nothing else is.

import { assert, assertEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { clientTable, serverTable } from "../../support/connected_pair.ts";
import { post } from "../../support/driving.ts";
import { clientTableV2, serverTableV5 } from "../../support/later_tables.ts";
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

/** A world whose guest has a client of a primary, and one of any sub-channel, with settings of later versions. */
async function savedClients(): Promise<Uint8Array> {
  const { fabric, guest } = stubWorld();
  const later = serverTableV5(fabric);
  const kmcl = clientTable(guest);
  const servers: vmbus.VMBCHANNEL[] = [];
  const channels: vmbus.VMBCHANNEL[] = [];
  const packets: vmbus.VMBPACKET[] = [];
  const loadHost = (configure: (channel: vmbus.VMBCHANNEL) => void) =>
    vmbus.loadHostDriver(
      guest,
      stubHost({
        start: (context) => void servers.push(stubServer(context, "complete", {}, configure)),
        save: () => null,
      }),
    );
  loadHost(() => {});
  loadHost((channel) =>
    vmbus.expectSuccess(later.VmbChannelInitSetPrimaryChannel(channel, servers[0]!))
  );
  const start = (context: vmbus.GuestContext) => {
    channels.push(stubClient(context));
    channels.push(stubClient(context, "complete", {}, (channel) => {
      vmbus.expectSuccess(later.VmbChannelInitSetPrimaryChannel(channel, channels[0]!));
      vmbus.expectSuccess(later.VmbChannelInitSetMaximumPacketCount(channel, 3));
      vmbus.expectSuccess(later.VmbChannelInitSetInlinePacketContextSize(channel, 8));
      later.VmbChannelSetAllowableDpcCpuUsage(channel, 0);
    }));
  };
  const save = (tokens: vmbus.HandleTokens) =>
    [...channels, ...packets].map((one) => tokens.of(one));
  vmbus.loadGuestDriver(guest, stubGuest({ start, save }));
  await fabric.settle();
  packets.push(kmcl.VmbPacketAllocate(channels[1]!)!);
  later.VmbPacketGetInlinePacketContextPointer(packets[0]!)!.fill(6);
  assertEquals(vmbus.inspectChannel(channels[1]!).subchannelIndex, 1);
  const { bytes, reason } = await vmbus.savePartition(guest);
  assertEquals(reason, null);
  return bytes!;
}

Deno.test("savePartition: what later functions have set comes back with a client (X3, X6, X10, X12, X14)", async () => {
  const bytes = await savedClients();
  const fabric = vmbus.createFabric();
  const later = serverTableV5(fabric);
  const levels: number[] = [];
  let server!: vmbus.VMBCHANNEL;
  let channel!: vmbus.VMBCHANNEL;
  let packet!: vmbus.VMBPACKET;
  const guestDriver = stubGuest({
    restore: (context) => {
      context.attachChannel("channel 0", { processPacket: () => {} });
      channel = context.attachChannel("channel 1", {
        processPacket: (_channel, held) => {
          levels.push(vmbus.KeGetCurrentIrql());
          later.VmbChannelPacketComplete(held, null, 0);
        },
      });
      packet = context.attachPacket("packet 1/0", {});
    },
  });
  const { reason, partition } = vmbus.restorePartition(fabric, bytes, {
    guestDrivers: [guestDriver],
    hostDrivers: [stubHost()],
  });
  assertEquals(reason, null);
  assertEquals([...later.VmbPacketGetInlinePacketContextPointer(packet)!], Array(8).fill(6));
  partition!.resume();
  await fabric.settle();
  const two = [later.VmbPacketAllocate(channel), later.VmbPacketAllocate(channel)];
  assertEquals(two.includes(null), false);
  assertEquals(later.VmbPacketAllocate(channel), null);
  // Nobody took the channels up: the client waits again, for any sub-channel.
  await later.VmbChannelDisable(channel);
  later.VmbChannelEnable(channel);
  vmbus.loadHostDriver(
    partition!,
    stubHost({ start: (context) => void (server = stubServer(context)) }),
  );
  vmbus.loadHostDriver(
    partition!,
    stubHost({
      name: "second",
      start: (context) => {
        server = stubServer(
          context,
          "complete",
          {},
          (made) => vmbus.expectSuccess(vmbus.initSetSubchannelIndex(later, made, 7)),
        );
      },
    }),
  );
  await fabric.settle();
  assertEquals(vmbus.inspectChannel(channel).subchannelIndex, 7);
  post(serverTable(fabric), server, "for the guest");
  await fabric.settle();
  assertEquals(levels, [0]);
});

Deno.test("savePartition: who asks for no area saves what was saved before there were any (X3)", async () => {
  const text = (bytes: Uint8Array) => new TextDecoder("latin1").decode(bytes);
  assertEquals(text(await savedWithArea(0)).includes("\xa4area"), false);
  assertEquals(text(await savedWithArea(1)).includes("\xa4area"), true);
});
