// kmcl.md X11: channels in memory of the caller.

import { assertEquals, assertThrows } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { makePair, openPair } from "../../support/connected_pair.ts";
import { createFabric } from "../../support/fabric.ts";
import { serverTableV5 } from "../../support/later_tables.ts";
import { openReceiver } from "../../support/receiving.ts";

const wrong = (position: number) => `STATUS_INVALID_PARAMETER_${position}`;

/** Initializes a channel; the name of its status. */
function statusOf(
  later: vmbus.KmclServerInterfaceV5,
  ...given: readonly unknown[]
): string | undefined {
  const { status, channel } = Reflect.apply(later.VmbChannelInitialize, undefined, given);
  assertEquals(channel === null, status !== vmbus.STATUS_SUCCESS);
  return vmbus.ntStatusName(status);
}

Deno.test("VmbChannelInitialize: makes a channel as VmbChannelAllocate does, of either side (X11)", () => {
  const { fabric, guest, vsp } = makePair();
  const later = serverTableV5(fabric);
  const byteCount = later.VmbSizeofChannel();
  for (const [device, isServer] of [[fabric.root.device, 1], [guest.device, false]] as const) {
    const memory = new Float64Array(byteCount / 8 + 1);
    const { channel } = vmbus.expectSuccess(
      later.VmbChannelInitialize(device, isServer, memory, byteCount),
    );
    const { side, initializing, lifecycle } = vmbus.inspectChannel(channel);
    assertEquals([side, initializing, lifecycle], [
      isServer ? "server" : "client",
      true,
      "disabled",
    ]);
    assertEquals(fabric.leaks().length, 3); // it leaks as others do, until it is cleaned up
    vsp.VmbChannelCleanup(channel);
  }
});

Deno.test("VmbChannelInitialize: statuses, in their order (X11)", () => {
  const { fabric, guest } = makePair();
  const later = serverTableV5(fabric);
  const byteCount = later.VmbSizeofChannel();
  const { device } = fabric.root;
  const memory = new Uint8Array(byteCount);
  for (const value of [null, 1, {}, guest.vmbusHandle, createFabric().root.device]) {
    assertEquals(statusOf(later, value, 9, null, 0), wrong(1));
  }
  assertEquals(statusOf(later, device, 9, null, 0), wrong(2));
  assertEquals(statusOf(later, guest.device, true, null, 0), wrong(2)); // a server in a child
  for (const value of [null, undefined, 1, {}, []]) {
    assertEquals(statusOf(later, device, true, value, 0), wrong(3));
  }
  for (const size of [0, byteCount - 1, byteCount + 1, -1, NaN, "1024", null]) {
    assertEquals(statusOf(later, device, true, memory, size), wrong(4));
  }
  assertEquals(statusOf(later, device, true, memory, byteCount), "STATUS_SUCCESS");
  // What is in use is not laid over, not even in part.
  assertEquals(statusOf(later, device, true, memory, byteCount), wrong(3));
});

Deno.test("VmbChannelInitialize: memory is free again when its channel was cleaned up (X11)", async () => {
  const { fabric, vsp, vsc, client } = await openPair();
  const later = serverTableV5(fabric);
  const { device } = fabric.root;
  const byteCount = later.VmbSizeofChannel();
  const memory = new Uint8Array(8 * byteCount);
  const part = memory.subarray(byteCount - 8);
  const { channel } = vmbus.expectSuccess(
    later.VmbChannelInitialize(device, true, memory, byteCount),
  );
  assertEquals(statusOf(later, device, true, part, byteCount), wrong(3));
  const { status } = vsc.VmbPacketInitialize(client, memory, memory.length);
  assertEquals(vmbus.ntStatusName(status), wrong(2)); // nor is a packet object laid over it
  vsp.VmbChannelCleanup(channel);
  assertEquals(vsc.VmbPacketInitialize(client, new Uint8Array(8192), 8192).status, 0);
  assertEquals(statusOf(later, device, true, part, byteCount), "STATUS_SUCCESS");
});

Deno.test("VmbChannelInitialize: a packet in flight is not laid over, an idle one is no more (X11)", async () => {
  const { fabric, vsc, client, guest } = await openPair({ onServerPacket: "hold" });
  const later = serverTableV5(fabric);
  const size = vsc.VmbChannelSizeofPacket(client);
  const memory = new Uint8Array(size);
  const { packet } = vmbus.expectSuccess(vsc.VmbPacketInitialize(client, memory, size));
  vsc.VmbPacketSetCompletionRoutine(packet, () => {});
  vsc.VmbPacketSend(packet, null, 0, null, 1);
  await fabric.settle();
  const byteCount = later.VmbSizeofChannel();
  const given = [guest.device, false, memory, byteCount];
  assertEquals(statusOf(later, ...given), wrong(3));
  const idle = new Uint8Array(size);
  const { packet: over } = vmbus.expectSuccess(vsc.VmbPacketInitialize(client, idle, size));
  assertEquals(statusOf(later, guest.device, false, idle, byteCount), "STATUS_SUCCESS");
  assertEquals(vsc.VmbPacketSend(over, null, 0, null, 0), vmbus.STATUS_INVALID_PARAMETER_1);
});

Deno.test("VmbChannelInitialize: is for PASSIVE_LEVEL, VmbSizeofChannel for any (X11, L1)", async () => {
  const rules: unknown[] = [];
  const { pair, fabric, kmcl, send } = await openReceiver("server", {
    onPacket: (_channel, packet) => {
      const byteCount = later.VmbSizeofChannel();
      const error = assertThrows(
        () =>
          later.VmbChannelInitialize(
            fabric.root.device,
            true,
            new Uint8Array(byteCount),
            byteCount,
          ),
        vmbus.VerifierError,
      );
      rules.push(error.violation.rule, error.violation.call);
      kmcl.VmbChannelPacketComplete(packet, null, 0);
    },
  });
  const later = serverTableV5(pair.fabric);
  send([1]);
  await fabric.settle();
  assertEquals(rules, ["call above PASSIVE_LEVEL", "VmbChannelInitialize"]);
});

for (const end of ["destroy", "crash"] as const) {
  Deno.test(`VmbChannelInitialize: what a partition that is gone by ${end} had in it does not hold memory (X11)`, async () => {
    const { fabric, guest, vsc, client } = await openPair({ onServerPacket: "hold" });
    const later = serverTableV5(fabric);
    const byteCount = later.VmbSizeofChannel();
    const size = vsc.VmbChannelSizeofPacket(client);
    const memory = new Uint8Array(byteCount);
    const inFlight = new Uint8Array(size);
    const { packet } = vmbus.expectSuccess(vsc.VmbPacketInitialize(client, inFlight, size));
    vsc.VmbPacketSetCompletionRoutine(packet, () => {});
    vsc.VmbPacketSend(packet, null, 0, null, 1);
    assertEquals(statusOf(later, guest.device, false, memory, byteCount), "STATUS_SUCCESS");
    await fabric.settle();
    guest[end]();
    await fabric.settle();
    const { device } = fabric.createPartition({ name: "next" });
    for (const place of [memory, inFlight]) {
      assertEquals(statusOf(later, device, false, place, byteCount), "STATUS_SUCCESS");
      assertEquals(statusOf(later, device, false, place, byteCount), wrong(3));
    }
  });
}
