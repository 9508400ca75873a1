import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { SweepPoints } from "../../../simulator/cli/sweep/report_file.ts";
import type { SweepSummary } from "../../../simulator/mod.ts";
import { sweepPage, type SweepPageFacts } from "../../../simulator/pages/sweep_page.ts";

const HOSTILE = `</title><script>alert(1)</script>`;
const FACTS: SweepPageFacts = {
  scenario: "echo",
  settings: { schedule: "portfolio", codec: null, isFaulty: true, itemsMax: 1 },
  from: 7n,
  workers: 2,
  wallMilliseconds: 2000,
  isStopped: false,
  gaps: { transitions: ["server: open close"], statuses: [] },
  points: [{ ms: 500, worlds: 10, failed: 0 }, { ms: 2000, worlds: 100, failed: 3 }],
  linkOf: (page) => `kept/${page}`,
};
const SUMMARY: SweepSummary = {
  scenario: "echo",
  worlds: 100,
  failed: 3,
  steps: 700,
  failures: [{
    kind: "correctness",
    rule: HOSTILE,
    place: HOSTILE,
    message: HOSTILE,
    by: HOSTILE,
    worlds: 1,
    seed: "17",
    step: 1,
    source: HOSTILE,
    artefact: "a.json",
    replay: HOSTILE,
    shrunk: {
      reruns: 47,
      before: { faults: 3, switches: 13, waits: 9, draws: 0, steps: 90 },
      after: { faults: 1, switches: 2, waits: 1, draws: 0, steps: 40 },
      artefact: "a.shrunk.json",
      replay: "deno task simulate replay a.shrunk.json",
    },
    notShrunk: null,
    page: "a #1.html",
    capture: null,
  }],
  expected: [{ rule: HOSTILE, place: HOSTILE, worlds: 1, reason: HOSTILE }],
  orders: 25,
  reached: [{ name: HOSTILE, times: 0, worlds: 0, ways: 0, nearest: { done: 1, of: 2 } }],
  coverage: { worlds: 100, transitions: { a: 3 }, statuses: { b: 1 }, orders: {}, faults: {} },
  faults: { interruptDelayed: 12 },
};

Deno.test("sweepPage: failures with their pages, gaps by name, how it went over time", () => {
  const page = sweepPage(SUMMARY, FACTS);
  assertStringIncludes(page, "<h2>1 cause: 3 of 100 worlds failed</h2>");
  assertStringIncludes(page, 'href="kept/a%20%231.html"');
  assertStringIncludes(page, "smaller: 13 switches -&gt; 2, 3 faults -&gt; 1");
  assertStringIncludes(page, "<code>deno task simulate replay a.shrunk.json</code>");
  assertStringIncludes(page, "<li>server: open close</li>");
  assertStringIncludes(page, "1 of 2\n<meter");
  assertMatch(page, /<svg [^>]*aria-label="100 worlds in 2\.0 s, 3 of them failed"/);
  assertStringIncludes(page, "never; 1 of 2 conditions");
});

Deno.test("sweepPage: a run that was made smaller has its own command, and how small it is", () => {
  const size = { faults: 0, switches: 2, waits: 2, draws: 0, steps: 9 };
  const sizes = { reruns: 40, before: { ...size, switches: 13 }, after: size };
  const shrunk = { artefact: "a.shrunk.json", replay: "replay a.shrunk.json", ...sizes };
  const page = sweepPage({ ...SUMMARY, failures: [{ ...SUMMARY.failures[0]!, shrunk }] }, FACTS);
  assertStringIncludes(page, "smaller: 13 switches -&gt; 2 in 40 re-runs");
  assertStringIncludes(page, "<code>replay a.shrunk.json</code>");
  const whole = { ...SUMMARY.failures[0]!, shrunk: null, notShrunk: "<no time>" };
  const other = sweepPage({ ...SUMMARY, failures: [whole] }, FACTS);
  assertStringIncludes(other, "not smaller: &lt;no time&gt;");
});

Deno.test("sweepPage: runs nothing, and what came from drivers is text", () => {
  const page = sweepPage(SUMMARY, { ...FACTS, scenario: HOSTILE });
  assert(!page.includes("<script"));
  assertMatch(page, /content="default-src 'none'; style-src 'unsafe-inline'"/);
});

Deno.test("sweepPage: a sweep that found nothing says so, and one of no worlds has no chart", () => {
  const well = sweepPage({ ...SUMMARY, failed: 0, failures: [] }, FACTS);
  assertStringIncludes(well, "nothing was found");
  const none = sweepPage({ ...SUMMARY, worlds: 0, failures: [] }, { ...FACTS, points: [] });
  assert(!none.includes("<svg"));
});

Deno.test("SweepPoints: of a long sweep some are kept, and how far it came", () => {
  const points = new SweepPoints();
  for (let ms = 1; ms <= 100_000; ms++) points.add(ms, 2 * ms, 0);
  assert(points.list.length <= 513);
  assertEquals(points.list.at(-1), { ms: 100_000, worlds: 200_000, failed: 0 });
  assert(points.list.length > 100);
  for (const [at, { ms }] of points.list.entries()) {
    assert(at === 0 || ms > points.list[at - 1]!.ms);
  }
});
