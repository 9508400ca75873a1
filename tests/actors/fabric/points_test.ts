// api.md section 3: scheduling points change nothing where nobody is overtaken, and much where somebody is.
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { FabricRuntime } from "../../../actors/fabric/fabric_runtime.ts";
import { checkFabricOptions } from "../../../actors/fabric/options.ts";
import { FIFO } from "../../../actors/runtime/choosers/fifo.ts";
import { Recorder } from "../../../actors/runtime/choosers/record.ts";
import { countOrders, huntMistake, runBurstPair } from "../../support/burst_pair.ts";
import { IncomingRing } from "../../../core/ring/incoming.ts";
import { OutgoingRing } from "../../../core/ring/outgoing.ts";
import { EchoClient, EchoServer } from "../../../devices/echo/mod.ts";
import { expectSuccess, type Fabric, type Schedule } from "../../../mod.ts";
import { EchoCheck } from "../../../simulator/echo/check.ts";
import { type Checker, runWorld, simulatedScenarios } from "../../../simulator/mod.ts";
import { openPair } from "../../support/connected_pair.ts";
import { runBusyWorldIn } from "../../support/busy_world.ts";
import { memoryFile, MESSAGE_BYTES_MAX } from "../../support/echo_stage.ts";
import { times } from "../../support/long.ts";

/**
 * What a fabric did, entry by entry. What was chosen is left out, and that a caller has its answer: without points
 * it is told inside the item that answers, and continues behind it; with them both are one turn.
 */
function entriesOf({ trace }: Fabric): readonly unknown[] {
  return trace.filter(({ event }) => event !== "choice" && event !== "waitEnded");
}

/** A file goes to the host and back, and so much beside it that the rings are full most of the time. */
async function runEcho(fabric: Fabric): Promise<void> {
  const guest = fabric.createPartition({ name: "guest", memoryPages: 64 });
  const file = memoryFile(8192);
  const check = new EchoCheck({
    seed: 3n,
    file,
    pieceCount: file.byteCount / 64,
    besideCount: 60,
    onProgress: () => {},
  });
  const server = new EchoServer(fabric, guest, check, {
    messageBytesMax: MESSAGE_BYTES_MAX,
    window: 16,
  });
  const client = new EchoClient(fabric, guest, check, {
    fileBytes: file.byteCount,
    pieceBytes: 64,
    messageBytesMax: MESSAGE_BYTES_MAX,
    ringPages: 1,
    window: 128,
  });
  server.enable();
  client.enable();
  await fabric.run();
  check.finish();
  assertEquals(check.findings, []);
  await client.close();
  await server.close();
}

for (const [name, run] of [["a busy world", runBusyWorldIn], ["echo", runEcho]] as const) {
  Deno.test(`FabricRuntime: with points at which nobody is overtaken, a run is fifo's, ${name}`, async () => {
    const [plain, atPoints] = [
      checkFabricOptions({ trace: "full" }),
      { schedule: "random" } as const,
    ];
    const fifo = new FabricRuntime(plain);
    await run(fifo);
    const chooser = new Recorder(FIFO);
    const pointed = new FabricRuntime({ ...plain, ...atPoints }, chooser);
    await run(pointed);
    assert(chooser.steps > 500, `${chooser.steps}`);
    assertEquals(entriesOf(pointed), entriesOf(fifo));
  });
}

for (const scenario of simulatedScenarios) {
  Deno.test(`FabricRuntime: with points at which nobody is overtaken, a world is fifo's, ${scenario.name}`, async () => {
    const entries: (readonly unknown[])[] = [];
    const keeper: Checker = {
      name: "keeper",
      attach: ({ fabric }) => ({ end: () => entries.push(entriesOf(fabric)) }),
    };
    const checkers = [...scenario.checkers ?? [], keeper];
    for (const schedule of ["fifo", "random"] as const) {
      const settings = { schedule, choices: [], trace: "full", codec: "vmbus" } as const;
      const { findings } = await runWorld({ ...scenario, checkers }, settings);
      assertEquals(findings, []);
    }
    assert(entries[0]!.length > 50);
    assertEquals(entries[1], entries[0]);
  });
}

/** They wait for room several times. */
const STREAM_PACKETS = 24;

