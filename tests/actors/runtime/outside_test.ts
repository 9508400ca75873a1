// api.md section 1: real input and output of a driver goes through fabric.outside.
import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import {
  closePair,
  enablePair,
  makePair,
  openPair,
  type Pair,
} from "../../support/connected_pair.ts";
import { hops, post, request, watch } from "../../support/driving.ts";

/** Real input and output, as slow as `milliseconds`. */
function real(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** A pair whose server does `work` in an async ProcessPacket, and answers with what it gives. */
async function workingPair(work: (pair: Pair) => Promise<string>): Promise<Pair> {
  const pair: Pair = await openPair({
    server: (vsp, channel) => vsp.VmbChannelSetIncomingProcessingAtPassive(channel, true),
    onServerPacket: async (_channel, packet) => {
      const text = new TextEncoder().encode(await work(pair));
      pair.vsp.VmbChannelPacketComplete(packet, text, text.length);
    },
  });
  return pair;
}

Deno.test("Fabric.outside: lets nothing else run and no time pass until it has settled", async () => {
  const log: string[] = [];
  const pair = await workingPair(async ({ fabric }) => {
    await fabric.outside(async () => {
      await real(5);
      log.push(`read at ${fabric.now()}`);
    });
    return "read";
  });
  const { fabric } = pair;
  fabric.delay(1).then(() => log.push("deadline"));
  post(pair.vsp, pair.server); // an item for the client, which would run at once
  const asked = request(pair).then(() => log.push("answered"));
  await fabric.advance(2);
  await asked;
  assertEquals(log, ["read at 0", "answered", "deadline"]);
  await closePair(pair);
});

Deno.test("Fabric.outside: settles as the work does", async () => {
  const fabric = vmbus.createFabric();
  const reason = new Error("no such file");
  assertEquals(await fabric.outside(() => Promise.resolve(7)), 7);
  assertStrictEquals(
    await assertRejects(() => fabric.outside(() => Promise.reject(reason)), Error),
    reason,
  );
  const thrown = await assertRejects(
    () =>
      fabric.outside(() => {
        throw reason;
      }),
    Error,
  );
  assertStrictEquals(thrown, reason);
  await fabric.settle();
});

Deno.test("Fabric.outside: is followed by waits that are the callback's own", async () => {
  const log: number[] = [];
  const pair: Pair = makePair({
    serverCallbacks: {
      EvtChannelOpened: async () => {
        for (let i = 0; i < 3; i++) {
          await pair.fabric.outside(() => real(1));
          await pair.fabric.delay(2);
          log.push(pair.fabric.now());
        }
        return vmbus.STATUS_SUCCESS;
      },
    },
  });
  enablePair(pair);
  await pair.fabric.advance(6);
  assertEquals(log, [2, 4, 6]);
  assertEquals(vmbus.inspectChannel(pair.server)?.lifecycle, "opened");
  await closePair(pair);
});

Deno.test("Fabric.outside: hands out answers in the order of the calls, each with a turn of its own", async () => {
  for (const [first, second] of [[1, 10], [10, 1], [5, 5]] as const) {
    const fabric = vmbus.createFabric();
    const log: string[] = [];
    const reader = async (name: string, milliseconds: number, reactions: number) => {
      await fabric.outside(() => real(milliseconds));
      await hops(reactions);
      log.push(name);
    };
    await Promise.all([reader("first", first, 50), reader("second", second, 0)]);
    await fabric.settle();
    assertEquals(log, ["first", "second"]);
  }
});

Deno.test("Fabric.outside: leaves no trace of how long it took", async () => {
  const digests = new Set<string>();
  for (const milliseconds of [0, 10]) {
    const pair = await workingPair(async ({ fabric }) => {
      await fabric.outside(() => real(milliseconds));
      return "read";
    });
    post(pair.vsp, pair.server);
    await request(pair);
    await closePair(pair);
    digests.add(pair.fabric.traceDigest());
  }
  assertEquals(digests.size, 1);
});

Deno.test("Fabric.outside: may be called again by who got its answer", async () => {
  const fabric = vmbus.createFabric();
  const log: string[] = [];
  const reader = async (name: string, milliseconds: number) => {
    for (let i = 0; i < 3; i++) {
      await fabric.outside(() => real(milliseconds));
      log.push(`${name}${i}`);
    }
  };
  await Promise.all([reader("a", 3), reader("b", 1)]);
  await fabric.settle();
  assertEquals(log, ["a0", "b0", "a1", "b1", "a2", "b2"]);
});

Deno.test("Fabric.run: ends by its signal also while the world outside keeps it waiting", async () => {
  const pair = await workingPair(async ({ fabric }) => {
    await fabric.outside(() => gate.promise);
    return "late";
  });
  const gate = Promise.withResolvers<void>();
  const stop = new AbortController();
  const asked = watch(request(pair));
  setTimeout(() => stop.abort(), 1);
  await pair.fabric.run(stop.signal);
  assertEquals(asked.state, "pending");
  // It is not forgotten: the next call waits for it again.
  const settled = watch(pair.fabric.settle());
  await real(2);
  assertEquals([settled.state, asked.state], ["pending", "pending"]);
  gate.resolve();
  await pair.fabric.settle();
  assertEquals(asked.state, "resolved");
  await closePair(pair);
});

Deno.test("Fabric.outside: does not use up the runtime while it waits", async () => {
  const fabric = vmbus.createFabric();
  const gate = Promise.withResolvers<void>();
  const outside = fabric.outside(() => gate.promise);
  const settled = watch(fabric.settle());
  for (let i = 0; i < 10; i++) {
    await real(0); // timers of the program go on
    fabric.delay(1); // it comes up, and is no reason to go on
    assertEquals([settled.state, fabric.now()], ["pending", 0]);
  }
  gate.resolve();
  await outside;
  await fabric.settle();
  assertEquals(settled.state, "resolved");
});
