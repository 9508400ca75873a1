import { assert, assertEquals, assertGreater } from "@std/assert";
import * as vmbus from "../../../../mod.ts";
import {
  STORAGE_VERSIONS,
  type StorageServerOptions,
  WriteCache,
} from "../../../../devices/storage/mod.ts";
import {
  checkFabric,
  type Draws,
  type FaultRule,
  runWorld,
  type ScenarioDefinition,
} from "../../../../simulator/mod.ts";
import { readScenarioFile } from "../../../../simulator/scenario_files/mod.ts";
import { fillBlock, History } from "../../../../simulator/scenarios/storage/history.ts";
import { oneBuffer } from "../../../../simulator/scenarios/storage/one_buffer.ts";
import { storage } from "../../../../simulator/scenarios/storage/scenario.ts";
import { stageOf } from "../../../../simulator/scenarios/storage/stage.ts";
import { openPair } from "../../../support/connected_pair.ts";
import { createFabric } from "../../../support/fabric.ts";
import { times } from "../../../support/long.ts";

const block = (write: number, lba: number) => {
  const bytes = new Uint8Array(512);
  fillBlock(bytes, write, lba);
  return bytes;
};

Deno.test("History: a read sees the last write that was acknowledged, or one that came after and failed", () => {
  const history = new History(4);
  assertEquals(history.findReadFault(2, new Uint8Array(512)), null);
  history.begin(1, 2, false).ended();
  assertEquals(history.findReadFault(2, block(1, 2)), null);
  assert(history.findReadFault(2, new Uint8Array(512)) !== null);
  assert(history.findReadFault(1, block(1, 2)) !== null, "it is another block");
  history.begin(2, 1, false); // it has failed: it was carried out or not
  assertEquals(history.findReadFault(2, block(1, 2)), null);
  assertEquals(history.findReadFault(2, block(2, 2)), null);
  history.begin(2, 1, true).ended();
  assertEquals(history.findReadFault(2, new Uint8Array(512)), null);
});

Deno.test("History: the power takes what was not acknowledged before a flush began that was", () => {
  const history = new History(1);
  history.begin(0, 1, false).ended();
  const flushed = history.beginFlush();
  history.begin(0, 1, false).ended();
  assertEquals(history.findLossFault(0, new Uint8Array(512)), null, "no flush has ended");
  flushed();
  assert(history.findLossFault(0, new Uint8Array(512)) !== null);
  assertEquals(history.findLossFault(0, block(1, 0)), null);
  const torn = block(1, 0);
  torn.set(block(2, 0).subarray(0, 100));
  assertEquals(history.findLossFault(0, torn), null);
  assertEquals(history.isUnsafe, true);
});

Deno.test("oneBuffer: a page that is in two commands is found", async () => {
  const fabric = createFabric();
  const checks = checkFabric(fabric, { checkers: [oneBuffer] });
  const guest = fabric.createPartition({ name: "guest" });
  const pair = await openPair({
    within: { fabric, guest },
    client: (vsc, channel) => vsc.VmbChannelInitSetMaximumExternalData(channel, 4096, 1),
    server: (vsp, channel) => vsp.VmbChannelInitSetMaximumExternalData(channel, 4096, 1),
  });
  const { gpa } = guest.memory.allocate(4096)!;
  for (let sent = 0; sent < 2; sent++) {
    const packet = pair.vsc.VmbPacketAllocate(pair.client)!;
    const mdl = vmbus.IoAllocateMdl(guest.memory, gpa + 16 * sent, 16);
    vmbus.expectSuccess(pair.vsc.VmbPacketSend(packet, Uint8Array.of(1), 1, mdl, 1));
  }
  const rules = checks.end().map(({ rule }) => rule);
  assert(rules.includes("a buffer is in one command at a time"), rules.join(", "));
});

Deno.test("storage: nothing is wrong where nothing is made to go wrong", async () => {
  for (let seed = 0; seed < 8; seed++) {
    const { findings } = await runWorld(storage, { seed, isFaulty: false });
    assertEquals([seed, findings], [seed, []]);
  }
});

Deno.test("storage: nothing is wrong whatever goes wrong, and all of it happens", async () => {
  const reached = new Map<string, number>();
  const faults = new Set<string>();
  for (let seed = 0; seed < times(25, 500); seed++) {
    const world = await runWorld(storage, { seed });
    assertEquals([seed, world.findings], [seed, []]);
    for (const [name, count] of Object.entries(world.reached)) {
      reached.set(name, (reached.get(name) ?? 0) + count);
    }
    for (const { fault } of world.faults) faults.add(fault);
  }
  for (const [name, count] of reached) assertGreater(count, 0, name);
  for (const name of ["storageSlow", "storageReordered", "storageFailed"]) assert(faults.has(name));
});

