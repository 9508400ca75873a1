// api.md sections 1 and 3: how settle, advance, run, delay and now move a fabric.
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import {
  closePair,
  enablePair,
  makePair,
  openPair,
  type Pair,
} from "../../support/connected_pair.ts";
import { hops, post, request, watch } from "../../support/driving.ts";

Deno.test("Fabric: nothing runs until somebody drives it", async () => {
  const pair = makePair();
  enablePair(pair);
  await hops(50);
  assertEquals(pair.calls, []);
  assertEquals(vmbus.inspectChannel(pair.server)?.lifecycle, "enabled");
  await pair.fabric.settle();
  assertEquals(vmbus.inspectChannel(pair.server)?.lifecycle, "opened");
  await closePair(pair);
});

Deno.test("Fabric: a call runs nothing itself, it only schedules", async () => {
  const log: string[] = [];
  const pair = await openPair({
    onServerPacket: (_channel, packet) => {
      log.push("packet");
      pair.vsp.VmbChannelPacketComplete(packet, null, 0);
    },
  });
  post(pair.vsc, pair.client);
  const settled = pair.fabric.settle();
  log.push("after the calls");
  await settled;
  assertEquals(log, ["after the calls", "packet"]);
  await closePair(pair);
});

Deno.test("Fabric.settle: lets no time pass, and fires what is due at this instant", async () => {
  const fabric = vmbus.createFabric();
  const now = watch(fabric.delay(0));
  const later = watch(fabric.delay(1));
  await fabric.settle();
  assertEquals([now.state, later.state, fabric.now()], ["resolved", "pending", 0]);
  await fabric.advance(1);
  assertEquals(later.state, "resolved");
});

Deno.test("Fabric.settle: resolves at once where nothing is to be done", async () => {
  const fabric = vmbus.createFabric();
  await fabric.settle();
  await fabric.settle();
  assertEquals(fabric.now(), 0);
});

Deno.test("Fabric.advance: goes from deadline to deadline, and on to its end", async () => {
  const fabric = vmbus.createFabric();
  const log: number[] = [];
  for (const milliseconds of [7, 2, 5, 2]) {
    fabric.delay(milliseconds).then(() => log.push(fabric.now()));
  }
  await fabric.advance(6);
  assertEquals([...log, fabric.now()], [2, 2, 5, 6]);
  await fabric.advance(0);
  assertEquals(fabric.now(), 6);
  await fabric.advance(0.5);
  assertEquals(fabric.now(), 6.5);
  await fabric.advance(10);
  assertEquals([...log, fabric.now()], [2, 2, 5, 7, 16.5]);
});

Deno.test("Fabric.advance: runs what a deadline schedules before time continues", async () => {
  const fabric = vmbus.createFabric();
  const log: string[] = [];
  const again = async () => {
    await fabric.delay(1);
    log.push(`first ${fabric.now()}`);
    await fabric.delay(0);
    log.push(`second ${fabric.now()}`);
    await fabric.delay(1);
    log.push(`third ${fabric.now()}`);
  };
  again();
  await fabric.advance(3);
  assertEquals(log, ["first 1", "second 1", "third 2"]);
});

Deno.test("Fabric.advance: counts time from its call, whatever else drives", async () => {
  const fabric = vmbus.createFabric();
  const ends: number[] = [];
  await Promise.all([5, 2, 9].map(async (milliseconds) => {
    await fabric.advance(milliseconds);
    ends.push(fabric.now());
  }));
  assertEquals(ends, [2, 5, 9]);
});

Deno.test("Fabric.advance: may be joined by a deadline at any moment", async () => {
  for (let count = 0; count < 20; count++) {
    const fabric = vmbus.createFabric();
    const advanced = fabric.advance(10);
    await hops(count);
    const delayed = watch(fabric.delay(1));
    await advanced;
    await fabric.advance(1);
    assertEquals(delayed.state, "resolved", `armed after ${count} promise reactions`);
  }
});

Deno.test("Fabric.advance: refuses what is no stretch of time", () => {
  const fabric = vmbus.createFabric();
  for (const milliseconds of [-1, NaN, Infinity, 1e15, "5", null, 1n]) {
    for (const call of ["advance", "delay"] as const) {
      assertThrows(
        () => (fabric[call] as (milliseconds: unknown) => unknown).call(fabric, milliseconds),
        RangeError,
        `Cannot ${call}: milliseconds must be a number from 0 to 900719925474, not `,
      );
    }
  }
  assertEquals(fabric.now(), 0);
});

