import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  defineScenario,
  findScenario,
  scenarios,
  simulatedScenarios,
  singleRun,
} from "../../../simulator/mod.ts";

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
  for (const seed of [7n, 8n]) {
    const [first, again] = [
      await singleRun(everything).run({ seed, files: {} }),
      await singleRun(everything).run({ seed, files: {} }),
    ];
    assertEquals(first, again);
    assertEquals([seed, first.findings], [seed, []]);
    transactions += first.transactions;
  }
  assert(transactions > 10, `${transactions}`);
});

Deno.test("scenarios: each one that is swept can be asked for by name, and runs alone", async () => {
  const found = simulatedScenarios.map(({ name }) => findScenario(name));
  assertEquals(scenarios.filter((each) => !found.includes(each)), []);
  for (const scenario of scenarios) {
    const { ok, isStopped } = await scenario.run({ seed: 3n, numbers: { packets: 8 }, files: {} });
    assertEquals([scenario.name, ok, isStopped], [scenario.name, true, false]);
  }
});

Deno.test("singleRun: says which faults happened, and which findings are expected", async () => {
  const scenario = defineScenario({
    name: "paused",
    title: "a guest that is paused twice, and a known finding",
    partitions: { guest: { memoryPages: 16 } },
    workload: async (world) => {
      for (let at = 0; at < 20; at++) await world.fabric.delay(10);
      world.fail("S0: known", "as ever", "here");
    },
    faults: [{ do: "guestPaused", nth: 1, budget: 2 }],
    expected: [{ rule: "S0: known", place: "here", reason: "known" }],
  });
  const { ok, faults = [], expected } = await singleRun(scenario).run({ files: {} });
  assertEquals([ok, expected], [true, ["correctness: S0: known, here: as ever"]]);
  assertEquals(faults.length, 1);
  assertMatch(faults[0]!, /^guestPaused, \S.*, at step \d+, \d+$/);
});
