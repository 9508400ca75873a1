import { assertEquals } from "@std/assert";
import {
  type SweepFacts,
  sweepJson,
  sweepJsonFailure,
  sweepText,
} from "../../../simulator/sweeps/report.ts";
import type { SweepSummary } from "../../../simulator/mod.ts";

const FACTS: SweepFacts = {
  scenario: "echo",
  settings: { schedule: "portfolio", codec: null, isFaulty: true, itemsMax: 1 },
  from: 0n,
  workers: 2,
  wallMilliseconds: 2000,
  isStopped: false,
  gaps: {
    transitions: ["a b"],
    statuses: ["F 1", "F 2", "G 1", "H 1", "H 2", "H 3", "I 1", "J 1", "K 1"],
  },
};
const WELL: SweepSummary = {
  scenario: "echo",
  worlds: 10_000,
  failed: 0,
  steps: 70_000,
  failures: [],
  expected: [],
  orders: 2500,
  reached: [],
  coverage: {
    worlds: 10_000,
    transitions: { "server: open close": 3 },
    statuses: {},
    orders: { "a then b": 1, "b then a": 2 },
    faults: {},
  },
  faults: {},
};
const FAILED: SweepSummary = {
  ...WELL,
  failed: 3,
  failures: [{
    kind: "correctness",
    rule: "S1: a rule",
    place: "a \x1b place",
    message: "it is wrong",
    by: "test",
    worlds: 3,
    seed: "17",
    step: 1,
    source: "./driver.ts:3:4",
    artefact: "a.json",
    replay: "simulate replay a.json",
    shrunk: {
      artefact: "a.shrunk.json",
      replay: "simulate replay a.shrunk.json",
      reruns: 47,
      before: { faults: 3, switches: 13, waits: 9, draws: 4, steps: 1200 },
      after: { faults: 1, switches: 2, waits: 2, draws: 4, steps: 1300 },
    },
    notShrunk: null,
    page: "a b.html",
    capture: "a.pcapng",
  }],
  expected: [{ rule: "S2", place: "here", worlds: 1, reason: "it is known" }],
  reached: [
    { name: "a wait", times: 1200, worlds: 1, ways: 1, nearest: null },
    { name: "a gap", times: 0, worlds: 0, ways: 0, nearest: { done: 2, of: 3 } },
    { name: "a hole", times: 0, worlds: 0, ways: 0, nearest: null },
  ],
  faults: { interruptDelayed: 12 },
};

Deno.test("sweepText: says why a run was not made smaller", () => {
  const group = {
    ...FAILED.failures[0]!,
    shrunk: null,
    notShrunk: "--no-shrink",
    page: null,
    capture: null,
  };
  const lines = sweepText({ ...FAILED, failures: [group] }, FACTS).split("\n");
  assertEquals(lines.slice(4, 6), ["     simulate replay a.json", "     not smaller: --no-shrink"]);
});

Deno.test("sweepText: says what was found, with its replay, what was reached and what never was", () => {
  assertEquals(sweepText(FAILED, FACTS).split("\n"), [
    "FAIL correctness: S1: a rule, at a \\x1b place",
    "     it is wrong",
    "     from ./driver.ts:3:4",
    "     in 3 worlds, first with seed 17, after 1 choice",
    "     simulate replay a.json",
    "     smaller: 13 switches -> 2, 3 faults -> 1 in 47 re-runs",
    "     simulate replay a.shrunk.json",
    "     'a b.html' shows it",
    "     a.pcapng has it for Wireshark",
    "expected: S2, as it is known: at here (1 world)",
    "faults: interruptDelayed 12",
    "reached: a wait (1 200 times in 1 world, 1 way)",
    "never reached: a gap (2 of 3 conditions), a hole",
    "coverage: transitions 1 of 2, without a b",
    "coverage: statuses 0 of 9, gaps: H 3, F 2, G 1, I 1, J 1, others 1 (--json names each)",
    "coverage: callbacks in a row, by twos and threes 2",
    "coverage: faults in a state 0",
    "coverage: orders that drivers can tell apart 2 500",
    "echo: 10 000 worlds from seed 0 on in 2.0 s, 5 000 a second; 3 failed",
    "",
  ]);
  const head = sweepText(WELL, FACTS).split("\n").at(-2);
  assertEquals(head, "echo: 10 000 worlds from seed 0 on in 2.0 s, 5 000 a second; 0 failed");
});

Deno.test("sweepText: what is expected is a line for each rule and reason, with its places", () => {
  const found = (
    rule: string,
    place: string,
    worlds: number,
    reason = "a fault brings it about",
  ) => ({
    rule,
    place,
    worlds,
    reason,
  });
  const expected = [
    found("S2", "a", 1),
    found("S3", "a", 1),
    found("S2", "b", 3),
    ...["c", "d", "e", "f", "g"].map((place) => found("S2", place, 2)),
    found("S2", "a\n", 1, "it is known"),
  ];
  const lines = sweepText({ ...WELL, expected }, FACTS).split("\n");
  assertEquals(lines.filter((line) => line.startsWith("expected")), [
    "expected: S2, as a fault brings it about: at b (3 worlds), c (2 worlds), d (2 worlds), " +
    "e (2 worlds), f (2 worlds), 2 further places",
    "expected: S3, as a fault brings it about: at a (1 world)",
    "expected: S2, as it is known: at a\\x0a (1 world)",
  ]);
});

Deno.test("sweepJson: each field has one type, and the error says all that is wrong", () => {
  const stopped = { ...FACTS, isStopped: true };
  const errors = [
    sweepJson(WELL, FACTS),
    sweepJson(FAILED, FACTS),
    sweepJson(WELL, stopped),
    sweepJson(FAILED, stopped),
  ].map(({ ok, error }) => [ok, error]);
  assertEquals(errors, [
    [true, null],
    [false, "3 worlds of 10 000 failed"],
    [false, "Stopped after 10 000 worlds"],
    [false, "Stopped after 10 000 worlds; 3 worlds of 10 000 failed"],
  ]);
  const fields = (value: object) => Object.keys(value).sort();
  assertEquals(fields(sweepJsonFailure("no")), fields(sweepJson(WELL, FACTS)));
});
