import { assert, assertEquals } from "@std/assert";
import { defineScenario, simulatedScenarios, singleRun } from "../../../simulator/mod.ts";

const FAILING = defineScenario({
  name: "failing",
  title: "fails",
  partitions: { guest: { memoryPages: 16 } },
  reach: ["the end"],
  workload: (world) => {
    world.reach("the end");
    world.fail("all sums agree", "7 is not 8");
  },
});

Deno.test("singleRun: what its world finds makes the run fail", async () => {
  const { ok, findings, counts } = await singleRun(FAILING).run({ files: {} });
  assertEquals([ok, findings], [false, ["correctness: all sums agree, failing: 7 is not 8"]]);
  assertEquals(counts.rows.at(-1), { key: "the end", label: "the end", values: [1] });
});

Deno.test("singleRun: counts transactions, and is the same run each time", async () => {
  const everything = simulatedScenarios.find(({ name }) => name === "everything")!;
  let transactions = 0;
  for (const seed of [7n, 8n, 9n]) {
    const [first, again] = [
      await singleRun(everything).run({ seed, files: {} }),
      await singleRun(everything).run({ seed, files: {} }),
    ];
    assertEquals(first, again);
    assertEquals([seed, first.findings], [seed, []]);
    transactions += first.transactions;
  }
  assert(transactions > 20, `${transactions}`);
});
