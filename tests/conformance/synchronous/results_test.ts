// kmcl.md Y1: what a synchronous request returns.

import { assertEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import {
  closePair,
  enablePair,
  makePair,
  openPair,
  type Pair,
} from "../../support/connected_pair.ts";
import { request } from "../../support/requests.ts";
import { pattern, sendPlain, WAIT } from "../../support/sending.ts";

const GOOD = vmbus.STATUS_SUCCESS;
const OVERFLOW = { status: vmbus.STATUS_BUFFER_OVERFLOW, completionBufferSize: null };
const REMOVED = { status: vmbus.STATUS_DEVICE_REMOVED, completionBufferSize: null };

/** A pair whose server answers each packet with the first half of its payload. */
function halvingPair(codec: "msgpack" | "vmbus" = "msgpack"): Promise<Pair> {
  const pair = openPair({
    fabric: { codec },
    onServerPacket: async (_channel, context, buffer, length) => {
      (await pair).vsp.VmbChannelPacketComplete(context, buffer, length / 2);
    },
    server: (vsp, channel) => vsp.VmbChannelSetIncomingProcessingAtPassive(channel, true),
  });
  return pair;
}

Deno.test("VmbChannelSendSynchronousRequest: STATUS_SUCCESS with the bytes written (Y1)", async () => {
  for (const codec of ["msgpack", "vmbus"] as const) {
    const pair = await halvingPair(codec);
    for (const byteCount of [0, 16, 80, 1024, 4096]) {
      const answer = new Uint8Array(2048 + 8).fill(0xcc);
      const payload = pattern(byteCount, byteCount);
      const result = await request(pair.vsc, pair.client, { payload, flags: WAIT, answer });
      assertEquals(result, { status: GOOD, completionBufferSize: byteCount / 2 });
      assertEquals([...answer.subarray(0, byteCount / 2)], [...payload.subarray(0, byteCount / 2)]);
      assertEquals(answer.subarray(byteCount / 2).every((byte) => byte === 0xcc), true);
    }
    await closePair(pair);
  }
});

Deno.test("VmbChannelSendSynchronousRequest: an answer that is too large (Y1)", async () => {
  const pair = await halvingPair();
  const payload = pattern(80);
  const answer = new Uint8Array(40).fill(0xcc);
  for (
    const [answerBytes, status] of [
      [40, GOOD],
      [32, vmbus.STATUS_BUFFER_TOO_SMALL],
      [8, vmbus.STATUS_BUFFER_TOO_SMALL],
      [0, vmbus.STATUS_BUFFER_TOO_SMALL],
    ] as const
  ) {
    answer.fill(0xcc);
    const result = await request(pair.vsc, pair.client, {
      payload,
      flags: WAIT,
      answer,
      answerBytes,
    });
    assertEquals(result, { status, completionBufferSize: 40 });
    assertEquals(
      [...answer],
      [...payload.subarray(0, answerBytes), ...new Array(40 - answerBytes).fill(0xcc)],
    );
  }
  // Without a buffer nobody wants the answer.
  const none = await request(pair.vsc, pair.client, { payload, flags: WAIT, answer: null });
  assertEquals(none, { status: GOOD, completionBufferSize: 0 });
  await closePair(pair);
});

Deno.test("VmbChannelSendSynchronousRequest: no answer fits into a buffer that was transferred meanwhile (Y1)", async () => {
  const pair = await halvingPair();
  const answer = new Uint8Array(200);
  const waiting = request(pair.vsc, pair.client, { payload: pattern(400), flags: WAIT, answer });
  answer.buffer.transfer();
  const status = vmbus.STATUS_BUFFER_TOO_SMALL;
  assertEquals(await waiting, { status, completionBufferSize: 200 });
  await closePair(pair);
});

Deno.test("VmbChannelSendSynchronousRequest: without a completion it ends in the ring (Y1, P1)", async () => {
  const received: number[] = [];
  const pair = await openPair({
    ringPages: [4, 2],
    onServerPacket: (_channel, context, _buffer, length) => {
      received.push(length);
      pair.vsp.VmbChannelPacketComplete(context, null, 0);
    },
  });
  const { vsc, vsp, client, server, fabric } = pair;
  await vsp.VmbChannelPause(server);
  const answer = new Uint8Array(8).fill(0xcc);
  for (const byteCount of [4096, 2000]) {
    const result = await request(vsc, client, { payload: pattern(byteCount), answer });
    assertEquals(result, { status: GOOD, completionBufferSize: 0 });
  }
  // The ring is full: the next one queues, and its caller waits.
  const waiting = request(vsc, client, { payload: pattern(3000), answer });
  await fabric.settle();
  assertEquals(vmbus.inspectChannel(client).blockedCallers, 1);
  assertEquals(vmbus.inspectChannel(client).queued, 1);
  vsp.VmbChannelStart(server);
  await fabric.settle();
  assertEquals(await waiting, { status: GOOD, completionBufferSize: 0 });
  assertEquals(received, [4096, 2000, 3000]);
  assertEquals([...answer], new Array(8).fill(0xcc));
  assertEquals(vmbus.inspectChannel(client).blockedCallers, 0);
  await closePair(pair);
});

Deno.test("VmbChannelSendSynchronousRequest: Timeout 0 and no room is STATUS_BUFFER_OVERFLOW (Y1)", async () => {
  const pair = makePair({ ringPages: [1, 1] });
  const { vsc, vsp, client, server, fabric } = pair;
  const asked = { payload: pattern(4096), timeout: 0 } as const;
  /** A request that must change nothing. */
  const refused = async (flags: number) => {
    const before = stateOf(client);
    assertEquals(await request(vsc, client, { ...asked, flags }), OVERFLOW);
    assertEquals(stateOf(client), before);
  };
  vsc.VmbChannelEnable(client); // not open: it could only queue
  await refused(0);
  await refused(WAIT);
  enableServer(pair);
  await fabric.settle();
  await vsp.VmbChannelPause(server);
  let sent = 0;
  for (;; sent++) {
    const result = await request(vsc, client, asked);
    if (result.status !== GOOD) break;
    assertEquals(result, { status: GOOD, completionBufferSize: 0 });
  }
  assertEquals(sent > 0, true); // then the ring is full
  await refused(0);
  await refused(WAIT);
  // A small one that would fit does not overtake what waits (P3).
  assertEquals(sendPlain(vsc, client, pattern(4096)), GOOD);
  const small = await request(vsc, client, { payload: pattern(1), timeout: 0 });
  assertEquals(small, OVERFLOW);
  vsp.VmbChannelStart(server);
  await fabric.settle();
  assertEquals(vmbus.inspectChannel(client).queued, 0);
  await closePair(pair);
});

/** A channel's state; packet objects that wait to be used again are no part of it. */
function stateOf(channel: vmbus.VMBCHANNEL): unknown {
  return { ...vmbus.inspectChannel(channel), lookaside: null };
}

function enableServer({ vsp, server }: Pair): void {
  vsp.VmbChannelEnable(server);
  vsp.VmbChannelStart(server);
}

Deno.test("VmbChannelSendSynchronousRequest: requests at once get their own answers (Y1)", async () => {
  const held: { context: vmbus.VMBPACKETCOMPLETION; byte: number }[] = [];
  const pair = await openPair({
    onServerPacket: (_channel, context, buffer) => void held.push({ context, byte: buffer[0]! }),
  });
  const { vsc, vsp, client, fabric } = pair;
  const answers = [1, 2, 3, 4].map(() => new Uint8Array(8));
  const waiting = answers.map((answer, index) =>
    request(vsc, client, { payload: Uint8Array.of(index), flags: WAIT, answer })
  );
  await fabric.settle();
  assertEquals(vmbus.inspectChannel(client).blockedCallers, 4);
  for (const at of [2, 0, 3, 1]) {
    const { context, byte } = held[at]!;
    vsp.VmbChannelPacketComplete(context, Uint8Array.of(byte + 100), 1);
  }
  await fabric.settle();
  const results = await Promise.all(waiting);
  assertEquals(results, results.map(() => ({ status: GOOD, completionBufferSize: 1 })));
  assertEquals(answers.map((answer) => answer[0]), [100, 101, 102, 103]);
  assertEquals(vmbus.inspectChannel(client).lookaside, 4); // its packets are nobody's leak
  await closePair(pair);
});

Deno.test("VmbChannelSendSynchronousRequest: external data is pinned while it waits (P6)", async () => {
  const pair = await openPair({ onServerPacket: "hold" });
  const { held } = pair.atServer;
  const { vsc, vsp, client, guest, fabric } = pair;
  const buffer = guest.memory.allocate(4096);
  guest.memory.write(buffer.gpa, pattern(4096));
  const mdl = vmbus.IoAllocateMdl(guest.memory, buffer.gpa, 4096);
  const pinned = () => fabric.inspect().partitions[1]?.pinnedPages ?? -1;
  const before = pinned();
  const answer = new Uint8Array(8);
  const waiting = request(vsc, client, { mdl, flags: WAIT, answer });
  await fabric.settle();
  assertEquals(pinned(), before + 1);
  const external = vsp.VmbChannelPacketGetExternalData(held[0]!, 0);
  assertEquals(vmbus.mdlSegments(external.mdl).flatMap((view) => [...view]), [...pattern(4096)]);
  vsp.VmbChannelPacketComplete(held[0]!, pattern(3), 3);
  await fabric.settle();
  assertEquals(await waiting, { status: GOOD, completionBufferSize: 3 });
  assertEquals(pinned(), before);
  guest.memory.free(buffer);
  await closePair(pair);
});

Deno.test("VmbChannelSendSynchronousRequest: Disabled is STATUS_DEVICE_REMOVED (Y1)", async () => {
  const pair = makePair();
  const { vsc, client, fabric } = pair;
  const all = async () => {
    const before = fabric.inspect();
    for (const flags of [0, WAIT]) {
      for (const timeout of [null, 0, -10, 10]) {
        assertEquals(await request(vsc, client, { flags, timeout }), REMOVED);
      }
    }
    assertEquals(fabric.inspect(), before);
  };
  await all(); // initializing
  enablePair(pair);
  await fabric.settle();
  await vsc.VmbChannelDisable(client);
  await all(); // torn down
  await closePair(pair);
});

/** What makes the channel go away under a caller that waits. */
const CAUSES: Readonly<Record<string, (pair: Pair) => unknown>> = {
  "its own driver disables": ({ vsc, client }) => vsc.VmbChannelDisable(client),
  "the server disables": ({ vsp, server }) => vsp.VmbChannelDisable(server),
  "its partition crashes": ({ guest }) => guest.crash(),
  "its partition is destroyed": ({ guest }) => guest.destroy(),
};

for (const [cause, happen] of Object.entries(CAUSES)) {
  Deno.test(`VmbChannelSendSynchronousRequest: a waiting caller is released when ${cause} (Y1)`, async () => {
    const pair: Pair = await openPair({
      ringPages: [1, 1],
      onServerPacket: "hold",
      serverCallbacks: { EvtChannelSuspend: () => void pair.atServer.complete() },
    });
    const { vsc, vsp, client, server, fabric } = pair;
    const inRing = request(vsc, client, { payload: pattern(8), flags: WAIT });
    await fabric.settle();
    assertEquals(pair.atServer.held.length, 1);
    await vsp.VmbChannelPause(server);
    const waiting = [inRing];
    for (let index = 0; index < 4; index++) {
      waiting.push(request(vsc, client, { payload: pattern(4096), flags: WAIT }));
    }
    await fabric.settle();
    happen(pair);
    await fabric.settle();
    const results = await Promise.all(waiting.slice(1));
    assertEquals(results, results.map(() => REMOVED));
    // The first one's answer was in the ring before the channel began to close.
    assertEquals((await inRing).status, GOOD);
    assertEquals(fabric.inspect().callers, []);
    await vsc.VmbChannelDisable(client);
    await vsp.VmbChannelDisable(server);
    vsc.VmbChannelCleanup(client);
    vsp.VmbChannelCleanup(server);
    assertEquals([fabric.leaks(), fabric.violations], [[], []]);
  });
}
