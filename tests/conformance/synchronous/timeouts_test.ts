// kmcl.md Y3: how long a caller waits, and what becomes of the packet that it gives up.
//
// Timeouts are in 100 ns: 10 000 are a millisecond of virtual time.

import { assertEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { closePair, openPair, type Pair } from "../../support/connected_pair.ts";
import { request, type RequestArguments } from "../../support/requests.ts";
import { pattern, sendPlain, WAIT } from "../../support/sending.ts";

const GOOD = vmbus.STATUS_SUCCESS;
const CANCELLED = { status: vmbus.STATUS_CANCELLED, completionBufferSize: null };

/** A pair whose server keeps what it gets, until the test completes it. */
async function holdingPair(): Promise<{ pair: Pair; held: vmbus.VMBPACKETCOMPLETION[] }> {
  const pair = await openPair({
    ringPages: [4, 2],
    onServerPacket: "hold",
  });
  const { held } = pair.atServer;
  return { pair, held };
}

Deno.test("VmbChannelSendSynchronousRequest: a negative timeout counts from the call (Y3)", async () => {
  for (const timeout of [-25_000, -25_000n]) {
    const { pair, held } = await holdingPair();
    const { vsc, vsp, client, fabric } = pair;
    await fabric.advance(7);
    const began = fabric.now();
    assertEquals(await request(vsc, client, { flags: WAIT, timeout }), CANCELLED);
    assertEquals(fabric.now() - began, 2.5);
    assertEquals(vmbus.inspectChannel(client).blockedCallers, 0);
    vsp.VmbChannelPacketComplete(held[0]!, null, 0);
    await closePair(pair);
  }
});

Deno.test("VmbChannelSendSynchronousRequest: a positive timeout is a time of the fabric's (Y3)", async () => {
  for (const timeout of [90_000, 90_000n]) {
    const { pair, held } = await holdingPair();
    const { vsc, vsp, client, fabric } = pair;
    await fabric.advance(7);
    assertEquals(await request(vsc, client, { flags: WAIT, timeout }), CANCELLED);
    assertEquals(fabric.now(), 9);
    // A time that has passed gives the packet no time, but it does go into the ring.
    assertEquals(await request(vsc, client, { flags: WAIT, timeout: 1 }), CANCELLED);
    assertEquals(fabric.now(), 9);
    await fabric.settle();
    assertEquals(held.length, 2);
    for (const context of held) vsp.VmbChannelPacketComplete(context, null, 0);
    await closePair(pair);
  }
});

Deno.test("VmbChannelSendSynchronousRequest: an answer in time stops the clock (Y3)", async () => {
  const { pair, held } = await holdingPair();
  const { vsc, vsp, client, fabric } = pair;
  const answer = new Uint8Array(8);
  const waiting = request(vsc, client, { flags: WAIT, answer, timeout: -50_000 });
  await fabric.advance(4.9999);
  assertEquals(vmbus.inspectChannel(client).blockedCallers, 1);
  vsp.VmbChannelPacketComplete(held[0]!, Uint8Array.of(5), 1);
  await fabric.settle();
  assertEquals(await waiting, { status: GOOD, completionBufferSize: 1 });
  assertEquals(answer[0], 5);
  await fabric.run(); // no deadline is left
  assertEquals(fabric.now(), 4.9999);
  await closePair(pair);
});

Deno.test("VmbChannelSendSynchronousRequest: without a timeout it waits for ever (Y3)", async () => {
  const { pair, held } = await holdingPair();
  const { vsc, vsp, client, fabric } = pair;
  const distant: readonly RequestArguments["timeout"][] = [
    null,
    undefined,
    -(2n ** 63n),
    2n ** 63n - 1n,
    Number.MAX_SAFE_INTEGER,
    -Number.MAX_SAFE_INTEGER,
  ];
  const waiting = distant.map((timeout) =>
    request(vsc, client, { flags: WAIT, timeout: timeout! })
  );
  await fabric.advance(1e9); // 11 days
  assertEquals(vmbus.inspectChannel(client).blockedCallers, distant.length);
  for (const context of held) vsp.VmbChannelPacketComplete(context, null, 0);
  await fabric.settle();
  const results = await Promise.all(waiting);
  assertEquals(results, results.map(() => ({ status: GOOD, completionBufferSize: 0 })));
  await closePair(pair);
});

Deno.test("VmbChannelSendSynchronousRequest: what is no timeout is _8 (Y3, I6)", async () => {
  const { pair } = await holdingPair();
  const { vsc, client, fabric } = pair;
  const before = fabric.inspect();
  const wrong: unknown[] = [
    0.5,
    NaN,
    Infinity,
    "1",
    "",
    true,
    {},
    [],
    2n ** 63n,
    -(2n ** 63n) - 1n,
    2 ** 63,
    1e300,
  ];
  for (const timeout of wrong) {
    const result = await request(vsc, client, { timeout: timeout as number });
    assertEquals(result, { status: vmbus.STATUS_INVALID_PARAMETER_8, completionBufferSize: null });
  }
  assertEquals(fabric.inspect(), before);
  await closePair(pair);
});

Deno.test("VmbChannelSendSynchronousRequest: 0 governs queueing only (Y3)", async () => {
  const { pair, held } = await holdingPair();
  const { vsc, vsp, client, fabric } = pair;
  for (const timeout of [0, 0n, -0]) {
    const waiting = request(vsc, client, { flags: WAIT, timeout });
    await fabric.advance(1e6);
    assertEquals(vmbus.inspectChannel(client).blockedCallers, 1); // it fitted, and waits
    vsp.VmbChannelPacketComplete(held.pop()!, null, 0);
    await fabric.settle();
    assertEquals(await waiting, { status: GOOD, completionBufferSize: 0 });
  }
  await closePair(pair);
});

Deno.test("VmbChannelSendSynchronousRequest: a queued packet that is given up never leaves (Y3)", async () => {
  const received: number[] = [];
  const pair = await openPair({
    ringPages: [4, 2],
    fabric: { codec: "vmbus" },
    onServerPacket: (_channel, context, buffer) => {
      received.push(buffer[0]!);
      pair.vsp.VmbChannelPacketComplete(context, null, 0);
    },
  });
  const { vsc, vsp, client, server, fabric } = pair;
  await vsp.VmbChannelPause(server);
  const large = (value: number) => new Uint8Array(4000).fill(value);
  const state = () => {
    const { queued, outgoingRing, packets } = vmbus.inspectChannel(client);
    return [queued, outgoingRing?.pendingSendSize, packets.length];
  };
  assertEquals(sendPlain(vsc, client, large(0)), GOOD);
  assertEquals(sendPlain(vsc, client, large(1)), GOOD);
  const waiting = request(vsc, client, { payload: large(2), flags: WAIT, timeout: -10_000 });
  assertEquals(sendPlain(vsc, client, large(3)), GOOD);
  assertEquals(sendPlain(vsc, client, pattern(16, 4)), GOOD);
  await fabric.settle();
  assertEquals(state(), [3, 4024, 3]); // of 8192 bytes two packets took 8048
  await fabric.advance(1);
  assertEquals(await waiting, CANCELLED);
  assertEquals(state(), [2, 4024, 2]);
  assertEquals(received, []);
  vsp.VmbChannelStart(server);
  await fabric.settle();
  assertEquals(received, [0, 1, 3, pattern(16, 4)[0]]);
  await closePair(pair);
});

Deno.test("VmbChannelSendSynchronousRequest: what was behind a packet given up goes out (Y3, P2)", async () => {
  // The first in the queue is too large for the room that there is, the one behind it is not.
  const received: number[] = [];
  const pair = await openPair({
    ringPages: [4, 2],
    fabric: { codec: "vmbus" },
    onServerPacket: (_channel, context, _buffer, length) => {
      received.push(length);
      pair.vsp.VmbChannelPacketComplete(context, null, 0);
    },
  });
  const { vsc, vsp, client, server, fabric } = pair;
  await vsp.VmbChannelPause(server);
  const answer = request(vsc, client, { payload: pattern(4096), timeout: -10_000 });
  assertEquals((await answer).status, GOOD);
  const waiting = request(vsc, client, { payload: pattern(4096), timeout: -10_000 });
  assertEquals(sendPlain(vsc, client, pattern(64)), GOOD);
  assertEquals(vmbus.inspectChannel(client).queued, 2);
  await fabric.advance(1);
  assertEquals(await waiting, CANCELLED);
  const { queued, outgoingRing } = vmbus.inspectChannel(client);
  assertEquals([queued, outgoingRing?.pendingSendSize], [0, 0]);
  assertEquals(outgoingRing?.usedBytes, 4096 + 24 + 64 + 24);
  vsp.VmbChannelStart(server);
  await fabric.settle();
  assertEquals(received, [4096, 64]);
  await closePair(pair);
});

Deno.test("VmbChannelSendSynchronousRequest: a late completion is dropped, its slot reserved (Y3)", async () => {
  const { pair, held } = await holdingPair();
  const { vsc, vsp, client, guest, fabric } = pair;
  const buffer = guest.memory.allocate(4096);
  const mdl = vmbus.IoAllocateMdl(guest.memory, buffer.gpa, 4096);
  const pinned = () => fabric.inspect().partitions[1]?.pinnedPages ?? -1;
  const rings = pinned();
  const answers = [new Uint8Array(8), new Uint8Array(8)] as const;
  const asked = { mdl, flags: WAIT, answer: answers[0], timeout: -10_000 };
  assertEquals(await request(vsc, client, asked), CANCELLED);
  const states = () =>
    vmbus.inspectChannel(client).packets.map(({ transactionId, state }) => [transactionId, state]);
  assertEquals(states(), [[0, "withdrawn"]]);
  assertEquals(pinned(), rings + 1); // the host may still use the pages

  // Its slot is not given away: a new request has another, and is not ended by the late completion.
  const second = request(vsc, client, { flags: WAIT, answer: answers[1] });
  await fabric.settle();
  assertEquals(states(), [[0, "withdrawn"], [1, "awaiting"]]);
  vsp.VmbChannelPacketComplete(held[0]!, Uint8Array.of(1), 1);
  await fabric.settle();
  assertEquals(states(), [[1, "awaiting"]]);
  assertEquals([pinned(), vmbus.inspectChannel(client).blockedCallers], [rings, 1]);
  vsp.VmbChannelPacketComplete(held[1]!, Uint8Array.of(2), 1);
  await fabric.settle();
  assertEquals(await second, { status: GOOD, completionBufferSize: 1 });
  assertEquals(answers.map(([first]) => first), [0, 2]); // the late answer is nowhere
  assertEquals(vmbus.inspectChannel(client).fault, null);

  // Now the slot is free again.
  const third = request(vsc, client, { flags: WAIT });
  await fabric.settle();
  assertEquals(vmbus.inspectChannel(client).packets.length, 1);
  assertEquals(vmbus.inspectChannel(client).lookaside, 1);
  vsp.VmbChannelPacketComplete(held[2]!, null, 0);
  await fabric.settle();
  assertEquals((await third).status, GOOD);
  guest.memory.free(buffer);
  await closePair(pair);
});

Deno.test("VmbChannelSendSynchronousRequest: a withdrawn packet ends with the channel (Y3, S15)", async () => {
  const { pair, held } = await holdingPair();
  const { vsc, vsp, client, server, fabric } = pair;
  assertEquals(await request(vsc, client, { flags: WAIT, timeout: -10_000 }), CANCELLED);
  const disabled = vsc.VmbChannelDisable(client);
  await fabric.settle();
  assertEquals(vmbus.inspectChannel(client).packets, []);
  assertEquals(vmbus.inspectChannel(client).lookaside, 1);
  vsp.VmbChannelPacketComplete(held[0]!, null, 0);
  await fabric.settle();
  await disabled;
  await vsp.VmbChannelDisable(server);
  vsc.VmbChannelCleanup(client);
  vsp.VmbChannelCleanup(server);
  assertEquals([fabric.leaks(), fabric.violations], [[], []]);
});
