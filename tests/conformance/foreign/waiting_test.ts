// What a fabric waits for while a peer that somebody else wrote is attached (api.md section 3).

import { assertEquals, assertRejects } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { ByteGuest } from "../../support/byte_guest.ts";
import { ByteHost } from "../../support/byte_host.ts";
import { createFabric } from "../../support/fabric.ts";

interface Turns {
  setImmediate: (work: () => void) => unknown;
}

const { setImmediate } = globalThis as unknown as Turns;

/** Lets the runtime have so many turns; how many anybody else asked for meanwhile. */
async function turns(count: number): Promise<number> {
  const runtime = globalThis as unknown as Turns;
  let asked = 0;
  runtime.setImmediate = (work) => {
    asked++;
    return setImmediate(work);
  };
  for (let at = 0; at < count; at++) await new Promise<void>((resolve) => setImmediate(resolve));
  runtime.setImmediate = setImmediate;
  return asked;
}

/** Whether `promise` has settled, as soon as it has. */
function watch(promise: Promise<unknown>): { isDone: boolean } {
  const watched = { isDone: false };
  const done = () => void (watched.isDone = true);
  promise.then(done, done);
  return watched;
}

Deno.test("run: waits for a foreign guest without asking for turns, and wakes when that says something", async () => {
  const fabric = createFabric({ codec: "vmbus" });
  const guest = new ByteGuest(fabric);
  const running = watch(fabric.run());
  await turns(4);
  assertEquals([await turns(50), running.isDone], [0, false]);
  guest.say(13, 0, 99); // released, and nobody knows it
  await turns(4);
  assertEquals(fabric.inspect().partitions[1]?.faultCount, 1);
  assertEquals([await turns(50), running.isDone], [0, false]);
  assertEquals(guest.door.signalEvent(0x2001, 0), "unknownSignal");
  guest.door.detach();
  await turns(4);
  assertEquals(running.isDone, true);
});

Deno.test("run: with a signal it ends by that, and another peer keeps it waiting", async () => {
  const fabric = createFabric({ codec: "vmbus" });
  const [guest, host] = [new ByteGuest(fabric), new ByteHost(fabric)];
  const stop = new AbortController();
  const running = watch(fabric.run(stop.signal));
  await turns(4);
  guest.door.detach();
  await turns(4);
  assertEquals(running.isDone, false);
  stop.abort();
  await turns(4);
  assertEquals(running.isDone, true);
  host.door.detach();
  await fabric[Symbol.asyncDispose]();
});

Deno.test("settle: it, advance and step end with what the fabric has to do by itself", async () => {
  const fabric = createFabric({ codec: "vmbus" });
  const guest = new ByteGuest(fabric);
  await fabric.settle();
  await fabric.advance(5);
  assertEquals([fabric.now(), await fabric.step()], [5, 0]);
  assertEquals(await watch(fabric.run()).isDone, false);
  await fabric.settle(); // beside a run that waits
  fabric.dispose();
  assertEquals(guest.door.postMessage(new Uint8Array(8), 1), "detached");
  assertEquals(guest.door.signalEvent(0x2001, 0), "detached");
  guest.door.detach();
});

Deno.test("runUntil: is asked again when a peer has said something", async () => {
  const fabric = createFabric({ codec: "vmbus" });
  const guest = new ByteGuest(fabric);
  const faults = () => fabric.inspect().partitions[1]?.faultCount ?? 0;
  const reached = fabric.runUntil(() => faults() === 2);
  for (const id of [98, 99]) {
    await turns(4);
    guest.say(13, 0, id);
  }
  assertEquals(await reached, true);
  fabric.dispose();
});

Deno.test("dispose: whoever waits for a foreign peer is told", async () => {
  const fabric = createFabric({ codec: "vmbus" });
  const guest = new ByteGuest(fabric);
  const running = fabric.run();
  await turns(2);
  fabric.dispose();
  await assertRejects(() => running, Error, "the fabric was disposed of");
  assertEquals(guest.take(), []);
});

Deno.test("savePartition: refuses a partition with somebody outside, and says why", async () => {
  const fabric = createFabric({ codec: "vmbus" });
  for (const { partition } of [new ByteGuest(fabric).door, new ByteHost(fabric).door]) {
    const { status, reason } = await vmbus.savePartition(partition);
    assertEquals(status, vmbus.STATUS_NOT_SUPPORTED);
    assertEquals(reason?.startsWith("somebody outside has one end of the bus of"), true);
  }
  fabric.dispose();
});
