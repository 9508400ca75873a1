// kmcl.md Y2, Y4, Y5 and S5: where a request may be made, and by whom.

import { createFabric } from "../../support/fabric.ts";
import { assert, assertEquals, assertRejects } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import {
  clientTable,
  closePair,
  enablePair,
  makePair,
  openPair,
  type Pair,
} from "../../support/connected_pair.ts";
import { isSettled, request, type RequestArguments } from "../../support/requests.ts";
import { guid } from "../../support/send_stage.ts";
import { pattern, sendPlain, WAIT } from "../../support/sending.ts";

const GOOD = { status: vmbus.STATUS_SUCCESS, completionBufferSize: 0 };
const failed = (status: vmbus.NtStatus) => ({ status, completionBufferSize: null });

Deno.test("VmbChannelSendSynchronousRequest: CompletionBufferSize is a multiple of 8 (Y2)", async () => {
  const pair = await openPair();
  const { vsc, client, fabric } = pair;
  const before = fabric.inspect();
  const answer = new Uint8Array(64);
  const call = (buffer: unknown, size: unknown) =>
    vsc.VmbChannelSendSynchronousRequest(
      client,
      null,
      0,
      null,
      WAIT,
      buffer as Uint8Array,
      size as number,
    );
  for (const size of [1, 4, 7, 9, 63, 72, -8, NaN, 8.5, "8", null, undefined, 2 ** 32, 8n]) {
    assertEquals(await call(answer, size), failed(vmbus.STATUS_INVALID_PARAMETER_7));
  }
  for (const size of [-8, NaN, "8"]) {
    assertEquals(await call(null, size), failed(vmbus.STATUS_INVALID_PARAMETER_7));
  }
  for (const buffer of ["text", 7, {}, answer.buffer, [1]]) {
    assertEquals(await call(buffer, 8), failed(vmbus.STATUS_INVALID_PARAMETER_6));
  }
  for (const buffer of [null, undefined]) {
    assertEquals(await call(buffer, 8), failed(vmbus.STATUS_INVALID_PARAMETER_6));
  }
  assertEquals(fabric.inspect(), before);
  for (const size of [0, 8, 64]) assertEquals(await call(answer, size), GOOD);
  assertEquals(await call(null, 0), GOOD);
  await closePair(pair);
});

/** The combinations of Y4, and what an endpoint of the root gets for them. */
const COMBINATIONS: readonly [RequestArguments, vmbus.NtStatus][] = [
  [{ flags: 0, timeout: 0 }, vmbus.STATUS_SUCCESS],
  [{ flags: WAIT, timeout: 0 }, vmbus.STATUS_INVALID_PARAMETER_5],
  [{ flags: WAIT, timeout: null }, vmbus.STATUS_INVALID_PARAMETER_5],
  [{ flags: WAIT, timeout: -1 }, vmbus.STATUS_INVALID_PARAMETER_5],
  [{ flags: 0, timeout: null }, vmbus.STATUS_INVALID_PARAMETER_8],
  [{ flags: 0, timeout: -10 }, vmbus.STATUS_INVALID_PARAMETER_8],
  [{ flags: 0, timeout: 10n }, vmbus.STATUS_INVALID_PARAMETER_8],
];

Deno.test("VmbChannelSendSynchronousRequest: the root may neither queue nor wait (Y4)", async () => {
  const pair = await openPair();
  const { vsc, vsp, client, server, fabric } = pair;
  for (const [asked, status] of COMBINATIONS) {
    const { status: got } = await request(vsp, server, asked);
    assertEquals(vmbus.ntStatusName(got), vmbus.ntStatusName(status));
    // A client may use any combination; the shortest timeout may pass before the answer.
    const { status: clients } = await request(vsc, client, { ...asked, payload: pattern(4) });
    assert(clients === vmbus.STATUS_SUCCESS || asked.timeout === -1 || asked.timeout === 10n);
  }
  await fabric.settle();
  await closePair(pair);
});

