// api.md section 1: calls that wait drive the loop, and what becomes of one that nothing can end.
import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import {
  closePair,
  enablePair,
  makePair,
  openPair,
  type Pair,
} from "../../support/connected_pair.ts";
import { hops, request, watch } from "../../support/driving.ts";

/** A pair whose server holds every packet, so that a request of the client waits. */
function holdingPair(options: vmbus.FabricOptions = {}): Promise<Pair> {
  return openPair({ fabric: options, onServerPacket: "hold" });
}

Deno.test("VmbChannelSendSynchronousRequest: drives the loop until it has its answer", async () => {
  const pair = await openPair();
  const { status, completionBufferSize } = await request(pair, "four");
  assertEquals([status, completionBufferSize], [vmbus.STATUS_SUCCESS, 4]);
  assertEquals(pair.fabric.now(), 0);
  await closePair(pair);
});

Deno.test("VmbChannelSendSynchronousRequest: drives as soon as its caller awaits", async () => {
  const log: string[] = [];
  const pair = await openPair({
    onServerPacket: (_channel, packet) => {
      log.push("served");
      pair.vsp.VmbChannelPacketComplete(packet, null, 0);
    },
  });
  const asked = request(pair);
  log.push("asked");
  await hops(10);
  assertEquals(log, ["asked", "served"]);
  await asked;
  await closePair(pair);
});

Deno.test("VmbChannelSendSynchronousRequest: lets time pass when nothing else can run", async () => {
  const pair = await holdingPair();
  const answered = pair.fabric.delay(20).then(() => pair.atServer.complete());
  const { status } = await request(pair, "slow", -1_000_000);
  assertEquals([status, pair.fabric.now()], [vmbus.STATUS_SUCCESS, 20]);
  await answered;
  const late = await request(pair, "late", -50_000);
  assertEquals([late.status, pair.fabric.now()], [vmbus.STATUS_CANCELLED, 25]);
  pair.atServer.complete();
  await closePair(pair);
});

Deno.test("VmbChannelDisable: shares the loop with other calls that wait", async () => {
  const pair = await openPair();
  const log: string[] = [];
  await Promise.all([
    request(pair).then(({ status }) => log.push(`request ${vmbus.ntStatusName(status)}`)),
    pair.fabric.delay(1).then(() => log.push("delay")),
    pair.vsc.VmbChannelDisable(pair.client).then(() => log.push("client")),
    pair.vsp.VmbChannelDisable(pair.server).then(() => log.push("server")),
  ]);
  assertEquals(log.toSorted(), [
    "client",
    "delay",
    "request STATUS_DEVICE_REMOVED",
    "server",
  ]);
  assertEquals(log.at(-1), "delay", "time passes last");
  pair.vsc.VmbChannelCleanup(pair.client);
  pair.vsp.VmbChannelCleanup(pair.server);
  assertEquals(pair.fabric.leaks(), []);
});

for (const verifier of ["throw", "record", "off"] as const) {
  Deno.test(`VmbChannelSendSynchronousRequest: rejects where nothing can end it, in mode ${verifier}`, async () => {
    const pair = await holdingPair({ verifier });
    const other = watch(request(pair, "other"));
    const error = await assertRejects(() => request(pair), vmbus.VerifierError);
    const { rule, call, message, at } = error.violation;
    assertEquals([rule, call, at], [
      "wait that nothing can end",
      "VmbChannelSendSynchronousRequest",
      0,
    ]);
    assertEquals(
      message,
      "nothing is runnable and no deadline is ahead: " +
        "VmbChannelSendSynchronousRequest waits for the end of packet 0 on channel 2 (client): " +
        "packet 0 of channel 1 (server) is held by its driver since t = 0 ms; " +
        "VmbChannelSendSynchronousRequest waits for the end of packet 1 on channel 2 (client): " +
        "packet 1 of channel 1 (server) is held by its driver since t = 0 ms",
    );
    // Both waited in vain, and both hear the same.
    await hops(1);
    assertEquals([other.state, other.error], ["rejected", error]);
    const expected = verifier === "off" ? [] : ["wait that nothing can end"];
    assertEquals(pair.fabric.violations.map((violation) => violation.rule), expected);
    // The requests were given up: their late answers are dropped, and the channel continues.
    assertEquals(vmbus.inspectChannel(pair.client)?.blockedCallers, 0);
    pair.atServer.complete();
    const next = watch(request(pair, "next"));
    await pair.fabric.settle();
    assertEquals(next.state, "pending");
    pair.atServer.complete();
    await pair.fabric.settle();
    assertEquals(next.state, "resolved");
  });
}

