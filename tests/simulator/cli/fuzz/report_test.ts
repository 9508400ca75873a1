import { assertEquals } from "@std/assert";
import { fuzzJson, fuzzText, type ReportedTarget } from "../../../../simulator/cli/fuzz/report.ts";

const END: ReportedTarget = {
  target: { name: "ring", title: "", batchCases: 8 },
  cases: 30_000,
  milliseconds: 1500,
  outcomes: { refused: 29_000, sound: 1000 },
  kept: 7,
  failures: [{
    failure: { kind: "crash", place: "decode (x.ts:1:2)", message: "Error: a\x1b[2J" },
    input: "00ff",
    at: 17,
    artefact: "fuzz-failures/ring-crash-17.json",
    replay: "deno task fuzz --replay fuzz-failures/ring-crash-17.json",
  }],
};

Deno.test("fuzzText: says what ran, how fast, what became of it, and how to have each failure again", () => {
  assertEquals(
    fuzzText([END], { seed: 1n, isStopped: true }, { isColored: false }),
    [
      "ring: 30 000 cases in 1.5 s, 20 000 a second; 7 kept, 1 failed",
      "     refused 29 000, sound 1 000",
      "FAIL crash: Error: a\\x1b[2J",
      "     at decode (x.ts:1:2)",
      "     input of 2 bytes: 00ff",
      "     deno task fuzz --replay fuzz-failures/ring-crash-17.json",
      "stopped: 30 000 cases of 1 target with seed 1; 1 failed",
      "",
    ].join("\n"),
  );
});

Deno.test("fuzzJson: says the same for programs", () => {
  const ends = (ends: readonly ReportedTarget[], isStopped: boolean) => {
    const { ok, error, stopped } = fuzzJson(ends, { seed: 1n, isStopped }) as Record<
      string,
      unknown
    >;
    return [ok, error, stopped];
  };
  assertEquals(ends([END], false), [false, "1 failure", false]);
  assertEquals(ends([END], true), [false, "Stopped before the end", true]);
  assertEquals(ends([{ ...END, failures: [] }], false), [true, null, false]);
});
