// kmcl.md X17 to X20: isolated guests, and the bounce buffers through which their external data goes.

import { assertEquals, assertThrows } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import {
  clientTable,
  closePair,
  enablePair,
  makePair,
  openPair,
  type Pair,
  PAIR_INSTANCE,
  PAIR_TYPE,
  type PairOptions,
  serverTableOf,
  setVmbus,
} from "../../support/connected_pair.ts";
import { createFabric } from "../../support/fabric.ts";
import { clientTableV5 } from "../../support/later_tables.ts";
import { type Ended, freeAll, names, notedPacket, pattern, WAIT } from "../../support/sending.ts";

const GOOD = vmbus.STATUS_SUCCESS;
/** Pages of both rings of a pair, with their control pages. */
const RING_PAGES = 10;

/** A pair with bounce buffers of these sizes, whose guest is isolated; the server holds what it gets. */
function makeBouncing(
  packetBytes: number,
  driverBytes: number,
  { fabric: options, partition, ...rest }: PairOptions = {},
): Pair {
  const fabric = createFabric(options);
  const guest = fabric.createPartition({
    name: "guest",
    memoryPages: 512,
    isolated: true,
    ...partition,
  });
  const later = clientTableV5(guest);
  return makePair({
    onServerPacket: "hold",
    ...rest,
    within: { fabric, guest },
    client: (vsc, channel) => {
      rest.client?.(vsc, channel);
      assertEquals(later.VmbChannelInitSetBounceBufferSizes(channel, packetBytes, driverBytes), 0);
    },
  });
}

/** The same, open. */
async function bouncingPair(
  packetBytes: number,
  driverBytes: number,
  options: PairOptions = {},
): Promise<Pair> {
  const pair = makeBouncing(packetBytes, driverBytes, options);
  enablePair(pair);
  await pair.fabric.settle();
  assertEquals(vmbus.inspectChannel(pair.client).lifecycle, "opened");
  return pair;
}

/** What `inspect` says of the guest, and of its client. */
function seen({ fabric, client }: Pair) {
  const { sharedPages, pinnedPages } = fabric.inspect().partitions[1]!;
  return { sharedPages, pinnedPages, bounce: vmbus.inspectChannel(client).bounceBuffers };
}

/** The external data of the first packet that the server holds, as it sees it now. */
function atServer({ vsp, atServer: { held } }: Pair, at = 0): vmbus.Mdl {
  return vmbus.expectSuccess(vsp.VmbChannelPacketGetExternalData(held[at]!, 0)).mdl;
}

const bytesOf = (mdl: vmbus.Mdl) => vmbus.mdlSegments(mdl).flatMap((segment) => [...segment]);

Deno.test("createPartition: an isolated guest shares its rings, and copies what packets describe (X17, X19)", async () => {
  const pair = await bouncingPair(4 * 4096, 0);
  const { fabric, guest, vsp, vsc, client } = pair;
  const ends: Ended[] = [];
  const packet = notedPacket(vsc, client, ends);
  const buffer = guest.memory.allocate(3 * 4096);
  const sent = pattern(5000);
  guest.memory.write(buffer.gpa + 4000, sent);
  const idle = seen(pair);
  assertEquals(idle.sharedPages, RING_PAGES + 4);
  assertEquals(idle.bounce?.freePages, 4);
  const first = vmbus.IoAllocateMdl(guest.memory, buffer.gpa + 4000, 200);
  first.next = vmbus.IoAllocateMdl(guest.memory, buffer.gpa + 4200, 4800);
  assertEquals(vsc.VmbPacketSend(packet, null, 0, first, WAIT), GOOD);
  assertEquals(seen(pair).bounce?.freePages, 0);
  await fabric.settle();
  // The shape is the driver's, the pages are others: what the server writes, it finds there in the end.
  const mdl = atServer(pair);
  assertEquals([mdl.byteOffset, mdl.byteCount, mdl.next?.byteCount], [4000, 200, 4800]);
  assertEquals(buffer.pfns.includes(mdl.pfns[0]!), false);
  assertEquals(bytesOf(mdl), [...sent]);
  vmbus.mdlSegments(mdl)[0]!.fill(1, 0, 2);
  assertEquals(guest.memory.read(buffer.gpa + 4000, 2), sent.slice(0, 2)); // not yet
  vsp.VmbChannelPacketComplete(pair.atServer.held[0]!, null, 0);
  await fabric.settle();
  assertEquals(names(ends.map(({ status }) => status)), ["STATUS_SUCCESS"]);
  assertEquals([...guest.memory.read(buffer.gpa + 4000, 3)], [1, 1, sent[2]!]);
  const { bounce, ...pages } = seen(pair);
  assertEquals(pages, { sharedPages: idle.sharedPages, pinnedPages: idle.pinnedPages });
  assertEquals([bounce?.freePages, bounce?.packetsCopied, bounce?.bytesCopied], [4, 1, 10_000]);
  freeAll(vsc, [packet]);
  guest.memory.free(buffer);
  await closePair(pair);
  const { sharedPages, pinnedPages } = fabric.inspect().partitions[1]!;
  assertEquals([sharedPages, pinnedPages], [0, 0]);
});

