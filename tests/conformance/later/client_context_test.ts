// kmcl.md X2, X3: the driver's own area with each packet that it was given.

import { assert, assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { closePair, openPair } from "../../support/connected_pair.ts";
import { createFabric } from "../../support/fabric.ts";
import { serverTableV2 } from "../../support/later_tables.ts";
import { openReceiver, RECEIVERS } from "../../support/receiving.ts";

const POISON = 0xdd;
const DEAD = "PacketComplete, Defer or Fail of a context that is retired or handed back";

/** Has both sides of a pair have areas of 8 bytes. */
const EIGHT = {
  server: (vsp: vmbus.KmclServerInterfaceV1, channel: vmbus.VMBCHANNEL) =>
    void vsp.VmbChannelInitSetClientContextSize(channel, 8),
  client: (vsc: vmbus.KmclClientInterfaceV1, channel: vmbus.VMBCHANNEL) =>
    void vsc.VmbChannelInitSetClientContextSize(channel, 8),
};

/** A pair of which one side is looked at, and the table by which it asks for areas. */
async function openAreas(...given: Parameters<typeof openReceiver>) {
  const receiving = await openReceiver(...given);
  return { ...receiving, later: serverTableV2(receiving.fabric) };
}

/** The area of a packet; a test that has none fails. */
function areaOf(
  later: vmbus.KmclServerInterfaceV2,
  context: vmbus.VMBPACKETCOMPLETION,
): Uint8Array {
  const area = later.VmbChannelPacketGetClientContext(context);
  assert(area !== null);
  return area;
}

for (const side of RECEIVERS) {
  for (const verifier of ["throw", "off"] as const) {
    Deno.test(`VmbChannelPacketGetClientContext: of a ${side} is one zeroed area a packet, verifier ${verifier} (X2)`, async () => {
      const held: vmbus.VMBPACKETCOMPLETION[] = [];
      const { pair, fabric, kmcl, later, send } = await openAreas(side, {
        onPacket: (_channel, packet) => {
          assertEquals([...areaOf(later, packet)], Array(8).fill(0));
          areaOf(later, packet).fill(held.length + 1);
          held.push(packet);
        },
      }, { fabric: { verifier }, ...EIGHT });
      for (let round = 0; round < 20; round++) { // records are used again
        send([1]);
        send([2]);
        await fabric.settle();
        const [one, two] = held;
        assertStrictEquals(areaOf(later, one!), areaOf(later, one!));
        assertEquals([...areaOf(later, one!)], Array(8).fill(1));
        assertEquals([...areaOf(later, two!)], Array(8).fill(2));
        for (const packet of held.splice(0)) kmcl.VmbChannelPacketComplete(packet, null, 0);
      }
      await closePair(pair);
    });
  }
}

Deno.test("VmbChannelPacketGetClientContext: without a size the area has no bytes (X2)", async () => {
  const lengths: number[] = [];
  const { pair, fabric, kmcl, later, send } = await openAreas("server", {
    onPacket: (_channel, packet) => {
      lengths.push(areaOf(later, packet).length);
      kmcl.VmbChannelPacketComplete(packet, null, 0);
    },
  });
  send([1]);
  await fabric.settle();
  assertEquals(lengths, [0]);
  await closePair(pair);
});

Deno.test("VmbChannelPacketGetClientContext: the area lives as long as the packet, and is overwritten then (X2)", async () => {
  const kept: Uint8Array[] = [];
  const answers: number[][] = [];
  const { pair, fabric, kmcl, later, receiver, sender } = await openAreas("server", {
    onPacket: (_channel, packet) => {
      const area = areaOf(later, packet);
      area.fill(7);
      kmcl.VmbChannelPacketComplete(packet, area, 8); // it may be the answer
      assertEquals([...area], Array(8).fill(POISON));
      kept.push(area);
    },
  }, EIGHT);
  assertEquals(vmbus.inspectChannel(receiver).side, "server");
  const packet = kmcl.VmbPacketAllocate(sender);
  kmcl.VmbPacketSetCompletionRoutine(packet, (_packet, _status, buffer) => {
    answers.push([...buffer]);
  });
  for (let at = 0; at < 10; at++) {
    kmcl.VmbPacketSend(packet, null, 0, null, vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION);
    await fabric.settle();
    assertEquals([...kept[0]!], Array(8).fill(POISON));
  }
  assertEquals(answers, Array(10).fill(Array(8).fill(7)));
  kmcl.VmbPacketFree(packet);
  await closePair(pair);
});

Deno.test("VmbChannelPacketGetClientContext: a packet that was handed back comes with a new area (X2)", async () => {
  const areas: Uint8Array[] = [];
  const { pair, fabric, kmcl, later, send } = await openAreas("server", {
    onPacket: (_channel, packet) => {
      const area = areaOf(later, packet);
      assertEquals([...area], Array(8).fill(0));
      area.fill(1);
      areas.push(area);
      if (areas.length === 1) kmcl.VmbChannelPacketDeferToPassive(packet);
      else kmcl.VmbChannelPacketComplete(packet, null, 0);
    },
  }, EIGHT);
  send([1]);
  await fabric.settle();
  assertEquals(areas.length, 2);
  assertNotStrictEquals(areas[0], areas[1]);
  await closePair(pair);
});

Deno.test("VmbChannelPacketGetClientContext: of a packet that is retired or none is a violation, and null (X2)", async () => {
  const held: vmbus.VMBPACKETCOMPLETION[] = [];
  const { pair, fabric, kmcl, later, receiver, send } = await openAreas("server", {
    onPacket: (_channel, packet) => {
      held.push(packet);
      kmcl.VmbChannelPacketComplete(packet, null, 0);
    },
  }, { fabric: { verifier: "record" } });
  send([1]);
  await fabric.settle();
  const { VmbChannelPacketGetClientContext } = later;
  for (const value of [held[0]!, null, receiver as never]) {
    assertEquals(VmbChannelPacketGetClientContext(value), null);
  }
  assertEquals(fabric.violations.map(({ rule, call }) => [rule, call]), [
    [DEAD, "VmbChannelPacketGetClientContext"],
    ["invalid handle", "VmbChannelPacketGetClientContext"],
    ["invalid handle", "VmbChannelPacketGetClientContext"],
  ]);
  await pair.vsc.VmbChannelDisable(pair.client);
});

Deno.test("VmbChannelPacketGetClientContext: an area that its driver gave away or changed is no other packet's (X2)", async () => {
  let count = 0;
  const { pair, fabric, kmcl, later, send } = await openAreas("server", {
    onPacket: (_channel, packet) => {
      const area = areaOf(later, packet);
      assertEquals([...area], Array(8).fill(0));
      if (count++ % 2 === 0) (area.buffer as ArrayBuffer).transfer();
      else Object.defineProperty(area, "fill", { value: () => assert(false, "nobody asks") });
      kmcl.VmbChannelPacketComplete(packet, null, 0);
    },
  }, EIGHT);
  for (let at = 0; at < 40; at++) {
    send([1]);
    await fabric.settle();
  }
  assertEquals(count, 40);
  await closePair(pair);
});

Deno.test("VmbChannelPacketGetClientContext: gives no area where there is no memory for it, and never a shorter one (X2)", async () => {
  for (const byteCount of [2 ** 31, 2 ** 32 - 1]) {
    const fabric = createFabric();
    const guest = fabric.createPartition({ name: "guest" });
    const later = serverTableV2(fabric);
    const areas: unknown[] = [];
    const pair = await openPair({
      within: { fabric, guest },
      server: (vsp, channel) => void vsp.VmbChannelInitSetClientContextSize(channel, byteCount),
      onServerPacket: (_channel, packet) => {
        areas.push(later.VmbChannelPacketGetClientContext(packet));
        pair.vsp.VmbChannelPacketComplete(packet, null, 0);
      },
    });
    pair.vsc.VmbPacketSend(pair.vsc.VmbPacketAllocate(pair.client), null, 0, null, 0);
    await fabric.settle();
    assertEquals(areas, [null]);
    await closePair(pair);
  }
});
