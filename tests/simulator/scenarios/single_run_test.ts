import { assertEquals } from "@std/assert";
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
  const [first, again] = [
    await singleRun(everything).run({ seed: 7n, files: {} }),
    await singleRun(everything).run({ seed: 7n, files: {} }),
  ];
  assertEquals([first.ok, first.transactions > 20], [true, true]);
  assertEquals(first, again);
});