Deno.test("VmbPacketSend: external data waits in order for pages of others, and never for more than there are (X19)", async () => {
  const pair = await bouncingPair(2 * 4096, 0);
  const { fabric, guest, vsp, vsc, client, atServer: { held } } = pair;
  const ends: Ended[] = [];
  const packets = Array.from({ length: 4 }, () => notedPacket(vsc, client, ends));
  const buffer = guest.memory.allocate(3 * 4096);
  const send = (at: number, byteCount: number) => {
    const mdl = vmbus.IoAllocateMdl(guest.memory, buffer.gpa, byteCount);
    return vsc.VmbPacketSend(packets[at]!, Uint8Array.of(at), 1, mdl, WAIT);
  };
  assertEquals(vmbus.ntStatusName(send(0, 8193)), "STATUS_INVALID_BUFFER_SIZE");
  assertEquals(names([send(0, 4096), send(1, 8192)]), Array(2).fill("STATUS_SUCCESS"));
  assertEquals(vsc.VmbPacketSend(packets[2]!, Uint8Array.of(2), 1, null, WAIT), GOOD);
  assertEquals(vmbus.ntStatusName(send(3, 8193)), "STATUS_INVALID_BUFFER_SIZE"); // behind others, too
  await fabric.settle();
  assertEquals([held.length, vmbus.inspectChannel(client).queued], [1, 2]);
  assertEquals(seen(pair).bounce?.waits, 1);
  vsp.VmbChannelPacketComplete(held[0]!, null, 0);
  await fabric.settle();
  assertEquals([held.length, vmbus.inspectChannel(client).queued], [3, 0]);
  vsp.VmbChannelPacketComplete(held[1]!, null, 0);
  vsp.VmbChannelPacketComplete(held[2]!, null, 0);
  await fabric.settle();
  assertEquals(ends.map(({ packet }) => packets.indexOf(packet)), [0, 1, 2]);
  freeAll(vsc, packets);
  guest.memory.free(buffer);
  await closePair(pair);
});

Deno.test("VmbChannelPacketComplete: of a client does not wait behind a packet that waits for pages (X19)", async () => {
  const pair = await bouncingPair(4096, 0, { onClientPacket: "hold" });
  const { fabric, guest, vsp, vsc, server, client, atServer: { held } } = pair;
  const ends: Ended[] = [];
  const packets = [notedPacket(vsc, client, ends), notedPacket(vsc, client, ends)];
  const request = notedPacket(vsp, server, ends);
  const buffer = guest.memory.allocate(4096);
  vsp.VmbPacketSend(request, null, 0, null, WAIT);
  await fabric.settle();
  const mdl = () => vmbus.IoAllocateMdl(guest.memory, buffer.gpa, 4096);
  for (const packet of packets) vsc.VmbPacketSend(packet, null, 0, mdl(), WAIT);
  // The server completes the first only once its own request has ended.
  vsc.VmbChannelPacketComplete(pair.atClient.held[0]!, Uint8Array.of(7), 1);
  await fabric.settle();
  assertEquals(ends.map(({ packet, answer }) => [packet === request, answer]), [[true, [7]]]);
  for (let at = 0; at < 2; at++) {
    vsp.VmbChannelPacketComplete(held[at]!, null, 0);
    await fabric.settle();
  }
  assertEquals(ends.length, 3);
  freeAll(vsc, packets);
  freeAll(vsp, [request]);
  guest.memory.free(buffer);
  await closePair(pair);
});

