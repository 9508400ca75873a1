// api.md sections 1 and 3: the same program, options and seed give the same run, in any process.
import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import * as vmbus from "../../mod.ts";
import { type Outcome, runBusyWorld } from "../support/busy_world.ts";
import { closePair, openPair } from "../support/connected_pair.ts";
import { runDeno } from "../support/deno_process.ts";
import { post, request } from "../support/driving.ts";

/** What of an outcome no schedule may change. */
function resultsOf({ received, answers, calls }: Outcome): Omit<Outcome, "digest" | "now"> {
  return { received, answers, calls };
}

const OPTIONS: readonly vmbus.FabricOptions[] = [
  { seed: 1 },
  { seed: 2, codec: "vmbus" },
  { seed: 3, schedule: "random" },
  { seed: 2n ** 64n - 1n, schedule: "random", codec: "vmbus", verifier: "record" },
];

function nameOf(options: vmbus.FabricOptions): string {
  return Object.entries(options).map(([name, value]) => `${name} ${value}`).join(", ");
}

Deno.test("runBusyWorld: does what it is meant to", async () => {
  const { received, answers, calls, digest } = await runBusyWorld({ seed: 1 });
  assertMatch(digest, /^[0-9a-f]{64}$/);
  assertEquals(Object.keys(received), ["server 0", "client 0", "server 1", "client 1"]);
  for (const [name, texts] of Object.entries(received)) {
    assertEquals(texts.length, name.startsWith("server") ? 124 : 120, name);
    const sent = texts.filter((text) => !text.startsWith("ask"));
    const order = sent.map((text) => text.split(" ").slice(1).map(Number));
    assertEquals(order, order.toSorted(([a, b], [c, d]) => a! * 100 + b! - c! * 100 - d!), name);
  }
  assertEquals(answers, [0, 1].map(() => new Array(4).fill("STATUS_SUCCESS")));
  assertEquals(calls["server 1"], [
    "server Opened",
    "server Started",
    "server PostStarted",
    "server Suspend",
    "server Started",
    "server PostStarted",
    "server Suspend",
    "server Closed",
  ]);
});

for (const options of OPTIONS) {
  Deno.test(`Fabric.traceDigest: is the same for the same run twice, ${nameOf(options)}`, async () => {
    const first = await runBusyWorld(options);
    assertEquals(await runBusyWorld(options), first);
  });
}

Deno.test("Fabric.traceDigest: is the same in another process", async () => {
  const options = { seed: 11, schedule: "random" } as const;
  const here = await runBusyWorld(options);
  const program = new URL("../support/busy_world.ts", import.meta.url).href;
  const there = await runDeno(["run", "--no-check", program, JSON.stringify(options)]);
  assertEquals(there.stderr, "");
  assertEquals(JSON.parse(there.stdout), here);
});

Deno.test("Fabric.traceDigest: differs by seed where the schedule is random, the results do not", async () => {
  const outcomes: Outcome[] = [];
  for (let seed = 0; seed < 8; seed++) {
    outcomes.push(await runBusyWorld({ seed, schedule: "random" }));
  }
  assertEquals(new Set(outcomes.map(({ digest }) => digest)).size, outcomes.length);
  const expected = resultsOf(await runBusyWorld({ seed: 0 }));
  for (const outcome of outcomes) assertEquals(resultsOf(outcome), expected);
});

Deno.test("Fabric.traceDigest: does not depend on the seed where nothing is drawn", async () => {
  const [first, second] = [await runBusyWorld({ seed: 1 }), await runBusyWorld({ seed: 2 })];
  assertEquals(first.digest, second.digest);
});

for (const schedule of ["fifo", "random"] as const) {
  Deno.test(`Fabric: runs as well on XState's own interpreter, ${schedule}`, async () => {
    const options = { seed: 5, schedule } as const;
    const stock = await runBusyWorld({ ...options, interpreter: "stock" });
    assertEquals(stock, await runBusyWorld({ ...options, interpreter: "compiled" }));
  });
}

Deno.test("Fabric.traceDigest: is the same whether entries are kept or not", async () => {
  const digest = await runBusyWorld({ seed: 1, trace: "digest" });
  assertEquals(await runBusyWorld({ seed: 1, trace: "full" }), digest);
  const off = await runBusyWorld({ seed: 1, trace: "off" });
  assertNotEquals(off.digest, digest.digest);
  assertEquals(off.digest, vmbus.createFabric({ trace: "off" }).traceDigest());
  assertEquals(resultsOf(off), resultsOf(digest));
});

Deno.test("Fabric.trace: has the entries at level full, and none at the others", async () => {
  for (const trace of ["full", "digest", "off"] as const) {
    const pair = await openPair({ fabric: { trace } });
    await request(pair);
    await closePair(pair);
    const events = new Set(pair.fabric.trace.map(({ event }) => event));
    assertEquals(events.size > 10, trace === "full");
    if (trace !== "full") continue;
    for (const event of ["packetEntered", "packetArrived", "packetCompleted", "messageToHost"]) {
      assert(events.has(event), event);
    }
  }
});

/** The digest of a short run in which `look` is called now and then. */
async function lookedAt(look: (fabric: vmbus.Fabric) => unknown): Promise<string> {
  const pair = await openPair({ fabric: { seed: 9, schedule: "random" } });
  for (let i = 0; i < 10; i++) {
    post(pair.vsc, pair.client, `packet ${i}`);
    look(pair.fabric);
    await pair.fabric.advance(1);
    vmbus.inspectChannel(pair.server);
  }
  await closePair(pair);
  return pair.fabric.traceDigest();
}

Deno.test("Fabric.traceDigest: is not disturbed by looking", async () => {
  const untouched = await lookedAt(() => {});
  const looks: readonly ((fabric: vmbus.Fabric) => unknown)[] = [
    (fabric) => fabric.inspect(),
    (fabric) => fabric.traceDigest(),
    (fabric) => fabric.leaks(),
    (fabric) => [fabric.now(), fabric.trace, fabric.violations, fabric.partitions],
  ];
  for (const look of looks) assertEquals(await lookedAt(look), untouched);
  assertNotEquals(await lookedAt((fabric) => fabric.delay(0)), untouched);
});

Deno.test("Fabric.traceDigest: tells runs apart that differ in one byte of a control message", async () => {
  const digests = new Set<string>();
  for (const byte of [1, 2]) {
    const fabric = vmbus.createFabric();
    const guest = fabric.createPartition({ name: "guest", memoryPages: 16 });
    guest.postControlMessage("toHost", Uint8Array.of(0xff, byte, 0, 0, 0, 0, 0, 0));
    await fabric.settle();
    digests.add(fabric.traceDigest());
  }
  assertEquals(digests.size, 2);
});
