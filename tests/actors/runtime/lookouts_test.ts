// Who looks at memory from time to time, and when nobody does (wire.md 1.7).

import { assertEquals } from "@std/assert";
import { FabricRuntime } from "../../../actors/fabric/fabric_runtime.ts";
import type { Lookout } from "../../../actors/runtime/lookouts.ts";
import { createFabric } from "../../support/fabric.ts";
import type { Fabric } from "../../../mod.ts";

/** Looks each `every100ns` while `hasNews`, and notes it with the time. */
function looking(name: string, every100ns: number, notes: string[], fabric: Fabric) {
  const lookout: Lookout & { hasNews: boolean } = {
    hasNews: true,
    due100ns: (now: number) =>
      lookout.hasNews ? (Math.floor(now / every100ns) + 1) * every100ns : null,
    look: () => void notes.push(`${name} at ${fabric.now()}`),
  };
  const runtime = FabricRuntime.of(fabric as FabricRuntime);
  runtime.scheduler.lookouts.add(lookout);
  return { lookout, runtime };
}

Deno.test("Lookouts: those that are due at one time look in the order in which they came", async () => {
  const fabric = createFabric();
  const notes: string[] = [];
  looking("slow", 20_000, notes, fabric);
  looking("fast", 10_000, notes, fabric);
  await fabric.advance(4);
  assertEquals(notes, [
    "fast at 1",
    "slow at 2",
    "fast at 2",
    "fast at 3",
    "slow at 4",
    "fast at 4",
  ]);
});

Deno.test("Lookouts: a timer at each of their times does not keep them from looking", async () => {
  const fabric = createFabric();
  const notes: string[] = [];
  const { runtime } = looking("look", 10_000, notes, fabric);
  const timer = {
    fire() {
      notes.push(`timer at ${fabric.now()}`);
      runtime.armTimer(runtime.clock.now100ns + 10_000, timer);
    },
  };
  runtime.armTimer(10_000, timer);
  await fabric.advance(2);
  assertEquals(notes, ["look at 1", "timer at 1", "look at 2", "timer at 2"]);
});

Deno.test("Fabric.run: ends where only looks would be left that find nothing new", async () => {
  const fabric = createFabric();
  const notes: string[] = [];
  const { lookout } = looking("look", 10_000, notes, fabric);
  const see = lookout.look;
  lookout.look = (now100ns) => {
    see(now100ns);
    lookout.hasNews = fabric.now() < 3;
  };
  await fabric.run();
  assertEquals(notes, ["look at 1", "look at 2", "look at 3"]);
  assertEquals(fabric.now(), 3);
  await fabric.advance(3_600_000); // no look is made in vain
  assertEquals(notes.length, 3);
});

Deno.test("Lookouts: one that was taken out looks no more, and settle lets nobody look", async () => {
  const fabric = createFabric();
  const notes: string[] = [];
  const { lookout, runtime } = looking("look", 10_000, notes, fabric);
  await fabric.settle();
  assertEquals(runtime.scheduler.lookouts.remaining100ns(0), [10_000]);
  runtime.scheduler.lookouts.delete(lookout);
  await fabric.advance(5);
  assertEquals(notes, []);
  assertEquals(runtime.scheduler.lookouts.remaining100ns(0), []);
});