// What each of them once brought about: a buffer that was lost with its packet, sub-channels that cannot be had.
const LOSSES: readonly FaultRule[] = [
  { do: "memoryExhausted", where: { site: "packet" }, nth: 9 },
  { do: "memoryExhausted", where: { site: "channel" }, nth: 1 },
  { do: "memoryExhausted", where: { site: "pages" }, nth: 4 },
  { do: "storageFailed", nth: 2 },
  { do: "guestMigrated", nth: 41, budget: 9 },
  { do: "deviceRemoved", oneIn: 60 },
  { do: "offerRescinded", nth: 150, budget: 6 },
];

for (const rule of LOSSES) {
  Deno.test(`storage: ${JSON.stringify(rule)} is borne`, async () => {
    let fired = 0;
    for (let seed = 0; seed < 5; seed++) {
      const { findings, faults } = await runWorld({ ...storage, faults: [rule] }, { seed });
      assertEquals([seed, findings], [seed, []]);
      fired += faults.length;
    }
    assertGreater(fired, 0);
  });
}

type StorageWorld = Parameters<NonNullable<typeof storage.end>>[0];

/** The scenario's numbers, some of which are always the same. */
function numbersOf(fixed: Readonly<Record<string, number>>): NonNullable<typeof storage.numbers> {
  const given = Object.entries(fixed).map(([name, value]) =>
    [name, { ...storage.numbers![name]!, least: value, most: value }] as const
  );
  return { ...storage.numbers, ...Object.fromEntries(given) };
}

Deno.test("storage: queue depths and sub-channels are what a world is given, in each version and codec", async () => {
  const shapes = [[1, 1, 0], [1, 6, 2], [4, 1, 1], [4, 6, 2]] as const;
  const seen = { subChannels: new Set<number>(), deepest: 0 };
  for (const [queueDepth, hostQueueDepth, most] of shapes) {
    for (const [at, versionMax] of Object.values(STORAGE_VERSIONS).entries()) {
      const { drivers } = storage;
      const server = {
        ...drivers!.server,
        options: (world: Draws) => ({
          ...drivers!.server.options(world) as StorageServerOptions,
          versionMax,
        }),
      };
      const scenario = {
        ...storage,
        numbers: numbersOf({ requests: 16, queueDepth, hostQueueDepth, subChannels: most }),
        drivers: { ...drivers!, server },
        end: async (world: StorageWorld) => {
          const { subChannels, deepestQueue } = world.driver("client").state;
          assert(subChannels <= most, `${subChannels} sub-channels`);
          assert(deepestQueue <= queueDepth * (1 + subChannels), `${deepestQueue} at once`);
          seen.subChannels.add(subChannels);
          seen.deepest = Math.max(seen.deepest, deepestQueue);
          await storage.end!(world);
        },
      };
      for (let seed = 0; seed < times(1, 10); seed++) {
        const codec = (at + seed) % 2 === 0 ? "msgpack" : "vmbus";
        const { findings } = await runWorld(scenario, { seed, codec, isFaulty: false });
        assertEquals([queueDepth, most, versionMax, seed, findings], [
          queueDepth,
          most,
          versionMax,
          seed,
          [],
        ]);
      }
    }
  }
  assertEquals([...seen.subChannels].toSorted(), [0, 1]);
  assertGreater(seen.deepest, 1);
});

// What starts again is given what the file says as well.
Deno.test("storage: a file sets queue depths and sub-channels", async () => {
  const text = "scenario: storage\n" +
    "numbers: { requests: 40, queueDepth: 3, hostQueueDepth: [2, 5], subChannels: 1 }\nfaults: []\n";
  const { scenario } = await readScenarioFile(text);
  const told: string[] = [];
  let restarts = 0;
  const servers = new Set<unknown>();
  const looking: ScenarioDefinition = {
    ...scenario,
    end: async (world) => {
      for (const { state } of stageOf(world.fabric).servers) {
        const { queueDepth, subChannelsMax } = state;
        if (queueDepth < 2 || queueDepth > 5 || subChannelsMax !== 1) {
          told.push(`${queueDepth} ${subChannelsMax}`);
        }
        servers.add(queueDepth);
      }
      restarts += stageOf(world.fabric).servers.length - 1;
      await scenario.end!(world);
    },
  };
  for (let seed = 0; seed < 8; seed++) {
    assertEquals((await runWorld(looking, { seed })).findings, []);
  }
  assertEquals(told, []);
  assertGreater(restarts, 0);
  assertGreater(servers.size, 1);
});

