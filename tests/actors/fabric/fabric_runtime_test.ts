import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { PASSIVE_LEVEL } from "../../../actors/runtime/irql.ts";
import { checkFabricOptions } from "../../../actors/fabric/options.ts";
import { WorkItem } from "../../../actors/runtime/processor.ts";
import { FabricRuntime } from "../../../actors/fabric/fabric_runtime.ts";
import { BrokenInvariant } from "../../../core/assert.ts";
import { watch } from "../../support/driving.ts";

const BUG = new BrokenInvariant("Cannot go on as this does not hold: a test's own promise");

function fail(): never {
  throw BUG;
}

/** A worker whose work is to throw, and one that only counts. */
function itemsOf(
  world: FabricRuntime,
): { throwing: WorkItem; counting: WorkItem; count: () => number } {
  let count = 0;
  const item = (work: () => void) =>
    new WorkItem({ traceId: 0, work }, "match", PASSIVE_LEVEL, world.root.processor(0));
  return { throwing: item(fail), counting: item(() => count++), count: () => count };
}

// A bug of the package must be heard, by whoever drives, and never end the loop in silence.
Deno.test("FabricRuntime.runItem: what an item throws rejects settle, and the loop continues", async () => {
  const world = new FabricRuntime(checkFabricOptions({}));
  const { throwing, counting, count } = itemsOf(world);
  world.scheduler.schedule(throwing);
  world.scheduler.schedule(counting);
  assertStrictEquals(await assertRejects(() => world.settle(), BrokenInvariant), BUG);
  await world.settle();
  assertEquals(count(), 1);
});

Deno.test("FabricRuntime.fireTimer: what a timer throws rejects advance, and the loop continues", async () => {
  const world = new FabricRuntime(checkFabricOptions({}));
  world.armTimer(10_000, { fire: fail });
  const later = watch(world.delay(2));
  assertStrictEquals(await assertRejects(() => world.advance(3), BrokenInvariant), BUG);
  assertEquals(world.now(), 1);
  await world.advance(1);
  assertEquals([world.now(), later.state], [2, "resolved"]);
});

Deno.test("FabricRuntime.guard: what work beside the loop throws rejects the next call that drives", async () => {
  const world = new FabricRuntime(checkFabricOptions({}));
  world.guard(fail);
  assertStrictEquals(await assertRejects(() => world.delay(1), BrokenInvariant), BUG);
  await world.settle();
});

Deno.test("FabricRuntime: each failure is heard by one call", async () => {
  const world = new FabricRuntime(checkFabricOptions({}));
  const [first, second] = [new Error("first"), new Error("second")];
  world.failLoop(first);
  world.failLoop(second);
  assertStrictEquals(await assertRejects(() => world.settle(), Error), first);
  assertStrictEquals(await assertRejects(() => world.settle(), Error), second);
  await world.settle();
});

Deno.test("FabricRuntime.armTimer: fires what is due in order, and at once where the time is past", async () => {
  const world = new FabricRuntime(checkFabricOptions({}));
  const log: string[] = [];
  const arm = (name: string, at100ns: number) =>
    world.armTimer(at100ns, { fire: () => log.push(`${name} ${world.now()}`) });
  await world.advance(5);
  arm("later", 60_000);
  arm("past", 10_000);
  arm("now", 50_000);
  world.cancelTimer(arm("cancelled", 55_000));
  await world.settle();
  assertEquals(log, ["past 5", "now 5"]);
  await world.run();
  assertEquals(log, ["past 5", "now 5", "later 6"]);
});
