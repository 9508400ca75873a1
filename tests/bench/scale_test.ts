import { assertEquals, assertThrows } from "@std/assert";
import { collect } from "../../bench/memory.ts";
import { inspectChannel } from "../../mod.ts";
import { Bursts, openStage } from "../../bench/scale.ts";

Deno.test("Bursts: goes round all channels, 64 transactions on each, and leaves nothing behind", async () => {
  const stage = await openStage(7);
  const bursts = new Bursts(stage);
  await bursts.run(7 * 64 + 1);
  assertEquals([bursts.requester.completed, bursts.requester.answerBytes], [8 * 64, 8 * 64 * 64]);
  const pooled = stage.pairs.map(({ client }) => inspectChannel(client).lookaside);
  assertEquals(pooled, [8, 8, 8, 8, 8, 8, 8]);
  await stage.close();
  assertEquals([stage.pairs.length, stage.fabric.leaks()], [0, []]);
});

Deno.test("collect: says what it needs where V8 does not offer it", () => {
  assertThrows(collect, Error, "start V8 with --expose-gc");
});
