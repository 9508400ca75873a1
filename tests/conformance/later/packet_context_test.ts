// kmcl.md X13, X14: the driver's context in a packet object.

import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { makePair, openPair, type Pair } from "../../support/connected_pair.ts";
import { serverTableV5 } from "../../support/later_tables.ts";
import { WAIT } from "../../support/sending.ts";

type Later = vmbus.KmclServerInterfaceV5;

/** An open pair of which both sides have contexts of `byteCount` bytes in their packets. */
async function openContexts(
  byteCount: number,
  verifier: "throw" | "record" | "off" = "throw",
): Promise<{ pair: Pair; later: Later }> {
  const { fabric, guest } = makePair({ fabric: { verifier } });
  const later = serverTableV5(fabric);
  const set = (_table: unknown, channel: vmbus.VMBCHANNEL) =>
    assertEquals(later.VmbChannelInitSetInlinePacketContextSize(channel, byteCount), 0);
  return { pair: await openPair({ within: { fabric, guest }, server: set, client: set }), later };
}

/** The context of a packet; a test that has none fails. */
function contextOf(later: Later, packet: vmbus.VMBPACKET | null): Uint8Array {
  const context = later.VmbPacketGetInlinePacketContextPointer(packet);
  assert(context !== null);
  return context;
}

for (const verifier of ["throw", "off"] as const) {
  Deno.test(`VmbPacketGetInlinePacketContextPointer: zeros at first, kept from send to send, verifier ${verifier} (X13)`, async () => {
    const { pair: { vsc, client, fabric }, later } = await openContexts(24, verifier);
    for (let round = 0; round < 3; round++) { // the packet object is used again
      const packet = vsc.VmbPacketAllocate(client)!;
      const context = contextOf(later, packet);
      assertEquals([...context], Array(24).fill(0));
      context.fill(9);
      const seen: unknown[] = [];
      vsc.VmbPacketSetCompletionRoutine(packet, (ended) => {
        seen.push(contextOf(later, ended) === context);
      });
      for (let send = 0; send < 2; send++) {
        vsc.VmbPacketSend(packet, null, 0, null, WAIT);
        await fabric.settle();
      }
      assertEquals([seen, [...context]], [[true, true], Array(24).fill(9)]);
      vsc.VmbPacketFree(packet);
      if (verifier === "throw") assertEquals([...context], Array(24).fill(0xdd));
    }
  });
}

Deno.test("VmbChannelSizeofPacket: counts the context, which is the end of the caller's memory (X13)", async () => {
  const { pair: { vsc, client }, later } = await openContexts(20);
  const plain = makePair();
  const byteCount = vsc.VmbChannelSizeofPacket(client);
  assertEquals(byteCount, plain.vsc.VmbChannelSizeofPacket(plain.client) + 24);
  const memory = new Uint8Array(byteCount + 100).fill(1);
  const { packet } = vmbus.expectSuccess(vsc.VmbPacketInitialize(client, memory, byteCount + 50));
  const context = contextOf(later, packet);
  assertEquals([...context], Array(20).fill(0));
  context.fill(7);
  assertEquals([...memory.subarray(byteCount - 24, byteCount - 4)], Array(20).fill(7));
  assertStrictEquals(contextOf(later, packet), context);
  assertEquals(vsc.VmbPacketInitialize(client, memory, byteCount).packet, packet);
  assertEquals([...contextOf(later, packet)], Array(20).fill(0)); // as new
  const { status } = vsc.VmbPacketInitialize(client, memory, byteCount - 1);
  assertEquals(status, vmbus.STATUS_INVALID_PARAMETER_3);
});

Deno.test("VmbPacketInitialize: what is laid over a packet object keeps its memory to itself (X13)", async () => {
  const { pair: { vsc, client }, later } = await openContexts(8);
  const byteCount = vsc.VmbChannelSizeofPacket(client);
  const memory = new Uint8Array(2 * byteCount);
  for (const part of [memory, memory.subarray(byteCount)]) {
    vmbus.expectSuccess(vsc.VmbPacketInitialize(client, part, byteCount));
  }
  vmbus.expectSuccess(vsc.VmbPacketInitialize(client, memory.subarray(8), byteCount));
  memory.fill(3);
  const packet = vsc.VmbPacketAllocate(client); // one of the objects that were laid over serves again
  contextOf(later, packet).fill(4);
  assertEquals(memory.every((byte) => byte === 3), true);
  vsc.VmbPacketFree(packet);
  assertEquals(memory.every((byte) => byte === 3), true);
});

