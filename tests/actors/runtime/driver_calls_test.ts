// api.md section 1: callbacks that return promises, the turns that they get, and whose wait is whose.
import { assert, assertEquals, assertRejects } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import {
  closePair,
  enablePair,
  makePair,
  openPair,
  type Pair,
  PAIR_INSTANCE,
} from "../../support/connected_pair.ts";
import { hops, post, request, watch } from "../../support/driving.ts";

const INSTANCE_2 = "0c7e1f4e-2f52-4c57-8a1e-0d7b4f1c2a34";

/** More promise reactions than any piece of the loop takes. */
const MANY_HOPS = 300;

Deno.test("Fabric: gives an unfinished callback one full turn after each work item", async () => {
  const log: string[] = [];
  const options = (name: string) => ({
    serverCallbacks: {
      EvtChannelOpened: async () => {
        log.push(`${name} begins`);
        await hops(MANY_HOPS);
        log.push(`${name} ends`);
        return vmbus.STATUS_SUCCESS;
      },
    },
  });
  const first = makePair(options("first"));
  const second = makePair({ ...options("second"), instance: INSTANCE_2, within: first });
  for (const pair of [first, second]) enablePair(pair);
  await first.fabric.settle();
  // Both were due; the second is called when the first cannot go on by itself any more.
  assertEquals(log, ["first begins", "first ends", "second begins", "second ends"]);
});

Deno.test("Fabric: runs other items while a callback waits", async () => {
  const log: string[] = [];
  const options = (name: string) => ({
    serverCallbacks: {
      EvtChannelOpened: async () => {
        log.push(`${name} begins at ${pairs[0]?.fabric.now()}`);
        await pairs[0]?.fabric.delay(10);
        log.push(`${name} ends at ${pairs[0]?.fabric.now()}`);
        return vmbus.STATUS_SUCCESS;
      },
    },
  });
  const first = makePair({ ...options("first"), instance: PAIR_INSTANCE });
  const pairs: Pair[] = [first];
  pairs.push(makePair({ ...options("second"), instance: INSTANCE_2, within: first }));
  for (const pair of pairs) enablePair(pair);
  await first.fabric.advance(10);
  assertEquals(log, [
    "first begins at 0",
    "second begins at 0",
    "first ends at 10",
    "second ends at 10",
  ]);
  for (const { server } of pairs) assertEquals(vmbus.inspectChannel(server)?.lifecycle, "opened");
});

Deno.test("Fabric.settle: waits for a callback that is blocked in nothing", async () => {
  const gate = Promise.withResolvers<void>();
  const pair = makePair({
    serverCallbacks: {
      EvtChannelOpened: async () => {
        await gate.promise;
        return vmbus.STATUS_SUCCESS;
      },
    },
  });
  enablePair(pair);
  const settled = watch(pair.fabric.settle());
  for (let turns = 0; turns < 10; turns++) await new Promise((resolve) => setTimeout(resolve, 0));
  assertEquals(settled.state, "pending");
  assertEquals(pair.fabric.inspect().callbacks, ["EvtChannelOpened of channel 1 (server)"]);
  gate.resolve();
  await pair.fabric.settle();
  assertEquals(settled.state, "resolved");
  await closePair(pair);
});

Deno.test("Fabric.settle: gives up on a callback that awaits what the fabric knows nothing of", async () => {
  const { setTimeout } = globalThis;
  const gate = Promise.withResolvers<void>();
  const pair = makePair({
    clientCallbacks: { EvtChannelPostStarted: () => gate.promise },
  });
  enablePair(pair);
  // Real time is granted in short delays; here they take none.
  const atOnce = (work: () => void) => {
    queueMicrotask(work);
    return 0;
  };
  globalThis.setTimeout = Object.assign(atOnce, setTimeout);
  try {
    const error = await assertRejects(() => pair.fabric.settle(), Error);
    assertEquals(
      error.message,
      "Cannot go on as EvtChannelPostStarted of channel 2 (client) awaits something outside the " +
        "fabric: await it through fabric.outside(() => promise)",
    );
  } finally {
    globalThis.setTimeout = setTimeout;
  }
  gate.resolve();
  await pair.fabric.settle();
  await closePair(pair);
});

// Waits in a row, with any number of promise reactions between them, are all the callback's.
for (const between of [0, 1, 2, 5, 50]) {
  Deno.test(`Fabric.delay: belongs to the callback that continues, ${between} reactions later`, async () => {
    const log: number[] = [];
    const pair: Pair = makePair({
      serverCallbacks: {
        EvtChannelOpened: async () => {
          for (let i = 0; i < 3; i++) {
            await pair.fabric.delay(1);
            log.push(pair.fabric.now());
            await hops(between);
          }
          return vmbus.STATUS_SUCCESS;
        },
      },
    });
    enablePair(pair);
    await pair.fabric.settle();
    for (let i = 1; i <= 3; i++) {
      assertEquals(pair.fabric.inspect().callers.map(({ inside }) => inside), ["EvtChannelOpened"]);
      await pair.fabric.advance(1);
    }
    assertEquals(log, [1, 2, 3]);
    assertEquals(pair.fabric.inspect().callers, []);
    await closePair(pair);
  });
}

