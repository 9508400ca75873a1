// Sending to a paused endpoint, and from one (P2, S6, S8): Pause is local, the ring is the back-pressure.

import { assertEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { closePair, enablePair, makePair, openPair } from "../../support/connected_pair.ts";
import {
  type Ended,
  freeAll,
  notedPacket,
  pattern,
  sendPlain,
  WAIT,
} from "../../support/sending.ts";

const GOOD = vmbus.STATUS_SUCCESS;

Deno.test("VmbPacketSend: to a paused endpoint fills the ring, then queues (P2, S8)", async () => {
  const received: number[] = [];
  const pair = await openPair({
    fabric: { codec: "vmbus" },
    onServerPacket: (_channel, context, buffer, length) => {
      received.push(buffer[0]!);
      pair.vsp.VmbChannelPacketComplete(context, buffer, length);
    },
  });
  const { vsc, vsp, client, server, fabric } = pair;
  await vsp.VmbChannelPause(server);
  const ends: Ended[] = [];
  // 16 384 bytes of data pages, 1024 a packet: 15 fit, as one slot stays free (wire.md 1.3).
  const packets = Array.from({ length: 40 }, () => notedPacket(vsc, client, ends));
  for (const [index, packet] of packets.entries()) {
    const payload = new Uint8Array(1000).fill(index);
    assertEquals(vsc.VmbPacketSend(packet, payload, 1000, null, WAIT), GOOD);
  }
  await fabric.settle();
  await fabric.advance(10_000);
  assertEquals([received, ends], [[], []]);
  const { queued, outgoingRing, flow } = vmbus.inspectChannel(client);
  assertEquals([queued, outgoingRing?.usedBytes, flow], [25, 15 * 1024, "active"]);

  vsp.VmbChannelStart(server);
  await fabric.settle();
  const order = packets.map((_, index) => index);
  assertEquals(received, order);
  assertEquals(ends.map(({ packet }) => packets.indexOf(packet)), order);
  assertEquals(ends.map(({ answer }) => answer[0]), order);
  freeAll(vsc, packets);
  await closePair(pair);
});

Deno.test("VmbPacketSend: a paused endpoint takes no completions (S8)", async () => {
  const pair = await openPair({ onServerPacket: "hold" });
  const { held } = pair.atServer;
  const { vsc, vsp, client, fabric } = pair;
  const ends: Ended[] = [];
  const packet = notedPacket(vsc, client, ends);
  assertEquals(vsc.VmbPacketSend(packet, null, 0, null, WAIT), GOOD);
  await fabric.settle();
  await vsc.VmbChannelPause(client); // its own packet in flight does not keep it from resolving
  vsp.VmbChannelPacketComplete(held[0]!, pattern(8), 8);
  await fabric.settle();
  assertEquals(ends, []);
  vsc.VmbChannelStart(client);
  await fabric.settle();
  assertEquals(ends, [{ packet, status: GOOD, answer: [...pattern(8)] }]);
  freeAll(vsc, [packet]);
  await closePair(pair);
});

Deno.test("VmbPacketSend: from a server that was never started waits for Start (S6)", async () => {
  const received: number[] = [];
  const pair = makePair({
    onClientPacket: (_channel, context, buffer) => {
      received.push(buffer[0]!);
      pair.vsc.VmbChannelPacketComplete(context, null, 0);
    },
  });
  const { vsc, vsp, client, server, fabric } = pair;
  vsp.VmbChannelEnable(server);
  vsc.VmbChannelEnable(client);
  await fabric.settle();
  assertEquals(vmbus.inspectChannel(server).lifecycle, "opened");
  assertEquals(vmbus.inspectChannel(server).flow, "paused");
  for (const value of [1, 2, 3]) assertEquals(sendPlain(vsp, server, Uint8Array.of(value)), GOOD);
  await fabric.settle();
  assertEquals(received, []);
  assertEquals(vmbus.inspectChannel(server).queued, 3);
  assertEquals(vmbus.inspectChannel(server).outgoingRing?.usedBytes, 0);
  vsp.VmbChannelStart(server);
  await fabric.settle();
  assertEquals(received, [1, 2, 3]);
  assertEquals(vmbus.inspectChannel(server).queued, 0);
  await closePair(pair);
});

Deno.test("VmbPacketSend: after Suspend it is a violation, and the packet queues (S6)", async () => {
  const received: number[] = [];
  const pair = makePair({
    fabric: { verifier: "record" },
    onServerPacket: (_channel, context, buffer) => {
      received.push(buffer[0]!);
      pair.vsp.VmbChannelPacketComplete(context, null, 0);
    },
  });
  enablePair(pair);
  const { vsc, vsp, client, server, fabric } = pair;
  await fabric.settle();
  await vsc.VmbChannelPause(client);
  assertEquals(sendPlain(vsc, client, Uint8Array.of(1)), GOOD);
  await fabric.settle();
  assertEquals([received, vmbus.inspectChannel(client).queued], [[], 1]);
  vsc.VmbChannelStart(client);
  await fabric.settle();
  assertEquals(received, [1]);
  assertEquals(sendPlain(vsc, client, Uint8Array.of(2)), GOOD);
  await fabric.settle();
  assertEquals(received, [1, 2]);
  assertEquals(
    fabric.violations.map(({ rule, call }) => [rule, call]),
    [["send between Suspend and the next Started or Closed", "VmbPacketSend"]],
  );
  await vsc.VmbChannelDisable(client);
  await vsp.VmbChannelDisable(server);
  vsc.VmbChannelCleanup(client);
  vsp.VmbChannelCleanup(server);
  assertEquals(fabric.leaks(), []);
});
