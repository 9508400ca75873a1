import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { exploreScenario, type ExploreSettings } from "../../../simulator/mod.ts";
import { PROTOCOLS } from "../../../simulator/scenarios/protocols/all.ts";
import { times } from "../../support/long.ts";
import { type Program, tinyWorld } from "./tiny_worlds.ts";

const FULL: ExploreSettings = { isReduced: false, isMatched: false, executionsMax: 600 };

/** All that a tiny world may come to, and in how many runs that was found; null: it has too many orders. */
async function endsOf(
  programs: readonly Program[],
  settings: ExploreSettings,
): Promise<{ readonly ends: readonly string[]; readonly runs: number } | null> {
  const ends = new Set<string>();
  const scenario = tinyWorld(programs, (state) => ends.add(state));
  const { isComplete, executions, found } = await exploreScenario(scenario, settings);
  assertEquals(found, []);
  return isComplete ? { ends: [...ends].sort(), runs: executions } : null;
}

const step = fc.record({
  cell: fc.nat(2),
  does: fc.constantFrom("read" as const, "write" as const),
  schedules: fc.option(fc.nat(3), { freq: 3 }),
});
const program = fc.record({
  processor: fc.nat(2),
  isDispatch: fc.boolean(),
  isDue: fc.boolean(),
  steps: fc.array(step, { minLength: 1, maxLength: 3 }),
});
const programs = fc.array(program, { minLength: 2, maxLength: 4 })
  // Nobody may schedule a worker for ever.
  .map((all) =>
    all.map((each, at) => ({
      ...each,
      isDue: at < 2 || each.isDue,
      steps: each.steps.map((one) => (
        { ...one, schedules: one.schedules !== null && one.schedules > at ? one.schedules : null }
      )),
    }))
  );

/** A worker that is due at PASSIVE_LEVEL. */
const passive = (processor: number, ...steps: Program["steps"]): Program => (
  { processor, isDispatch: false, isDue: true, steps }
);
/** One at DISPATCH_LEVEL of processor 1, for others to schedule. */
const overtaking = (...steps: Program["steps"]): Program => (
  { processor: 1, isDispatch: true, isDue: false, steps }
);
const reads = (cell: number, schedules: number | null = null) => (
  { cell, does: "read" as const, schedules }
);
const writes = (cell: number) => ({ cell, does: "write" as const, schedules: null });

/** What was wrong once. */
const FOUND: [Program[]][] = [
  // Who is scheduled begins at once, and keeps the second worker from running.
  [[passive(0, reads(0, 2)), passive(1, writes(2)), overtaking(reads(2))]],
  // The first worker may go on where it has just stopped, and not where another one came between.
  [[passive(1, reads(0, 2), writes(0)), passive(0, reads(0), reads(0)), overtaking(reads(0))]],
];

Deno.test("exploreScenario: what is reduced and matched comes to all that any order comes to", async () => {
  let whole = 0;
  let fewer = 0;
  await fc.assert(
    fc.asyncProperty(programs, async (all) => {
      const full = await endsOf(all, FULL);
      if (full === null) return;
      whole++;
      const reduced = await endsOf(all, { isMatched: false });
      const matched = await endsOf(all, { isReduced: false });
      const both = await endsOf(all, {});
      assertEquals(reduced?.ends, full.ends, "reduced");
      assertEquals(matched?.ends, full.ends, "matched");
      assertEquals(both?.ends, full.ends, "reduced and matched");
      assert(reduced!.runs <= full.runs && both!.runs <= full.runs);
      if (both!.runs < full.runs) fewer++;
    }),
    { numRuns: times(8, 2000), seed: 14, examples: FOUND },
  );
  assert(whole >= times(3, 400) && fewer > 0, `${whole} worlds, ${fewer} of them in fewer runs`);
});

/** One worker writes, and the other one reads: what that has seen is known to it alone. */
const FORGOTTEN: readonly Program[] = [
  {
    processor: 0,
    isDispatch: true,
    isDue: true,
    steps: [{ cell: 0, does: "write", schedules: null }],
  },
  {
    processor: 1,
    isDispatch: true,
    isDue: true,
    steps: [
      { cell: 0, does: "read", schedules: null },
      { cell: 1, does: "write", schedules: null },
      { cell: 1, does: "write", schedules: null },
    ],
  },
  {
    processor: 2,
    isDispatch: true,
    isDue: true,
    steps: [{ cell: 2, does: "write", schedules: null }],
  },
];

// What enters a state must not leave out what the future hangs on.
Deno.test("exploreScenario: a stateOf that forgets something is noticed where that is looked for", async () => {
  const settings = { verifiesMatching: true, isReduced: false };
  const right = tinyWorld(FORGOTTEN, () => {});
  assert((await exploreScenario(right, settings)).isComplete);
  const forgetful = tinyWorld(FORGOTTEN, () => {}, { isForgetful: true });
  await assertRejects(
    () => exploreScenario(forgetful, settings),
    Error,
    "stateOf leaves something out",
  );
});

Deno.test("exploreScenario: of turns that touch nothing in common one order is enough", async () => {
  const apart = [0, 1, 2].map((processor): Program => ({
    processor,
    isDispatch: true,
    isDue: true,
    steps: [{ cell: processor, does: "write", schedules: null }],
  }));
  const full = await endsOf(apart, FULL);
  const reduced = await endsOf(apart, { isMatched: false });
  assertEquals(reduced?.ends, full?.ends);
  assertEquals([full?.runs, reduced?.runs], [6, 4]);
});

Deno.test("exploreScenario: says what was left out", async () => {
  const scenario = PROTOCOLS["ring-signalling"]!(false);
  const few = await exploreScenario(scenario, { executionsMax: 2 });
  assertEquals([few.isComplete, few.bounds.executions, few.executions], [false, true, 2]);
  const shallow = await exploreScenario(scenario, { executionsMax: 3, depthMax: 2 });
  assert(shallow.bounds.tooDeep > 0 && !shallow.isComplete);
  const none = await exploreScenario(scenario, { isGivenUp: () => true });
  assertEquals([none.bounds.givenUp, none.executions], [true, 0]);
  await assertRejects(
    () => exploreScenario(scenario, { executionsMax: -1 }),
    RangeError,
    "executionsMax must be a whole number",
  );
});

// Issue 14: each planted mistake of the protocols.
for (const name of ["ring-signalling", "teardown", "uneven", "bounded-buffer"]) {
  Deno.test(`exploreScenario: finds what is planted in ${name}`, async () => {
    const { found } = await exploreScenario(PROTOCOLS[name]!(true), { scouts: 200 });
    assert(found.length > 0);
    assertEquals(found[0]!.run.findings[0], found[0]!.finding);
  });
}