Deno.test("VmbPacketGetInlinePacketContextPointer: without a size it has no bytes; of no packet it is a violation (X13)", async () => {
  const { pair: { vsc, client, fabric }, later } = await openContexts(0, "record");
  const packet = vsc.VmbPacketAllocate(client);
  assertEquals(contextOf(later, packet).length, 0);
  vsc.VmbPacketFree(packet);
  for (const value of [packet, null, client as never]) {
    assertEquals(later.VmbPacketGetInlinePacketContextPointer(value), null);
  }
  assertEquals(fabric.violations.map(({ rule }) => rule), Array(3).fill("invalid handle"));
});

Deno.test("VmbPacketGetInlinePacketContextPointer: a context that was given away is no other owner's (X13)", async () => {
  const { pair: { vsc, client }, later } = await openContexts(8, "off");
  for (let round = 0; round < 3; round++) {
    const packet = vsc.VmbPacketAllocate(client);
    const context = contextOf(later, packet);
    assertEquals([...context], Array(8).fill(0));
    context.fill(1);
    if (round === 1) (context.buffer as ArrayBuffer).transfer();
    vsc.VmbPacketFree(packet);
  }
});

Deno.test("VmbChannelSaveContinue: saves the context of a packet in flight with it (X14, X15)", async () => {
  const { fabric, guest } = makePair();
  const later = serverTableV5(fabric);
  const told: unknown[] = [];
  const restored: vmbus.VMBPACKET[] = [];
  const configure =
    (byteCount: number) => (vsp: vmbus.KmclServerInterfaceV1, channel: vmbus.VMBCHANNEL) => {
      later.VmbChannelInitSetInlinePacketContextSize(channel, byteCount);
      const status = later.VmbServerChannelInitSetSaveRestorePacketCallbacksEx(
        channel,
        (...given: Parameters<vmbus.EvtChannelSavePacketEx>) => {
          told.push(["save", given[4]]);
          return { status: vmbus.STATUS_SUCCESS, bytesNeeded: 0 };
        },
        (...given: Parameters<vmbus.EvtChannelRestorePacketEx>) => {
          const [of, libBuf, libBufSize] = given;
          told.push(["restore", given[5]]);
          const packet = vsp.VmbPacketAllocate(of)!;
          restored.push(packet);
          return vsp.VmbPacketRestore(packet, libBuf, libBufSize);
        },
        "mine",
      );
      assertEquals(status, vmbus.STATUS_SUCCESS);
    };
  const pair = await openPair({
    within: { fabric, guest },
    server: configure(8),
    onClientPacket: "hold",
  });
  const { vsp, server } = pair;
  const packet = vsp.VmbPacketAllocate(server)!;
  vsp.VmbPacketSetCompletionRoutine(packet, () => {});
  contextOf(later, packet).fill(5);
  vsp.VmbPacketSend(packet, null, 0, null, WAIT);
  await fabric.settle();
  const bytes = await vmbus.saveServerChannel(vsp, server);
  const statusOf = (byteCount: number) => {
    const again = makePair({ within: pair, server: configure(byteCount) });
    return vmbus.ntStatusName(vmbus.restoreServerChannel(vsp, again.server, bytes));
  };
  assertEquals(statusOf(16), "STATUS_REVISION_MISMATCH");
  assertEquals(restored, []);
  assertEquals(statusOf(8), "STATUS_SUCCESS");
  assertEquals([...contextOf(later, restored[0]!)], Array(8).fill(5));
  assertEquals(told, [["save", "mine"], ["restore", "mine"]]);
});

Deno.test("VmbChannelInitSetInlinePacketContextSize: packet objects that are there have that size from then on (X13)", () => {
  const { fabric, vsc, client } = makePair();
  const later = serverTableV5(fabric);
  const byteCount = vsc.VmbChannelSizeofPacket(client);
  const memory = new Uint8Array(byteCount).fill(1);
  const { packet } = vmbus.expectSuccess(vsc.VmbPacketInitialize(client, memory, byteCount));
  const packets = [packet, vsc.VmbPacketAllocate(client)];
  for (const size of [0, 8, 64, 8]) {
    assertEquals(later.VmbChannelInitSetInlinePacketContextSize(client, size), 0);
    for (const one of packets) {
      const context = contextOf(later, one);
      assertEquals([...context], Array(size).fill(0));
      context.fill(2);
      assertStrictEquals(contextOf(later, one), context);
    }
  }
  assertEquals(memory.every((byte) => byte === 1), true); // it was measured without one
});
