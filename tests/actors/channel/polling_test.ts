// A writer that waits for room and is not signalled (wire.md 1.7, behaviours 3, 4 and 11 without the signal).

import { assertEquals } from "@std/assert";
import { FEATURE_BITS_OFFSET } from "../../../core/ring/layout.ts";
import * as vmbus from "../../../mod.ts";
import { closePair, openPair, type Pair, type PairOptions } from "../../support/connected_pair.ts";
import { clearFeatureBits, endpointBehind } from "../../support/endpoints.ts";
import { pattern, sendPlain } from "../../support/sending.ts";

type Side = "server" | "client";

const SIDES: readonly Side[] = ["server", "client"];

const SMALL_RINGS: PairOptions = {
  fabric: { codec: "vmbus" },
  ringPages: [1, 1],
  client: (vsc, channel) => {
    vmbus.expectSuccess(vsc.VmbChannelInitSetMaximumPacketSize(channel, 1000));
  },
  server: (vsp, channel) => {
    vmbus.expectSuccess(vsp.VmbChannelInitSetMaximumPacketSize(channel, 1000));
  },
};

/** The writer is `side`; the other one is its reader, and rests. */
async function blocked(side: Side, options: PairOptions = {}) {
  const arrived: number[] = [];
  const note = (_: unknown, packet: vmbus.VMBPACKETCOMPLETION, buffer: Uint8Array) => {
    arrived.push(buffer[0]!);
    (side === "client" ? pair.vsp : pair.vsc).VmbChannelPacketComplete(packet, null, 0);
  };
  const pair: Pair = await openPair({
    ...SMALL_RINGS,
    onServerPacket: note,
    onClientPacket: note,
    ...options,
  });
  const [writer, table] = side === "client" ? [pair.client, pair.vsc] : [pair.server, pair.vsp];
  const [reader, readers] = side === "client" ? [pair.server, pair.vsp] : [pair.client, pair.vsc];
  await readers.VmbChannelPause(reader);
  const send = (seed: number) => {
    const bytes = pattern(1000);
    bytes[0] = seed;
    assertEquals(sendPlain(table, writer, bytes), vmbus.STATUS_SUCCESS);
  };
  for (let seed = 0; seed < 10; seed++) send(seed);
  return { pair, writer, table, arrived, start: () => readers.VmbChannelStart(reader) };
}

