// api.md section 1: what a callback awaits is its own, whoever released it and whether anybody drives.
import { assertEquals, assertRejects } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { enablePair, makePair, type Pair } from "../../support/connected_pair.ts";
import { hops, post, request, watch } from "../../support/driving.ts";
import { unfollowed } from "./unfollowed.ts";

/** A callback that waits for something, and what of the program's or of others' ends that. */
interface Release {
  readonly name: string;
  /** The first wait of the callback. */
  readonly wait: (stage: Stage) => Promise<unknown>;
  /** What ends it, while nobody drives. */
  readonly end: (stage: Stage) => void;
  /** Time that has to pass before the answer is due. */
  readonly dueMs?: number;
  /** Whether that is known without following the callback: the fabric itself gives the answer. */
  readonly isFabrics: boolean;
}

interface Stage {
  readonly pair: Pair;
  readonly gate: PromiseWithResolvers<void>;
  isWaiting: boolean;
}

function completeAll({ pair }: Stage): void {
  pair.atServer.complete();
}

function shareAndDelete({ vsc, vsp, client, server, guest }: Pair): Promise<void> {
  const buffer = guest.memory.allocate(4096);
  const created = vsc.VmbChannelCreateGpadlFromBuffer(client, 0, buffer, 4096);
  const { gpadlHandle } = vmbus.expectSuccess(created);
  vmbus.expectSuccess(vsp.VmbChannelMapGpadl(server, 0, gpadlHandle));
  return vsc.VmbChannelDeleteGpadl(client, gpadlHandle);
}

const RELEASES: readonly Release[] = [
  {
    name: "a completion ends VmbChannelPause",
    wait: ({ pair: { vsp, server } }) => vsp.VmbChannelPause(server),
    end: completeAll,
    isFabrics: true,
  },
  {
    name: "a completion lets VmbChannelDisable end",
    wait: ({ pair: { vsp, server } }) => vsp.VmbChannelDisable(server),
    end: completeAll,
    isFabrics: true,
  },
  {
    name: "resume() lets a delay end",
    wait: ({ pair: { fabric, guest } }) => {
      guest.pause();
      return fabric.delay(1);
    },
    end: ({ pair: { guest } }) => guest.resume(),
    dueMs: 1,
    isFabrics: true,
  },
  {
    name: "resume() lets a timeout end",
    wait: ({ pair }) => {
      pair.guest.pause();
      return request(pair, "ask", -10_000);
    },
    end: ({ pair: { guest } }) => guest.resume(),
    dueMs: 1,
    isFabrics: true,
  },
  {
    name: "its own promise is resolved",
    wait: ({ gate }) => gate.promise,
    end: ({ gate }) => gate.resolve(),
    isFabrics: false,
  },
  {
    name: "what goes on outside has settled",
    wait: ({ pair: { fabric }, gate }) => fabric.outside(() => gate.promise),
    end: ({ gate }) => gate.resolve(),
    isFabrics: false,
  },
];

/** A pair whose client waits in PostStarted, in a function of its own, and then for 1 ms. */
function stageOf(release: Release, log: string[], isFollowed: boolean): Stage {
  const gate = Promise.withResolvers<void>();
  const deep = async (depth: number): Promise<void> => {
    if (depth > 0) return await deep(depth - 1);
    stage.isWaiting = true;
    await release.wait(stage);
    await hops(3);
  };
  const make = () =>
    makePair({
      onServerPacket: "hold",
      clientCallbacks: {
        EvtChannelPostStarted: async () => {
          post(pair.vsc, pair.client);
          await pair.fabric.delay(1);
          await deep(5);
          log.push("released");
          await pair.fabric.delay(1);
          log.push("done");
        },
      },
    });
  const pair = isFollowed ? make() : unfollowed(make);
  const stage: Stage = { pair, gate, isWaiting: false };
  return stage;
}

/** Lets the program do something else, in ways that take more or less of the runtime's turns. */
const PAUSES: Readonly<Record<string, () => Promise<void>>> = {
  "at once": () => Promise.resolve(),
  "some reactions later": () => hops(7),
  "some turns later": () => new Promise((resolve) => setTimeout(resolve, 1)),
};

