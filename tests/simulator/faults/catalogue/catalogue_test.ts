import { assert, assertEquals } from "@std/assert";
import * as vmbus from "../../../../mod.ts";
import { type FaultRule, runWorld } from "../../../../simulator/mod.ts";
import { pinging } from "../../../support/pinging.ts";
import { firedIn, runPinging } from "../../../support/pinging_seen.ts";

Deno.test("interruptDelayed: an interrupt comes after the time that it is delayed by", async () => {
  const { result, ends } = await runPinging({ do: "interruptDelayed", nth: 1, ms: 7, budget: 2 });
  assertEquals(firedIn(result), [
    "interruptDelayed: channel 1 toHost of guest",
    "interruptDelayed: channel 1 toGuest of guest",
  ]);
  assertEquals([result.virtualMilliseconds, ends], [14, ["STATUS_SUCCESS"]]);
});

/** When the host's first look at its ring comes after it was interrupted twice. */
async function lookAfterTwo(rule: FaultRule): Promise<number> {
  let at = -1;
  const scenario = pinging([rule], {
    async workload(world) {
      const { fabric } = world;
      await world.until(() => world.driver("client").isDone);
      const looks = () => fabric.trace.filter(({ event }) => event === "workInterrupt").length;
      const before = looks();
      for (let time = 0; time < 2; time++) world.guest("guest").postInterrupt("toHost", 1);
      await world.until(() => looks() > before);
      at = fabric.now();
    },
  });
  const { findings } = await runWorld(scenario, { schedule: "fifo", trace: "full" });
  assertEquals(findings, []);
  return at;
}

Deno.test("interruptMerged: an interrupt comes with the next one, a delayed one in its own time", async () => {
  const where = { direction: "toHost" } as const;
  // the client signals eight times
  assertEquals(await lookAfterTwo({ do: "interruptMerged", where, nth: 9, ms: 7 }), 0);
  assertEquals(await lookAfterTwo({ do: "interruptDelayed", where, nth: 9, ms: 7 }), 7);
});

Deno.test("interruptMerged: where no other follows, an interrupt comes in its own time", async () => {
  const { result, ends } = await runPinging({ do: "interruptMerged", nth: 1, ms: 7, budget: 1 });
  assertEquals([result.virtualMilliseconds, ends], [7, ["STATUS_SUCCESS"]]);
});

Deno.test("interruptSpurious: an open channel is interrupted, and nobody minds", async () => {
  const { result, ends } = await runPinging({
    do: "interruptSpurious",
    nth: 30,
    where: { driver: "client" },
  });
  assertEquals(result.faults.length, 1);
  assertEquals([result.virtualMilliseconds, ends], [0, ["STATUS_SUCCESS"]]);
});

Deno.test("messageDelayed: a message is late, whatever it says, and nothing overtakes it", async () => {
  const messages = ["offerChannel", "allOffersDelivered", "openChannel", "openResult"];
  for (const message of messages) {
    const where = { message, guest: "guest" };
    const { result, ends } = await runPinging({
      do: "messageDelayed",
      nth: 1,
      ms: 3,
      where,
      budget: 1,
    });
    assertEquals(result.faults.length, 1, message);
    assertEquals([result.virtualMilliseconds, ends], [3, ["STATUS_SUCCESS"]], message);
  }
});

Deno.test("offerRescinded: both sides close, and the channel is offered anew", async () => {
  const { result, calls, server, ends } = await runPinging({
    do: "offerRescinded",
    nth: 25,
    ms: 2,
  });
  assertEquals(firedIn(result), ["offerRescinded: channel 2 (server) of guest"]);
  assertEquals(calls, ["Opened", "Suspend", "Closed"]);
  assertEquals(ends, ["STATUS_SUCCESS", "STATUS_DEVICE_REMOVED"]);
  assertEquals(server.opens, 1);
});

Deno.test("offerRescinded: whoever looks for an offer again finds the new one", async () => {
  const scenario = pinging([{ do: "offerRescinded", nth: 25, ms: 2 }]);
  let opens = 0;
  const { findings } = await runWorld({
    ...scenario,
    async workload(world) {
      await world.until(() => world.driver("client").isDone);
      await world.driver("client").reopen();
      await world.until(() => (opens = world.driver("server").opens) === 2);
    },
  }, { schedule: "fifo" });
  assertEquals([findings, opens], [[], 2]);
});

Deno.test("deviceRemoved: both sides close, and there is no such offer any more", async () => {
  const scenario = pinging([{ do: "deviceRemoved", nth: 25 }]);
  const { findings, faults } = await runWorld({
    ...scenario,
    async workload(world) {
      await world.until(() => world.driver("client").isDone);
      await world.driver("client").reopen();
      await world.fabric.delay(50);
      assertEquals(world.driver("server").opens, 1);
    },
  }, { schedule: "fifo" });
  assertEquals([findings, faults.length], [[], 1]);
});