Deno.test("VmbChannelSendSynchronousRequest: a loopback client may use any combination, its server may not (Y4)", async () => {
  const fabric = createFabric();
  const pair = await openPair({
    within: { fabric, guest: fabric.root },
    server: (vsp, channel) => {
      const flags = vmbus.VMBUS_SERVER_CHANNEL_INIT_FLAG_LOOPBACK_OFFER;
      vmbus.expectSuccess(vsp.VmbServerChannelInitSetFlags(channel, flags));
    },
  });
  for (const [asked, status] of COMBINATIONS) {
    const { status: servers } = await request(pair.vsp, pair.server, asked);
    assertEquals(vmbus.ntStatusName(servers), vmbus.ntStatusName(status));
    const { status: clients } = await request(clientTable(fabric.root), pair.client, asked);
    assert(clients === vmbus.STATUS_SUCCESS || asked.timeout === -1 || asked.timeout === 10n);
  }
  await fabric.settle();
  await closePair(pair);
});

/** Runs `work` at DISPATCH_LEVEL: in the completion routine of a packet of the client. */
async function atDispatchLevel(pair: Pair, work: () => void): Promise<void> {
  const packet = pair.vsc.VmbPacketAllocate(pair.client);
  let runs = 0;
  pair.vsc.VmbPacketSetCompletionRoutine(packet, (ended) => {
    assertEquals(vmbus.KeGetCurrentIrql(), 2);
    pair.vsc.VmbPacketFree(ended);
    runs++;
    work();
  });
  assertEquals(pair.vsc.VmbPacketSend(packet, null, 0, null, 0), vmbus.STATUS_SUCCESS);
  await pair.fabric.settle();
  assertEquals(runs, 1);
}

Deno.test("VmbChannelSendSynchronousRequest: at DISPATCH_LEVEL it is in the ring or refused (Y5)", async () => {
  const received: number[] = [];
  const pair = await openPair({
    onServerPacket: (_channel, context, _buffer, length) => {
      received.push(length);
      pair.vsp.VmbChannelPacketComplete(context, null, 0);
    },
  });
  const { vsc, vsp, client, server, fabric } = pair;
  await vsp.VmbChannelPause(server);
  const results: Promise<vmbus.RequestResult>[] = [];
  const used: (number | null | undefined)[] = [];
  await atDispatchLevel(pair, () => {
    for (let index = 0; index < 6; index++) {
      results.push(request(vsc, client, { payload: pattern(4096), timeout: 0 }));
      used.push(vmbus.inspectChannel(client).outgoingRing?.usedBytes);
    }
  });
  const statuses = (await Promise.all(results)).map(({ status }) => vmbus.ntStatusName(status));
  const sent = statuses.indexOf("STATUS_BUFFER_OVERFLOW");
  assertEquals(sent, 3); // of four pages, with the packet that led to the routine
  assertEquals(statuses.slice(0, sent), new Array(sent).fill("STATUS_SUCCESS"));
  assertEquals(new Set(statuses.slice(sent)), new Set(["STATUS_BUFFER_OVERFLOW"]));
  assertEquals(new Set(used).size, sent); // each was in the ring when the call returned
  vsp.VmbChannelStart(server);
  await fabric.settle();
  assertEquals(received, [0, 4096, 4096, 4096]);
  await closePair(pair);
});

Deno.test("VmbChannelSendSynchronousRequest: the promise is settled when nothing waits (Y5)", async () => {
  const pair = await openPair();
  const { vsc, client, fabric } = pair;
  const settled: Promise<boolean>[] = [];
  await atDispatchLevel(pair, () => {
    settled.push(isSettled(request(vsc, client, { timeout: 0 }))); // in the ring
    settled.push(isSettled(request(vsc, client, { timeout: 0, flags: 8 }))); // refused
  });
  settled.push(isSettled(request(vsc, client, { timeout: 0 })));
  const waiting = request(vsc, client, { flags: WAIT });
  settled.push(isSettled(waiting));
  assertEquals(await Promise.all(settled), [true, true, true, false]);
  assertEquals(await waiting, GOOD);
  await fabric.settle();
  await closePair(pair);
});

