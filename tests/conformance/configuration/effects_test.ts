// What configuration does (kmcl.md section 5).

import { createFabric } from "../../support/fabric.ts";
import { assert, assertEquals, assertGreater, assertStrictEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import {
  closePair,
  enablePair,
  makePair,
  openPair,
  PAIR_INSTANCE,
  PAIR_TYPE,
} from "../../support/connected_pair.ts";
import { lastMessage } from "../../support/gpadl_stage.ts";
import { pattern, sendPlain, WAIT } from "../../support/sending.ts";

const PAGE_BYTES = 4096;
const NO_INSTANCE = "00000000-0000-0000-0000-000000000000";

Deno.test("VmbChannelInitSetMaximumPacketSize: bounds what its own endpoint sends", async () => {
  const lengths: number[] = [];
  const pair = await openPair({
    server: (vsp, channel) => vsp.VmbChannelInitSetMaximumPacketSize(channel, 10),
    client: (vsc, channel) => vsc.VmbChannelInitSetMaximumPacketSize(channel, 9000),
    onServerPacket: (_channel, packet, _buffer, bufferLength) => {
      lengths.push(bufferLength);
      pair.vsp.VmbChannelPacketComplete(packet, null, 0);
    },
  });
  const { fabric, vsp, vsc, server, client } = pair;
  const bytes = pattern(9001);
  for (const [channel, largest] of [[server, 10], [client, 9000]] as const) {
    const packet = vsp.VmbPacketAllocate(channel);
    const tooLong = vsp.VmbPacketSend(packet, bytes, largest + 1, null, 0);
    assertEquals(tooLong, vmbus.STATUS_INVALID_PARAMETER_3);
    assertEquals(vsp.VmbPacketSend(packet, bytes, largest, null, 0), vmbus.STATUS_SUCCESS);
  }
  await fabric.settle();
  assertEquals(lengths, [9000]); // the receiver's own bound is for what it sends
  assertGreater(vsp.VmbChannelSizeofPacket(server), 10 + 8);
  assertGreater(vsc.VmbChannelSizeofPacket(client), 9000 + 8);
  await closePair(pair);
});

for (const codec of ["msgpack", "vmbus"] as const) {
  Deno.test(`VmbClientChannelInitSetRingBufferPageCount: counts that do are kept (${codec})`, async () => {
    const pair = await openPair({ fabric: { codec }, ringPages: [5, 7] });
    const client = vmbus.inspectChannel(pair.client);
    assertEquals(client.incomingRing?.dataBytes, 5 * PAGE_BYTES);
    assertEquals(client.outgoingRing?.dataBytes, 7 * PAGE_BYTES);
    const server = vmbus.inspectChannel(pair.server);
    assertEquals(server.incomingRing?.dataBytes, 7 * PAGE_BYTES);
    assertEquals(server.outgoingRing?.dataBytes, 5 * PAGE_BYTES);
    await closePair(pair);
  });

  Deno.test(`VmbChannelEnable: raises ring sizes to what a packet at the client's bounds needs (${codec})`, async () => {
    let answer = 0;
    const packetBytes = 100_000;
    const externalBytes = 300_000;
    const chainLength = 3;
    const pair = await openPair({
      fabric: { codec },
      ringPages: [1, 1],
      client: (vsc, channel) => {
        vsc.VmbChannelInitSetMaximumPacketSize(channel, packetBytes);
        vsc.VmbChannelInitSetMaximumExternalData(channel, externalBytes, chainLength);
      },
      server: (vsp, channel) => {
        vsp.VmbChannelInitSetMaximumPacketSize(channel, packetBytes);
        vsp.VmbChannelInitSetMaximumExternalData(channel, externalBytes, chainLength);
      },
      onServerPacket: (_channel, packet, buffer, bufferLength) => {
        vmbus.expectSuccess(pair.vsp.VmbChannelPacketGetExternalData(packet, 0));
        pair.vsp.VmbChannelPacketComplete(packet, buffer, bufferLength);
      },
    });
    const { fabric, vsc, client, guest } = pair;
    // Both rings carry it: the outgoing one the packet, the incoming one an answer of its length.
    const pages = guest.memory.allocate(externalBytes + PAGE_BYTES);
    const mdls = [1, 1, externalBytes - 2].map((byteCount) =>
      vmbus.IoAllocateMdl(guest.memory, pages.gpa + PAGE_BYTES - 1, byteCount)
    );
    mdls[0]!.next = mdls[1]!;
    mdls[1]!.next = mdls[2]!;
    const packet = vsc.VmbPacketAllocate(client);
    vsc.VmbPacketSetCompletionRoutine(packet, (ended, _status, _buffer, bufferLength) => {
      answer = bufferLength;
      vsc.VmbPacketFree(ended);
    });
    const bytes = pattern(packetBytes);
    const status = vsc.VmbPacketSend(packet, bytes, packetBytes, mdls[0], WAIT);
    assertEquals(status, vmbus.STATUS_SUCCESS);
    await fabric.settle();
    assertEquals(answer, packetBytes);
    guest.memory.free(pages);
    await closePair(pair);
  });
}

Deno.test("VmbChannelEnable: raises a ring to the smallest that carries the packet", async () => {
  // In the vmbus codec a packet with one external page has 16 + 8 + 2 · 8 bytes before its payload and
  // 8 behind it, and a writer leaves 16 bytes of the ring free (wire.md 1.3, 2.3).
  for (const [packetBytes, pages] of [[4096 - 64, 1], [4096 - 63, 2], [8192 - 64, 2]] as const) {
    const pair = await openPair({
      fabric: { codec: "vmbus" },
      ringPages: [1, 1],
      client: (vsc, channel) => {
        vsc.VmbChannelInitSetMaximumPacketSize(channel, packetBytes);
        vsc.VmbChannelInitSetMaximumExternalData(channel, 1, 1);
      },
    });
    const { incomingRing, outgoingRing } = vmbus.inspectChannel(pair.client);
    assertEquals(incomingRing?.dataBytes, pages * PAGE_BYTES, `${packetBytes}`);
    assertEquals(outgoingRing?.dataBytes, pages * PAGE_BYTES);
    const page = pair.guest.memory.allocate(1);
    const mdl = vmbus.IoAllocateMdl(pair.guest.memory, page.gpa, 1);
    const packet = pair.vsc.VmbPacketAllocate(pair.client);
    const bytes = new Uint8Array(packetBytes);
    pair.vsc.VmbPacketSend(packet, bytes, packetBytes, mdl, WAIT);
    assertEquals(vmbus.inspectChannel(pair.client).queued, 0); // an empty ring holds it
    await pair.fabric.settle();
    pair.guest.memory.free(page);
    await closePair(pair);
  }
});

Deno.test("VmbChannelInitSetFriendlyName: names the channel in inspect, reports and leaks", async () => {
  const pair = await openPair({
    fabric: { verifier: "record" },
    server: (vsp, channel) => vsp.VmbChannelInitSetFriendlyName(channel, "disk 0"),
  });
  const { fabric, vsp, server, client } = pair;
  assertEquals(vmbus.inspectChannel(server).friendlyName, "disk 0");
  assertEquals(vmbus.inspectChannel(client).friendlyName, "");
  vsp.VmbChannelCleanup(server);
  assert(fabric.violations[0]?.message.includes("disk 0"));
  assert(fabric.leaks().some(({ owner }) => owner.includes("disk 0")));
});

Deno.test("VmbChannelSetPointer: keeps any value for each endpoint, at any time", async () => {
  const pair = makePair();
  const { vsp, vsc, server, client, fabric } = pair;
  const context = { anything: true };
  assertStrictEquals(vsp.VmbChannelGetPointer(server), null);
  vsp.VmbChannelSetPointer(server, context);
  vsc.VmbChannelSetPointer(client, 17n);
  enablePair(pair);
  await fabric.settle();
  assertStrictEquals(vsp.VmbChannelGetPointer(server), context);
  assertStrictEquals(vsc.VmbChannelGetPointer(client), 17n);
  vsc.VmbChannelSetPointer(client, undefined);
  await vsc.VmbChannelDisable(client);
  assertStrictEquals(vsc.VmbChannelGetPointer(client), undefined);
  assertStrictEquals(vsp.VmbChannelGetPointer(server), context);
  await closePair(pair);
});

Deno.test("VmbChannelGetInterfaceInstance: is that of the active instance, all zero while there is none", async () => {
  const log: string[] = [];
  const note = (channel: vmbus.VMBCHANNEL) =>
    void log.push(pair.vsp.VmbChannelGetInterfaceInstance(channel));
  const pair = makePair({
    clientCallbacks: {
      EvtChannelOpened: (channel) => (note(channel), vmbus.STATUS_SUCCESS),
      EvtChannelClosed: note,
    },
  });
  const { fabric, vsp, vsc, server, client } = pair;
  const both = () => [server, client].map((channel) => vsp.VmbChannelGetInterfaceInstance(channel));
  assertEquals(both(), [NO_INSTANCE, NO_INSTANCE]);
  vsc.VmbChannelEnable(client);
  await fabric.settle();
  assertEquals(both(), [NO_INSTANCE, NO_INSTANCE]);
  vsp.VmbChannelEnable(server);
  await fabric.settle();
  assertEquals(both(), [PAIR_INSTANCE, PAIR_INSTANCE]); // the client took any of its type
  await vsc.VmbChannelDisable(client);
  assertEquals(both(), [PAIR_INSTANCE, NO_INSTANCE]);
  await vsp.VmbChannelDisable(server);
  assertEquals(both(), [NO_INSTANCE, NO_INSTANCE]);
  assertEquals(log, [PAIR_INSTANCE, PAIR_INSTANCE]);
  await closePair(pair);
});

Deno.test("VmbChannelInitSetStateChangeCallbacks: the structure is copied at the call", async () => {
  const log: string[] = [];
  const callbacks = vmbus.VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT();
  assertEquals(callbacks, {
    Version: 1,
    Size: 48,
    EvtChannelOpened: null,
    EvtChannelClosed: null,
    EvtChannelSuspend: null,
    EvtChannelStarted: null,
    EvtChannelPostStarted: null,
  });
  callbacks.EvtChannelStarted = () => void log.push("first");
  const pair = makePair({
    server: (vsp, channel) => {
      vmbus.expectSuccess(vsp.VmbChannelInitSetStateChangeCallbacks(channel, callbacks));
    },
  });
  callbacks.EvtChannelStarted = () => void log.push("second");
  enablePair(pair);
  await pair.fabric.settle();
  assertEquals(log, ["first"]);
  await closePair(pair);
});

Deno.test("VmbServerChannelInitSetFlags: crosses in the offer as the wire has it", async () => {
  const cases = [
    // Server's flags, flags of the offer (wire.md 4.4).
    [0, 0],
    [vmbus.VMBUS_SERVER_CHANNEL_INIT_FLAG_ENUMERATE_DEVICE_INTERFACE, 0x1],
    [vmbus.VMBUS_SERVER_CHANNEL_INIT_FLAG_OFFER_AS_PIPE, 0x10],
    [vmbus.VMBUS_SERVER_CHANNEL_INIT_FLAG_FORCE_NEW_CHANNEL, 0],
    [vmbus.VMBUS_SERVER_CHANNEL_INIT_FLAG_TLNPI_PROVIDER_OFFER, 0x2000],
    [0x1e, 0x2011],
  ] as const;
  for (const [flags, wireFlags] of cases) {
    const pair = makePair({
      fabric: { trace: "full" },
      server: (vsp, channel) => {
        vmbus.expectSuccess(vsp.VmbServerChannelInitSetFlags(channel, flags));
        vmbus.expectSuccess(vsp.VmbServerChannelInitSetMmioMegabytes(channel, 3, 5));
      },
    });
    await pair.fabric.settle();
    pair.vsp.VmbChannelEnable(pair.server);
    const offer = new DataView(lastMessage(pair, 1).buffer);
    assertEquals(offer.getUint16(56, true), wireFlags, `flags ${flags}`);
    assertEquals([offer.getUint16(58, true), offer.getUint16(182, true)], [3, 5]);
    const userData = offer.getUint32(60, true);
    assertEquals(userData, (wireFlags & 0x10) !== 0 ? 4 : 0); // message mode
    await closePair(pair);
  }
});

Deno.test("VmbServerChannelInitSetFlags: a loopback offer says so on the wire", async () => {
  const fabric = createFabric({ trace: "full" });
  const { kmcl } = vmbus.WdfFdoQueryForInterface(
    fabric.root.device,
    vmbus.KMCL_SERVER_INTERFACE_TYPE,
    vmbus.KMCL_SERVER_INTERFACE_V1_SIZE,
    1,
  );
  fabric.root.connect(); // as for a client of its own
  await fabric.settle();
  const { channel } = vmbus.expectSuccess(kmcl.VmbChannelAllocate(fabric.root.device, true));
  const { kernelHandle } = kmcl.VmbConvertVmbusHandleToKernelHandle(fabric.root.vmbusHandle);
  kmcl.VmbServerChannelInitSetVmbusHandle(channel, kernelHandle);
  vmbus.ZwClose(kernelHandle);
  kmcl.VmbServerChannelInitSetTargetInterfaceId(channel, PAIR_TYPE, PAIR_INSTANCE);
  kmcl.VmbServerChannelInitSetFlags(channel, vmbus.VMBUS_SERVER_CHANNEL_INIT_FLAG_LOOPBACK_OFFER);
  kmcl.VmbChannelInitSetProcessPacketCallbacks(channel, () => {}, null);
  assertEquals(kmcl.VmbChannelEnable(channel), vmbus.STATUS_SUCCESS);
  const entry = fabric.trace.findLast(({ event }) => event === "messageToGuest");
  assertEquals(String(entry?.values[0]).slice(56 * 2, 58 * 2), "0001"); // 0x100, little-endian
  await kmcl.VmbChannelDisable(channel);
  kmcl.VmbChannelCleanup(channel);
  assertEquals(fabric.leaks(), []);
});

Deno.test("VmbChannelInitSetProcessPacketCallbacks: ProcessingComplete may be left out", async () => {
  let count = 0;
  const pair = await openPair({
    server: (vsp, channel) => {
      const status = vsp.VmbChannelInitSetProcessPacketCallbacks(channel, (_channel, packet) => {
        count++;
        vsp.VmbChannelPacketComplete(packet, null, 0);
      });
      assertEquals(status, vmbus.STATUS_SUCCESS);
    },
  });
  sendPlain(pair.vsc, pair.client, Uint8Array.of(1));
  await pair.fabric.settle();
  assertEquals(count, 1);
  await closePair(pair);
});