Deno.test("storage: a small world continues wherever its guest is migrated", async () => {
  const numbers = numbersOf({ requests: 4 });
  for (let seed = 0; seed < times(1, 8); seed++) {
    let fired = 0;
    // At some moments no guest can be migrated; behind the last one there are none where it can.
    for (let nth = 1, misses = 0; misses < 25; nth += times(19, 1)) {
      const faults: FaultRule[] = [{ do: "guestMigrated", nth }];
      const world = await runWorld({ ...storage, numbers, faults }, { seed, trace: "off" });
      assertEquals([seed, nth, world.findings], [seed, nth, []]);
      fired += world.faults.length;
      misses = world.faults.length > 0 ? 0 : misses + times(19, 1);
    }
    assertGreater(fired, times(3, 60));
  }
});

// What a restored guest heard of first was Suspend: its program was told of its disks, and asked for more at once.
Deno.test("storage: a guest that is restored into a suspended channel sends nothing", async () => {
  const { findings } = await runWorld(storage, { seed: 7105 });
  assertEquals(findings, []);
});

// kmcl.md S7. It was closed between Suspend and Closed, and told its guest that the disks are gone.
Deno.test("storage: a controller whose guest is closing it sends no notification", async () => {
  assertEquals((await runWorld(storage, { seed: 3_145_899 })).findings, []);
});

// It is closed while its guest is saved: what was saved had it, and the one that came in its place (decisions.md D752).
Deno.test("storage: a guest whose controller goes while it is saved runs on", async () => {
  assertEquals((await runWorld(storage, { seed: 18_874_520 })).findings, []);
});

// A sub-channel goes by itself: what was sent on it was sent again in the same pages, which the host still had. And an
// offer that goes while sub-channels are granted: one that was never offered was started.
for (const seed of [51, 2408]) {
  Deno.test(`storage: a host that has lost an offer has let go of a request before it is sent again, seed ${seed}`, async () => {
    const faults: FaultRule[] = [
      ...(seed === 51
        ? [{ do: "storageSlow" }, { do: "storageReordered" }, { do: "storageFailed" }] as const
        : [
          { do: "storageSlow", oneIn: 3, budget: 40, ms: 50 },
          { do: "storageReordered", oneIn: 4, budget: 40 },
        ] as const),
      { do: "deviceRemoved", oneIn: 100 },
      { do: "offerRescinded", oneIn: 60, budget: 6 },
    ];
    assertEquals((await runWorld({ ...storage, faults }, { seed })).findings, []);
  });
}

// Fewer sub-channels than were granted, as there was no memory: it could not be restored.
Deno.test("storage: a controller without a sub-channel that was granted is restored", async () => {
  const faults: FaultRule[] = [
    ...["storageSlow", "storageReordered", "storageFailed"].map((rule) =>
      ({ do: rule }) as FaultRule
    ),
    { do: "guestMigrated", oneIn: 200, budget: 5 },
    { do: "memoryExhausted", oneIn: 60, budget: 2 },
    { do: "memoryExhausted", where: { site: "channel" }, oneIn: 3, budget: 4 },
    { do: "guestMigrated", oneIn: 40, budget: 6 },
  ];
  const { findings } = await runWorld({ ...storage, faults }, { seed: 68 });
  assertEquals(findings, []);
});

/** What is found in worlds where `mistake` stands in place of a method of the write cache. */
async function foundWith(
  name: "flush" | "write",
  mistake: (this: WriteCache, ...args: never[]) => void,
): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  const right = WriteCache.prototype[name];
  WriteCache.prototype[name] = mistake as never;
  try {
    for (let seed = 0; seed < 12 && found.size === 0; seed++) {
      for (const { rule } of (await runWorld(storage, { seed, isFaulty: false })).findings) {
        found.add(rule);
      }
    }
  } finally {
    WriteCache.prototype[name] = right as never;
  }
  return found;
}

Deno.test("storage: a flush that does nothing is a finding", async () => {
  const found = await foundWith("flush", () => {});
  // The program looks when its flush was acknowledged, and the world once the power has failed.
  assertEquals([...found].sort(), [
    "what is read is what was written",
    "what was flushed outlasts the power",
  ]);
});

Deno.test("storage: a write that does nothing is a finding", async () => {
  const found = await foundWith("write", () => {});
  assert(found.has("what was written is on the disk"), [...found].join(", "));
});