/** What would have to wait. */
const WAITING: readonly RequestArguments[] = [
  { flags: 0, timeout: null },
  { flags: 0, timeout: -10 },
  { flags: WAIT, timeout: 0 },
  { flags: WAIT, timeout: null },
];

Deno.test("VmbChannelSendSynchronousRequest: at DISPATCH_LEVEL it may not wait (Y5)", async () => {
  // kmcl.md section 9: a violation, in each mode in its own way.
  for (const verifier of ["throw", "record", "off"] as const) {
    const pair = await openPair({ fabric: { verifier } });
    const { vsc, vsp, client, server, fabric } = pair;
    const results: Promise<vmbus.RequestResult>[] = [];
    await atDispatchLevel(pair, () => {
      const before = vmbus.inspectChannel(client);
      for (const asked of WAITING) {
        const result = request(vsc, client, asked);
        results.push(result);
        result.catch(() => {}); // looked at below
      }
      assertEquals(vmbus.inspectChannel(client), before);
    });
    for (const result of results) {
      if (verifier === "throw") await assertRejects(() => result, vmbus.VerifierError);
      else assertEquals(await result, failed(vmbus.STATUS_INVALID_DEVICE_REQUEST));
    }
    const rules: string[] = fabric.violations.map(({ rule }) => rule);
    const expected = verifier === "off" ? [] : WAITING.map(() => "waiting call at DISPATCH_LEVEL");
    assertEquals(rules, expected);
    await vsc.VmbChannelDisable(client);
    await vsp.VmbChannelDisable(server);
    vsc.VmbChannelCleanup(client);
    vsp.VmbChannelCleanup(server);
    assertEquals(fabric.leaks(), []);
  }
});

Deno.test("VmbChannelSendSynchronousRequest: what gets a status need not wait (Y5, S10)", async () => {
  // At DISPATCH_LEVEL, on a channel that is gone: STATUS_DEVICE_REMOVED, and no violation.
  const pair = await openPair();
  const gone = makePair({ within: pair, instance: guid(9) });
  const results: Promise<vmbus.RequestResult>[] = [];
  await atDispatchLevel(pair, () => {
    for (const asked of WAITING) results.push(request(gone.vsc, gone.client, asked));
  });
  for (const result of results) assertEquals(await result, failed(vmbus.STATUS_DEVICE_REMOVED));
  gone.vsc.VmbChannelCleanup(gone.client);
  gone.vsp.VmbChannelCleanup(gone.server);
  await closePair(pair);
});

Deno.test("VmbChannelSendSynchronousRequest: inside Started it can never return (S5)", async () => {
  const endless = WAITING.filter(({ timeout }) => timeout === null || timeout === 0);
  for (const verifier of ["record", "off"] as const) {
    const results: Promise<vmbus.RequestResult>[] = [];
    const pair = makePair({
      fabric: { verifier },
      clientCallbacks: {
        EvtChannelStarted: (channel) => {
          for (const asked of endless) results.push(request(pair.vsc, channel, asked));
          results.push(request(pair.vsc, channel, { timeout: 0 }));
          assertEquals(sendPlain(pair.vsc, channel, pattern(8)), vmbus.STATUS_SUCCESS);
        },
      },
    });
    const { vsc, vsp, client, server, fabric } = pair;
    enablePair(pair);
    await fabric.settle();
    const statuses = (await Promise.all(results)).map(({ status }) => vmbus.ntStatusName(status));
    assertEquals(statuses, [
      ...endless.map(() => "STATUS_INVALID_DEVICE_REQUEST"),
      "STATUS_BUFFER_OVERFLOW", // it does not run yet, and this one must not queue
    ]);
    const rules: string[] = fabric.violations.map(({ rule }) => rule);
    assertEquals(rules, verifier === "off" ? [] : endless.map(() => "selfWait"));
    await vsc.VmbChannelDisable(client);
    await vsp.VmbChannelDisable(server);
    vsc.VmbChannelCleanup(client);
    vsp.VmbChannelCleanup(server);
    assertEquals(fabric.leaks(), []);
  }
});