Deno.test("VmbPacketSend: without pages for copies, what is private ends, and what is shared is sent (X18, X20)", async () => {
  const pair = makeBouncing(0, 8192);
  const { fabric, guest, vsc, vsp, client } = pair;
  const ends: Ended[] = [];
  const packet = notedPacket(vsc, client, ends);
  const own = guest.memory.allocate(4096);
  const send = (gpa: number, byteCount: number) =>
    vsc.VmbPacketSend(
      packet,
      null,
      0,
      vmbus.IoAllocateMdl(guest.memory, gpa, byteCount),
      WAIT,
    );
  enablePair(pair);
  assertEquals(send(own.gpa, 4096), GOOD); // queued: nobody knows yet what the channel will have
  await fabric.settle();
  assertEquals(names(ends.map(({ status }) => status)), ["STATUS_INVALID_BUFFER_SIZE"]);
  assertEquals(vmbus.ntStatusName(send(own.gpa, 4096)), "STATUS_INVALID_BUFFER_SIZE");
  const later = clientTableV5(guest);
  const { buffer } = vmbus.expectSuccess(later.VmbChannelAllocateBounceBuffer(client, 8192));
  guest.memory.write(buffer!.gpa, Uint8Array.of(3, 4));
  assertEquals(send(buffer!.gpa, 8192), GOOD);
  await fabric.settle();
  assertEquals(atServer(pair).pfns, [...buffer!.pfns]);
  vmbus.mdlSegments(atServer(pair))[0]!.fill(9, 0, 1);
  assertEquals([...guest.memory.read(buffer!.gpa, 2)], [9, 4]); // shared, not copied
  vsp.VmbChannelPacketComplete(pair.atServer.held[0]!, null, 0);
  await fabric.settle();
  assertEquals(seen(pair).bounce?.packetsCopied, 0);
  freeAll(vsc, [packet]);
  guest.memory.free(own);
  await closePair(pair);
});

Deno.test("VmbChannelAllocateBounceBuffer: statuses, in their order, and the buffer's life (X20)", async () => {
  for (const isIsolated of [true, false]) {
    const pair = makeBouncing(4096, 3 * 4096, {
      partition: { isolated: isIsolated },
      fabric: { verifier: "record" },
    });
    const { fabric, guest, server, client, vsc } = pair;
    const { VmbChannelAllocateBounceBuffer: allocate } = clientTableV5(guest);
    const statusOf = (...given: unknown[]) => {
      const { status, buffer } = Reflect.apply(allocate, undefined, given);
      assertEquals(buffer, null);
      return vmbus.ntStatusName(status);
    };
    const wrong = (position: number) => `STATUS_INVALID_PARAMETER_${position}`;
    for (const channel of [null, server, client, {}]) assertEquals(statusOf(channel, 0), wrong(1));
    enablePair(pair);
    assertEquals(statusOf(client, 4096), wrong(1));
    await fabric.settle();
    for (const size of [0, -1, 0.5, NaN, 2 ** 32, "1", null, undefined]) {
      assertEquals(statusOf(client, size), wrong(2));
    }
    assertEquals(statusOf(client, 3 * 4096 + 1), "STATUS_INSUFFICIENT_RESOURCES");
    const { buffer } = vmbus.expectSuccess(allocate(client, 4097));
    assertEquals([buffer!.byteCount, buffer!.pfns.length], [4097, 2]);
    assertEquals(guest.memory.read(buffer!.gpa, 4097), new Uint8Array(4097));
    assertEquals(statusOf(client, 8192), "STATUS_INSUFFICIENT_RESOURCES"); // the sum counts
    guest.memory.free(buffer!);
    assertEquals(fabric.violations.map(({ rule }) => rule), ["guest memory freed while pinned"]);
    await vsc.VmbChannelDisable(client);
    assertEquals(fabric.inspect().partitions[1]!.pinnedPages, 0);
    assertEquals(vmbus.inspectChannel(client).bounceBuffers, undefined);
    const again = guest.memory.allocate(4096);
    assertEquals(again.gpa <= buffer!.gpa, true); // its pages are the guest's own again
  }
});