Deno.test("openRefused: the client hears why, and the server of nothing", async () => {
  const { result, client, server } = await runPinging({ do: "openRefused", nth: 1 });
  assertEquals(firedIn(result), ["openRefused: channel 1 of guest"]);
  assertEquals(client.calls, ["PnpFailure STATUS_INSUFFICIENT_RESOURCES"]);
  assertEquals(server.opens, 0);
});

Deno.test("gpadlRefused: the rings are not taken, and the guest has done nothing wrong", async () => {
  const scenario = pinging([{ do: "gpadlRefused", nth: 1 }]);
  let refused = -1;
  const { findings } = await runWorld({
    ...scenario,
    async end(world) {
      const { partitions } = world.fabric.inspect();
      refused = partitions.reduce((sum, { faultCount }) => sum + faultCount, 0);
      assertEquals(world.driver("client").calls, ["PnpFailure STATUS_UNSUCCESSFUL"]);
      await scenario.end?.(world);
    },
  }, { schedule: "fifo" });
  assertEquals([findings, refused], [[], 0]);
});

Deno.test("externalDataPending: the server waits for pages, and the packet comes again", async () => {
  const { result, server, ends } = await runPinging({
    do: "externalDataPending",
    nth: 1,
    budget: 3,
  });
  assertEquals([result.faults.length, server.pending, ends], [3, 3, ["STATUS_SUCCESS"]]);
});

Deno.test("guestCrashed: the guest is gone for ever, its server closes", async () => {
  const { result, isThere, lifecycle } = await runPinging({ do: "guestCrashed", nth: 25 });
  assertEquals([firedIn(result), isThere], [["guestCrashed: guest"], false]);
  assertEquals(lifecycle, "closed");
});

Deno.test("guestPaused: the guest stands still for as long as it is said", async () => {
  const { result, ends } = await runPinging({ do: "guestPaused", nth: 25, ms: 9, budget: 1 });
  assertEquals(firedIn(result), ["guestPaused: guest"]);
  assertEquals([result.virtualMilliseconds, ends], [9, ["STATUS_SUCCESS"]]);
});

Deno.test("memoryExhausted: each site fails as it does when nothing is left", async () => {
  const packet = await runPinging({
    do: "memoryExhausted",
    nth: 1,
    budget: 1,
    where: { site: "packet" },
  });
  assertEquals(packet.client.state.failures, [vmbus.STATUS_INSUFFICIENT_RESOURCES]);
  const rings = await runPinging({
    do: "memoryExhausted",
    nth: 1,
    budget: 1,
    where: { site: "pages" },
  });
  assertEquals(rings.client.calls, ["PnpFailure STATUS_INSUFFICIENT_RESOURCES"]);
  const page = await runPinging({
    do: "memoryExhausted",
    nth: 2,
    budget: 1,
    where: { site: "pages" },
  });
  assertEquals(page.client.state.failures, [vmbus.STATUS_INSUFFICIENT_RESOURCES]);
});

Deno.test("memoryExhausted: channels and synchronous requests of a workload fail with a status", async () => {
  const scenario = pinging([
    { do: "memoryExhausted", nth: 1, where: { site: "channel" }, budget: 1 },
    { do: "memoryExhausted", nth: 1, where: { site: "request" }, budget: 1 },
  ]);
  const { findings, faults } = await runWorld({
    ...scenario,
    async workload(world) {
      const client = world.driver("client");
      await world.until(() => client.isDone);
      const statuses = [client.allocateChannel(), client.allocateChannel()];
      assertEquals(statuses, [vmbus.STATUS_INSUFFICIENT_RESOURCES, vmbus.STATUS_SUCCESS]);
      assertEquals(await client.request(), vmbus.STATUS_INSUFFICIENT_RESOURCES);
      assertEquals(await client.request(), vmbus.STATUS_SUCCESS);
    },
  }, { schedule: "fifo" });
  assertEquals([findings, faults.length], [[], 2]);
});

Deno.test("processorTaken: a processor takes nothing for as long as it is said", async () => {
  const where = { guest: "guest", processor: 1 } as const;
  const { result, ends } = await runPinging({
    do: "processorTaken",
    nth: 25,
    ms: 4,
    where,
    budget: 1,
  });
  assertEquals(firedIn(result), ["processorTaken: processor 1 of guest"]);
  assertEquals([result.virtualMilliseconds, ends], [4, ["STATUS_SUCCESS"]]);
  const ofHost = await runPinging({ do: "processorTaken", nth: 25, ms: 4, budget: 8 });
  assert(firedIn(ofHost.result).length > 0);
});
