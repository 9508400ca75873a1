/**
 * The command `deno task simulate`: runs a scenario on real files. Needs `--allow-read` for the files
 * that the command line names, `--allow-write` for those that it names and for a temporary folder, and
 * nothing else.
 *
 * @module
 */

import { runFacts } from "../pages/record_run.ts";
import { RunRecorder } from "../pages/recorder.ts";
import type { Recording } from "../pages/recording.ts";
import { jsonFailure, jsonReport, type RunFacts, stoppedText, textReport } from "../report.ts";
import type { RunHooks, SavedRun, Scenario, ScenarioResult } from "../scenario.ts";
import { simulatedScenarios } from "../scenarios/all.ts";
import { folded } from "../layout.ts";
import { shellQuoted, visibleJson } from "../text.ts";
import {
  endWith,
  EXIT_FAILED,
  EXIT_OK,
  print,
  stdoutLook,
  StoppedError,
  tell,
  UsageError,
} from "./command.ts";
import type { CaptureFile } from "./capture_file.ts";
import { OtherScenarioError } from "./copy/scenario.ts";
import { checkDeterminism } from "./determinism/main.ts";
import { exploreMain } from "./explore/main.ts";
import { namedPaths, openFiles } from "./named_files.ts";
import {
  checkReportPaths,
  openCapture,
  type ReportPaths,
  wantsReport,
  writeReports,
} from "./pages/report_files.ts";
import { SIMULATE_PERMISSIONS } from "./permissions.ts";
import { ProgressLine } from "./progress_line.ts";
import { replayMain } from "./replay/main.ts";
import {
  isForPrograms,
  type ListRequest,
  readRequest,
  replayCommand,
  resumeCommand,
  type ResumeRequest,
  type RunRequest,
  TASK_COMMAND,
} from "./request.ts";
import { scenarios as allScenarios } from "./scenarios.ts";
import { shrinkMain } from "./shrink/main.ts";
import { firstWordOf, siblingOf, type Start, startOf } from "./start.ts";
import { Stop } from "./stop.ts";
import { sweepFromSimulate } from "./sweep/from_simulate.ts";

/** What is known of a run apart from how it goes. */
type Begun = Omit<RunFacts, "wallMilliseconds">;

/** What there is to a run, beside what is asked for. */
interface Session {
  /** What starts the command. */
  readonly command: string;
  /** Whether its terminal obeys nothing. */
  readonly isDumb: boolean;
  /** What stops it. */
  readonly stop: Stop;
  /** Takes what is known of the run. */
  readonly learn: (begun: Begun) => void;
}

/** Every option of a scenario, with what it was given; null: nothing. */
function optionsOf(
  { options, resume }: Scenario,
  given: Readonly<Record<string, number | string | null>>,
): RunFacts["options"] {
  const names = options.map(({ name }) => name);
  if (resume !== undefined) names.push("resume");
  return Object.fromEntries(names.map((name) => [name, given[name] ?? null]));
}

/** How a run is told of. */
interface Telling {
  /** Whether for programs. */
  readonly isJson: boolean;
  /** Where reports go. */
  readonly reports: ReportPaths;
  /** The scenario. */
  readonly scenario: Scenario;
  /** The command that resumes what was saved. */
  readonly resumeOf: (savedTo: string) => string;
}

/** The recording of a run that ended so. */
function recordingOf(
  recorder: RunRecorder,
  { findings, traceDigest }: ScenarioResult,
  { scenario: name, seed, schedule, codec, options, replay }: Begun,
  title: string,
): Recording {
  const own = Object.entries(options).filter(([, value]) => value !== null);
  const all = {
    seed: String(seed),
    schedule,
    codec,
    ...Object.fromEntries(own.map(([option, value]) => [option, String(value)])),
  };
  const run = runFacts({ name, title }, all, traceDigest, replay);
  return recorder.recording(run, findings.map((message) => ({ message })));
}

/** What a run is called in its capture: what makes it, with files by their own names, as captures are given to others. */
function runNameOf({ scenario, seed, schedule, codec, options }: Begun): string {
  const own = Object.entries(options).flatMap(([option, value]) =>
    value === null ? [] : [`${option} ${String(value).replace(/^.*[\\/]/, "")}`]
  );
  return [scenario, `seed ${seed}`, schedule, codec, ...own].join(", ");
}

