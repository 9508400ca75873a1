import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { jsonReport, type RunFacts, type ScenarioResult, textReport } from "../../simulator/mod.ts";

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

Deno.test("jsonReport: holds all of the result, by name", () => {
  assertEquals(jsonReport(GOOD, FACTS), {
    ok: true,
    scenario: "echo",
    seed: 7,
    schedule: "fifo",
    codec: "vmbus",
    options: { file: "a", size: 8 },
    wallMilliseconds: 2500,
    replay: "deno task simulate --seed 7",
    traceDigest: "t1",
    stopped: false,
    findings: [],
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

Deno.test("jsonReport: seeds that a number does not hold exactly are texts", () => {
  const seedOf = (seed: bigint) => jsonReport(GOOD, { ...FACTS, seed }).seed;
  assertEquals(seedOf(2n ** 53n - 1n), Number.MAX_SAFE_INTEGER);
  assertEquals(seedOf(2n ** 53n), "9007199254740992");
  assertEquals(seedOf(2n ** 64n - 1n), "18446744073709551615");
});

Deno.test("jsonReport: a run that took no time has no rate", () => {
  assertEquals(jsonReport(GOOD, { ...FACTS, wallMilliseconds: 0 }).transactionsPerSecond, 0);
});
