/**
 * The command `deno task sweep`: runs a scenario with many seeds, in child processes. Needs `--allow-run` for
 * its own runtime, `--allow-read` for that and the scenario's file, `--allow-write` for the folder of
 * artefacts, and nothing else.
 *
 * @module
 */

import { coverageGaps, type Finding } from "../../mod.ts";
import { causeOf } from "../../artefacts/causes.ts";
import {
  sweepError,
  type SweepFacts,
  sweepJson,
  sweepJsonFailure,
  sweepText,
} from "../../sweeps/report.ts";
import { SEED_END } from "../../sweeps/seed_ranges.ts";
import {
  type FailureGroup,
  type Replays,
  summaryOf,
  type SweepSummary,
} from "../../sweeps/summary.ts";
import { shellQuoted, visibleJson } from "../../text.ts";
import { endWith, EXIT_FAILED, EXIT_OK, print, stdoutLook, tell, UsageError } from "../command.ts";
import { isFile, isText } from "../find_scenario.ts";
import { SWEEP_PERMISSIONS } from "../permissions.ts";
import { requireProcesses } from "../processes.ts";
import { ProgressLine } from "../progress_line.ts";
import { siblingOf, type Start, startOf } from "../start.ts";
import { Stop } from "../stop.ts";
import { checkReportPaths } from "../pages/report_files.ts";
import { ArtefactFiles } from "./artefact_files.ts";
import { SweepChild } from "./child_process.ts";
import { withPages } from "./failure_pages.ts";
import { SweepPoints, writeSweepPage } from "./report_file.ts";
import { isSweepForPrograms, readSweep, type SweepRequest, withFile } from "./request.ts";
import { NOT_SHRUNK, shrinkCauses, type ShrunkCauses } from "./shrink_causes.ts";
import { runSweep, type SweepEnd, type SweepTask } from "./sweep_run.ts";

/** Shows how far a sweep is: of its seeds, or of its time. */
function progressOf(line: ProgressLine, { plan: { from, to }, timeMs }: SweepTask) {
  const startedMs = performance.now();
  const seeds = to === SEED_END ? Infinity : Number(to - from);
  return (worlds: number) => {
    const passedMs = performance.now() - startedMs;
    const byTime = timeMs === null || passedMs === 0 ? Infinity : worlds * timeMs / passedMs;
    const total = Math.min(seeds, Math.round(byTime));
    if (Number.isFinite(total)) line.show(worlds, Math.max(total, worlds), "seeds");
  };
}

/** The options that run a seed again, where worlds are compared with those that run beside it. */
function seedsAgain({ from, to, rangeSeeds }: SweepTask["plan"], seed: string): string {
  if (rangeSeeds === undefined) return `--seed ${seed}`;
  const size = BigInt(rangeSeeds);
  const first = BigInt(seed) - (BigInt(seed) - from) % size;
  const count = first + size < to ? size : to - first;
  return `--from ${first} --seeds ${count} --check-determinism`;
}

/** Keeps each cause in a file, and says how to have it again. */
function replaysOf(
  { artefacts, task: { child, plan } }: SweepRequest,
  name: string,
  { command }: Start,
  shrunk: ShrunkCauses,
): Replays {
  const files = new ArtefactFiles(artefacts, child.scenario, name);
  const replayOf = (path: string) =>
    `${siblingOf(command, "simulate")} replay ${shellQuoted(path)}`;
  const smallerOf = (
    finding: Finding,
    path: string,
  ): Pick<FailureGroup, "shrunk" | "notShrunk"> => {
    const smaller = shrunk.get(causeOf(finding)) ?? null;
    if (smaller === null || "reason" in smaller) {
      return { shrunk: null, notShrunk: smaller?.reason ?? null };
    }
    const { record, ...sizes } = smaller;
    const artefact = files.writeShrunk(record, path);
    return { shrunk: { artefact, replay: replayOf(artefact), ...sizes }, notShrunk: null };
  };
  return ({ record, seed, finding }) => {
    try {
      if (record !== null) {
        const artefact = files.write(record);
        const replay = replayOf(artefact);
        return { artefact, replay, ...smallerOf(finding, artefact) };
      }
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      tell(`${error.message}\n`); // what was found is told all the same
    }
    const { schedule, codec, isFaulty } = child.settings;
    const words = [
      `${command} ${shellQuoted(child.scenario)} ${seedsAgain(plan, seed)}`,
      // One with bounds of its own can only be said by a file.
      ...typeof schedule === "string" ? [`--schedule ${schedule}`] : [],
      ...codec === null ? [] : [`--codec ${codec}`],
      ...isFaulty ? [] : ["--no-faults"],
    ];
    const notShrunk = NOT_SHRUNK.lost;
    return { artefact: null, replay: words.join(" "), shrunk: null, notShrunk };
  };
}

function summaryFor(
  { scenario, tally }: SweepEnd,
  request: SweepRequest,
  start: Start,
  shrunk: ShrunkCauses,
): SweepSummary {
  const facts = scenario ?? { name: request.task.child.scenario, expected: [] };
  return summaryOf(tally, facts, replaysOf(request, facts.name, start, shrunk));
}

