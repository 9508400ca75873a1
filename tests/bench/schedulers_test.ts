import { assertEquals } from "@std/assert";
import { huntRows, proofRows } from "../../bench/schedulers.ts";

Deno.test("huntRows: seeds in the median, and hunts that found it; one that did not has all its seeds and one more", async () => {
  const prey = { protocol: "bounded-buffer", work: "work", hunts: 3, seedsMax: 20, median: 20 };
  const [median, found] = await huntRows(prey);
  assertEquals([median!.goal?.bar, found!.value, found!.goal?.bar], [20, 3, 3]);
  const vain = { ...prey, protocol: "uneven", hunts: 1, seedsMax: 0 };
  assertEquals((await huntRows(vain)).map(({ value }) => value), [1, 0]);
});

Deno.test("proofRows: what was not gone through is one run more than may be, and no proof", async () => {
  const [runs, seconds] = await proofRows(3);
  assertEquals([runs!.value, runs!.unit, runs!.goal?.bar], [4, "runs", 5000]);
  assertEquals([seconds!.unit, seconds!.goal?.bar], ["s", 10]);
});
