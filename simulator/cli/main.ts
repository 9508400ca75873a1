/**
 * The command `deno task simulate`: runs a scenario on real files. Needs `--allow-read` for the files
 * that the command line names, `--allow-write` for those that it names and for a temporary folder, and
 * nothing else.
 *
 * @module
 */

import { jsonReport, type RunFacts, textReport } from "../report.ts";
import type { FileOption, RunHooks, Scenario, ScenarioResult } from "../scenario.ts";
import { shellQuoted, visibleJson } from "../text.ts";
import { endWith, EXIT_FAILED, EXIT_OK, print, tell } from "./command.ts";
import { OpenedFile } from "./opened_file.ts";
import { ProgressLine } from "./progress_line.ts";
import {
  readRequest,
  replayCommand,
  resumeCommand,
  type ResumeRequest,
  type RunRequest,
} from "./request.ts";
import { scenarios } from "./scenarios.ts";

/** Signals that stop a run, with the exit code that shells have for a program that one ended. */
const EXIT_STOPPED = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
type StopSignal = keyof typeof EXIT_STOPPED;
/** Windows has no other to listen for. */
const STOP_SIGNALS: readonly StopSignal[] = Deno.build.os === "windows"
  ? ["SIGINT"]
  : ["SIGHUP", "SIGINT", "SIGTERM"];
const REPOSITORY = new URL("../../", import.meta.url);

function listOf(all: readonly Scenario[]): string {
  const width = Math.max(...all.map(({ name }) => name.length));
  return all.map(({ name, title }) => `${name.padEnd(width)}  ${title}\n`).join("");
}

/** Opens the files of a request. They are closed with `stack`. */
async function openFiles(
  request: RunRequest,
  stack: DisposableStack,
): Promise<Record<string, OpenedFile>> {
  const files: Record<string, OpenedFile> = {};
  const options = request.scenario.options.filter((option): option is FileOption =>
    option.kind === "file"
  );
  for (const option of options) {
    const path = request.paths[option.name] ?? null;
    const opened = path === null
      ? await OpenedFile.open(new URL(option.default, REPOSITORY), option.default)
      : await OpenedFile.open(path, path);
    files[option.name] = stack.use(opened);
  }
  return files;
}

/** Listens for signals. The first stops the run where it stands, the second ends the program. */
class Stop implements Disposable {
  readonly #controller = new AbortController();
  readonly #handlers = STOP_SIGNALS.map((name) => ({ name, handler: () => this.#stop(name) }));
  /** What the program ends with where it was stopped. */
  exitCode: number = EXIT_STOPPED.SIGINT;

  constructor() {
    for (const { name, handler } of this.#handlers) Deno.addSignalListener(name, handler);
  }

  /** Aborted by the first signal. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  #stop(name: StopSignal): void {
    this.exitCode = EXIT_STOPPED[name];
    if (this.signal.aborted) Deno.exit(this.exitCode);
    this.#controller.abort();
  }

  [Symbol.dispose](): void {
    for (const { name, handler } of this.#handlers) Deno.removeSignalListener(name, handler);
  }
}

/** The paths that the command line names, by option. */
function namedPaths({ scenario, paths }: RunRequest, kind: "file" | "path"): [string, string][] {
  const options = scenario.options.filter((option) => option.kind === kind);
  return options.flatMap(({ name }) => {
    const path = paths[name] ?? null;
    return path === null ? [] : [[name, path]];
  });
}

/** What is known of a run apart from how it goes. */
type Begun = Omit<RunFacts, "wallMilliseconds">;

/** Has `work` run a scenario, which a signal stops; prints how it went, and gives the exit code. */
async function report(
  begun: Begun,
  isJson: boolean,
  resumeOf: (savedTo: string) => string,
  work: (hooks: RunHooks) => Promise<ScenarioResult>,
): Promise<number> {
  using stop = new Stop();
  const line = new ProgressLine();
  const onProgress = (done: number, total: number) => line.show(done, total);
  const startedMs = performance.now();
  const result = await work({ signal: stop.signal, onProgress }).finally(() => line.clear());
  const wallMilliseconds = Math.round(performance.now() - startedMs);
  if (result.isStopped) {
    const { done, total, unit } = result.progress;
    tell(`Stopped after ${done} of ${total} ${unit}\n`);
    return stop.exitCode;
  }
  const { savedTo } = result;
  const facts: RunFacts = {
    ...begun,
    ...(savedTo !== undefined && { resume: resumeOf(savedTo) }),
    wallMilliseconds,
  };
  print(
    isJson ? `${visibleJson(jsonReport(result, facts))}\n` : textReport(result, facts),
  );
  return result.ok ? EXIT_OK : EXIT_FAILED;
}

async function run(request: RunRequest): Promise<number> {
  using stack = new DisposableStack();
  const files = await openFiles(request, stack);
  const { scenario, seed, schedule, codec, numbers } = request;
  const paths = Object.fromEntries(namedPaths(request, "path"));
  const names = {
    ...Object.fromEntries(Object.entries(files).map(([option, { name }]) => [option, name])),
    ...paths,
  };
  const begun: Begun = {
    scenario: scenario.name,
    seed,
    schedule,
    codec,
    options: { ...names, ...numbers },
    replay: replayCommand(request, names),
  };
  const resumeOf = (savedTo: string) => resumeCommand(scenario, savedTo, paths);
  return await report(begun, request.isJson, resumeOf, async (hooks) => {
    const settings = { seed, schedule, codec, numbers, files, paths, ...hooks };
    const result = await scenario.run(settings);
    // What a scenario found on a file that changed meanwhile says nothing.
    if (!result.isStopped) {
      for (const file of Object.values(files)) await file.assertUnchanged();
    }
    return result;
  });
}

/** Goes on with a run that was saved. The saved run stays, so the same command does the same again. */
async function resume({ scenario, resume: path, paths, isJson }: ResumeRequest): Promise<number> {
  if (scenario.resume === undefined) throw new Error(`${scenario.name} has no saved runs`);
  using saved = await scenario.resume(path, paths);
  const { seed, schedule, codec, numbers } = saved.settings;
  const listOf = (files: readonly string[]) => files.map(shellQuoted).join(", ") || "nothing";
  // Before anything is touched: who got the saved run from somebody else sees what it will do.
  tell(
    `resume ${shellQuoted(path)}: reads ${listOf(saved.reads)}; writes ${listOf(saved.writes)}\n`,
  );
  const begun: Begun = {
    scenario: scenario.name,
    seed,
    schedule,
    codec,
    options: { resume: path, ...paths, ...numbers },
    replay: resumeCommand(scenario, path, paths),
  };
  return await report(
    begun,
    isJson,
    (savedTo) => resumeCommand(scenario, savedTo, paths),
    (hooks) => saved.run(hooks),
  );
}

/** Runs the command with `args` and gives its exit code. */
export async function main(args: readonly string[]): Promise<number> {
  try {
    const request = readRequest(args, scenarios);
    if (request === "list") {
      print(listOf(scenarios));
      return EXIT_OK;
    }
    return await ("resume" in request ? resume(request) : run(request));
  } catch (error) {
    return endWith(error);
  }
}

if (import.meta.main) Deno.exitCode = await main(Deno.args);
