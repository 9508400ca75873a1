import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { checkFabricOptions } from "../../../actors/fabric/options.ts";
import { FabricRuntime } from "../../../actors/fabric/fabric_runtime.ts";
import type { Choice, Chooser } from "../../../actors/runtime/chooser.ts";
import { FIFO } from "../../../actors/runtime/choosers/fifo.ts";
import { RandomChooser } from "../../../actors/runtime/choosers/random.ts";
import { Recorder } from "../../../actors/runtime/choosers/record.ts";
import { ReplayChooser, ReplayError } from "../../../actors/runtime/choosers/replay.ts";
import type { Schedule } from "../../../actors/runtime/schedule.ts";
import { Chance } from "../../../core/chance.ts";
import * as vmbus from "../../../mod.ts";
import { openPair } from "../../support/connected_pair.ts";
import { times } from "../../support/long.ts";

const ROOT = { rootMemoryPages: 256 } as const;

/** Two pairs of one guest talk, and one is closed from either side. */
async function talk(fabric: vmbus.Fabric): Promise<void> {
  const guest = fabric.createPartition({ name: "guest", memoryPages: 256, processors: 2 });
  const [first, second] = [
    await openPair({ within: { fabric, guest } }),
    await openPair({ within: { fabric, guest }, instance: "0c7e1f4e-2f52-4c57-8a1e-0d7b4f1c2a34" }),
  ];
  for (const { vsc, client, vsp, server } of [first, second]) {
    vsc.VmbPacketSend(vsc.VmbPacketAllocate(client), new Uint8Array(8), 8, null, 1);
    vsp.VmbPacketSend(vsp.VmbPacketAllocate(server), new Uint8Array(8), 8, null, 1);
  }
  first.vsp.VmbChannelDisable(first.server);
  second.vsc.VmbChannelDisable(second.client);
  await fabric.settle();
  for (const channel of [first.server, first.client, second.server, second.client]) {
    assertEquals(vmbus.inspectChannel(channel)?.outstanding, 0);
  }
  const ended = [first.server, second.client].map((it) => vmbus.inspectChannel(it)?.lifecycle);
  assertEquals(ended, ["disabled", "disabled"]);
}

async function digestOf(schedule: Schedule, seed: number): Promise<string> {
  const fabric = vmbus.createFabric({ schedule, seed, ...ROOT });
  await talk(fabric);
  const digest = fabric.traceDigest();
  fabric.dispose();
  return digest;
}

const SCHEDULES: readonly Schedule[] = [
  "random",
  "pos",
  "pct",
  "urw",
  "portfolio",
  { name: "pct", depth: 2, steps: 30 },
];

// api.md section 3
for (const schedule of SCHEDULES) {
  const name = typeof schedule === "string" ? schedule : JSON.stringify(schedule);
  Deno.test(`createFabric: schedule ${name} does all work, in the order that its seed gives`, async () => {
    const digests: string[] = [];
    for (let seed = 0; seed < times(6, 100); seed++) digests.push(await digestOf(schedule, seed));
    assertEquals(await digestOf(schedule, 1), digests[1]);
    assert(new Set(digests).size > digests.length / 2);
  });
}

// A client that waits for an offer looks again as long as messages are on their way.
Deno.test("createFabric: with schedule pct nobody looks in vain while what it waits for is due", async () => {
  for (let seed = 0; seed < 12; seed++) {
    const schedule = { name: "pct", depth: 1 } as const;
    const fabric = vmbus.createFabric({ schedule, seed, trace: "full", ...ROOT });
    await talk(fabric);
    const looks = fabric.trace.filter(({ event }) => event === "workMatch").length;
    assert(looks < 20, `${looks}`);
    fabric.dispose();
  }
});

Deno.test("createFabric: with schedule fifo the seed changes nothing", async () => {
  assertEquals(await digestOf("fifo", 1), await digestOf({ name: "fifo" }, 2));
});

Deno.test("createFabric: reads the object of a schedule once", async () => {
  let reads = 0;
  const schedule: Schedule = {
    name: "pct",
    get depth() {
      return ++reads;
    },
    steps: 30,
  };
  assertEquals(
    await digestOf(schedule, 4),
    await digestOf({ name: "pct", depth: 1, steps: 30 }, 4),
  );
  assertEquals(reads, 1);
});

async function runWith(chooser: Chooser): Promise<string> {
  const fabric = new FabricRuntime(checkFabricOptions(ROOT), chooser);
  try {
    await talk(fabric);
    return fabric.traceDigest();
  } finally {
    fabric.dispose();
  }
}

Deno.test("FabricRuntime: a run is its choices, whoever made them first", async () => {
  const recorder = new Recorder(new RandomChooser(Chance.fromSeed(5)));
  const digest = await runWith(recorder);
  assert(recorder.choices.length > 0);
  assertEquals(await runWith(new ReplayChooser(recorder.choices)), digest);
  assertNotEquals(await runWith(FIFO), digest);
});

Deno.test("FabricRuntime: a replay that meets something else rejects who drives, and continues no more", async () => {
  const recorder = new Recorder(new RandomChooser(Chance.fromSeed(5)));
  await runWith(recorder);
  const choices: Choice[] = [...recorder.choices];
  choices[2] = { ...choices[2]!, count: 99 };
  const fabric = new FabricRuntime(checkFabricOptions(ROOT), new ReplayChooser(choices));
  for (const call of [() => talk(fabric), () => fabric.settle(), () => fabric.advance(1)]) {
    await assertRejects(call, ReplayError, "Cannot replay step 2");
  }
  fabric.dispose();
});
