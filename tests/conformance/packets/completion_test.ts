// kmcl.md P1 and P4: when a transaction ends, what its completion routine is told, and what it may do.

import { assertEquals, assertExists, assertStrictEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { closePair, openPair, type Pair } from "../../support/connected_pair.ts";
import {
  type Ended,
  freeAll,
  notedPacket,
  pattern,
  sendPlain,
  WAIT,
} from "../../support/sending.ts";

const GOOD = vmbus.STATUS_SUCCESS;

/** A pair whose server keeps what it gets, until the test completes it. */
async function holdingPair(
  options: Parameters<typeof openPair>[0] = {},
): Promise<{ pair: Pair; held: { context: vmbus.VMBPACKETCOMPLETION; bytes: number[] }[] }> {
  const held: { context: vmbus.VMBPACKETCOMPLETION; bytes: number[] }[] = [];
  const pair = await openPair({
    ...options,
    onServerPacket: (_channel, context, buffer, length) => {
      held.push({ context, bytes: [...buffer.subarray(0, length)] });
    },
  });
  return { pair, held };
}

Deno.test("VmbPacketSend: without a completion the transaction ends in the ring (P1)", async () => {
  const { pair, held } = await holdingPair();
  const { vsc, vsp, client, server, fabric } = pair;
  const ends: Ended[] = [];
  const packet = notedPacket(vsc, client, ends);
  await vsp.VmbChannelPause(server); // nobody takes it out of the ring
  assertEquals(vsc.VmbPacketSend(packet, pattern(40), 40, null, 0), GOOD);
  assertEquals(ends, []); // not inside the call
  await fabric.settle();
  assertEquals(ends, [{ packet, status: GOOD, answer: [] }]);
  assertEquals(held, []);

  vsp.VmbChannelStart(server);
  await fabric.settle();
  assertEquals(held.map(({ bytes }) => bytes), [[...pattern(40)]]);
  vsp.VmbChannelPacketComplete(held[0]!.context, pattern(8), 8); // nobody asked for it
  await fabric.settle();
  assertEquals(ends.length, 1);
  freeAll(vsc, [packet]);
  await closePair(pair);
});

Deno.test("VmbPacketSend: with a completion the transaction ends when that has arrived (P1)", async () => {
  for (const codec of ["msgpack", "vmbus"] as const) {
    const { pair, held } = await holdingPair({ fabric: { codec } });
    const { vsc, vsp, client, fabric } = pair;
    const ends: Ended[] = [];
    const packet = notedPacket(vsc, client, ends);
    assertEquals(vsc.VmbPacketSend(packet, pattern(16), 16, null, WAIT), GOOD);
    await fabric.settle();
    await fabric.advance(1000);
    assertEquals([held.length, ends.length], [1, 0]);
    vsp.VmbChannelPacketComplete(held[0]!.context, pattern(24, 5), 24);
    assertEquals(ends, []);
    await fabric.settle();
    assertEquals(ends, [{ packet, status: GOOD, answer: [...pattern(24, 5)] }]);
    await fabric.advance(1000);
    assertEquals(ends.length, 1);
    freeAll(vsc, [packet]);
    await closePair(pair);
  }
});

Deno.test("VmbPacketSend: completions in any order end their own packets (P1)", async () => {
  const { pair, held } = await holdingPair();
  const { vsc, vsp, client, fabric } = pair;
  const ends: Ended[] = [];
  const packets = Array.from({ length: 6 }, () => notedPacket(vsc, client, ends));
  for (const [index, packet] of packets.entries()) {
    assertEquals(vsc.VmbPacketSend(packet, Uint8Array.of(index), 1, null, WAIT), GOOD);
  }
  await fabric.settle();
  const order = [4, 0, 5, 3, 1, 2];
  for (const index of order) {
    const { context, bytes } = held[index]!;
    vsp.VmbChannelPacketComplete(context, Uint8Array.of(bytes[0]! + 100), 1);
  }
  await fabric.settle();
  assertEquals(ends.map(({ packet }) => packets.indexOf(packet)), order);
  assertEquals(ends.map(({ answer }) => answer), order.map((index) => [index + 100]));
  freeAll(vsc, packets);
  await closePair(pair);
});

Deno.test("EvtPacketCompletionRoutine: runs at DISPATCH_LEVEL, outside of the send (P1)", async () => {
  // kmcl.md section 6. The buffer is never null.
  const { pair, held } = await holdingPair();
  const { vsc, vsp, client, fabric } = pair;
  const seen: unknown[] = [];
  const packet = vsc.VmbPacketAllocate(client);
  assertExists(packet);
  let isSending = false;
  vsc.VmbPacketSetCompletionRoutine(packet, (ended, status, buffer, length) => {
    assertStrictEquals(ended, packet);
    seen.push([vmbus.KeGetCurrentIrql(), isSending, status, buffer instanceof Uint8Array, length]);
  });
  for (const flags of [0, WAIT]) {
    isSending = true;
    assertEquals(vsc.VmbPacketSend(packet, null, 0, null, flags), GOOD);
    isSending = false;
    await fabric.settle();
    vsp.VmbChannelPacketComplete(held.pop()!.context, null, 0);
    await fabric.settle();
  }
  assertEquals(seen, [[2, false, GOOD, true, 0], [2, false, GOOD, true, 0]]);
  freeAll(vsc, [packet]);
  await closePair(pair);
});

Deno.test("VmbPacketAllocate: the default completion routine frees the packet", async () => {
  // kmcl.md section 5
  const pair = await openPair();
  const { vsc, client, fabric } = pair;
  for (const flags of [0, WAIT]) {
    const packet = vsc.VmbPacketAllocate(client);
    assertEquals(vsc.VmbPacketSend(packet, pattern(3), 3, null, flags), GOOD);
    await fabric.settle();
    assertEquals(vmbus.inspectChannel(client).packets, []);
    assertEquals(vmbus.inspectChannel(client).lookaside, 1);
    assertEquals(vsc.VmbPacketSend(packet, null, 0, null, 0), vmbus.STATUS_INVALID_PARAMETER_1);
  }
  await closePair(pair);
});

Deno.test("EvtPacketCompletionRoutine: may send the packet again (P4)", async () => {
  const received: number[] = [];
  const pair = await openPair({
    onServerPacket: (_channel, context, buffer) => {
      received.push(buffer[0]!);
      pair.vsp.VmbChannelPacketComplete(context, buffer, 1);
    },
  });
  const { vsc, client, fabric } = pair;
  const packet = vsc.VmbPacketAllocate(client);
  assertExists(packet);
  const answers: number[] = [];
  let round = 0;
  const send = () => {
    const flags = round % 3 === 0 ? 0 : WAIT;
    assertEquals(vsc.VmbPacketSend(packet, Uint8Array.of(round++), 1, null, flags), GOOD);
  };
  vsc.VmbPacketSetCompletionRoutine(packet, (ended, status, buffer, length) => {
    assertEquals(status, GOOD);
    answers.push(length === 0 ? -1 : buffer[0]!);
    if (round < 60) send();
    else vsc.VmbPacketFree(ended);
  });
  send();
  await fabric.settle();
  const rounds = Array.from({ length: 60 }, (_, index) => index);
  assertEquals(received, rounds);
  assertEquals(answers, rounds.map((index) => index % 3 === 0 ? -1 : index));
  assertEquals(vmbus.inspectChannel(client).lookaside, 1);
  await closePair(pair);
});

Deno.test("EvtPacketCompletionRoutine: the one that is set when the transaction ends runs", async () => {
  const pair = await openPair();
  const { vsc, client, fabric } = pair;
  const packet = vsc.VmbPacketAllocate(client);
  const calls: string[] = [];
  vsc.VmbPacketSetCompletionRoutine(packet, () => void calls.push("first"));
  assertEquals(vsc.VmbPacketSend(packet, null, 0, null, WAIT), GOOD);
  vsc.VmbPacketSetCompletionRoutine(packet, () => void calls.push("second"));
  await fabric.settle();
  assertEquals(calls, ["second"]);
  vsc.VmbPacketFree(packet);
  await closePair(pair);
});

Deno.test("VmbPacketSend: the server's packets end in the same way (P1)", async () => {
  const pair = await openPair({
    onClientPacket: (_channel, context, buffer, length) => {
      pair.vsc.VmbChannelPacketComplete(context, buffer.subarray(1), length - 1);
    },
  });
  const { vsp, server, fabric } = pair;
  const ends: Ended[] = [];
  const packet = notedPacket(vsp, server, ends);
  assertEquals(vsp.VmbPacketSend(packet, pattern(5), 5, null, WAIT), GOOD);
  await fabric.settle();
  assertEquals(ends, [{ packet, status: GOOD, answer: [...pattern(5).subarray(1)] }]);
  assertEquals(sendPlain(vsp, server, pattern(2)), GOOD);
  await fabric.settle();
  freeAll(vsp, [packet]);
  await closePair(pair);
});