Deno.test("Fabric.advance: says how far the clock goes when its end is near", async () => {
  const fabric = vmbus.createFabric();
  await fabric.advance(9e11);
  assertThrows(
    () => fabric.advance(1e9),
    RangeError,
    "Cannot advance: milliseconds must be a number from 0 to 719925474, not 1000000000",
  );
  await fabric.advance(719_925_474);
  assertEquals(fabric.now(), 900_719_925_474);
});

Deno.test("Fabric.run: continues to the last deadline, and no further", async () => {
  const fabric = vmbus.createFabric();
  const log: number[] = [];
  for (const milliseconds of [3, 1e6]) {
    fabric.delay(milliseconds).then(() => log.push(fabric.now()));
  }
  await fabric.run();
  assertEquals(log, [3, 1e6]);
  assertEquals(fabric.now(), 1e6);
  await fabric.run();
  assertEquals(fabric.now(), 1e6);
});

Deno.test("Fabric.run: ends when its signal is aborted, with deadlines ahead", async () => {
  const fabric = vmbus.createFabric();
  const stop = new AbortController();
  let ticks = 0;
  const tick = (): Promise<void> =>
    fabric.delay(1).then(() => {
      if (++ticks === 1000) return stop.abort();
      return tick();
    });
  const late = watch(fabric.delay(1e6));
  tick();
  await fabric.run(stop.signal);
  assertEquals([ticks, fabric.now(), late.state], [1000, 1000, "pending"]);
});

Deno.test("Fabric.run: does nothing for a signal that is aborted already", async () => {
  const fabric = vmbus.createFabric();
  const delayed = watch(fabric.delay(1));
  await fabric.run(AbortSignal.abort());
  assertEquals([delayed.state, fabric.now()], ["pending", 0]);
  await fabric.run();
  assertEquals(delayed.state, "resolved");
});

Deno.test("Fabric.run: refuses what is no signal", () => {
  const fabric = vmbus.createFabric();
  assertThrows(
    () => (fabric.run as (signal: unknown) => unknown).call(fabric, 5),
    TypeError,
    "Cannot run: signal must be an AbortSignal, not 5",
  );
});

Deno.test("Fabric.run: leaves nothing on the signal that it was given", async () => {
  const fabric = vmbus.createFabric();
  const { signal } = new AbortController();
  let listeners = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    listeners++;
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    listeners--;
    removeEventListener.apply(signal, args);
  };
  await fabric.run(signal);
  await fabric.run(signal);
  assertEquals(listeners, 0);
});

Deno.test("Fabric.settle: resolves before a drive that reaches further, with the time of its call", async () => {
  const fabric = vmbus.createFabric();
  const log: string[] = [];
  fabric.delay(5).then(() => log.push(`deadline ${fabric.now()}`));
  const ran = fabric.run().then(() => log.push(`run ${fabric.now()}`));
  await fabric.settle();
  log.push(`settled ${fabric.now()}`);
  await ran;
  assertEquals(log, ["settled 0", "deadline 5", "run 5"]);
});

Deno.test("Fabric.settle: gives the program its turn before a waiting call lets time pass", async () => {
  const fabric = vmbus.createFabric();
  const settled = fabric.settle();
  const delayed = fabric.delay(5); // it drives: the program was not driving when it began, but before
  await settled;
  await hops(50);
  assertEquals(fabric.now(), 0);
  await delayed;
  assertEquals(fabric.now(), 5);
});

Deno.test("Fabric.settle: throws inside a callback, as do advance and run", async () => {
  const texts: string[] = [];
  const drive = ({ fabric }: Pair) => {
    for (const call of [() => fabric.settle(), () => fabric.advance(1), () => fabric.run()]) {
      texts.push(assertThrows(call, Error).message);
    }
  };
  const pair = makePair({
    clientCallbacks: {
      EvtChannelOpened: () => {
        drive(pair);
        return vmbus.STATUS_SUCCESS;
      },
    },
    onServerPacket: (_channel, packet) => {
      drive(pair);
      pair.vsp.VmbChannelPacketComplete(packet, null, 0);
    },
  });
  enablePair(pair);
  await pair.fabric.settle();
  post(pair.vsc, pair.client);
  await pair.fabric.settle();
  assertEquals(texts, [
    "Cannot settle inside a callback: EvtChannelOpened of channel 2 (client) runs",
    "Cannot advance inside a callback: EvtChannelOpened of channel 2 (client) runs",
    "Cannot run inside a callback: EvtChannelOpened of channel 2 (client) runs",
    "Cannot settle inside a callback: EvtChannelProcessPacket of channel 1 (server) runs",
    "Cannot advance inside a callback: EvtChannelProcessPacket of channel 1 (server) runs",
    "Cannot run inside a callback: EvtChannelProcessPacket of channel 1 (server) runs",
  ]);
  await closePair(pair);
});