const DRAWN: readonly Schedule[] = ["random", "pos", "urw"];

for (const schedule of DRAWN) {
  Deno.test(`createFabric: the drivers of a burst see another order with nearly each seed, ${schedule}`, async () => {
    const seeds = times(12, 3000);
    const orders = await countOrders(schedule, seeds);
    assert(orders > seeds * 5 / 6, `${orders}`);
  });
}

Deno.test("createFabric: without points the drivers of a burst see one order", async () => {
  assertEquals(await countOrders({ name: "random", points: false }, 4), 1);
  assertNotEquals(
    (await runBurstPair("random", 1)).order,
    (await runBurstPair({ name: "random", points: false }, 1)).order,
  );
});

// What the client takes for granted never fails in fifo: an item drains the ring.
for (const schedule of ["random", "pos", "pct", "urw"] as const) {
  Deno.test(`createFabric: schedule ${schedule} finds that a host need not have read a whole burst`, async () => {
    const hunts: number[] = [];
    for (let hunt = 0; hunt < times(5, 101); hunt++) {
      hunts.push(await huntMistake(schedule, 1000 * hunt, 100));
    }
    const median = hunts.sort((a, b) => a - b)[hunts.length >> 1]!;
    assert(median <= 10, `${median}`);
    assertEquals(await huntMistake("fifo", 0, 2), Infinity);
  });
}

/** A client sends packets that nobody answers, more than its ring holds; whether all of them arrive. */
async function runStream(schedule: Schedule, seed: number): Promise<boolean> {
  let arrived = 0;
  const pair = await openPair({
    fabric: { schedule, seed, rootMemoryPages: 64, trace: "off" },
    ringPages: [1, 1],
    onServerPacket: (_channel, packet) => {
      arrived++;
      pair.vsp.VmbChannelPacketComplete(packet, null, 0);
    },
  });
  const { vsc, client, fabric } = pair;
  const payload = new Uint8Array(1800);
  for (let sent = 0; sent < STREAM_PACKETS; sent++) {
    expectSuccess(
      vsc.VmbPacketSend(vsc.VmbPacketAllocate(client), payload, payload.length, null, 0),
    );
  }
  await fabric.settle();
  fabric.dispose();
  return arrived === STREAM_PACKETS;
}

/** In how many runs with a part of the rings changed a wake-up is lost; Infinity: in none of 60. */
async function huntLostWakeUp<Ring extends object, Name extends keyof Ring>(
  ring: Ring,
  name: Name,
  changed: Ring[Name],
  schedule: Schedule,
): Promise<number> {
  const own = ring[name];
  ring[name] = changed;
  try {
    for (let seed = 0; seed < 60; seed++) {
      if (!await runStream(schedule, seed)) return seed + 1;
    }
    return Infinity;
  } finally {
    ring[name] = own;
  }
}

// wire.md 1.8: who looks no second time misses what came before the mask was clear.
Deno.test("createFabric: a reader that sleeps without a second look is found", async () => {
  const hunt = (schedule: Schedule) =>
    huntLostWakeUp(IncomingRing.prototype, "lookAgain", () => "sleep", schedule);
  const runs = [await hunt("random"), await hunt("pct"), await hunt("urw")];
  assert(Math.max(...runs) <= 10, `${runs}`);
  assertEquals(await hunt({ name: "random", points: false }), Infinity);
});

// wire.md 1.7: the same of a writer that waits for room.
Deno.test("createFabric: a writer that waits for room without a second look is found", async () => {
  const hunt = (schedule: Schedule) =>
    huntLostWakeUp(OutgoingRing.prototype, "hasGotRoom", () => false, schedule);
  // The reader must read all that there is before the writer says what it wishes: that is what pct is for.
  const runs = await hunt("pct");
  assert(runs <= 20, `${runs}`);
  assertEquals(await hunt({ name: "random", points: false }), Infinity);
});

Deno.test("createFabric: readers and writers that look again lose no wake-up", async () => {
  for (const schedule of DRAWN) {
    for (let seed = 0; seed < times(15, 10_000); seed++) {
      assert(await runStream(schedule, seed), `${schedule} ${seed}`);
    }
  }
});
