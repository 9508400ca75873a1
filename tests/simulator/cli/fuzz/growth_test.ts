import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { assert, assertEquals } from "@std/assert";
import { Growth, growthOfOne } from "../../../../simulator/cli/fuzz/growth.ts";

const MIB = 2 ** 20;

Deno.test("Growth: more than 64 MiB that are kept over 10 000 inputs are a failure, less is none", async () => {
  const growth = new Growth();
  const kept: Uint8Array[] = [];
  assertEquals(await growth.after(4096), null, "where it begins");
  kept.push(new Uint8Array(30 * MIB));
  assertEquals(await growth.after(10_000), null);
  kept.push(new Uint8Array(60 * MIB));
  assertEquals(await growth.after(9000), null, "it is not looked yet");
  const failure = await growth.after(1000);
  assertEquals([failure?.kind, failure?.place], ["growth", "memory"]);
  assert(/keeps \d+ MiB of 20 000 inputs/.test(failure!.message), failure!.message);
  assertEquals(kept.length, 2);
});

Deno.test("growthOfOne: an input that is kept each time is found by running it again and again", async () => {
  const kept: Uint8Array[] = [];
  const keeps = () => Promise.resolve(kept.push(new Uint8Array(MIB)));
  assertEquals((await growthOfOne(keeps))?.kind, "growth");
  assertEquals(await growthOfOne(() => Promise.resolve()), null);
});

/** Has the process collect garbage where it is told to, as the fuzzer's own does, until it is disposed of. */
function collecting(): Disposable {
  const its = globalThis as { gc?: (() => void) | undefined };
  const before = its.gc;
  setFlagsFromString("--expose-gc");
  its.gc = runInNewContext("gc") as () => void;
  return { [Symbol.dispose]: () => void (its.gc = before) };
}

// A weak reference keeps what it is to up to the end of the turn: all inputs of a batch may run in one.
Deno.test("Growth: what a turn of the event loop keeps is no growth", async () => {
  using _gc = collecting();
  const make = () => void new WeakRef(new Uint8Array(MIB / 4));
  assertEquals(await growthOfOne(() => Promise.resolve(make())), null);
  const growth = new Growth();
  await growth.after(64);
  for (let made = 0; made < 300; made++) make();
  assertEquals(await growth.after(10_000), null);
});
