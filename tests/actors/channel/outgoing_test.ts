// The sending half of an endpoint, where the documented functions do not reach: a peer that breaks the
// protocol, and what lies between two steps.

import { assertEquals, assertExists, assertStrictEquals } from "@std/assert";
import { READ_INDEX_OFFSET } from "../../../core/ring/layout.ts";
import * as vmbus from "../../../mod.ts";
import { closePair, openPair, type PairOptions } from "../../support/connected_pair.ts";
import { endpointBehind, packetBehind } from "../../support/endpoints.ts";
import {
  type Ended,
  freeAll,
  names,
  notedPacket,
  pattern,
  sendPlain,
  WAIT,
} from "../../support/sending.ts";

const GOOD = vmbus.STATUS_SUCCESS;

/** Rings of one page, as bounds are small, with packets that a test can count (wire.md 1.4). */
const SMALL_RINGS: PairOptions = {
  fabric: { codec: "vmbus" },
  ringPages: [1, 1],
  client: (vsc, channel) => {
    vmbus.expectSuccess(vsc.VmbChannelInitSetMaximumPacketSize(channel, 2000));
    vmbus.expectSuccess(vsc.VmbChannelInitSetMaximumExternalData(channel, 8, 1));
  },
};

Deno.test("Outgoing: a spoiled read index stops the channel, and the packet is as before", async () => {
  const pair = await openPair(SMALL_RINGS);
  const { vsc, vsp, client, server, fabric, calls } = pair;
  await vsp.VmbChannelPause(server);
  for (let index = 0; index < 2; index++) {
    assertEquals(sendPlain(vsc, client, pattern(2000)), GOOD);
  }
  assertEquals(vmbus.inspectChannel(client).queued, 0);
  const endpoint = endpointBehind(client);
  endpoint.rings?.outgoing.store(READ_INDEX_OFFSET, 5); // no multiple of 8 (wire.md 1.3)
  const ends: Ended[] = [];
  const packet = notedPacket(vsc, client, ends);
  calls.length = 0;
  assertEquals(
    vsc.VmbPacketSend(packet, pattern(2000), 2000, null, WAIT),
    vmbus.STATUS_DEVICE_REMOVED,
  );
  assertEquals(packetBehind(packet).actor.is("inFlight"), false);
  assertEquals(vmbus.inspectChannel(client).fault, "invalidReadIndex");
  await fabric.settle();
  assertEquals(calls, ["client Suspend"]);
  assertEquals(ends, []);
  freeAll(vsc, [packet]);
  await closePair(pair);
});

Deno.test("Outgoing: a read index that is spoiled while packets queue stops the channel", async () => {
  const pair = await openPair(SMALL_RINGS);
  const { vsc, vsp, client, server, fabric, calls } = pair;
  await vsp.VmbChannelPause(server);
  const ends: Ended[] = [];
  const packets = [0, 1, 2, 3].map(() => notedPacket(vsc, client, ends));
  for (const packet of packets) {
    assertEquals(vsc.VmbPacketSend(packet, pattern(2000), 2000, null, WAIT), GOOD);
  }
  assertEquals(vmbus.inspectChannel(client).queued, 2);
  const waiting = vsc.VmbChannelSendSynchronousRequest(client, null, 0, null, 0, null, 0);
  calls.length = 0;
  const endpoint = endpointBehind(client);
  endpoint.rings?.outgoing.store(READ_INDEX_OFFSET, 0xffff_fff8);
  endpoint.work.scheduleInterrupt(); // the peer signals
  await fabric.settle();
  assertEquals(vmbus.inspectChannel(client).fault, "invalidReadIndex");
  assertEquals(calls, ["client Suspend"]);
  assertEquals((await waiting).status, vmbus.STATUS_DEVICE_REMOVED);
  assertEquals(ends, []); // they end with the channel (kmcl.md S15)
  await vsc.VmbChannelDisable(client);
  await fabric.settle();
  const removed = "STATUS_DEVICE_REMOVED";
  const cancelled = "STATUS_CANCELLED";
  assertEquals(names(ends.map(({ status }) => status)), [removed, removed, cancelled, cancelled]);
  assertEquals(ends.map(({ packet }) => packets.indexOf(packet)), [0, 1, 2, 3]);
  freeAll(vsc, packets);
  await closePair(pair);
});

Deno.test("Outgoing: a saved completion that the ring can never carry closes the channel", async () => {
  // Of a driver's it is known when it completes the packet (kmcl.md R6); a saved state may hold anything.
  const { server, client, fabric } = await openPair(SMALL_RINGS);
  const { incoming, outgoing } = endpointBehind(server);
  const saved = incoming.outstandingPackets.addSaved("completed");
  saved.takeAnswer(pattern(5000), 5000);
  outgoing.resume({ queue: [], completions: [saved], ended: [], nextOrder: 1 });
  outgoing.flush();
  assertEquals(vmbus.inspectChannel(server).fault, "completionTooLarge");
  await fabric.settle();
  for (const channel of [server, client]) {
    const { lifecycle, outstanding, queued } = vmbus.inspectChannel(channel);
    assertEquals([lifecycle, outstanding, queued], ["disabled", 0, 0]);
  }
});

