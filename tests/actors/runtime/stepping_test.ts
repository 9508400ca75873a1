// api.md section 3: runUntil and step.
import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { closePair, enablePair, makePair, openPair } from "../../support/connected_pair.ts";
import { hops, post, watch } from "../../support/driving.ts";

Deno.test("Fabric.runUntil: ends in the moment in which its predicate is true", async () => {
  let packets = 0;
  const pair = await openPair({
    onServerPacket: (_channel, packet) => {
      packets++;
      pair.vsp.VmbChannelPacketComplete(packet, null, 0);
    },
  });
  post(pair.vsp, pair.server);
  for (let i = 0; i < 3; i++) post(pair.vsc, pair.client);
  assertEquals(await pair.fabric.runUntil(() => packets > 0), true);
  assertEquals(vmbus.inspectChannel(pair.client).packets, []);
  await closePair(pair);
});

Deno.test("Fabric.runUntil: lets time pass, and no more of it than needed", async () => {
  const fabric = vmbus.createFabric();
  const delays = [watch(fabric.delay(5)), watch(fabric.delay(9))];
  assertEquals(await fabric.runUntil(() => delays[0]?.state === "resolved"), true);
  assertEquals([fabric.now(), delays[1]?.state], [5, "pending"]);
  await fabric.run();
});

Deno.test("Fabric.runUntil: runs nothing where its predicate is true already", async () => {
  const fabric = vmbus.createFabric();
  const due = watch(fabric.delay(0));
  assertEquals(await fabric.runUntil(() => true), true);
  assertEquals(due.state, "pending");
  await fabric.settle();
});

Deno.test("Fabric.runUntil: resolves with false where nothing is left to run", async () => {
  const fabric = vmbus.createFabric();
  const delay = fabric.delay(3);
  let asked = 0;
  assertEquals(await fabric.runUntil(() => ++asked < 0), false);
  assertEquals([fabric.now(), asked > 1], [3, true]);
  await delay;
});

Deno.test("Fabric.runUntil: rejects with what its predicate throws, and continues with the next call", async () => {
  const pair = makePair();
  enablePair(pair);
  const reason = new Error("the predicate's own");
  let isBad = false;
  const thrower = () => {
    isBad = pair.calls.length > 0;
    if (isBad) throw reason;
    return false;
  };
  assertStrictEquals(await assertRejects(() => pair.fabric.runUntil(thrower), Error), reason);
  assertEquals(pair.calls.length, 1);
  await pair.fabric.settle();
  await closePair(pair);
});

Deno.test("Fabric.runUntil: refuses what cannot be asked", async () => {
  const fabric = vmbus.createFabric();
  for (const predicate of [undefined, null, true, 5]) {
    assertThrows(
      () => fabric.runUntil(predicate as unknown as () => boolean),
      TypeError,
      `Cannot runUntil: predicate must be a function, not ${predicate}`,
    );
  }
  await assertRejects(
    () => fabric.runUntil((() => Promise.resolve(true)) as unknown as () => boolean),
    TypeError,
    "Cannot runUntil: predicate must answer at once, not with a promise",
  );
});

Deno.test("Fabric.step: runs so many items and no more, and says how many", async () => {
  const pair = await openPair();
  for (let i = 0; i < 3; i++) post(pair.vsc, pair.client);
  const events = (): string[] =>
    pair.fabric.inspect().partitions.flatMap(({ channels }) =>
      channels.map(({ interruptsSent, packets }) => `${interruptsSent} ${packets.length}`)
    );
  const before = events();
  assertEquals(await pair.fabric.step(), 1);
  const after = events();
  assertEquals(before.join() === after.join(), false);
  const rest = await pair.fabric.step(1000);
  assertEquals(rest > 0 && rest < 1000, true);
  assertEquals(await pair.fabric.step(), 0);
  await closePair(pair);
});

Deno.test("Fabric.step: a run in steps is the run that settle makes", async () => {
  const digests = new Set<string>();
  for (const items of [0, 1, 2, 7]) {
    const pair = makePair();
    enablePair(pair);
    if (items === 0) await pair.fabric.settle();
    else while (await pair.fabric.step(items) > 0);
    await closePair(pair);
    digests.add(pair.fabric.traceDigest());
  }
  assertEquals(digests.size, 1);
});

Deno.test("Fabric.step: lets no time pass, and fires what is due", async () => {
  const fabric = vmbus.createFabric();
  await fabric.settle();
  const delays = [watch(fabric.delay(0)), watch(fabric.delay(1))];
  assertEquals(await fabric.step(5), 1);
  assertEquals([fabric.now(), ...delays.map(({ state }) => state)], [0, "resolved", "pending"]);
  await fabric.run();
});

Deno.test("Fabric.step: gives an unfinished callback its turn after each item", async () => {
  const log: string[] = [];
  const pair = makePair({
    serverCallbacks: {
      EvtChannelOpened: async () => {
        log.push("begins");
        await hops(100);
        log.push("ends");
        return vmbus.STATUS_SUCCESS;
      },
    },
  });
  enablePair(pair);
  while (log.length === 0) await pair.fabric.step();
  assertEquals(log, ["begins", "ends"]);
  await closePair(pair);
});

Deno.test("Fabric.step: refuses what is no number of items", () => {
  const fabric = vmbus.createFabric();
  for (const items of [0, -1, 0.5, NaN, Infinity, "1", null]) {
    assertThrows(
      () => fabric.step(items as number),
      RangeError,
      "Cannot step: items must be a whole number from 1, not ",
    );
  }
});

Deno.test("Fabric.step: throws inside a callback, as does runUntil", async () => {
  const texts: string[] = [];
  const pair = makePair({
    clientCallbacks: {
      EvtChannelStarted: () => {
        for (const call of [() => pair.fabric.step(), () => pair.fabric.runUntil(() => true)]) {
          texts.push(assertThrows(call, Error).message);
        }
      },
    },
  });
  enablePair(pair);
  await pair.fabric.settle();
  assertEquals(texts, [
    "Cannot step inside a callback: EvtChannelStarted of channel 2 (client) runs",
    "Cannot runUntil inside a callback: EvtChannelStarted of channel 2 (client) runs",
  ]);
  await closePair(pair);
});