/** What has a run tell of its fabrics those who look on; the trace is kept for a recording alone. */
function lookingOn(recorder: RunRecorder | null, capture: CaptureFile | null): RunHooks {
  if (recorder === null && capture === null) return {};
  return {
    onFabric: (fabric) => {
      recorder?.watch(fabric);
      capture?.run.watch(fabric);
    },
    keepsTrace: recorder !== null,
    ...capture !== null && { onChoice: capture.run.chose },
  };
}

/** Has `work` run a scenario, which a signal stops; prints how it went, and gives the exit code. */
async function report(
  begun: Begun,
  { isJson, reports, scenario: { title, payloads }, resumeOf }: Telling,
  { stop, isDumb }: Session,
  work: (hooks: RunHooks) => Promise<ScenarioResult>,
): Promise<number> {
  const line = new ProgressLine(isDumb ? { isShown: false } : {});
  const onProgress = (done: number, total: number, unit?: string) => line.show(done, total, unit);
  const startedMs = performance.now();
  const recorder = wantsReport(reports) ? new RunRecorder(payloads) : null;
  using capture = openCapture(reports, runNameOf(begun));
  const hooks = { signal: stop.signal, onProgress, ...lookingOn(recorder, capture) };
  const result = await work(hooks).finally(() => line.clear());
  const wallMilliseconds = Math.round(performance.now() - startedMs);
  capture?.finish(result.findings);
  if (recorder !== null) {
    recorder.end();
    await writeReports(reports, recordingOf(recorder, result, begun, title));
  }
  const { savedTo, isStopped } = result;
  const facts: RunFacts = {
    ...begun,
    ...(savedTo !== undefined && { resume: resumeOf(savedTo) }),
    wallMilliseconds,
  };
  if (isStopped) tell(`${stoppedText(result.progress)}\n`);
  if (isJson) print(`${visibleJson(jsonReport(result, facts))}\n`);
  else if (!isStopped) print(textReport(result, facts, stdoutLook(isDumb)));
  if (isStopped) return stop.exitCode;
  return result.ok ? EXIT_OK : EXIT_FAILED;
}

async function run(request: RunRequest, session: Session): Promise<number> {
  const { scenario, seed, schedule, codec, numbers, isJson, reports } = request;
  const paths = Object.fromEntries(namedPaths(request, "path"));
  const names = { ...Object.fromEntries(namedPaths(request, "file")), ...paths };
  const { command } = session;
  const begun: Begun = {
    scenario: scenario.name,
    seed,
    schedule,
    codec,
    options: optionsOf(scenario, { ...names, ...numbers }),
    replay: replayCommand(request, names, command),
  };
  session.learn(begun);
  checkReportPaths(reports, Object.entries(names).map(([name, path]) => [`--${name}`, path]));
  using stack = new DisposableStack();
  const files = await openFiles(request, stack);
  const resumeOf = (savedTo: string) => resumeCommand(scenario, savedTo, paths, command);
  const telling = { isJson, reports, scenario, resumeOf };
  return await report(begun, telling, session, async (hooks) => {
    const settings = { seed, schedule, codec, numbers, files, paths, ...hooks };
    const result = await scenario.run(settings);
    // What a scenario found on a file that changed meanwhile says nothing.
    if (!result.isStopped) {
      for (const file of Object.values(files)) await file.assertUnchanged();
    }
    return result;
  });
}

/**
 * Opens a saved run, by the scenario that it is a run of.
 *
 * @throws {UsageError} It is a run of no such scenario, or that has not all of the options.
 */
async function openSaved(
  { scenarios, resume: path, paths }: ResumeRequest,
): Promise<{ readonly scenario: Scenario; readonly saved: SavedRun }> {
  let refusal: UsageError | null = null;
  for (const scenario of scenarios) {
    try {
      const saved = await scenario.resume?.(path, paths);
      if (saved !== undefined) return { scenario, saved };
    } catch (error) {
      if (!(error instanceof OtherScenarioError)) throw error;
      refusal = error;
    }
  }
  throw refusal ?? new UsageError(`Cannot resume from ${path}: no scenario has saved runs`);
}