Deno.test("VmbChannelDisable: names a wait inside a callback, and rejects none", async () => {
  const log: string[] = [];
  const { pair } = await (async () => {
    const pair: Pair = await openPair({
      onServerPacket: (_channel, _packet) => {},
      clientCallbacks: {
        EvtChannelSuspend: async () => {
          const { status } = await request(pair, "in vain");
          log.push(`answered ${vmbus.ntStatusName(status)}`);
        },
      },
      fabric: { verifier: "record" },
    });
    return { pair };
  })();
  const { fabric, vsc, client } = pair;
  const error = await assertRejects(() => vsc.VmbChannelPause(client), vmbus.VerifierError);
  assertEquals(
    error.violation.message,
    "nothing is runnable and no deadline is ahead: " +
      "VmbChannelPause waits for channel 2 (client) to come to rest: " +
      "EvtChannelSuspend of channel 2 (client) has not returned; " +
      "VmbChannelSendSynchronousRequest inside EvtChannelSuspend waits for " +
      "the end of packet 0 on channel 2 (client): " +
      "EvtChannelSuspend of channel 2 (client) has not returned",
  );
  await fabric.settle();
  assertEquals(log, []);
  assertEquals(fabric.inspect().callers, [{
    call: "VmbChannelSendSynchronousRequest",
    waitsFor: "the end of packet 0 on channel 2 (client)",
    inside: "EvtChannelSuspend",
    heldUpBy: "EvtChannelSuspend of channel 2 (client) has not returned",
    selfWait: true,
  }]);
  assertEquals(fabric.inspect().callbacks, ["EvtChannelSuspend of channel 2 (client)"]);
});

for (const call of ["settle", "advance", "run"] as const) {
  Deno.test(`Fabric.${call}: makes the program the driver: a wait that began before stays pending`, async () => {
    const pair = await holdingPair();
    const { fabric } = pair;
    const asked = watch(request(pair));
    const wrapped = watch((async () => await request(pair))()); // awaited before the call, too
    await (call === "advance" ? fabric.advance(5) : fabric[call]());
    await hops(50);
    await new Promise((resolve) => setTimeout(resolve, 0));
    assertEquals([asked.state, wrapped.state], ["pending", "pending"]);
    assertEquals(fabric.violations, []);
    assertEquals(pair.atServer.held.length, 2);
    // It continues with the program's next call, also one that waits.
    pair.atServer.complete();
    await hops(50);
    assertEquals(asked.state, "pending", "nobody drives");
    await fabric.delay(1);
    assertEquals([asked.state, wrapped.state], ["resolved", "resolved"]);
    await closePair(pair);
  });

  // api.md section 1: the program drives by awaiting it again.
  Deno.test(`Fabric.${call}: leaves a wait that began before to whoever awaits it again`, async () => {
    const pair = await holdingPair();
    const { fabric } = pair;
    const asked = request(pair);
    await (call === "advance" ? fabric.advance(5) : fabric[call]());
    await assertRejects(
      () => asked,
      vmbus.VerifierError,
      "packet 0 of channel 1 (server) is held by its driver since t = 0 ms",
    );
    assertEquals(pair.atServer.held.length, 1);
  });

  Deno.test(`Fabric.${call}: a wait that began before and is awaited again is driven to its end`, async () => {
    const pair = await holdingPair();
    const { fabric } = pair;
    const asked = request(pair);
    await (call === "advance" ? fabric.advance(5) : fabric[call]());
    pair.atServer.complete();
    assertEquals((await asked).status, vmbus.STATUS_SUCCESS);
    await closePair(pair);
  });
}

/** Ways of awaiting a promise. */
const AWAITS: Readonly<Record<string, (promise: Promise<unknown>) => Promise<unknown>>> = {
  "await": async (promise) => await promise,
  "then": (promise) => promise.then(() => {}),
  "catch": (promise) => promise.catch((error) => Promise.reject(error)),
  "finally": (promise) => promise.finally(() => {}),
  "Promise.all": (promise) => Promise.all([promise]),
  "Promise.race": (promise) => Promise.race([promise]),
  "return": async (promise) => await (() => promise)(),
};