for (const side of SIDES) {
  Deno.test(`Polling: a blocked ${side} whose peer does not advertise the feature sends all, in order`, async () => {
    const { pair, writer, arrived, start } = await blocked(side);
    const { fabric } = pair;
    clearFeatureBits(writer);
    assertEquals(vmbus.inspectChannel(writer).awaitsRoomBy, "poll");
    start();
    await fabric.settle(); // nobody signals, and no time passes
    assertEquals(arrived, [0, 1, 2]);
    assertEquals(vmbus.inspectChannel(writer).queued, 7);
    await fabric.advance(0.9);
    assertEquals(arrived.length, 3);
    await fabric.advance(0.1); // at the whole millisecond, and once at that
    assertEquals(arrived, [0, 1, 2, 3, 4, 5]);
    await fabric.run();
    assertEquals(arrived, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assertEquals(vmbus.inspectChannel(writer).awaitsRoomBy, null);
    assertEquals(fabric.now(), 3);
    await closePair(pair);
  });

  Deno.test(`Polling: a peer that takes the feature back while a ${side} waits does not leave it waiting`, async () => {
    const { pair, writer, arrived, start } = await blocked(side);
    assertEquals(vmbus.inspectChannel(writer).awaitsRoomBy, "signal");
    start();
    clearFeatureBits(writer); // the reader has not run yet: it will not signal
    await pair.fabric.run();
    assertEquals(arrived.length, 10);
    await closePair(pair);
  });

  Deno.test(`Polling: nothing is polled where the peer of a ${side} signals`, async () => {
    const { pair, arrived, start } = await blocked(side);
    start();
    await pair.fabric.run();
    assertEquals(arrived.length, 10);
    assertEquals(pair.fabric.now(), 0);
    await closePair(pair);
  });
}

Deno.test("Polling: a run ends though a writer waits for a reader that rests", async () => {
  const { pair, writer, arrived } = await blocked("client");
  clearFeatureBits(writer);
  await pair.fabric.run();
  assertEquals(arrived, []);
  assertEquals(pair.fabric.now(), 0);
  await pair.fabric.advance(3_600_000); // without millions of looks
  assertEquals(vmbus.inspectChannel(writer).queued, 7);
  await closePair(pair);
});

Deno.test("Polling: a writer whose own flow rests looks once, and no more", async () => {
  const { pair, writer, table, arrived, start } = await blocked("client");
  clearFeatureBits(writer);
  await table.VmbChannelPause(writer);
  start();
  await pair.fabric.run();
  assertEquals(arrived, [0, 1, 2]);
  assertEquals(pair.fabric.now(), 1);
  table.VmbChannelStart(writer);
  await pair.fabric.run();
  assertEquals(arrived.length, 10);
  await closePair(pair);
});

Deno.test("Polling: a guest that stands still does not look; it does when it runs again", async () => {
  const { pair, writer, arrived, start } = await blocked("client");
  clearFeatureBits(writer);
  pair.guest.pause();
  start();
  await pair.fabric.advance(50);
  assertEquals(arrived, [0, 1, 2]);
  pair.guest.resume();
  await pair.fabric.run();
  assertEquals(arrived.length, 10);
  await closePair(pair);
});

Deno.test("Polling: a reader that spoils its index is found at the next look", async () => {
  const { pair, writer } = await blocked("client");
  clearFeatureBits(writer);
  endpointBehind(writer).rings?.outgoing.store(4, 12); // no multiple of 8 (wire.md 1.9)
  await pair.fabric.run();
  assertEquals(vmbus.inspectChannel(writer).fault, "invalidReadIndex");
  await closePair(pair);
});

Deno.test("Polling: the bit that counts is that of the opposite writer (wire.md 1.2)", async () => {
  const { pair, writer, arrived, start } = await blocked("client");
  const rings = endpointBehind(writer).rings;
  rings?.incoming.store(FEATURE_BITS_OFFSET, 0xffff_fffe); // other bits mean nothing
  assertEquals(vmbus.inspectChannel(writer).awaitsRoomBy, "poll");
  rings?.incoming.store(FEATURE_BITS_OFFSET, 0xffff_ffff);
  assertEquals(vmbus.inspectChannel(writer).awaitsRoomBy, "signal");
  start();
  await pair.fabric.run();
  assertEquals(arrived.length, 10);
  await closePair(pair);
});

Deno.test("drainAndDisable: is polled as well, and ends before its time (kmcl.md S16)", async () => {
  const { pair, writer, table, arrived, start } = await blocked("client");
  clearFeatureBits(writer);
  const { fabric } = pair;
  const drained = vmbus.drainAndDisable(table, writer, { timeout100ns: 10_000_000 });
  start();
  await fabric.advance(20);
  assertEquals(arrived.length, 10);
  assertEquals(await drained, vmbus.STATUS_SUCCESS);
  assertEquals(fabric.now(), 20);
  await table.VmbChannelDisable(writer);
  await closePair(pair);
});

// wire.md 4.3: from version 2.4 on
Deno.test("Polling: before version 2.4 both sides poll, and nobody writes the words for signals", async () => {
  for (const vmbusVersion of ["0.13", "1.1", "2.4"] as const) {
    for (const side of SIDES) {
      const { pair, writer, arrived, start } = await blocked(side, { partition: { vmbusVersion } });
      const isOld = vmbusVersion !== "2.4";
      assertEquals(vmbus.inspectChannel(writer).awaitsRoomBy, isOld ? "poll" : "signal");
      const { incomingRing, outgoingRing } = vmbus.inspectChannel(writer);
      const bits = [incomingRing?.featureBits, outgoingRing?.featureBits];
      assertEquals(bits, isOld ? [0, 0] : [1, 1]);
      assertEquals(outgoingRing?.pendingSendSize === 0, isOld);
      start();
      await pair.fabric.run();
      assertEquals(arrived.length, 10);
      assertEquals(pair.fabric.now(), isOld ? 3 : 0);
      await closePair(pair);
    }
  }
});
