import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Row } from "../../bench/figure.ts";
import {
  jsonFailure,
  jsonOf,
  missedCount,
  missedText,
  type Result,
  tableOf,
} from "../../bench/report.ts";

const ROW: Row = {
  work: "64 B",
  name: "ring",
  value: 77.123,
  unit: "ns",
  beside: { name: "memcpy", value: 46 },
  score: 1.677,
  goal: { kind: "atMost", bar: 2, stretch: 1.4 },
};

function resultOf(...rows: Row[]): Result {
  return { figure: { name: "ring", title: "Ring" }, rows };
}

Deno.test("tableOf: shows value, baseline, ratio, bar, stretch and verdict, however narrow", () => {
  for (const columns of [40, 80, 200]) {
    const lines = tableOf(resultOf(ROW), { columns }).split("\n");
    assertEquals(lines.every((line) => line.length <= columns), true, lines.join("\n"));
    assertEquals(lines[1]?.startsWith("┌"), columns === 200);
    const words = lines.map((line) => line.trim()).join(" ");
    for (const cell of ["77.1 ns", "memcpy", "1.68 × time", "≤ 1.4"]) {
      assertStringIncludes(words, cell);
    }
  }
  assertStringIncludes(tableOf(resultOf(ROW), { isColored: true }), "\x1b[32mbar\x1b[0m");
  const table = tableOf(resultOf(ROW), { columns: 200 });
  for (const cell of ["Ring", "77.1 ns", "memcpy", "46 ns", "1.68 × time", "≤ 2", "≤ 1.4", "bar"]) {
    assertStringIncludes(table, cell);
  }
});

Deno.test("tableOf: a ratio that should be high is a speed, and large numbers are grouped", () => {
  const goal = { kind: "atLeast", bar: 20, stretch: null } as const;
  const table = tableOf(resultOf({ ...ROW, value: 12_345.6, score: 25.04, goal }));
  for (const cell of ["12 346 ns", "25 × speed", "≥ 20"]) assertStringIncludes(table, cell);
});

Deno.test("tableOf: a value that stands for itself has no ratio", () => {
  const table = tableOf(resultOf({ ...ROW, unit: "B", beside: null, score: 77.123, goal: null }));
  assertStringIncludes(table, "77.1 B");
  assertEquals(table.includes("×"), false);
});

Deno.test("missedCount: counts what is off by more than the margin", () => {
  const results = [resultOf(ROW, { ...ROW, score: 2.4 }), resultOf({ ...ROW, score: 2.6 })];
  assertEquals(missedCount(results, "tolerant"), 1);
  assertEquals(missedCount(results, "strict"), 2);
});

Deno.test("jsonOf: holds each row with its verdict", () => {
  const results = [resultOf({ ...ROW, score: 3 })];
  const measured = {
    missed: 1,
    figures: [{ name: "ring", title: "Ring", rows: [{ ...ROW, score: 3, verdict: "missed" }] }],
  };
  assertEquals(JSON.parse(jsonOf(results, null)), { ok: true, error: null, ...measured });
  assertEquals(JSON.parse(jsonOf(results, "slow")), { ok: false, error: "slow", ...measured });
  const failure = { ok: false, error: "no", missed: null, figures: null };
  assertEquals(JSON.parse(jsonFailure("no")), failure);
});

Deno.test("missedText: counts in words", () => {
  assertEquals(missedText(1, "tolerant"), "1 bar missed by more than 25 %");
  assertEquals(missedText(1000, "tolerant"), "1 000 bars missed by more than 25 %");
});
