// The callers of synchronous requests, where the documented functions do not reach.

import { assertEquals, assertRejects } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { closePair, makePair, openPair } from "../../support/connected_pair.ts";
import { endpointBehind } from "../../support/endpoints.ts";
import { request } from "../../support/requests.ts";
import { pattern, WAIT } from "../../support/sending.ts";

Deno.test("Requests: a wait that nothing can end is rejected, and its packet withdrawn", async () => {
  // api.md section 1: a caller outside callbacks that waits in vain hears of it.
  const pair = await openPair({ onServerPacket: "hold" });
  const { held } = pair.atServer;
  const { vsc, vsp, client, fabric } = pair;
  const endpoint = endpointBehind(client);
  const error = await assertRejects(
    () => request(vsc, client, { payload: pattern(8), flags: WAIT }),
    vmbus.VerifierError,
  );
  assertEquals(error.violation.rule, "wait that nothing can end");
  assertEquals(endpoint.requests.count, 0);
  assertEquals(vmbus.inspectChannel(client).packets.map(({ state }) => state), ["withdrawn"]);
  vsp.VmbChannelPacketComplete(held[0]!, pattern(8), 8);
  await fabric.settle();
  assertEquals([vmbus.inspectChannel(client).packets, vmbus.inspectChannel(client).fault], [
    [],
    null,
  ]);
  await vsc.VmbChannelDisable(client);
  await vsp.VmbChannelDisable(pair.server);
  vsc.VmbChannelCleanup(client);
  vsp.VmbChannelCleanup(pair.server);
  assertEquals([fabric.leaks(), fabric.violations.length], [[], 1]);
});

Deno.test("Requests: a queued packet whose wait is rejected leaves the queue", async () => {
  const pair = makePair();
  const { vsc, vsp, client, server, fabric } = pair;
  vsc.VmbChannelEnable(client); // and no server is there to open it
  await assertRejects(() => request(vsc, client, {}), vmbus.VerifierError);
  const { queued, packets, blockedCallers } = vmbus.inspectChannel(client);
  assertEquals([queued, packets, blockedCallers], [0, [], 0]);
  await vsc.VmbChannelDisable(client);
  vsc.VmbChannelCleanup(client);
  vsp.VmbChannelCleanup(server);
  assertEquals(fabric.leaks(), []);
});

Deno.test("Requests: callers are released once, in the order in which they came", async () => {
  const pair = makePair();
  const { vsc, client, fabric } = pair;
  vsc.VmbChannelEnable(client);
  const endpoint = endpointBehind(client);
  const order: number[] = [];
  const waiting = [0, 1, 2].map((index) =>
    request(vsc, client, { timeout: -10_000 }).then(({ status }) => {
      order.push(index);
      return vmbus.ntStatusName(status);
    })
  );
  assertEquals([endpoint.requests.count, endpoint.requests.rejectsRequests], [3, false]);
  const disabled = vsc.VmbChannelDisable(client);
  assertEquals([endpoint.requests.count, endpoint.requests.rejectsRequests], [0, true]);
  await fabric.advance(2); // their deadlines are gone, too
  assertEquals(await Promise.all(waiting), waiting.map(() => "STATUS_DEVICE_REMOVED"));
  assertEquals(order, [0, 1, 2]);
  await disabled;
  await closePair(pair);
});

Deno.test("Requests: a caller waits for the open, and for no longer than it said", async () => {
  const received: number[] = [];
  const pair = makePair({
    onServerPacket: (_channel, context, buffer, length) => {
      received.push(buffer[0]!);
      pair.vsp.VmbChannelPacketComplete(context, buffer, length);
    },
  });
  const { vsc, vsp, client, server, fabric } = pair;
  vsc.VmbChannelEnable(client);
  const answers = [new Uint8Array(8), new Uint8Array(8)] as const;
  const brief = request(vsc, client, {
    payload: Uint8Array.of(1),
    flags: WAIT,
    answer: answers[0],
    timeout: -10_000,
  });
  const patient = request(vsc, client, {
    payload: Uint8Array.of(2),
    flags: WAIT,
    answer: answers[1],
  });
  await fabric.advance(5);
  assertEquals(vmbus.ntStatusName((await brief).status), "STATUS_CANCELLED");
  vsp.VmbChannelEnable(server);
  vsp.VmbChannelStart(server);
  await fabric.settle();
  assertEquals(await patient, { status: vmbus.STATUS_SUCCESS, completionBufferSize: 1 });
  assertEquals([received, answers[0][0], answers[1][0]], [[2], 0, 2]);
  await closePair(pair);
});

Deno.test("Requests: none may begin once the channel is closing (S10)", async () => {
  // kmcl.md S10.1: later ones get STATUS_DEVICE_REMOVED immediately, in whatever callback.
  const results: Promise<vmbus.RequestResult>[] = [];
  const ask = (channel: vmbus.VMBCHANNEL) => {
    for (const flags of [0, WAIT]) results.push(request(pair.vsc, channel, { flags }));
  };
  const pair = await openPair({
    clientCallbacks: { EvtChannelSuspend: ask, EvtChannelClosed: ask },
  });
  await pair.vsc.VmbChannelDisable(pair.client);
  const statuses = (await Promise.all(results)).map(({ status }) => vmbus.ntStatusName(status));
  assertEquals(statuses, new Array(4).fill("STATUS_DEVICE_REMOVED"));
  await closePair(pair);
});
