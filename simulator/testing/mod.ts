/**
 * Tests of drivers, in any runtime and with any test runner: a body runs in one fabric or in many, and a
 * failure says what it was, in which run, and how to have that run again.
 *
 * @example
 * ```ts
 * import * as vmbus from "@vmbus/kmcl";
 * import { testFabric } from "@vmbus/kmcl/testing";
 *
 * await testFabric({ seeds: 20, codecs: "both" }, async (fabric, { seed, codec }) => {
 *   const guest = fabric.createPartition({ name: `guest of seed ${seed}, with ${codec}` });
 *   const buffer = guest.memory.allocate(100);
 *   await fabric.settle();
 *   guest.memory.free(buffer); // else each run fails, with this leak
 * });
 * ```
 *
 * @module
 */

import { ASYNC_DISPOSE } from "../../core/async_dispose.ts";
import { describe } from "../../core/describe.ts";
import { checkFabricOptions } from "../../actors/fabric/options.ts";
import { FabricRuntime } from "../../actors/fabric/fabric_runtime.ts";
import type { Chooser } from "../../actors/runtime/chooser.ts";
import { createChooser } from "../../actors/runtime/schedule.ts";
import type { Fabric } from "../../mod.ts";
import { checkFabric } from "../checkers/check_fabric.ts";
import { CHECKERS } from "../checkers/library.ts";
import { CheckError, FabricTestError } from "./failure.ts";
import {
  type FabricRun,
  planTests,
  replayCall,
  type TestFabricOptions,
  type TestPlan,
} from "./options.ts";

import { type BodyEnd, bodyStory } from "./shrink_body.ts";

export { CheckError, FabricTestError };
export { RegressionError, replayArtefact } from "./replay_artefact.ts";
export type { ReplayArtefactOptions } from "./replay_artefact.ts";
export { ScenarioTestError, testScenario } from "./test_scenario.ts";
export type { TestScenarioOptions } from "./test_scenario.ts";
export { ArtefactError } from "../sweeps/read_artefact.ts";
export type { Divergence } from "../sweeps/replay.ts";
export type { Codec, FabricRun, TestFabricOptions } from "./options.ts";
export type { Finding, FindingKind } from "../worlds/finding.ts";

/** What is done in each fabric; it throws, or its promise rejects, where something is not as it should be. */
export type FabricTestBody = (fabric: Fabric, run: FabricRun) => void | Promise<void>;

/**
 * Runs `body` in a new fabric for each seed and codec, one after the other, and stops at the first run that
 * fails. A run ends as `await using` ends a fabric: it is settled, and where something leaks it fails, in
 * mode `"record"` also where a violation was found. A body that expects those looks at `fabric.violations`
 * and `fabric.leaks()`, and calls `fabric.dispose()` itself. Every fabric is disposed of, however its run
 * ended. While it runs, checkers look at it ({@linkcode TestFabricOptions.checks}). A run that fails as something was done twice is made once more, to learn from which line of the
 * driver it was done first.
 *
 * Where its schedule draws orders, a run that fails is made with fewer switches as well, by up to 100 runs of the body, and the
 * error tells the story of that. It has no artefact: its choices mean something to this body alone.
 *
 * @throws {FabricTestError} A run failed. It tells first what the body threw, with its frames, then of
 * violations and of what lives, then of the seed and the codec, and in its last line how to have that run
 * alone again.
 * @throws {TypeError | RangeError} An option is not what it should be, or `body` is no function.
 */
export async function testFabric(options: TestFabricOptions, body: FabricTestBody): Promise<void> {
  const plan = planTests(options);
  const { shared, seeds, codecs } = plan;
  if (typeof body !== "function") {
    throw new TypeError(`Cannot test a fabric: its body must be a function, not ${describe(body)}`);
  }
  for (const seed of seeds) {
    for (const codec of codecs) {
      const run: FabricRun = { seed, codec };
      const { failure } = await runBody(plan, run, body);
      if (failure === null) continue;
      // Lines of sources cost too much to be kept each time. The run is the same with them, and fails again.
      const lacksLines = shared.sourceLines === undefined &&
        failure.violations.some(({ first }) => first !== null);
      const story = await storyFor(failure, plan, run, body);
      if (!lacksLines && story === null) throw failure;
      const lines = lacksLines ? { ...plan, shared: { ...shared, sourceLines: true } } : plan;
      const again = await runBody(lines, run, body, { story });
      throw again.failure ?? failure;
    }
  }
}

/** The story of a failure in a run with fewer switches; null: its order is always the same, or it is another one each time. */
async function storyFor(
  failure: FabricTestError,
  plan: TestPlan,
  run: FabricRun,
  body: FabricTestBody,
): Promise<string | null> {
  const { schedule = "fifo" } = plan.shared;
  const seeded = createChooser(schedule, run.seed);
  // In real time the same choices need not come to the same.
  if (!plan.story || seeded === null || plan.shared.clock === "real") return null;
  const again = (chooser: Chooser, trace: "full" | "off") =>
    runBody({ ...plan, shared: { ...plan.shared, trace } }, run, body, { chooser });
  return await bodyStory(failure, again, { run, schedule, seeded });
}

/** What a body is run with beside its plan. */
interface BodyRun {
  /** Chooses in the place of the schedule. */
  readonly chooser?: Chooser;
  /** What the failure, if there is one, tells as well. */
  readonly story?: string | null;
}

/** How one run ends. Its fabric is gone in any case. */
async function runBody(
  plan: TestPlan,
  run: FabricRun,
  body: FabricTestBody,
  { chooser, story = null }: BodyRun = {},
): Promise<BodyEnd> {
  const fabric = new FabricRuntime(checkFabricOptions({ ...plan.shared, ...run }), chooser);
  const failure = await failureOf(plan, run, body, { fabric, story });
  return { failure, trace: fabric.trace };
}

/** How a run in `fabric` fails; null: it does not. */
async function failureOf(
  plan: TestPlan,
  run: FabricRun,
  body: FabricTestBody,
  { fabric, story }: { readonly fabric: Fabric; readonly story: string | null },
): Promise<FabricTestError | null> {
  const checks = plan.checks ? checkFabric(fabric, { checkers: BUT_LEAKS }) : null;
  const failure = (thrown: unknown) =>
    new FabricTestError(thrown, fabric, checks?.findings ?? [], run, replayCall(plan, run), story);
  try {
    await body(fabric, run);
    if (isDisposed(fabric)) return null; // what it has come to, the body knows
    await fabric.settle();
    const found = checks?.end() ?? [];
    await fabric[ASYNC_DISPOSE]();
    return found.length === 0 ? null : failure(new CheckError(found));
  } catch (thrown) {
    return failure(thrown);
  } finally {
    disposeOf(fabric);
  }
}

/** The disposal of a fabric tells of leaks by itself. */
const BUT_LEAKS = CHECKERS.filter(({ name }) => name !== "leaks");

/** Whether nothing is left of `fabric`: not even the root. */
function isDisposed({ partitions }: Fabric): boolean {
  return partitions.length === 0;
}

/** Ends a fabric whatever it is at. Callers that wait for it are nobody's concern: none is rejected. */
function disposeOf(fabric: Fabric): void {
  try {
    // The program drives: waiting callers stop driving, and stay silent at the disposal.
    fabric.settle().catch(() => {}); // it rejects because of the disposal
  } catch { // the body has disposed of it
    return;
  }
  fabric.dispose();
}
