import { assertEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { closePair, openPair, type Pair, type PairOptions } from "../../support/connected_pair.ts";

const WAIT = vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION;

/** Rings of one page, which hold three packets of 1000 bytes. */
const SMALL_RINGS: PairOptions = {
  ringPages: [1, 1],
  client: (vsc, channel) => {
    vsc.VmbChannelInitSetMaximumPacketSize(channel, 1000);
    vsc.VmbChannelInitSetMaximumExternalData(channel, 1, 1);
  },
};

function send({ vsc, client }: Pair, byteCount: number, flags: number): void {
  const packet = vsc.VmbPacketAllocate(client);
  const status = vsc.VmbPacketSend(packet, new Uint8Array(byteCount), byteCount, null, flags);
  assertEquals(status, vmbus.STATUS_SUCCESS);
}

function countsOf({ server, client }: Pair, key: "interruptsSent" | "roomWaits"): number[] {
  return [client, server].map((channel) => vmbus.inspectChannel(channel)[key]);
}

// wire.md 1.7
Deno.test("ChannelState: interruptsSent counts one for each time that the ring becomes non-empty", async () => {
  const pair = await openPair();
  assertEquals(countsOf(pair, "interruptsSent"), [0, 0]);
  send(pair, 8, WAIT);
  await pair.fabric.settle();
  assertEquals(countsOf(pair, "interruptsSent"), [1, 1]);
  for (let at = 0; at < 5; at++) send(pair, 8, 0);
  await pair.fabric.settle();
  assertEquals(countsOf(pair, "interruptsSent"), [2, 1]);
  await closePair(pair);
});

// kmcl.md P2
Deno.test("ChannelState: roomWaits counts the packets that found no room", async () => {
  const pair = await openPair(SMALL_RINGS);
  const { fabric, vsp, server, client } = pair;
  await vsp.VmbChannelPause(server);
  for (let at = 0; at < 10; at++) send(pair, 1000, 0);
  await fabric.settle();
  assertEquals(vmbus.inspectChannel(client).queued, 7);
  assertEquals(countsOf(pair, "roomWaits"), [7, 0]);
  vsp.VmbChannelStart(server);
  await fabric.settle();
  assertEquals(vmbus.inspectChannel(client).queued, 0);
  assertEquals(countsOf(pair, "roomWaits"), [7, 0]);
  await closePair(pair);
});

// kmcl.md S6
Deno.test("ChannelState: roomWaits does not count what waits for the flow", async () => {
  const pair = await openPair({ client: (vsc, channel) => void vsc.VmbChannelPause(channel) });
  assertEquals(vmbus.inspectChannel(pair.client).flow, "paused");
  send(pair, 8, 0);
  assertEquals(vmbus.inspectChannel(pair.client).queued, 1);
  assertEquals(countsOf(pair, "roomWaits"), [0, 0]);
  pair.vsc.VmbChannelStart(pair.client);
  await pair.fabric.settle();
  assertEquals(countsOf(pair, "roomWaits"), [0, 0]);
  await closePair(pair);
});

// kmcl.md R6
Deno.test("ChannelState: roomWaits counts completions that found no room", async () => {
  const answer = new Uint8Array(1000);
  const pair: Pair = await openPair({
    ...SMALL_RINGS,
    onServerPacket: (_channel, packet) =>
      pair.vsp.VmbChannelPacketComplete(packet, answer, answer.length),
  });
  const { fabric, guest } = pair;
  for (let at = 0; at < 10; at++) send(pair, 8, WAIT);
  guest.pause(); // the host continues, and nobody reads its answers
  await fabric.settle();
  assertEquals(vmbus.inspectChannel(pair.server).queued, 7);
  assertEquals(countsOf(pair, "roomWaits"), [0, 7]);
  guest.resume();
  await fabric.settle();
  assertEquals(countsOf(pair, "roomWaits"), [0, 7]);
  await closePair(pair);
});