for (const isFollowed of [true, false]) {
  const runtime = isFollowed ? "" : ", where nothing follows async code";
  for (const release of RELEASES) {
    if (!isFollowed && !release.isFabrics) continue;
    for (const [pause, breathe] of Object.entries(PAUSES)) {
      Deno.test(`Fabric: a callback's next wait is its own after ${release.name}, ${pause}${runtime}`, async () => {
        const log: string[] = [];
        const stage = stageOf(release, log, isFollowed);
        const { fabric } = stage.pair;
        enablePair(stage.pair);
        await fabric.runUntil(() => stage.isWaiting);
        if (release.dueMs !== undefined) await fabric.advance(release.dueMs);
        assertEquals(log, []);
        const before = fabric.now();
        release.end(stage);
        await breathe();
        assertEquals(fabric.now(), before, "nobody drove");
        await fabric.advance(5);
        assertEquals([...log, fabric.now() - before], ["released", "done", 5]);
        assertEquals(fabric.inspect().callers, []);
      });
    }
  }
}

/** A server whose callback waits for something of the guest, which crashes while nobody drives. */
for (const isFollowed of [true, false]) {
  for (const kind of ["request", "GPADL"] as const) {
    const runtime = isFollowed ? "" : ", where nothing follows async code";
    Deno.test(`Partition.crash: who waited for a ${kind} of the guest continues, and waits in its own name${runtime}`, async () => {
      const log: string[] = [];
      const make = () =>
        makePair({
          fabric: { verifier: "record" }, // the server leaves its mapping to the end
          onServerPacket: () => {},
          serverCallbacks: {
            EvtChannelPostStarted: async () => {
              await pair.fabric.delay(1);
              await (kind === "GPADL" ? shareAndDelete(pair) : request(pair));
              await pair.fabric.delay(1);
              log.push("done");
            },
          },
        });
      const pair = isFollowed ? make() : unfollowed(make);
      enablePair(pair);
      await pair.fabric.advance(5);
      assertEquals(pair.fabric.inspect().callers.map(({ inside }) => inside), [
        "EvtChannelPostStarted",
      ]);
      pair.guest.crash();
      await new Promise((resolve) => setTimeout(resolve, 1));
      await pair.fabric.advance(5);
      assertEquals(log, ["done"]);
    });
  }
}

Deno.test("Fabric: a callback continues when somebody drives, not when its answer is there", async () => {
  const log: string[] = [];
  const stage = stageOf(RELEASES[0]!, log, true);
  enablePair(stage.pair);
  await stage.pair.fabric.advance(5);
  completeAll(stage);
  await new Promise((resolve) => setTimeout(resolve, 1));
  assertEquals(log, []);
  await stage.pair.fabric.settle();
  assertEquals(log, ["released"]);
});

Deno.test("Fabric: a wait of the program beside an unfinished callback is the program's", async () => {
  const gate = Promise.withResolvers<void>();
  const pair = makePair({ clientCallbacks: { EvtChannelPostStarted: () => gate.promise } });
  enablePair(pair);
  const stop = new AbortController();
  const ran = pair.fabric.run(stop.signal);
  while (pair.fabric.inspect().callbacks.length === 0) {
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  watch(pair.fabric.delay(7)); // while the loop gives turns to a callback that is blocked in nothing
  assertEquals(pair.fabric.inspect().callers, [
    { call: "delay", waitsFor: "7 ms to pass", inside: null },
  ]);
  gate.resolve();
  await pair.fabric.advance(7);
  stop.abort();
  await ran;
});

Deno.test("Fabric: of two callbacks that release each other each waits in its own name", async () => {
  const gate = Promise.withResolvers<void>();
  const pair = makePair({
    serverCallbacks: {
      EvtChannelPostStarted: async () => {
        await gate.promise; // what the client's callback resolves
        await pair.fabric.delay(3);
      },
    },
    clientCallbacks: {
      EvtChannelPostStarted: async () => {
        await pair.fabric.outside(() => Promise.resolve());
        gate.resolve();
        await hops(10);
        await pair.fabric.delay(9);
      },
    },
  });
  enablePair(pair);
  await pair.fabric.settle();
  const insides = pair.fabric.inspect().callers.map(({ waitsFor, inside }) => [waitsFor, inside]);
  assertEquals(insides, [
    ["3 ms to pass", "EvtChannelPostStarted"],
    ["9 ms to pass", "EvtChannelPostStarted"],
  ]);
  await pair.fabric.advance(3);
  assertEquals(pair.fabric.inspect().callbacks, ["EvtChannelPostStarted of channel 2 (client)"]);
});

Deno.test("Fabric.settle: cannot be called by a callback that continues after an await either", async () => {
  const texts: string[] = [];
  const pair = makePair({
    clientCallbacks: {
      EvtChannelPostStarted: async () => {
        await pair.fabric.delay(1);
        const { message } = await assertRejects(async () => await pair.fabric.settle(), Error);
        texts.push(message);
      },
    },
  });
  enablePair(pair);
  await pair.fabric.advance(1);
  assertEquals(texts, [
    "Cannot settle inside a callback: EvtChannelPostStarted of channel 2 (client) runs",
  ]);
});