Deno.test("Fabric.delay: of a callback stays its own while others go on", async () => {
  const log: string[] = [];
  const gate = Promise.withResolvers<void>();
  const options = (name: string, work: () => Promise<void>) => ({
    serverCallbacks: {
      EvtChannelOpened: async () => {
        await work();
        log.push(`${name} at ${first.fabric.now()}`);
        return vmbus.STATUS_SUCCESS;
      },
    },
  });
  // The first waits for the second, by a promise of the drivers' own; then only the second waits.
  const first: Pair = makePair(options("first", () => gate.promise));
  const second = makePair({
    ...options("second", async () => {
      await null;
      gate.resolve();
      await first.fabric.delay(5);
    }),
    instance: INSTANCE_2,
    within: first,
  });
  for (const pair of [first, second]) enablePair(pair);
  await first.fabric.settle();
  assertEquals(log, ["first at 0"]);
  assertEquals(first.fabric.inspect().callers.map(({ inside }) => inside), ["EvtChannelOpened"]);
  await first.fabric.advance(5);
  assertEquals(log, ["first at 0", "second at 5"]);
});

for (const delay of [0, 1, 3, 10]) {
  Deno.test(`VmbChannelDisable: of a program that continues beside a callback drives on, ${delay} reactions later`, async () => {
    const pair: Pair = await openPair({
      serverCallbacks: {
        EvtChannelClosed: async () => {
          await hops(20);
        },
      },
    });
    await pair.vsc.VmbChannelDisable(pair.client);
    await hops(delay); // the server's callback continues at the same time
    await pair.vsp.VmbChannelDisable(pair.server);
    assertEquals(vmbus.inspectChannel(pair.server)?.lifecycle, "disabled");
    assertEquals(pair.fabric.inspect().callbacks, []);
  });
}

Deno.test("Fabric.delay: of a callback's own thread drives once the callback has returned", async () => {
  const log: number[] = [];
  const pair: Pair = makePair({
    serverCallbacks: {
      EvtChannelOpened: async () => {
        await null;
        pair.fabric.delay(7).then(() => log.push(pair.fabric.now()));
        return vmbus.STATUS_SUCCESS;
      },
    },
  });
  enablePair(pair);
  await pair.fabric.settle();
  assertEquals(log, []);
  assertEquals(pair.fabric.now(), 0);
  await pair.fabric.advance(10);
  assertEquals(log, [7]);
  await closePair(pair);
});

// kmcl.md R2: the next packet waits for a callback at PASSIVE_LEVEL.
Deno.test("Fabric: async callbacks of any depth move on before the next item", async () => {
  const log: string[] = [];
  const depth = async (level: number): Promise<void> => {
    if (level > 0) await depth(level - 1);
    await null;
  };
  const pair = await openPair({
    server: (vsp, channel) => vsp.VmbChannelSetIncomingProcessingAtPassive(channel, true),
    onServerPacket: async (_channel, packet, buffer) => {
      const text = new TextDecoder().decode(buffer.slice());
      log.push(`${text} begins`);
      await depth(100);
      log.push(`${text} ends`);
      pair.vsp.VmbChannelPacketComplete(packet, null, 0);
    },
  });
  for (const text of ["packet a", "packet b"]) post(pair.vsc, pair.client, text);
  await pair.fabric.settle();
  assertEquals(log, ["packet a begins", "packet a ends", "packet b begins", "packet b ends"]);
  await closePair(pair);
});

Deno.test("Fabric: a callback may race two waits, and go on with the first", async () => {
  const log: string[] = [];
  const pair: Pair = makePair({
    onServerPacket: () => {},
    clientCallbacks: {
      EvtChannelPostStarted: async () => {
        await Promise.race([request(pair), pair.fabric.delay(3)]);
        log.push(`raced at ${pair.fabric.now()}`);
      },
    },
  });
  enablePair(pair);
  await pair.fabric.advance(10);
  assertEquals(log, ["raced at 3"]);
  assertEquals(pair.fabric.inspect().callbacks, []);
  assertEquals(pair.fabric.inspect().callers.map(({ inside }) => inside), [null]);
});

// api.md section 1: IRQL and "inside callback X" are those of the synchronous part.
Deno.test("KeGetCurrentIrql: is that of the synchronous part, and passive after an await", async () => {
  const levels: (readonly [string, number])[] = [];
  const note = (where: string) => levels.push([where, vmbus.KeGetCurrentIrql()]);
  const pair = await openPair({
    onServerPacket: (_channel, packet) => {
      note("ProcessPacket");
      pair.vsp.VmbChannelPacketComplete(packet, null, 0);
      queueMicrotask(() => note("its microtask"));
    },
    onServerBatch: () => {
      note("ProcessingComplete");
    },
    clientCallbacks: {
      EvtChannelPostStarted: async () => {
        note("PostStarted");
        await null;
        note("after its await");
      },
    },
  });
  note("the program");
  post(pair.vsc, pair.client);
  await pair.fabric.settle();
  assertEquals(levels, [
    ["PostStarted", 0],
    ["after its await", 0],
    ["the program", 0],
    ["ProcessPacket", 2],
    ["ProcessingComplete", 2],
    ["its microtask", 0],
  ]);
  await closePair(pair);
});

Deno.test("KeGetCurrentIrql: is passive again after a callback that threw", async () => {
  const pair = await openPair({
    onServerPacket: () => {
      throw new Error("no");
    },
  });
  post(pair.vsc, pair.client);
  await assertRejects(() => pair.fabric.settle(), Error);
  assertEquals(vmbus.KeGetCurrentIrql(), 0);
  assert(watch(pair.fabric.settle()).state === "pending", "settle may be called again");
});
