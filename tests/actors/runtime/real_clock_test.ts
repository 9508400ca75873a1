// api.md section 1: with clock "real" deadlines wait for real time.
import { assert, assertEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { closePair, openPair } from "../../support/connected_pair.ts";
import { post, watch } from "../../support/driving.ts";

/** How long `work` takes in real milliseconds. */
async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** Clocks differ by less: a timer may fire a little before its time. */
const SLACK_MS = 2;
/** A deadline that no test lives to see. */
const FAR_MS = 1e6;

Deno.test("Fabric.advance: takes as long as it says, with a real clock", async () => {
  const fabric = vmbus.createFabric({ clock: "real" });
  assert(await timed(() => fabric.advance(15)) >= 15 - SLACK_MS);
  assertEquals(fabric.now(), 15);
});

Deno.test("Fabric.delay: fires its deadlines in order, and not before their time", async () => {
  const fabric = vmbus.createFabric({ clock: "real" });
  const log: number[] = [];
  for (const milliseconds of [12, 4, 8]) {
    fabric.delay(milliseconds).then(() => log.push(fabric.now()));
  }
  assert(await timed(() => fabric.run()) >= 12 - SLACK_MS);
  assertEquals(log, [4, 8, 12]);
});

Deno.test("Fabric.delay: drives a real clock too, and time between calls does not count", async () => {
  const fabric = vmbus.createFabric({ clock: "real" });
  await fabric.delay(3);
  await new Promise((resolve) => setTimeout(resolve, 10));
  assertEquals(fabric.now(), 3);
  assert(await timed(() => fabric.delay(5)) >= 5 - SLACK_MS);
  assertEquals(fabric.now(), 8);
});

Deno.test("Fabric.settle: waits for no deadline, whatever sleeps beside it", async () => {
  const fabric = vmbus.createFabric({ clock: "real" });
  const stop = new AbortController();
  const late = watch(fabric.delay(FAR_MS));
  const ran = fabric.run(stop.signal);
  await new Promise((resolve) => setTimeout(resolve, 2));
  await fabric.settle();
  assertEquals([fabric.now(), late.state], [0, "pending"]);
  stop.abort();
  await ran;
  assertEquals(late.state, "pending");
});

Deno.test("Fabric.run: wakes for a nearer deadline and for work, with a real clock", async () => {
  const pair = await openPair({ fabric: { clock: "real" } });
  const { fabric, guest } = pair;
  const stop = new AbortController();
  fabric.delay(FAR_MS);
  const ran = fabric.run(stop.signal);
  await new Promise((resolve) => setTimeout(resolve, 2));
  await fabric.delay(2);
  assertEquals(fabric.now(), 2);

  post(pair.vsc, pair.client);
  await new Promise((resolve) => setTimeout(resolve, 2));
  assertEquals(vmbus.inspectChannel(pair.server)?.incomingRing?.usedBytes, 0);

  // Work of a paused partition is work again as soon as that continues.
  guest.pause();
  post(pair.vsp, pair.server);
  await new Promise((resolve) => setTimeout(resolve, 2));
  const used = () => vmbus.inspectChannel(pair.client)?.incomingRing?.usedBytes;
  assert(used() !== 0);
  guest.resume();
  await new Promise((resolve) => setTimeout(resolve, 2));
  assertEquals(used(), 0);
  stop.abort();
  await ran;
  await closeAfter(pair);
});

async function closeAfter(pair: Awaited<ReturnType<typeof openPair>>): Promise<void> {
  await pair.vsc.VmbChannelDisable(pair.client);
  await pair.vsp.VmbChannelDisable(pair.server);
  pair.vsc.VmbChannelCleanup(pair.client);
  pair.vsp.VmbChannelCleanup(pair.server);
  assertEquals(pair.fabric.leaks().map(({ kind }) => kind), ["caller"]);
}

Deno.test("Fabric: a pair opens and closes under a real clock", async () => {
  const pair = await openPair({ fabric: { clock: "real" } });
  await closePair(pair);
});