Deno.test("Fabric.leaks: bounce buffers are no driver's to free (X18, X20)", async () => {
  const pair = await bouncingPair(8192, 8192);
  const { fabric, guest, client } = pair;
  vmbus.expectSuccess(clientTableV5(guest).VmbChannelAllocateBounceBuffer(client, 5000));
  assertEquals(fabric.leaks().map(({ kind }) => kind), ["channel", "channel"]);
  await closePair(pair);
});

Deno.test("VmbChannelEnable: a guest without room for bounce buffers fails to open (X18)", async () => {
  const pair = makeBouncing(1000 * 4096, 0);
  enablePair(pair);
  await pair.fabric.settle();
  assertEquals(pair.calls, ["client PnpFailure STATUS_INSUFFICIENT_RESOURCES"]);
  await closePair(pair);
});

Deno.test("VmbChannelInitSetBounceBufferSizes: half a gigabyte of pages is no matter (X18)", async () => {
  const pages = 131_072;
  const pair = makeBouncing(pages * 4096, 0, { partition: { memoryPages: 2 * pages } });
  enablePair(pair);
  await pair.fabric.settle();
  assertEquals(seen(pair).bounce?.freePages, pages);
  await closePair(pair);
});

Deno.test("VmbChannelSendSynchronousRequest: what comes after its time is not copied to its caller (X19)", async () => {
  const pair = await bouncingPair(4096, 0);
  const { fabric, guest, vsp, vsc, client, atServer: { held } } = pair;
  const buffer = guest.memory.allocate(4096);
  const mdl = vmbus.IoAllocateMdl(guest.memory, buffer.gpa, 4096);
  const ask = (timeout: number) =>
    vsc.VmbChannelSendSynchronousRequest(client, null, 0, mdl, WAIT, null, 0, timeout);
  const write = (at: number) => {
    vmbus.mdlSegments(atServer(pair, at))[0]!.fill(5);
    vsp.VmbChannelPacketComplete(held[at]!, null, 0);
  };
  assertEquals(vmbus.ntStatusName((await ask(10)).status), "STATUS_CANCELLED");
  write(0);
  await fabric.settle();
  assertEquals([...guest.memory.read(buffer.gpa, 2)], [0, 0]);
  const second = ask(10_000_000);
  await fabric.settle();
  write(1);
  assertEquals((await second).status, GOOD);
  assertEquals([...guest.memory.read(buffer.gpa, 2)], [5, 5]);
  guest.memory.free(buffer);
  await closePair(pair);
});

Deno.test("VmbChannelCreateGpadlFromBuffer: shares its pages until it is deleted (X17)", async () => {
  const pair = await bouncingPair(0, 0);
  const { guest, vsp, vsc, server, client } = pair;
  const buffer = guest.memory.allocate(8192);
  const { gpadlHandle } = vmbus.expectSuccess(
    vsc.VmbChannelCreateGpadlFromBuffer(client, 0, buffer, 8192),
  );
  assertEquals(seen(pair).sharedPages, RING_PAGES + 2);
  const { mdl } = vmbus.expectSuccess(vsp.VmbChannelMapGpadl(server, 0, gpadlHandle!));
  vmbus.mdlSegments(mdl)[0]!.fill(6, 0, 1);
  assertEquals(guest.memory.read(buffer.gpa, 1)[0], 6);
  vsp.VmbChannelUnmapGpadl(server, gpadlHandle!);
  await vsc.VmbChannelDeleteGpadl(client, gpadlHandle!);
  assertEquals(seen(pair).sharedPages, RING_PAGES);
  guest.memory.free(buffer);
  await closePair(pair);
});