for (const [how, awaitIt] of Object.entries(AWAITS)) {
  Deno.test(`VmbChannelDisable: is driven by ${how} after Fabric.settle`, async () => {
    const pair = await holdingPair();
    request(pair).catch(() => {});
    await pair.fabric.settle();
    const disabled = pair.vsp.VmbChannelDisable(pair.server);
    await pair.fabric.settle();
    await assertRejects(() => awaitIt(disabled), vmbus.VerifierError, "is held by its driver");
  });
}

Deno.test("VmbChannelDisable: that is awaited while the program drives is driven when it has done so", async () => {
  const pair = await holdingPair();
  const { fabric } = pair;
  request(pair).catch(() => {});
  await fabric.settle();
  const disabled = pair.vsp.VmbChannelDisable(pair.server);
  await fabric.settle();
  const [settled, ended] = await Promise.allSettled([fabric.settle(), disabled]);
  assertEquals([settled.status, ended.status], ["fulfilled", "rejected"]);
});

Deno.test("VmbChannelDisable: that nobody awaits again is not rejected, whatever the program does", async () => {
  const pair = await holdingPair();
  const { fabric } = pair;
  request(pair).catch(() => {});
  await fabric.settle();
  const disabled = pair.vsp.VmbChannelDisable(pair.server);
  await fabric.settle();
  await new Promise((resolve) => setTimeout(resolve, 1));
  pair.atServer.complete();
  await fabric.settle();
  await disabled;
  assertEquals(fabric.violations, []);
});

Deno.test("VmbChannelSendSynchronousRequest: that a callback gave away drives for the program that awaits it", async () => {
  let asked: Promise<vmbus.RequestResult> | null = null;
  const pair: Pair = makePair({
    onServerPacket: () => {},
    clientCallbacks: {
      EvtChannelPostStarted: () => {
        asked = request(pair);
      },
    },
  });
  enablePair(pair);
  await pair.fabric.settle();
  await pair.fabric.settle(); // it is left to itself, and nobody hears of it
  await assertRejects(() => asked!, vmbus.VerifierError, "is held by its driver since t = 0 ms");
});

Deno.test("VmbChannelDisable: gives a promise like any other", async () => {
  const pair = await holdingPair();
  const disabled = pair.vsp.VmbChannelDisable(pair.server);
  assertInstanceOf(disabled, Promise);
  assertEquals(disabled.then(() => {}).constructor, Promise);
  assertEquals(await disabled, undefined);
});

Deno.test("Fabric.settle: leaves a wait that begins after it to drive, and to be rejected", async () => {
  const pair = await holdingPair();
  await pair.fabric.settle();
  await assertRejects(() => request(pair), vmbus.VerifierError, "(wait that nothing can end)");
});

Deno.test("Fabric.settle: is not rejected for a wait that nothing can end", async () => {
  const pair = await holdingPair();
  const settled = pair.fabric.settle();
  const asked = watch(request(pair)); // it began after the call: the program does not drive for it
  await settled;
  assertEquals(asked.state, "pending");
  await hops(50);
  await new Promise((resolve) => setTimeout(resolve, 0));
  assertEquals(asked.state, "rejected");
  assertInstanceOf(asked.error, vmbus.VerifierError);
});

Deno.test("VmbChannelPause: waits for a paused partition in vain, and says so", async () => {
  const pair = await openPair();
  pair.guest.pause();
  const error = await assertRejects(
    () => pair.vsc.VmbChannelPause(pair.client),
    vmbus.VerifierError,
  );
  assert(error.message.includes("channel 2 (client) to come to rest"), error.message);
  pair.guest.resume();
  await pair.vsc.VmbChannelPause(pair.client);
  assertEquals(vmbus.inspectChannel(pair.client)?.flow, "paused");
});

Deno.test("VmbChannelDisable: of an endpoint whose open waits for a driver waits for it too", async () => {
  const pair: Pair = makePair({
    serverCallbacks: {
      EvtChannelOpened: async () => {
        await pair.fabric.delay(10);
        return vmbus.STATUS_SUCCESS;
      },
    },
  });
  enablePair(pair);
  await pair.fabric.settle();
  await pair.vsp.VmbChannelDisable(pair.server);
  assertEquals(pair.fabric.now(), 10);
  assertEquals(pair.calls, ["server Opened", "server Closed"]);
});
