import { assertEquals } from "@std/assert";
import { runWorld } from "../../bench/worlds.ts";

Deno.test("runWorld: each of its 20 requests is answered with its own payload, in order", async () => {
  const { completed, answerBytes, checksum } = await runWorld(1);
  assertEquals([completed, answerBytes], [20, 20 * 64]);
  let expected = 0;
  for (let stamp = 0; stamp < 20; stamp++) expected = (Math.imul(expected, 31) + stamp) | 0;
  assertEquals(checksum, expected);
});