/** Makes the runs smaller that failed, and shows how far that is. */
async function shrinkFailures(
  { tally: { causes } }: SweepEnd,
  { task: { child, plan: { workers }, worldMs }, shrinkMs }: SweepRequest,
  { signal }: Stop,
  line: ProgressLine,
): Promise<ShrunkCauses> {
  if (shrinkMs === null || signal.aborted) {
    const reason = shrinkMs === null ? NOT_SHRUNK.notAsked : NOT_SHRUNK.stopped;
    return new Map(causes.map(({ finding }) => [causeOf(finding), { reason }]));
  }
  const task = { child, workers, worldMs, shrinkMs };
  const onProgress = (done: number, total: number) =>
    line.show(done, total, "failures made smaller");
  return await shrinkCauses(causes, task, { signal, onProgress }).finally(() => line.clear());
}

/** What is to be swept, with what a scenario's file says: a process reads it, as it may name a module. */
async function wholeTask({ task, open }: SweepRequest, signal: AbortSignal): Promise<SweepTask> {
  if (!isText(task.child.scenario)) return task;
  const child = new SweepChild(task.child, task.worldMs);
  const stop = () => child.kill();
  signal.addEventListener("abort", stop);
  try {
    const loaded = await child.ready();
    return loaded === null ? task : withFile(task, open, loaded);
  } finally {
    signal.removeEventListener("abort", stop);
    await child.end();
  }
}

/** The summary with a page and a capture beside each file of a failure, where they are wanted. */
async function pagesFor(
  summary: SweepSummary,
  { task: { plan: { workers }, worldMs }, hasPages, hasCaptures }: SweepRequest,
  signal: AbortSignal,
  line: ProgressLine,
): Promise<SweepSummary> {
  if (!hasPages && !hasCaptures) return summary;
  const onProgress = (done: number, total: number) => line.show(done, total, "pages");
  const task = { hasPages, hasCaptures, workers, worldMs, signal, onProgress };
  return await withPages(summary, task).finally(() => line.clear());
}

/** Makes sure that the sweep's page can be written, and not over the scenario. */
function checkReport({ report, task: { child: { scenario } } }: SweepRequest): void {
  const others = isFile(scenario) ? [["the scenario", scenario] as const] : [];
  checkReportPaths({ report, traceEvents: null, capture: null }, others);
}

/** Sweeps, prints what it has come to, and gives the exit code. */
async function sweep(given: SweepRequest, start: Start, stop: Stop): Promise<number> {
  requireProcesses("sweep");
  checkReport(given);
  const request = { ...given, task: await wholeTask(given, stop.signal) };
  const { task, isJson, report } = request;
  const line = new ProgressLine(start.isDumb ? { isShown: false } : {});
  const startedMs = performance.now();
  const points = new SweepPoints();
  const show = progressOf(line, task);
  const onProgress = (worlds: number, failed: number) => {
    points.add(performance.now() - startedMs, worlds, failed);
    show(worlds);
  };
  const hooks = { signal: stop.signal, onProgress };
  const end = await runSweep(task, hooks).finally(() => line.clear());
  const wallMilliseconds = Math.round(performance.now() - startedMs);
  const shrunk = await shrinkFailures(end, request, stop, line);
  const found = summaryFor(end, request, start, shrunk);
  const summary = await pagesFor(found, request, stop.signal, line);
  const isStopped = stop.signal.aborted;
  const { child: { scenario, settings }, plan: { from, workers } } = task;
  const gaps = coverageGaps(end.tally.coverage);
  const facts: SweepFacts = {
    scenario,
    settings,
    from,
    workers,
    wallMilliseconds,
    isStopped,
    gaps,
  };
  if (report !== null) writeSweepPage(report, summary, { ...facts, points: points.list });
  if (isStopped) tell(`${sweepError(summary, true)}\n`);
  if (isJson) print(`${visibleJson(sweepJson(summary, facts))}\n`);
  else print(sweepText(summary, facts, stdoutLook(start.isDumb)));
  if (isStopped) return stop.exitCode;
  return summary.failed === 0 ? EXIT_OK : EXIT_FAILED;
}

/**
 * Runs the command with `args` and gives its exit code.
 *
 * @param readStart Tells from them how it was started.
 */
export async function sweepMain(
  args: readonly string[],
  readStart: (args: readonly string[]) => Start,
): Promise<number> {
  const isJson = isSweepForPrograms(args);
  const printFailure = (reason: string, isStopped = false) => {
    if (isJson) print(`${visibleJson(sweepJsonFailure(reason, isStopped))}\n`);
  };
  using stop = new Stop(() => printFailure("Stopped at once", true));
  try {
    const start = readStart(args);
    return await sweep(readSweep(start.args, start.command), start, stop);
  } catch (error) {
    return endWith(error, printFailure);
  }
}

if (import.meta.main) {
  Deno.exitCode = await sweepMain(
    Deno.args,
    (args) => startOf("sweep", import.meta.url, SWEEP_PERMISSIONS, args),
  );
}
