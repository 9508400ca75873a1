import { assertEquals, assertRejects } from "@std/assert";
import type { Row } from "../../bench/figure.ts";
import { measureInProcesses, medianRows } from "../../bench/processes.ts";

function rowOf(score: number, besideValue: number | null): Row {
  return {
    work: "64 B",
    name: "ring",
    value: 10 * score,
    unit: "ns",
    beside: besideValue === null ? null : { name: "memcpy", value: besideValue },
    score,
    goal: null,
  };
}

Deno.test("medianRows: each row has the middle of what all runs found", () => {
  const runs = [[3, 40], [1, 60], [2, 50]].map(([score, beside]) => [
    rowOf(score!, beside!),
    rowOf(10 * score!, null),
  ]);
  assertEquals(medianRows(runs), [rowOf(2, 50), rowOf(20, null)]);
});

Deno.test("measureInProcesses: says why one of them could not measure", async () => {
  const program = "bench/main.ts";
  const refused = () => measureInProcesses([program, "--json", "--rounds", "0"]);
  await assertRejects(refused, Error, "It must be a whole number from 1 to 1000");
});