Deno.test("VmbChannelSendSynchronousRequest: inside PostStarted waiting is fine (S5)", async () => {
  const results: vmbus.RequestResult[] = [];
  const answer = new Uint8Array(8);
  const pair = makePair({
    clientCallbacks: {
      EvtChannelPostStarted: async (channel) => {
        for (const timeout of [null, -1_000_000]) {
          const payload = pattern(5, results.length);
          results.push(await request(pair.vsc, channel, { payload, flags: WAIT, answer, timeout }));
        }
      },
    },
  });
  enablePair(pair);
  await pair.fabric.settle();
  const good = { status: vmbus.STATUS_SUCCESS, completionBufferSize: 5 };
  assertEquals(results, [good, good]);
  assertEquals([...answer.subarray(0, 5)], [...pattern(5, 1)]);
  assertEquals(pair.fabric.now(), 0);
  assertEquals(pair.fabric.inspect().callbacks, []);
  await closePair(pair);
});

Deno.test("VmbChannelSendSynchronousRequest: a callback of one channel may wait on another (Y1)", async () => {
  const answers: string[] = [];
  const pair = await openPair();
  const { vsc, vsp } = pair;
  const other = makePair({
    within: pair,
    instance: guid(9),
    clientCallbacks: {
      EvtChannelStarted: async () => {
        const answer = new Uint8Array(8);
        const result = await request(vsc, pair.client, {
          payload: pattern(8),
          flags: WAIT,
          answer,
        });
        answers.push(`${vmbus.ntStatusName(result.status)} ${result.completionBufferSize}`);
        assertEquals([...answer], [...pattern(8)]);
      },
    },
  });
  enablePair(other);
  await pair.fabric.settle();
  assertEquals(answers, ["STATUS_SUCCESS 8"]);
  assertEquals(vmbus.inspectChannel(other.client).flow, "active");
  await vsc.VmbChannelDisable(other.client);
  await vsp.VmbChannelDisable(other.server);
  vsc.VmbChannelCleanup(other.client);
  vsp.VmbChannelCleanup(other.server);
  await closePair(pair);
});

Deno.test("VmbChannelSendSynchronousRequest: after Suspend it is a violation, and its packet queues (S6)", async () => {
  for (const verifier of ["throw", "record", "off"] as const) {
    const pair = await openPair({ fabric: { verifier } });
    const { vsc, vsp, client, server, fabric } = pair;
    await vsc.VmbChannelPause(client);
    const before = vmbus.inspectChannel(client);
    const waiting = request(vsc, client, { payload: pattern(8), flags: WAIT });
    if (verifier === "throw") {
      await assertRejects(() => waiting, vmbus.VerifierError);
      assertEquals(vmbus.inspectChannel(client), before);
    } else {
      await fabric.settle();
      assertEquals(vmbus.inspectChannel(client).queued, 1);
      vsc.VmbChannelStart(client);
      await fabric.settle();
      assertEquals(await waiting, GOOD);
    }
    assertEquals(
      fabric.violations.map(({ rule, call }) => `${call}: ${rule}`),
      verifier === "off" ? [] : [
        "VmbChannelSendSynchronousRequest: send between Suspend and the next Started or Closed",
      ],
    );
    await vsc.VmbChannelDisable(client);
    await vsp.VmbChannelDisable(server);
    vsc.VmbChannelCleanup(client);
    vsp.VmbChannelCleanup(server);
    assertEquals(fabric.leaks(), []);
  }
});

Deno.test("VmbChannelSendSynchronousRequest: with a timeout may be awaited in Started, and ends by it (S5)", async () => {
  const answers: (string | undefined)[] = [];
  const pair = makePair({
    clientCallbacks: {
      EvtChannelStarted: async (channel) => {
        const { status } = await request(pair.vsc, channel, { flags: WAIT, timeout: -10_000 });
        answers.push(vmbus.ntStatusName(status));
      },
    },
  });
  enablePair(pair);
  await pair.fabric.advance(1);
  assertEquals(answers, ["STATUS_CANCELLED"]);
  assertEquals(vmbus.inspectChannel(pair.client).lifecycle, "opened");
  await closePair(pair);
});
