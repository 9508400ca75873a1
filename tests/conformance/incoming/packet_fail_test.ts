// VmbChannelPacketFail as long as a packet is being processed (kmcl.md sections 5 and 9).

import { assertEquals } from "@std/assert";
import { encodeControlMessage } from "../../../core/control/codec.ts";
import * as vmbus from "../../../mod.ts";
import { closePair, openPair, type Pair } from "../../support/connected_pair.ts";
import { openReceiver, RECEIVERS } from "../../support/receiving.ts";
import { sendPlain, WAIT } from "../../support/sending.ts";

/** A server whose driver holds what it gets, and has got `count` packets that wait for completion. */
async function openHolding(count: number, options: Parameters<typeof openPair>[0] = {}) {
  const pair: Pair = await openPair({
    onServerPacket: "hold",
    ...options,
  });
  const { held } = pair.atServer;
  for (let at = 0; at < count; at++) {
    sendPlain(pair.vsc, pair.client, Uint8Array.of(at), WAIT);
  }
  await pair.fabric.settle();
  pair.calls.length = 0;
  return { pair, held };
}

for (const side of RECEIVERS) {
  Deno.test(`VmbChannelPacketFail: of a ${side}'s packet may come after ProcessPacket has returned`, async () => {
    const held: vmbus.VMBPACKETCOMPLETION[] = [];
    const { pair, fabric, kmcl, receiver, send } = await openReceiver(side, {
      onPacket: (_channel, packet) => void held.push(packet),
    });
    for (const value of [1, 2]) send([value]);
    await fabric.settle();
    pair.calls.length = 0;
    kmcl.VmbChannelPacketFail(held[0] ?? null);
    send([3]);
    await fabric.settle();
    const { fault, outstanding } = vmbus.inspectChannel(receiver);
    assertEquals([fault, outstanding, held.length], ["packetFailed", 1, 2]);
    assertEquals(pair.calls, [`${side} Suspend`]);
    kmcl.VmbChannelPacketComplete(held[1] ?? null, null, 0);
    await closePair(pair);
  });
}

Deno.test("VmbChannelPacketFail: may come from another packet's call, from a completion routine and after an await", async () => {
  const places: Record<string, (pair: Pair, fail: () => void) => void> = {
    "another packet's call": ({ vsc, client }) => void sendPlain(vsc, client, Uint8Array.of(1)),
    "a completion routine": ({ vsp, server }, fail) => {
      const packet = vsp.VmbPacketAllocate(server);
      vsp.VmbPacketSetCompletionRoutine(packet, (ended) => {
        vsp.VmbPacketFree(ended);
        fail();
      });
      vsp.VmbPacketSend(packet, null, 0, null, 0);
    },
    "after an await": ({ fabric }, fail) => void fabric.delay(1).then(fail),
  };
  for (const [place, begin] of Object.entries(places)) {
    const held: vmbus.VMBPACKETCOMPLETION[] = [];
    const pair: Pair = await openPair({
      onServerPacket: (_channel, packet) => {
        if (held.push(packet) === 2) pair.vsp.VmbChannelPacketFail(held[0] ?? null);
      },
    });
    sendPlain(pair.vsc, pair.client, Uint8Array.of(0), WAIT);
    await pair.fabric.settle();
    begin(pair, () => pair.vsp.VmbChannelPacketFail(held[0] ?? null));
    await pair.fabric.advance(1);
    assertEquals([place, vmbus.inspectChannel(pair.server).fault], [place, "packetFailed"]);
    for (const packet of held.slice(1)) pair.vsp.VmbChannelPacketComplete(packet, null, 0);
    await closePair(pair);
  }
});

Deno.test("VmbChannelPacketFail: inside an asynchronous ProcessPacket may come after its await", async () => {
  const { pair } = await openHolding(0, {
    onServerPacket: async (_channel, packet) => {
      await pair.fabric.delay(1);
      pair.vsp.VmbChannelPacketFail(packet);
    },
    server: (vsp, channel) => vsp.VmbChannelSetIncomingProcessingAtPassive(channel, true),
  });
  for (const value of [1, 2]) sendPlain(pair.vsc, pair.client, Uint8Array.of(value));
  await pair.fabric.advance(5);
  const { fault, outstanding } = vmbus.inspectChannel(pair.server);
  assertEquals([fault, outstanding], ["packetFailed", 0]);
  assertEquals(pair.calls, ["server Suspend"]);
  await closePair(pair);
});