Deno.test("Outgoing: awaits completions for packets in the ring, and no others", async () => {
  const pair = await openPair({ onServerPacket: "hold" });
  const { held } = pair.atServer;
  const { vsc, vsp, client, fabric } = pair;
  const { outgoing } = endpointBehind(client);
  const ends: Ended[] = [];
  const [idle, freed, sent, plain] = [0, 1, 2, 3].map(() => notedPacket(vsc, client, ends));
  assertExists(idle);
  assertExists(freed);
  assertExists(sent);
  assertExists(plain);
  vsc.VmbPacketFree(freed);
  assertEquals(vsc.VmbPacketSend(sent, null, 0, null, WAIT), GOOD);
  assertEquals(vsc.VmbPacketSend(plain, null, 0, null, 0), GOOD); // its routine is due
  const awaited = [0, 1, 2, 3, 4, -1, 0xffff_ffff].map((slot) => outgoing.awaited(slot, 0));
  assertEquals(awaited.map((packet) => packet?.slot ?? null), [
    null,
    null,
    2,
    null,
    null,
    null,
    null,
  ]);
  assertStrictEquals(awaited[2], packetBehind(sent));
  await fabric.settle();
  for (const context of held) vsp.VmbChannelPacketComplete(context, null, 0);
  await fabric.settle();
  assertEquals(outgoing.awaited(2, 0), null); // answered
  freeAll(vsc, [idle, sent, plain]);
  await closePair(pair);
});

Deno.test("Outgoing: packets and completions leave in the order in which they were sent", async () => {
  // kmcl.md R6: a completion queues with the outgoing packets.
  const order: string[] = [];
  const pair = await openPair({
    ...SMALL_RINGS,
    onServerPacket: "hold",
    onClientPacket: (_channel, context, buffer) => {
      order.push(`packet ${buffer[0]}`);
      pair.vsc.VmbChannelPacketComplete(context, null, 0);
    },
  });
  const { held: contexts } = pair.atServer;
  const { vsc, vsp, client, server, fabric } = pair;
  const packets = [0, 1, 2].map((index) => {
    const packet = vsc.VmbPacketAllocate(client);
    assertExists(packet);
    vsc.VmbPacketSetCompletionRoutine(packet, () => void order.push(`completion ${index}`));
    assertEquals(vsc.VmbPacketSend(packet, null, 0, null, WAIT), GOOD);
    return packet;
  });
  await fabric.settle();
  await vsc.VmbChannelPause(client);
  const fill = (value: number) => new Uint8Array(1900).fill(value);
  for (const value of [0, 1, 2]) {
    assertEquals(sendPlain(vsp, server, fill(value)), GOOD);
    vsp.VmbChannelPacketComplete(contexts[value]!, fill(value), 1900);
  }
  assertEquals(vmbus.inspectChannel(server).queued, 4); // of 4096 bytes two packets took 3848
  vsc.VmbChannelStart(client);
  await fabric.settle();
  const names = [0, 1, 2].flatMap((index) => [`packet ${index}`, `completion ${index}`]);
  assertEquals(order, names);
  freeAll(vsc, packets);
  await closePair(pair);
});

Deno.test("Outgoing: what is left ends in the order of sending, each once (S15)", async () => {
  // kmcl.md S15: never sent is cancelled; sent, and nobody will answer, is removed.
  const pair = await openPair(SMALL_RINGS);
  const { vsc, vsp, client, server, fabric } = pair;
  await vsp.VmbChannelPause(server);
  const ends: Ended[] = [];
  const packets = [0, 1, 2, 3, 4].map(() => notedPacket(vsc, client, ends));
  const order = [3, 0, 4, 1, 2]; // the order of sending is not that of the transaction ids
  for (const index of order) {
    const flags = index === 0 ? 0 : WAIT;
    assertEquals(vsc.VmbPacketSend(packets[index]!, pattern(1500), 1500, null, flags), GOOD);
  }
  await fabric.settle();
  assertEquals(ends.map(({ packet }) => packets.indexOf(packet)), [0]); // in the ring, and so done
  await vsc.VmbChannelDisable(client);
  await fabric.settle();
  assertEquals(ends.map(({ packet }) => packets.indexOf(packet)), [0, 3, 4, 1, 2]);
  assertEquals(names(ends.map(({ status }) => status)), [
    "STATUS_SUCCESS",
    "STATUS_DEVICE_REMOVED",
    "STATUS_CANCELLED",
    "STATUS_CANCELLED",
    "STATUS_CANCELLED",
  ]);
  assertEquals(ends.every(({ answer }) => answer.length === 0), true);
  freeAll(vsc, packets);
  await closePair(pair);
});

Deno.test("Outgoing: the payload of a completion is a copy that the peer cannot change", async () => {
  // api.md section 1: valid until the routine returns.
  for (const codec of ["msgpack", "vmbus"] as const) {
    const pair = await openPair({ fabric: { codec } });
    const { vsc, client, fabric } = pair;
    const packet = vsc.VmbPacketAllocate(client);
    const answers: number[][] = [];
    vsc.VmbPacketSetCompletionRoutine(packet, (ended, _status, buffer) => {
      endpointBehind(client).rings?.incoming.data.fill(0xee);
      answers.push([...buffer]);
      vsc.VmbPacketFree(ended);
    });
    assertEquals(vsc.VmbPacketSend(packet, pattern(200), 200, null, WAIT), GOOD);
    await fabric.settle();
    assertEquals(answers, [[...pattern(200)]]);
    await closePair(pair);
  }
});