// wire.md 4.4: what a paravisor serves can stay private; what a host offers cannot, whatever it says.
Deno.test("initSetOfferFlags: confidential channels of an isolated guest share nothing with the host (X17)", async () => {
  for (const isServedInside of [true, false]) {
    const fabric = createFabric();
    const machine = fabric.createPartition({ name: "machine", vtl: 2, isolated: true });
    const guest = isServedInside
      ? fabric.createPartition({ name: "guest", vtlOf: machine, redirect: true })
      : machine;
    const vsp = serverTableOf((isServedInside ? machine : fabric.root).device);
    const { channel: server } = vmbus.expectSuccess(
      vsp.VmbChannelAllocate((isServedInside ? machine : fabric.root).device, true),
    );
    setVmbus(vsp, server, guest);
    vsp.VmbServerChannelInitSetTargetInterfaceId(server, PAIR_TYPE, PAIR_INSTANCE);
    vsp.VmbServerChannelInitSetTargetVtl(server, guest.vtl);
    vmbus.expectSuccess(vmbus.initSetOfferFlags(vsp, server, 0x6));
    const got: number[] = [];
    vsp.VmbChannelInitSetProcessPacketCallbacks(server, (_channel, packet) => {
      const { mdl } = vmbus.expectSuccess(vsp.VmbChannelPacketGetExternalData(packet, 0));
      got.push(mdl.pfns[0]!);
      vsp.VmbChannelPacketComplete(packet, null, 0);
    });
    const vsc = clientTable(guest);
    const { channel: client } = vmbus.expectSuccess(vsc.VmbChannelAllocate(guest.device, false));
    vsc.VmbClientChannelInitSetTargetPnp(client, PAIR_TYPE, null);
    vsc.VmbChannelInitSetProcessPacketCallbacks(client, () => {});
    enablePair({ fabric, vsp, vsc, server, client });
    await fabric.settle();
    const { partitions } = fabric.inspect();
    const isPrivate = partitions.every(({ sharedPages = 0 }) => sharedPages === 0);
    assertEquals(isPrivate, isServedInside);
    const buffer = guest.memory.allocate(4096);
    const mdl = vmbus.IoAllocateMdl(guest.memory, buffer.gpa, 4096);
    vsc.VmbPacketSend(vsc.VmbPacketAllocate(client), null, 0, mdl, WAIT);
    await fabric.settle();
    assertEquals(got[0] === buffer.pfns[0], isServedInside); // itself, or a copy
    guest.memory.free(buffer);
    await closePair({ fabric, vsp, vsc, server, client });
  }
});

Deno.test("createPartition: isolated is true or false, and a machine's alone (X17)", () => {
  const fabric = createFabric();
  for (const isolated of [1, "true", null, {}]) {
    assertThrows(
      () => fabric.createPartition({ name: "guest", isolated: isolated as boolean }),
      TypeError,
      "Cannot create a partition: isolated must be true or false, not",
    );
  }
  const machine = fabric.createPartition({ name: "machine", isolated: true });
  const level = { name: "level", vtl: 1, vtlOf: machine };
  assertThrows(
    () => fabric.createPartition({ ...level, isolated: false }),
    TypeError,
    "isolated is that of its machine where vtlOf is given",
  );
  fabric.createPartition(level);
  assertEquals(fabric.inspect().partitions.map(({ sharedPages }) => sharedPages), [
    undefined,
    0,
    0,
  ]);
});

Deno.test("createPartition: a guest that is not isolated shares all, and copies nothing (X17)", async () => {
  const pair = await openPair({ onServerPacket: "hold" });
  const { fabric, guest, vsp, vsc, client } = pair;
  const { sharedPages, bounce } = seen(pair);
  assertEquals([sharedPages, bounce], [undefined, undefined]);
  const buffer = guest.memory.allocate(4096);
  const mdl = vmbus.IoAllocateMdl(guest.memory, buffer.gpa, 4096);
  vsc.VmbPacketSend(vsc.VmbPacketAllocate(client), null, 0, mdl, WAIT);
  await fabric.settle();
  assertEquals(atServer(pair).pfns, [...buffer.pfns]);
  vsp.VmbChannelPacketComplete(pair.atServer.held[0]!, null, 0);
  await fabric.settle();
  guest.memory.free(buffer);
  await closePair(pair);
});