/** Resumes a run that was saved. The saved run stays, so the same command does the same again. */
async function resume(request: ResumeRequest, session: Session): Promise<number> {
  const { resume: path, paths, reports, isJson } = request;
  const { scenario, saved } = await openSaved(request);
  using _ = saved;
  const foreign = Object.keys(paths).find((key) =>
    !scenario.options.some(({ name }) => name === key)
  );
  if (foreign !== undefined) {
    throw new UsageError(`--${foreign} is no option of scenario ${scenario.name}`);
  }
  const { seed, schedule, codec, numbers } = saved.settings;
  const others = [path, ...saved.reads, ...saved.writes];
  checkReportPaths(reports, others.map((each) => [`the run in ${path}`, each]));
  const listOf = (files: readonly string[]) => files.map(shellQuoted).join(", ") || "nothing";
  // Before anything is touched: who got the saved run from somebody else sees what it will do.
  tell(
    `resume ${shellQuoted(path)}: reads ${listOf(saved.reads)}; writes ${listOf(saved.writes)}\n`,
  );
  const resumeOf = (savedTo: string) => resumeCommand(scenario, savedTo, paths, session.command);
  const begun: Begun = {
    scenario: scenario.name,
    seed,
    schedule,
    codec,
    options: optionsOf(scenario, { resume: path, ...paths, ...numbers }),
    replay: resumeOf(path),
  };
  session.learn(begun);
  const telling = { isJson, reports, scenario, resumeOf };
  return await report(begun, telling, session, (hooks) => saved.run(hooks));
}

/** Lists the scenarios, and which of them are swept. */
function list(
  { isJson }: ListRequest,
  scenarios: readonly Scenario[],
  { command, isDumb }: Start,
): number {
  const swept = simulatedScenarios.map(({ name }) => name);
  const all = scenarios.map(({ name, title }) => ({ name, title, isSwept: swept.includes(name) }));
  if (isJson) {
    print(`${visibleJson({ ok: true, error: null, scenarios: all })}\n`);
    return EXIT_OK;
  }
  const width = Math.max(...all.map(({ name }) => name.length));
  const lines = all.map(({ name, title }) => `${name.padEnd(width)}  ${title}`);
  const names = all.filter(({ isSwept }) => isSwept).map(({ name }) => name).join(", ");
  const { columns = Infinity } = stdoutLook(isDumb);
  const sweep = folded(`Worlds of a sweep, all in memory: ${names}`, columns);
  const single = `One of them by its seed: ${siblingOf(command, "sweep")} NAME --seed 7`;
  print(`${[...lines, "", sweep, single].join("\n")}\n`);
  return EXIT_OK;
}

/** How the command was started where nobody says otherwise: as its task, in the repository. */
const startHere = (args: readonly string[]): Start => ({
  command: TASK_COMMAND,
  args,
  isDumb: false,
});

/**
 * Runs the command with `args` and gives its exit code.
 *
 * @param readStart Tells from them how it was started.
 * @param scenarios What can be run, the one that runs by default first.
 */
export async function main(
  args: readonly string[],
  readStart: (args: readonly string[]) => Start = startHere,
  scenarios: readonly Scenario[] = allScenarios,
): Promise<number> {
  const word = firstWordOf(args);
  if (word === "sweep") return await sweepFromSimulate(() => readStart(args));
  if (word === "explore") return await exploreMain(() => readStart(args));
  if (word === "replay") return await replayMain(() => readStart(args));
  if (word === "shrink") return await shrinkMain(() => readStart(args));
  const isJson = isForPrograms(args, scenarios);
  let begun: Partial<RunFacts> = {};
  const printFailure = (reason: string, isStopped = false) => {
    if (isJson) print(`${visibleJson(jsonFailure(reason, begun, isStopped))}\n`);
  };
  using stop = new Stop(() => printFailure("Stopped at once", true));
  try {
    const start = readStart(args);
    const { command, args: own, isDumb } = start;
    const request = readRequest(own, scenarios, command);
    if ("list" in request) return list(request, scenarios, start);
    const learn = (known: Begun) => void (begun = known);
    const session: Session = { command, isDumb, stop, learn };
    if ("isChecked" in request && request.isChecked) {
      const { isJson } = request;
      return await checkDeterminism({ command, args: own, isDumb, isJson, signal: stop.signal });
    }
    return await ("resume" in request ? resume(request, session) : run(request, session));
  } catch (error) {
    const isStopped = error instanceof StoppedError;
    const code = endWith(error, (reason) => printFailure(reason, isStopped));
    return isStopped ? stop.exitCode : code;
  }
}

if (import.meta.main) {
  Deno.exitCode = await main(
    Deno.args,
    (args) => startOf("simulate", import.meta.url, SIMULATE_PERMISSIONS, args),
  );
}
