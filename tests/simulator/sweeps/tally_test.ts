import { assertEquals } from "@std/assert";
import type { Finding, WorldResult } from "../../../simulator/mod.ts";
import {
  type Coverage,
  mergeCoverage,
  type ReachCoverage,
} from "../../../simulator/coverage/coverage.ts";
import { summaryOf } from "../../../simulator/sweeps/summary.ts";
import { Tally, type TallyData } from "../../../simulator/sweeps/tally.ts";
import type { RunRecord } from "../../../simulator/artefacts/artefact.ts";
import { Chance } from "../../../core/chance.ts";

function findingOf(rule: string, place = "there"): Finding {
  return { kind: "correctness", rule, place, message: "it is wrong", by: "test", step: 1 };
}

/** The coverage of a world that reached something so many times. */
function coverageOf(reached: Readonly<Record<string, number>>): Coverage {
  const reachOf = (times: number): ReachCoverage => ({
    times,
    worlds: times > 0 ? 1 : 0,
    ways: times > 0 ? [String(times)] : [],
    nearest: null,
  });
  return {
    ...mergeCoverage(),
    worlds: 1,
    transitions: { [`t${Object.values(reached).join("")}`]: 1 },
    reached: Object.fromEntries(Object.entries(reached).map(([name, n]) => [name, reachOf(n)])),
  };
}

function resultOf(seed: bigint, part: Partial<WorldResult> = {}): WorldResult {
  return {
    scenario: "test",
    seed,
    schedule: "fifo",
    codec: "msgpack",
    findings: [],
    expected: [],
    choices: [],
    steps: 3,
    faults: [],
    reached: {},
    coverage: mergeCoverage(),
    orderDigest: "",
    virtualMilliseconds: 0,
    traceDigest: "",
    trace: [],
    ...part,
  };
}

function recordOf(seed: bigint, finding: Finding): RunRecord {
  const settings = { schedule: "fifo", codec: null, isFaulty: true, itemsMax: 1 } as const;
  return {
    settings: { ...settings, seed: String(seed) },
    finding,
    steps: 3,
    digest: "",
    choices: [],
  };
}

/** The tally of one world. */
function tallyOf(result: WorldResult, records: readonly RunRecord[] = []): TallyData {
  const tally = new Tally();
  tally.addWorld(result, records);
  return tally.data;
}

function sumOf(parts: readonly TallyData[]): TallyData {
  const tally = new Tally();
  for (const part of parts) tally.add(part);
  return tally.data;
}

Deno.test("Tally: one rule at one place is one cause, whatever else is said of it", () => {
  const findings = [
    findingOf("a"),
    { ...findingOf("a"), message: "again" },
    findingOf("a", "here"),
  ];
  const { causes, failed, worlds } = sumOf([
    tallyOf(resultOf(10n, { findings })),
    tallyOf(resultOf(9n, { findings: [findingOf("a")] })),
    tallyOf(resultOf(11n, { expected: [findingOf("b")] })),
  ]);
  // Numbers, not texts: seed 9 comes before seed 10.
  assertEquals(
    causes.map(({ finding: { rule, place }, seed, worlds }) => [rule, place, seed, worlds]),
    [
      ["a", "there", "9", 2],
      ["a", "here", "10", 1],
    ],
  );
  assertEquals([failed, worlds], [2, 3]);
});

Deno.test("Tally: parts come to the same in any order, and in any grouping", () => {
  const chance = Chance.fromSeed(3);
  const parts = Array.from({ length: 300 }, (_, at) => {
    // More causes than runs are kept of.
    const finding = findingOf(`rule ${chance.below(150)}`);
    const seed = BigInt(at);
    const result = resultOf(seed, {
      findings: [finding],
      expected: [findingOf("known")],
      coverage: coverageOf({ a: chance.below(2), b: 0 }),
      orderDigest: String(chance.below(20)),
      faults: [{
        fault: "interruptDelayed",
        place: "x",
        step: 0,
        tampered: null,
        bringsAbout: null,
      }],
    });
    return tallyOf(result, [recordOf(seed, finding)]);
  });
  const whole = sumOf(parts);
  const backwards = sumOf(parts.toReversed());
  const grouped = sumOf([
    sumOf(parts.slice(200)),
    sumOf(parts.slice(0, 77)),
    sumOf(parts.slice(77, 200)),
  ]);
  const facts = { name: "test", expected: [] };
  for (const sum of [backwards, grouped]) {
    // As text, since the order of names is to be the same, too.
    assertEquals(JSON.stringify(summaryOf(sum, facts)), JSON.stringify(summaryOf(whole, facts)));
    assertEquals(sum.causes, whole.causes); // with their runs
  }
  assertEquals(summaryOf(whole, facts).orders, 20);
  assertEquals(JSON.parse(JSON.stringify(whole)), whole); // it goes from process to process
  assertEquals(whole.causes.filter(({ record }) => record !== null).length, 100);
});

Deno.test("summaryOf: what was found most often comes first, and a gap is told", () => {
  const data = sumOf([
    tallyOf(resultOf(1n, { findings: [findingOf("rare")], coverage: coverageOf({ a: 2, b: 0 }) })),
    tallyOf(resultOf(2n, { findings: [findingOf("often")], coverage: coverageOf({ a: 0, b: 0 }) })),
    tallyOf(resultOf(3n, { findings: [findingOf("often")], expected: [findingOf("known")] })),
  ]);
  const expected = [{ rule: "known", place: "there", reason: "it is known" }];
  const summary = summaryOf(data, { name: "test", expected }, ({ seed }) => ({
    artefact: `${seed}.json`,
    replay: `replay ${seed}.json`,
    shrunk: null,
    notShrunk: null,
  }));
  assertEquals(
    summary.failures.map(({ rule, worlds, seed, replay }) => [rule, worlds, seed, replay]),
    [
      ["often", 2, "2", "replay 2.json"],
      ["rare", 1, "1", "replay 1.json"],
    ],
  );
  assertEquals(summary.expected, [{ ...expected[0]!, worlds: 1 }]);
  assertEquals(summary.reached, [
    { name: "a", times: 2, worlds: 1, ways: 1, nearest: null },
    { name: "b", times: 0, worlds: 0, ways: 0, nearest: null },
  ]);
});
