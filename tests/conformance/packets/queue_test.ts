// kmcl.md P2, P3, P7 and P8: a full ring, the order of packets, packets that can never fit, copies.
//
// With the codec "vmbus" a packet of n bytes takes 16 + n + 8 bytes of the ring, n rounded up to 8
// (wire.md 1.4), so that a test can count.

import { assertEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import {
  closePair,
  enablePair,
  makePair,
  openPair,
  PAIR_TYPE,
  type PairOptions,
} from "../../support/connected_pair.ts";
import {
  type Ended,
  freeAll,
  names,
  notedPacket,
  pattern,
  sendPlain,
  unchangedBy,
  WAIT,
} from "../../support/sending.ts";

const GOOD = vmbus.STATUS_SUCCESS;
const TOO_LARGE = vmbus.STATUS_INVALID_BUFFER_SIZE;

/** Options of a pair with rings of one page, whose server notes the payloads that arrive. */
function countedPair(received: number[][]): PairOptions {
  return {
    fabric: { codec: "vmbus" },
    ringPages: [1, 1],
    client: (vsc, channel) => {
      // Small bounds, so that one page is enough (kmcl.md section 5).
      vmbus.expectSuccess(vsc.VmbChannelInitSetMaximumPacketSize(channel, 2000));
      vmbus.expectSuccess(vsc.VmbChannelInitSetMaximumExternalData(channel, 8, 1));
    },
    onServerPacket: (_channel, _context, buffer, length) => {
      received.push([...buffer.subarray(0, length)]);
    },
  };
}

/** Payloads of `sizes`, each one recognisable. */
function payloads(sizes: readonly number[]): Uint8Array[] {
  return sizes.map((byteCount, index) => pattern(byteCount, index));
}

/** The same payloads as the vmbus codec delivers them: with zeros up to a multiple of 8. */
function rounded(sent: readonly Uint8Array[]): number[][] {
  return sent.map((bytes) => [...bytes, ...new Array((8 - bytes.length % 8) % 8).fill(0)]);
}

Deno.test("VmbPacketSend: with the ring full packets queue, and the writer says so (P2)", async () => {
  const received: number[][] = [];
  const contexts: vmbus.VMBPACKETCOMPLETION[] = [];
  const pair = await openPair({
    ...countedPair(received),
    onServerPacket: (_channel, context, buffer) => {
      received.push([...buffer]);
      contexts.push(context);
    },
  });
  const { vsc, vsp, client, server, fabric } = pair;
  await vsp.VmbChannelPause(server);
  const ends: Ended[] = [];
  const packets = Array.from({ length: 8 }, () => notedPacket(vsc, client, ends));
  const sent = payloads(new Array(8).fill(1000));
  const statuses = packets.map((packet, index) =>
    vsc.VmbPacketSend(packet, sent[index]!, 1000, null, 0)
  );
  assertEquals(statuses, statuses.map(() => GOOD)); // it is no error
  await fabric.settle();

  // 3 × 1024 of 4096 bytes: a fourth would leave no byte free (wire.md 1.3).
  const full = vmbus.inspectChannel(client);
  assertEquals([full.queued, full.outgoingRing?.usedBytes], [5, 3 * 1024]);
  assertEquals(full.outgoingRing?.pendingSendSize, 1024); // wire.md 1.7: what the first one needs
  assertEquals(ends.map(({ packet }) => packets.indexOf(packet)), [0, 1, 2]);
  assertEquals(received, []);

  vsp.VmbChannelStart(server);
  await fabric.settle();
  assertEquals(received, sent.map((bytes) => [...bytes]));
  assertEquals(ends.map(({ packet }) => packets.indexOf(packet)), [0, 1, 2, 3, 4, 5, 6, 7]);
  assertEquals(ends.map(({ status }) => status), statuses);
  const empty = vmbus.inspectChannel(client);
  assertEquals([empty.queued, empty.outgoingRing?.pendingSendSize], [0, 0]);
  for (const context of contexts) vsp.VmbChannelPacketComplete(context, null, 0);
  freeAll(vsc, packets);
  await closePair(pair);
});

Deno.test("VmbPacketSend: a small packet does not overtake a large one that waits (P3)", async () => {
  const received: number[][] = [];
  const pair = await openPair({
    ...countedPair(received),
    onServerPacket: (_channel, context, buffer) => {
      received.push([...buffer]);
      pair.vsp.VmbChannelPacketComplete(context, null, 0);
    },
  });
  const { vsc, vsp, client, server, fabric } = pair;
  await vsp.VmbChannelPause(server);
  const sent = payloads([2000, 1500, 600, 1, 0, 2000, 8, 2000, 3, 1]);
  for (const bytes of sent) assertEquals(sendPlain(vsc, client, bytes), GOOD);
  // 2024 + 1528 are in; 624 does not fit, and what is smaller waits behind it.
  assertEquals(vmbus.inspectChannel(client).queued, 8);
  assertEquals(vmbus.inspectChannel(client).outgoingRing?.usedBytes, 2024 + 1528);
  assertEquals(vmbus.inspectChannel(client).outgoingRing?.pendingSendSize, 16 + 600 + 8);
  vsp.VmbChannelStart(server);
  await fabric.settle();
  assertEquals(received, rounded(sent));
  await closePair(pair);
});

Deno.test("VmbPacketSend: packets of every state keep their order (P3, S6)", async () => {
  const received: number[] = [];
  let next = 0;
  const send = () => assertEquals(sendPlain(pair.vsc, pair.client, Uint8Array.of(next++)), GOOD);
  const pair = makePair({
    clientCallbacks: {
      EvtChannelOpened: () => {
        send();
        return GOOD;
      },
      EvtChannelStarted: send,
      EvtChannelPostStarted: send,
    },
    onServerPacket: (_channel, context, buffer) => {
      received.push(buffer[0]!);
      pair.vsp.VmbChannelPacketComplete(context, null, 0);
    },
  });
  enablePair(pair);
  send(); // Enabled
  send();
  await pair.fabric.settle();
  send(); // Active and Opened
  await pair.fabric.settle();
  assertEquals(received, [0, 1, 2, 3, 4, 5]);
  await closePair(pair);
});

Deno.test("VmbPacketSend: what the opened ring can never carry is refused (P7)", async () => {
  // The server may be configured for more than the client's ring of 4 pages holds: wire.md 1.3 has
  // 16 384 - 16 bytes for the largest packet, descriptor and trailer included.
  const largest = 16_384 - 16 - 24;
  const received: number[][] = [];
  const pair = await openPair({
    fabric: { codec: "vmbus" },
    server: (vsp, channel) => {
      vmbus.expectSuccess(vsp.VmbChannelInitSetMaximumPacketSize(channel, 40_000));
    },
    onClientPacket: (_channel, context, buffer) => {
      received.push([...buffer]);
      pair.vsc.VmbChannelPacketComplete(context, null, 0);
    },
  });
  const { vsp, server, fabric } = pair;
  const ends: Ended[] = [];
  const packet = notedPacket(vsp, server, ends);
  const send = (byteCount: number) =>
    vsp.VmbPacketSend(packet, pattern(byteCount), byteCount, null, 0);
  for (const flow of ["active", "paused"]) {
    if (flow === "paused") await vsp.VmbChannelPause(server);
    assertEquals(vmbus.inspectChannel(server).flow, flow);
    for (const byteCount of [largest + 1, largest + 8, 40_000]) {
      assertEquals(unchangedBy(fabric, () => send(byteCount)), TOO_LARGE);
    }
  }
  await fabric.settle();
  assertEquals(ends, []);
  vsp.VmbChannelStart(server);
  await fabric.settle();
  assertEquals(send(largest), GOOD);
  await fabric.settle();
  assertEquals(received, [[...pattern(largest)]]);
  assertEquals(ends.map(({ status }) => status), [GOOD]);
  freeAll(vsp, [packet]);
  await closePair(pair);
});

Deno.test("VmbPacketSend: queued before the open, it ends with that status (P7)", async () => {
  const received: number[] = [];
  const pair = makePair({
    server: (vsp, channel) => {
      vmbus.expectSuccess(vsp.VmbChannelInitSetMaximumPacketSize(channel, 40_000));
    },
    onClientPacket: (_channel, context, _buffer, length) => {
      received.push(length);
      pair.vsc.VmbChannelPacketComplete(context, null, 0);
    },
  });
  const { vsp, server, fabric } = pair;
  const ends: Ended[] = [];
  const sizes = [16, 40_000, 24, 17_000, 32];
  const packets = sizes.map(() => notedPacket(vsp, server, ends));
  vsp.VmbChannelEnable(server); // offered, not open: nobody knows the ring yet
  const statuses = packets.map((packet, index) =>
    vsp.VmbPacketSend(packet, pattern(sizes[index]!), sizes[index]!, null, index === 1 ? WAIT : 0)
  );
  assertEquals(statuses, statuses.map(() => GOOD));
  await fabric.settle();
  assertEquals(ends, []);
  vsp.VmbChannelStart(server);
  pair.vsc.VmbChannelEnable(pair.client);
  await fabric.settle();
  assertEquals(received, [16, 24, 32]); // they do not block what is behind them
  assertEquals(ends.map(({ packet }) => packets.indexOf(packet)), [0, 1, 2, 3, 4]);
  assertEquals(
    names(ends.map(({ status }) => status)),
    names([GOOD, TOO_LARGE, GOOD, TOO_LARGE, GOOD]),
  );
  freeAll(vsp, packets);
  await closePair(pair);
});

Deno.test("VmbPacketSend: the buffer is copied before the call returns (P8)", async () => {
  const received: number[][] = [];
  const pair = await openPair({
    ...countedPair(received),
    onServerPacket: (_channel, context, buffer) => {
      received.push([...buffer]);
      pair.vsp.VmbChannelPacketComplete(context, null, 0);
    },
  });
  const { vsc, vsp, client, server, fabric } = pair;
  await vsp.VmbChannelPause(server);
  const buffer = new Uint8Array(1000);
  const sent: number[][] = [];
  for (let round = 0; round < 9; round++) { // three in the ring, the others on the queue
    buffer.set(pattern(1000, round));
    sent.push([...buffer]);
    assertEquals(sendPlain(vsc, client, buffer), GOOD);
    buffer.fill(0xee);
  }
  assertEquals(vmbus.inspectChannel(client).queued, 6);
  vsp.VmbChannelStart(server);
  await fabric.settle();
  assertEquals(received, sent);
  await closePair(pair);
});

Deno.test("VmbChannelPacketComplete: its buffer is copied as well (P8, R6)", async () => {
  const buffer = new Uint8Array(1000);
  const pair = await openPair({
    ...countedPair([]),
    onServerPacket: "hold",
  });
  const { held: contexts } = pair.atServer;
  const { vsc, vsp, client, fabric } = pair;
  const ends: Ended[] = [];
  const packets = Array.from({ length: 9 }, () => notedPacket(vsc, client, ends));
  for (const packet of packets) {
    assertEquals(vsc.VmbPacketSend(packet, null, 0, null, WAIT), GOOD);
  }
  await fabric.settle();
  await vsc.VmbChannelPause(client); // so that the completions fill the ring, then queue
  const sent = contexts.map((context, round) => {
    buffer.set(pattern(1000, round));
    const copy = [...buffer];
    vsp.VmbChannelPacketComplete(context, buffer, 1000);
    buffer.fill(0xee);
    return copy;
  });
  assertEquals(vmbus.inspectChannel(pair.server).queued, 6);
  vsc.VmbChannelStart(client);
  await fabric.settle();
  assertEquals(ends.map(({ answer }) => answer), sent);
  freeAll(vsc, packets);
  await closePair(pair);
});

Deno.test("VmbPacketSend: what is queued at the close is not sent at the next open (S6, S15)", async () => {
  const received: number[] = [];
  const pair = makePair();
  const { vsc, vsp, client, server, guest, fabric } = pair;
  const ends: Ended[] = [];
  const packet = notedPacket(vsp, server, ends);
  const send = (value: number) => {
    assertEquals(vsp.VmbPacketSend(packet, Uint8Array.of(value), 1, null, 0), GOOD);
  };
  vsp.VmbChannelEnable(server);
  vsc.VmbChannelEnable(client);
  await fabric.settle();
  send(1); // Opened, and Paused before the first Start
  assertEquals(vmbus.inspectChannel(server).queued, 1);
  await vsc.VmbChannelDisable(client);
  vsc.VmbChannelCleanup(client);
  await fabric.settle();
  assertEquals(vmbus.inspectChannel(server).lifecycle, "closed");
  const first = names(ends.splice(0).map(({ status }) => status));
  assertEquals(vmbus.inspectChannel(server).queued, 0);
  send(2); // Closed: it waits for the next open

  const { channel: second } = vmbus.expectSuccess(vsc.VmbChannelAllocate(guest.device, false));
  vsc.VmbClientChannelInitSetTargetPnp(second, PAIR_TYPE);
  vsc.VmbChannelInitSetProcessPacketCallbacks(second, (_channel, context, buffer) => {
    received.push(buffer[0]!);
    vsc.VmbChannelPacketComplete(context, null, 0);
  });
  assertEquals(vsc.VmbChannelEnable(second), GOOD);
  await fabric.settle();
  assertEquals(ends, []);
  vsp.VmbChannelStart(server);
  await fabric.settle();
  assertEquals([first, received], [["STATUS_CANCELLED"], [2]]);
  assertEquals(ends.map(({ status }) => status), [GOOD]);
  freeAll(vsp, [packet]);
  await closePair({ ...pair, client: second });
});
