import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import {
  jsonFailure,
  jsonReport,
  type RunFacts,
  type ScenarioResult,
  textReport,
} from "../../simulator/mod.ts";

const FACTS: RunFacts = {
  scenario: "echo",
  seed: 7n,
  schedule: "fifo",
  codec: "vmbus",
  options: { file: "a", size: 8 },
  wallMilliseconds: 2500,
  replay: "deno task simulate --seed 7",
};

const GOOD: ScenarioResult = {
  ok: true,
  isStopped: false,
  findings: [],
  counts: {
    columns: [{ key: "there", label: "there" }, { key: "back", label: "and back" }],
    rows: [
      { key: "packets", label: "packets", values: [1_234_567, 3] },
      { key: "bytes", label: "bytes", values: [0, 999] },
    ],
  },
  digests: [
    { key: "read", label: "a", byteCount: 1000, sha256: "d1" },
    { key: "returned", label: "abc", byteCount: 1000, sha256: "d1" },
  ],
  transactions: 5000,
  virtualMilliseconds: 1234.56,
  violationCount: 0,
  leakCount: 0,
  traceDigest: "t1",
  progress: { done: 1, total: 1, unit: "packets" },
};

Deno.test("textReport: is a table, the digests, a verdict and the replay line", () => {
  assertEquals(
    textReport(GOOD, FACTS),
    `echo: seed 7, schedule fifo, codec vmbus
┌─────────┬───────────┬──────────┐
│         │     there │ and back │
├─────────┼───────────┼──────────┤
│ packets │ 1 234 567 │        3 │
│ bytes   │         0 │      999 │
└─────────┴───────────┴──────────┘
┌─────────────────────────┬─────────────┐
│ transactions            │       5 000 │
│ transactions per second │       2 000 │
│ virtual time            │ 1 234.56 ms │
│ wall time               │    2 500 ms │
│ violations              │           0 │
│ leaks                   │           0 │
└─────────────────────────┴─────────────┘
trace digest t1
sha256 d1  a    1 000 bytes
sha256 d1  abc  1 000 bytes
The digests are the same.
ok
replay: deno task simulate --seed 7
`,
  );
});

Deno.test("textReport: figures of the scenario's own come before those of every run", () => {
  const figures = [{ key: "atOnce", label: "requests at once", value: 1024 }];
  const text = textReport({ ...GOOD, figures }, FACTS);
  assertMatch(text, /^│ requests at once +│ +1 024 │\n│ transactions /m);
  assertEquals(jsonReport({ ...GOOD, figures }, FACTS).figures, { atOnce: 1024 });
});

Deno.test("textReport: says what went wrong as it was to, and what was expected", () => {
  const result = { ...GOOD, faults: ["guestPaused, guest, at step 3"], expected: ["S1: known\n"] };
  const lines = "\nfault: guestPaused, guest, at step 3\nexpected: S1: known\\x0a\nok\n";
  assertStringIncludes(textReport(result, FACTS), lines);
  const { faults, expected } = jsonReport(result, FACTS);
  assertEquals([faults, expected], [result.faults, result.expected]);
  assertEquals(jsonReport(GOOD, FACTS).faults, []);
});

Deno.test("textReport: says what was wrong, and that digests differ", () => {
  const [read] = GOOD.digests;
  const text = textReport({
    ...GOOD,
    ok: false,
    findings: ["one", "two"],
    digests: [read!, { ...read!, sha256: "d2" }],
  }, FACTS);
  assertStringIncludes(text, "\nThe digests differ.\nwrong: one\nwrong: two\nnot ok: 2 findings\n");
  const single = textReport({ ...GOOD, ok: false, findings: ["one"] }, FACTS);
  assertStringIncludes(single, "\nwrong: one\nnot ok: 1 finding\n");
});

Deno.test("textReport: further tables stand below what was counted, each with its own columns", () => {
  const tables = [{
    key: "moves",
    title: "moved",
    columns: [{ key: "bytes", label: "bytes" }, { key: "at", label: "at" }, {
      key: "n",
      label: "n",
    }],
    rows: [{ key: "1", label: "move 1", values: [1000, 2, 3] }, {
      key: "2",
      label: "move 2",
      values: [4, 5, 6],
    }],
  }];
  const text = textReport({ ...GOOD, tables }, FACTS);
  assertMatch(
    text,
    /^moved:\n┌.*\n│ +│ bytes │ at │ n │\n├.*\n│ move 1 │ 1 000 │ +2 │ 3 │\n│ move 2 │ +4 │/m,
  );
  const rows = [{ bytes: 1000, at: 2, n: 3 }, { bytes: 4, at: 5, n: 6 }];
  assertEquals(jsonReport({ ...GOOD, tables }, FACTS).tables, { moves: rows });
});

Deno.test("textReport: a run that was saved says how to go on, and has no digests yet", () => {
  const saved = { ...GOOD, digests: [], savedTo: "run.saved" };
  const facts = { ...FACTS, resume: "deno task simulate --resume run.saved" };
  const text = textReport(saved, facts);
  assertMatch(text, /\nok\nreplay: .*\nsaved in run\.saved; go on: deno .*--resume run\.saved\n$/);
  assertEquals(/digests are|digests differ|sha256/.test(text), false);
  assertEquals(jsonReport(saved, facts).resume, facts.resume);
  assertEquals(jsonReport(saved, facts).files, {});
});

/** The widest line that need not be pasted, and is no digest. */
function widthOf(text: string): number {
  const lines = text.split("\n").filter((line) => !/^(?:replay:|trace digest|sha256)/.test(line));
  return Math.max(...lines.map((line) => [...line].length));
}

