// A target in a process of its own: what ends that process, or never comes back, is a failure like any other.

import { assertEquals } from "@std/assert";
import { TargetRun } from "../../../../simulator/cli/fuzz/target_run.ts";
import { isLong } from "../../../support/long.ts";

const MODULE = import.meta.resolve("./canaries.ts");

function run(name: string, inputMs: number) {
  const target = { name, title: "", batchCases: 8 };
  const child = { module: MODULE, seed: "1", isGuided: false };
  const task = { child, target, cases: 16, timeMs: null, inputMs };
  return new TargetRun(task, new AbortController().signal, () => {}).run();
}

Deno.test("TargetRun: an input that ends its process is found, alone", async () => {
  const { cases, failures } = await run("death", 30_000);
  assertEquals(cases, 2);
  assertEquals(
    failures.map(({ failure, input, at }) => [failure.kind, failure.message, input, at]),
    [
      ["crash", "its process ended with exit code 3", "07", 1],
    ],
  );
});

Deno.test("TargetRun: an input that never comes back is found, alone", async () => {
  if (!isLong) return; // it takes as long as the bound, twice
  const { failures } = await run("hang", 5000);
  assertEquals(failures.map(({ failure, input, at }) => [failure.kind, input, at]), [
    ["hang", "07", 1],
  ]);
});
