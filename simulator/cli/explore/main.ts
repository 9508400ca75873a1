/**
 * `simulate explore`: goes through all orders of a small world.
 *
 * @module
 */

import { ExploreError } from "../../exploring/explore_error.ts";
import { exploreScenario } from "../../exploring/explore_scenario.ts";
import { exploreJson, exploreText, type KeptIn } from "../../exploring/report.ts";
import type { ExploreReport } from "../../exploring/settings.ts";
import { simulatedScenarios } from "../../scenarios/all.ts";
import { recordOf } from "../../artefacts/artefact.ts";
import { visibleJson } from "../../text.ts";
import { EXIT_FAILED, EXIT_OK, print, stdoutLook, tell, UsageError } from "../command.ts";
import { findScenario } from "../find_scenario.ts";
import { ProgressLine } from "../progress_line.ts";
import type { Start } from "../start.ts";
import type { Stop } from "../stop.ts";
import { runSubcommand } from "../subcommand.ts";
import { ArtefactFiles } from "../sweep/artefact_files.ts";
import {
  EXIT_BOUNDED,
  type ExploreListRequest,
  type ExploreRequest,
  isExploreForPrograms,
  readExplore,
} from "./request.ts";

function list({ isJson }: ExploreListRequest): number {
  const all = simulatedScenarios.map(({ name, title, stateOf }) => (
    { name, title, matched: stateOf !== undefined }
  ));
  const width = Math.max(...all.map(({ name }) => name.length));
  const lines = all.map(({ name, title, matched }) =>
    `${name.padEnd(width)}  ${matched ? "states " : "       "}${title}\n`
  );
  print(isJson ? `${visibleJson({ ok: true, error: null, scenarios: all })}\n` : lines.join(""));
  return EXIT_OK;
}

/** Keeps each cause in a file; what cannot be kept is told all the same. */
function keep({ found, scenario }: ExploreReport, request: ExploreRequest): KeptIn {
  const files = new ArtefactFiles(request.artefacts, request.scenario, scenario);
  return found.map(({ finding, run }) => {
    const { schedule, codec } = run;
    const settings = { schedule, codec, isFaulty: false, itemsMax: request.items };
    try {
      return files.write(recordOf(run, finding, settings));
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      tell(`${error.message}\n`);
      return null;
    }
  });
}

async function explore(
  request: ExploreRequest,
  { command, isDumb }: Start,
  stop: Stop,
): Promise<number> {
  const { scenario } = await findScenario(request.scenario);
  const line = new ProgressLine(isDumb ? { isShown: false } : {});
  const startedMs = performance.now();
  const { timeMs, executions, scouts, depth, draws, items, codec, isJson } = request;
  const { isReduced, isMatched, verifiesMatching } = request;
  const isLate = () => timeMs !== null && performance.now() - startedMs >= timeMs;
  const report = await exploreScenario(scenario, {
    codec,
    executionsMax: executions,
    scouts,
    depthMax: depth,
    drawWaysMax: draws,
    itemsMax: items,
    isReduced,
    isMatched,
    verifiesMatching,
    isGivenUp: () => stop.signal.aborted || isLate(),
    onProgress: (done) => line.show(done, executions, "runs"),
  }).catch((error) => {
    throw error instanceof ExploreError ? new UsageError(error.message) : error;
  }).finally(() => line.clear());
  const kept = keep(report, request);
  print(
    isJson
      ? `${visibleJson(exploreJson(report, kept))}\n`
      : exploreText(report, kept, `${command} replay`, stdoutLook(isDumb)),
  );
  if (stop.signal.aborted) return stop.exitCode;
  if (report.found.length > 0) return EXIT_FAILED;
  return report.isComplete ? EXIT_OK : EXIT_BOUNDED;
}

/** The report for programs where nothing ran. */
function jsonFailure(error: string): string {
  return visibleJson({
    ok: false,
    error,
    scenario: null,
    codec: null,
    complete: null,
    executions: null,
    scouted: null,
    states: null,
    choices: null,
    matched: null,
    asleep: null,
    unmatched: null,
    unmatchedReason: null,
    bounds: null,
    failures: null,
  });
}

/**
 * Runs the command and gives its exit code. A signal ends it after the run that it is at.
 *
 * @param readStart Tells how `simulate` was started; the first argument is the word `explore`.
 */
export async function exploreMain(readStart: () => Start): Promise<number> {
  return await runSubcommand({
    word: "explore",
    isForPrograms: isExploreForPrograms,
    read: readExplore,
    run: (request, start, stop) =>
      "list" in request ? list(request) : explore(request, start, stop),
    jsonFailure,
  }, readStart);
}
