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
import { placeOutside } from "../../actors/runtime/source_line.ts";
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

import type { RunRecorder } from "../pages/recorder.ts";
import { replayBody } from "./replay_body.ts";
import type { BodyEnd, BodyRun } from "./run_of_body.ts";
import { toldFailure } from "./told_failure.ts";

export { CheckError, FabricTestError };
export { RegressionError, replayArtefact } from "./replay_artefact.ts";
export type { ReplayArtefactOptions } from "./replay_artefact.ts";
export { ScenarioTestError, testScenario } from "./test_scenario.ts";
export type { TestScenarioOptions } from "./test_scenario.ts";
export { ArtefactError } from "../artefacts/read_artefact.ts";
export type { Divergence } from "../artefacts/replay.ts";
export type { BodySettings, FabricTestArtefact } from "./body_artefact.ts";
export type { Codec } from "../codec.ts";
export type { FabricRun, TestFabricOptions } from "./options.ts";
export type { Finding, FindingKind } from "../finding.ts";

/** The folder of this door. */
const HERE = new URL("./", import.meta.url).href;

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
 * A run that fails is then made again, where its schedule draws orders with fewer and fewer switches, by up to 100 runs
 * of the body. The error tells the story of the last of them, and the paths of its artefact and its page, which are
 * written where the runtime permits it. {@linkcode TestFabricOptions.replay} has the run of an artefact made again.
 *
 * @throws {FabricTestError} A run failed. It tells first what the body threw, with its frames, then of
 * violations and of what lives, then the story and where the files are, then the seed and the codec, and in its last
 * line how to have that run alone again.
 * @throws {RegressionError} The run of an artefact is another one by now.
 * @throws {ArtefactError} `replay` is no artefact, or cannot be read.
 * @throws {TypeError | RangeError} An option is not what it should be, or `body` is no function.
 */
export async function testFabric(options: TestFabricOptions, body: FabricTestBody): Promise<void> {
  const place = placeOutside(String(new Error().stack), [HERE]);
  const plan = planTests(options);
  if (typeof body !== "function") {
    throw new TypeError(`Cannot test a fabric: its body must be a function, not ${describe(body)}`);
  }
  for (const seed of plan.seeds) {
    for (const codec of plan.codecs) {
      const run: FabricRun = { seed, codec };
      const runAgain = (more: BodyRun) => runBody(plan, run, body, more);
      if (plan.replay !== null) {
        return await replayBody({ plan, run, place }, plan.replay, runAgain);
      }
      const { failure } = await runAgain({});
      if (failure !== null) throw await toldFailure(failure, { plan, run, place }, runAgain);
    }
  }
}

/** How one run ends. Its fabric is gone in any case. */
async function runBody(
  plan: TestPlan,
  run: FabricRun,
  body: FabricTestBody,
  { chooser, recorder, ...more }: BodyRun,
): Promise<BodyEnd> {
  const fabric = new FabricRuntime(
    checkFabricOptions({ ...plan.shared, ...run, ...more }),
    chooser,
  );
  recorder?.watch(fabric);
  const failure = await failureOf(plan, run, body, { fabric, recorder });
  return { failure, trace: fabric.trace };
}

/** How a run in `fabric` fails; null: it does not. */
async function failureOf(
  plan: TestPlan,
  run: FabricRun,
  body: FabricTestBody,
  { fabric, recorder }: { readonly fabric: Fabric; readonly recorder: RunRecorder | undefined },
): Promise<FabricTestError | null> {
  const checks = plan.checks ? checkFabric(fabric, { checkers: BUT_LEAKS }) : null;
  const failure = (thrown: unknown) =>
    new FabricTestError(thrown, fabric, checks?.findings ?? [], run, replayCall(plan, run));
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
    recorder?.end();
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