Deno.test("textReport: no table and no line is wider than the terminal, down to 40 columns", () => {
  const label = "requests carried out at once, at most";
  const tables = [{
    key: "moves",
    title: "moved, with packets in flight",
    columns: ["packet", "bytes", "pages", "queued", "sent", "ended", "held", "ring bytes"]
      .map((label) => ({ key: label, label })),
    rows: [{ key: "1", label: "1000", values: Array(8).fill(12_345_678) }],
  }];
  const result = { ...GOOD, tables, figures: [{ key: "atOnce", label, value: 8 }] };
  for (const columns of [40, 60, 80, 200]) {
    const text = textReport(result, FACTS, { columns });
    assertEquals(widthOf(text) <= columns, true, text);
    for (const number of text.match(/12 345 678/g) ?? [""]) assertEquals(number, "12 345 678");
    assertEquals(text.match(/12 345 678/g)?.length, 8, text);
    const isFramed = !text.includes("\nrequests carried out at once, at most: 8\n");
    assertEquals(isFramed, columns >= 60, text);
  }
  assertEquals(widthOf(textReport(result, FACTS)) <= 80, true);
});

Deno.test("textReport: a digest that a terminal has no room for stands above its label", () => {
  const sha256 = "d".repeat(64);
  const digests = GOOD.digests.map((each) => ({ ...each, sha256 }));
  const wide = textReport({ ...GOOD, digests }, FACTS, { columns: 200 });
  assertStringIncludes(wide, `\nsha256 ${sha256}  abc  1 000 bytes\n`);
  const narrow = textReport({ ...GOOD, digests }, FACTS, { columns: 80 });
  assertStringIncludes(narrow, `\nsha256 ${sha256}\n  abc, 1 000 bytes\n`);
  // What goes into a file is not folded.
  assertStringIncludes(textReport({ ...GOOD, digests }, FACTS), `${sha256}  abc  1 000 bytes\n`);
});

Deno.test("textReport: verdicts have colours where the terminal wants them, and only there", () => {
  const bad = { ...GOOD, ok: false, findings: ["one"] };
  const [good, wrong] = [GOOD, bad].map((each) => textReport(each, FACTS, { isColored: true }));
  assertStringIncludes(good!, "\n\x1b[32mok\x1b[0m\n");
  assertStringIncludes(wrong!, "\n\x1b[31mwrong:\x1b[0m one\n\x1b[31mnot ok: 1 finding\x1b[0m\n");
  assertEquals(textReport(bad, FACTS).includes("\x1b"), false);
});

Deno.test("jsonReport: holds all of the result, by name", () => {
  assertEquals(jsonReport(GOOD, FACTS), {
    ok: true,
    error: null,
    scenario: "echo",
    seed: "7",
    schedule: "fifo",
    codec: "vmbus",
    options: { file: "a", size: 8 },
    wallMilliseconds: 2500,
    replay: "deno task simulate --seed 7",
    resume: null,
    traceDigest: "t1",
    stopped: false,
    findings: [],
    expected: [],
    faults: [],
    files: {
      read: { byteCount: 1000, sha256: "d1" },
      returned: { byteCount: 1000, sha256: "d1" },
    },
    counts: {
      there: { packets: 1_234_567, bytes: 0 },
      back: { packets: 3, bytes: 999 },
    },
    tables: {},
    figures: {},
    transactions: 5000,
    transactionsPerSecond: 2000,
    virtualMilliseconds: 1234.56,
    violations: 0,
    leaks: 0,
  });
});

Deno.test("jsonReport: says what was wrong", () => {
  const findings = ["one"];
  const bad = { ...GOOD, ok: false, isStopped: true, findings, violationCount: 2, leakCount: 3 };
  const report = jsonReport(bad, FACTS);
  assertEquals([report.ok, report.stopped, report.findings], [false, true, ["one"]]);
  assertEquals([report.violations, report.leaks], [2, 3]);
});

Deno.test("jsonReport: seeds are texts, whatever they are", () => {
  const seedOf = (seed: bigint) => jsonReport(GOOD, { ...FACTS, seed }).seed;
  assertEquals(seedOf(0n), "0");
  assertEquals(seedOf(2n ** 64n - 1n), "18446744073709551615");
});

Deno.test("jsonReport: error says why a run is not well", () => {
  const errorOf = (changes: Partial<ScenarioResult>) =>
    jsonReport({ ...GOOD, ok: false, ...changes }, FACTS).error;
  assertEquals(errorOf({ findings: ["one", "two"] }), "one; two");
  const progress = { done: 1000, total: 20_000, unit: "packets" };
  assertEquals(errorOf({ isStopped: true, progress }), "Stopped after 1 000 of 20 000 packets");
});

Deno.test("jsonFailure: has every field of a report, null where nothing is known", () => {
  const report = jsonReport(GOOD, FACTS);
  const failure = jsonFailure("it is broken");
  assertEquals(Object.keys(failure), Object.keys(report));
  const { ok, error, stopped, ...others } = failure;
  assertEquals([ok, error, stopped], [false, "it is broken", false]);
  assertEquals(new Set(Object.values(others)), new Set([null]));
  const { scenario, seed, replay } = jsonFailure("x", FACTS);
  assertEquals([scenario, seed, replay], [report.scenario, report.seed, report.replay]);
});

Deno.test("jsonReport: a run that took no time has no rate", () => {
  assertEquals(jsonReport(GOOD, { ...FACTS, wallMilliseconds: 0 }).transactionsPerSecond, 0);
});
