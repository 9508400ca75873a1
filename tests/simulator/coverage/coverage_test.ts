import { assert, assertEquals } from "@std/assert";
import {
  type Coverage,
  coverageGaps,
  coverageSpace,
  CoverageSum,
  defineScenario,
  mergeCoverage,
  runWorld,
  WAYS_MAX,
} from "../../../simulator/mod.ts";
import { isDocumented } from "../../../simulator/coverage/documented_statuses.ts";
import { OrderDigest } from "../../../simulator/coverage/order_digest.ts";
import { CoverageRecorder } from "../../../simulator/coverage/recorder.ts";
import { CALL_NAMES } from "../../../kmcl/call_parameters.ts";
import { closePair, enablePair, makePair, openPair } from "../../support/connected_pair.ts";

/** What a pair comes by that opens, sends a packet and closes. */
async function coverageOfPair(packets: number): Promise<Coverage & { readonly order: string }> {
  const pair = makePair();
  const recorder = new CoverageRecorder(pair.fabric);
  enablePair(pair);
  await pair.fabric.settle();
  const { vsc, client } = pair;
  for (let i = 0; i < packets; i++) {
    vsc.VmbPacketSend(vsc.VmbPacketAllocate(client), new Uint8Array(8), 8, null, 0);
  }
  await pair.fabric.settle();
  await closePair(pair);
  return { ...recorder.coverage(), order: recorder.orderDigest };
}

Deno.test("CoverageRecorder: notes transitions, statuses and orders of a pair", async () => {
  const { worlds, transitions, statuses, orders, faults } = await coverageOfPair(2);
  assertEquals(worlds, 1);
  assertEquals(transitions["server: lifecycle.disabled enable"], 1);
  assertEquals(transitions["client: flow.running.steady disable"], 1);
  assertEquals(statuses["VmbPacketSend STATUS_SUCCESS"], 2);
  assertEquals(statuses["transaction STATUS_SUCCESS"], 2);
  assertEquals(orders["server: EvtChannelOpened, EvtChannelStarted"], 1);
  assertEquals(
    orders["server: EvtChannelOpened, EvtChannelStarted, EvtChannelPostStarted"],
    1,
  );
  assertEquals(faults, {});
});

Deno.test("CoverageRecorder: what it notes is part of the space", async () => {
  const { transitions, statuses } = await coverageOfPair(2);
  const space = coverageSpace();
  const strangers = Object.keys(transitions).filter((name) => !space.transitions.includes(name));
  assertEquals(strangers, []);
  assertEquals(Object.keys(statuses).filter((name) => !space.statuses.includes(name)), []);
  assert(Object.keys(transitions).length > 30);
});

Deno.test("CoverageRecorder: the order is the same for the same run, and another for another", async () => {
  const [one, again, other] = [
    await coverageOfPair(2),
    await coverageOfPair(2),
    await coverageOfPair(3),
  ];
  assertEquals(one.order, again.order);
  assert(one.order !== other.order);
});

Deno.test("CoverageRecorder: leaves the digest of the trace as it is", async () => {
  const digestOf = async (isRecorded: boolean) => {
    const pair = await openPair();
    if (isRecorded) new CoverageRecorder(pair.fabric);
    await closePair(pair);
    return pair.fabric.traceDigest();
  };
  assertEquals(await digestOf(true), await digestOf(false));
});

Deno.test("CoverageRecorder: a fault is noted with the state that it meets", async () => {
  const pair = await openPair();
  const recorder = new CoverageRecorder(pair.fabric);
  const { observer } = pair.fabric as unknown as { observer: { see(what: object): void } };
  observer.see({
    kind: "faultFires",
    fault: "offerRescinded",
    partition: "guest",
    channelId: null,
  });
  observer.see({ kind: "faultFires", fault: "guestPaused", partition: "nobody", channelId: 3 });
  assertEquals(recorder.coverage().faults, {
    "offerRescinded × server opened, running": 1,
    "offerRescinded × client opened, running": 1,
    "guestPaused × no channel": 1,
  });
  pair.fabric.dispose();
});

Deno.test("CoverageSum: adds counts, and unites the ways to a behaviour", () => {
  const coverage = (way: string, times: number): Coverage => ({
    worlds: 1,
    transitions: { a: 1 },
    statuses: { [way]: 2 },
    orders: {},
    faults: {},
    reached: { x: { times, worlds: 1, ways: [way], nearest: null } },
  });
  const merged = mergeCoverage(coverage("one", 2), coverage("two", 3), coverage("one", 1));
  assertEquals(merged, {
    worlds: 3,
    transitions: { a: 3 },
    statuses: { one: 4, two: 2 },
    orders: {},
    faults: {},
    reached: { x: { times: 6, worlds: 3, ways: ["one", "two"], nearest: null } },
  });
});

Deno.test("CoverageSum: ways have a bound, and a sum of sums is the sum of all", () => {
  const sum = new CoverageSum();
  for (let at = 0; at < WAYS_MAX + 5; at++) {
    const ways = [`${at}`];
    const reached = { x: { times: 1, worlds: 1, ways, nearest: null } };
    sum.add({ worlds: 1, transitions: {}, statuses: {}, orders: {}, faults: {}, reached });
  }
  assertEquals(sum.value.reached["x"]?.ways.length, WAYS_MAX);
  assertEquals(mergeCoverage(sum.value), sum.value);
});

Deno.test("coverageGaps: tell what was not reached, with how near it was", async () => {
  const scenario = defineScenario({
    name: "near",
    title: "a test",
    partitions: {},
    reach: ["done", "near", "never"],
    workload: (world) => {
      world.reach("done", { done: 2, of: 2 });
      world.reach("near", { done: 1, of: 3 });
      world.reach("near", { done: 2, of: 3 });
      world.reach("near", { done: 0, of: 3 });
    },
  });
  const { coverage, orderDigest } = await runWorld(scenario);
  assertEquals(coverage.reached["done"], {
    times: 1,
    worlds: 1,
    ways: [orderDigest],
    nearest: null,
  });
  const gaps = coverageGaps(coverage);
  assertEquals(gaps.reached, { near: { done: 2, of: 3 }, never: null });
  assertEquals(gaps.statuses.length, coverageSpace().statuses.length);
});

Deno.test("OrderDigest: tells each member of what is taken in from the others", () => {
  const text = (...of: readonly [number, number, number, number][]) => {
    const digest = new OrderDigest();
    for (const taken of of) digest.take(...taken);
    return digest.text;
  };
  const all = [
    text([1, 2, 3, 4]),
    text([2, 2, 3, 4]),
    text([1, 3, 3, 4]),
    text([1, 2, 4, 4]),
    text([1, 2, 3, 5]),
    text([1, 2, 3, 4], [1, 2, 3, 5]),
    text([1, 2, 3, 5], [1, 2, 3, 4]),
    text(),
  ];
  assertEquals(new Set(all).size, all.length);
});

Deno.test("isDocumented: knows each function that has a status, and no status of another", () => {
  // kmcl.md section 5; those without a status return nothing, or something of their own.
  const names: readonly string[] = [...CALL_NAMES, "transaction"];
  const unknown = coverageSpace().statuses
    .map((status) => status.split(" ", 1)[0]!)
    .filter((call) => !names.includes(call));
  assertEquals(unknown, []);
  assert(isDocumented("VmbChannelEnable", "STATUS_OBJECT_NAME_COLLISION"));
  assert(!isDocumented("VmbChannelEnable", "STATUS_TIMEOUT"));
  assert(!isDocumented("VmbChannelStart", "STATUS_SUCCESS"));
});