for (const call of ["VmbChannelPause", "VmbChannelDisable"] as const) {
  Deno.test(`VmbChannelPacketFail: of the last packet lets ${call} return, and Suspend is not called again`, async () => {
    const { pair, held } = await openHolding(2);
    const { fabric, vsp, server } = pair;
    let hasReturned = false;
    vsp[call](server).then(() => hasReturned = true);
    await fabric.settle();
    vsp.VmbChannelPacketFail(held[0] ?? null); // Suspend waits for what is outstanding
    await fabric.settle();
    assertEquals(hasReturned, false);
    vsp.VmbChannelPacketFail(held[1] ?? null); // the channel is faulted already
    await fabric.settle();
    assertEquals(hasReturned, true);
    assertEquals(pair.calls.filter((name) => name === "server Suspend").length, 1);
    await closePair(pair);
  });
}

Deno.test("VmbChannelPacketFail: on a channel that is faulted otherwise retires the packet, and the fault stays", async () => {
  const { pair, held } = await openHolding(1);
  const { fabric, vsp, server, vsc, client, guest } = pair;
  const message = encodeControlMessage({ message: "relIdReleased", channelId: 1 }); // it is open
  guest.postControlMessage("toHost", message);
  await fabric.settle();
  assertEquals(vmbus.inspectChannel(server).fault, "unexpectedMessage");
  vsp.VmbChannelPacketFail(held[0] ?? null);
  const { fault, outstanding } = vmbus.inspectChannel(server);
  assertEquals([fault, outstanding], ["unexpectedMessage", 0]);
  await vsp.VmbChannelDisable(server);
  await vsc.VmbChannelDisable(client);
});

Deno.test("VmbChannelPacketFail: the client closes while the server fails what it holds", async () => {
  const { pair, held } = await openHolding(1);
  let isClosed = false;
  pair.vsc.VmbChannelDisable(pair.client).then(() => isClosed = true);
  await pair.fabric.settle();
  assertEquals(pair.calls, ["client Suspend", "client Closed", "server Suspend"]);
  pair.vsp.VmbChannelPacketFail(held[0] ?? null);
  await pair.fabric.settle();
  assertEquals([isClosed, pair.calls.includes("server Closed")], [true, true]);
  pair.calls.length = 0;
  assertEquals(pair.vsc.VmbChannelEnable(pair.client), vmbus.STATUS_SUCCESS); // the offer stands, and is sound again
  await pair.fabric.settle();
  assertEquals(vmbus.inspectChannel(pair.server).fault, null);
  await closePair(pair);
});

Deno.test("VmbChannelPacketFail: a context that is retired, deferred or was pending is dead", async () => {
  const rules: string[] = [];
  const fail = (pair: Pair, packet: vmbus.VMBPACKETCOMPLETION) => {
    const before = pair.fabric.violations.length;
    pair.vsp.VmbChannelPacketFail(packet);
    rules.push(pair.fabric.violations[before]?.rule ?? "none");
  };
  let calls = 0;
  let deferred: vmbus.VMBPACKETCOMPLETION | null = null;
  const pair: Pair = await openPair({
    fabric: { verifier: "record" },
    onServerPacket: (_channel, packet) => {
      if (++calls === 1) {
        deferred = packet;
        pair.vsp.VmbChannelPacketDeferToPassive(packet);
        return fail(pair, packet); // it goes back to the queue
      }
      if (deferred !== null) fail(pair, deferred);
      pair.vsp.VmbChannelPacketComplete(packet, null, 0);
      fail(pair, packet);
    },
  });
  sendPlain(pair.vsc, pair.client, Uint8Array.of(1));
  await pair.fabric.settle();
  const rule = "PacketComplete, Defer or Fail of a context that is retired or handed back";
  assertEquals(rules, [rule, rule, rule]);
  assertEquals(vmbus.inspectChannel(pair.server).fault, null);
});