Deno.test("Fabric.delay: is a driver's wait in virtual time, and drives like any waiting call", async () => {
  const fabric = vmbus.createFabric();
  await fabric.delay(2.5);
  assertEquals(fabric.now(), 2.5);
  await Promise.all([fabric.delay(3), fabric.delay(1)]);
  assertEquals(fabric.now(), 5.5);
});

Deno.test("Fabric.delay: inside a callback blocks it, and nothing else", async () => {
  const log: string[] = [];
  const pair: Pair = makePair({
    serverCallbacks: {
      EvtChannelOpened: async () => {
        log.push(`opened at ${pair.fabric.now()}`);
        await pair.fabric.delay(3);
        await pair.fabric.delay(4);
        log.push(`success at ${pair.fabric.now()}`);
        return vmbus.STATUS_SUCCESS;
      },
    },
  });
  enablePair(pair);
  await pair.fabric.settle();
  assertEquals(log, ["opened at 0"]);
  assertEquals(pair.fabric.inspect().callers, [
    { call: "delay", waitsFor: "3 ms to pass", inside: "EvtChannelOpened" },
  ]);
  await pair.fabric.advance(6);
  assertEquals(vmbus.inspectChannel(pair.server)?.lifecycle, "enabled");
  await pair.fabric.advance(1);
  assertEquals(log, ["opened at 0", "success at 7"]);
  assertEquals(vmbus.inspectChannel(pair.client)?.lifecycle, "opened");
  await closePair(pair);
});

Deno.test("Fabric.now: stands still while work items run", async () => {
  const times: number[] = [];
  const pair = await openPair({
    onServerPacket: (_channel, packet) => {
      times.push(pair.fabric.now());
      pair.vsp.VmbChannelPacketComplete(packet, null, 0);
    },
  });
  await pair.fabric.advance(1.5);
  for (let i = 0; i < 100; i++) post(pair.vsc, pair.client, `packet ${i}`);
  await pair.fabric.settle();
  assertEquals(new Set(times), new Set([1.5]));
  assertEquals(times.length, 100);
  await closePair(pair);
});

Deno.test("Fabric: disposes of itself by settling", async () => {
  const pair = await openPair();
  let disposed: vmbus.Fabric;
  {
    await using fabric = pair.fabric;
    await closePair(pair);
    fabric.delay(0);
    disposed = fabric;
  }
  assertEquals(disposed.leaks(), []);
});

Deno.test("Fabric: says at its disposal what still lives", async () => {
  const pair = await openPair();
  pair.fabric.delay(1);
  const error = await assertRejects(
    () => pair.fabric[Symbol.asyncDispose](),
    Error,
    "Cannot dispose of the fabric as something still lives: ",
  );
  for (const owner of ["channel 1 (server) in root", "channel 2 (client) in guest"]) {
    assert(error.message.includes(`${owner}: it was not cleaned up`), error.message);
  }
  assert(error.message.includes("fabric: delay waits for 1 ms to pass"), error.message);
  const quiet = await openPair({ fabric: { verifier: "off" } });
  await quiet.fabric[Symbol.asyncDispose]();
  assertEquals(quiet.fabric.leaks().map(({ kind }) => kind), ["channel", "channel"]);
});

Deno.test("Fabric: answers a program in the order of its requests", async () => {
  const pair = await openPair();
  const log: string[] = [];
  await Promise.all(["a", "b", "c"].map(async (text) => {
    const { status } = await request(pair, text);
    log.push(`${text} ${vmbus.ntStatusName(status)}`);
  }));
  assertEquals(log, ["a STATUS_SUCCESS", "b STATUS_SUCCESS", "c STATUS_SUCCESS"]);
  await closePair(pair);
});

// Else worlds in a loop, each of which ends with a wait, would all be kept until the runtime has a turn.
Deno.test("Loop: where nobody drives it any more it asks for no turn, which would keep its fabric alive", async () => {
  const given = globalThis.setImmediate;
  let turns = 0;
  globalThis.setImmediate = ((work: () => void) => {
    turns++;
    return given(work);
  }) as typeof setImmediate;
  try {
    const fabric = vmbus.createFabric();
    const before = turns;
    await fabric.delay(1);
    await hops(20);
    assertEquals(turns - before, 0);
    await fabric.settle(); // which gives what was due
    assertEquals(turns - before, 1);
  } finally {
    globalThis.setImmediate = given;
  }
});
