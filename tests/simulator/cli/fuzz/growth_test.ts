import { assert, assertEquals } from "@std/assert";
import { Growth, growthOfOne } from "../../../../simulator/cli/fuzz/growth.ts";

const MIB = 2 ** 20;

Deno.test("Growth: more than 64 MiB that are kept over 10 000 inputs are a failure, less is none", () => {
  const growth = new Growth();
  const kept: Uint8Array[] = [];
  assertEquals(growth.after(4096), null, "where it begins");
  kept.push(new Uint8Array(30 * MIB));
  assertEquals(growth.after(10_000), null);
  kept.push(new Uint8Array(60 * MIB));
  assertEquals(growth.after(9000), null, "it is not looked yet");
  const failure = growth.after(1000);
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
