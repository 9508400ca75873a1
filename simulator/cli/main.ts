/**
 * The command `deno task simulate`: runs a scenario on real files. Needs `--allow-read` for the files
 * that the command line names, `--allow-write` for what scenarios write, and nothing else.
 *
 * @module
 */

import { CommanderError } from "commander";
import { scenarios } from "../mod.ts";
import { jsonReport, type RunFacts, textReport } from "../report.ts";
import { type FileOption, OptionError, type Scenario, type ScenarioResult } from "../scenario.ts";
import { EXIT_FAILED, EXIT_OK, EXIT_USAGE, UsageError, write } from "./command.ts";
import { OpenedFile } from "./opened_file.ts";
import { ProgressLine } from "./progress_line.ts";
import { readRequest, replayCommand, type RunRequest } from "./request.ts";

/** As shells have it for a program that Ctrl-C ended. */
const EXIT_STOPPED = 130;
const REPOSITORY = new URL("../../", import.meta.url);

function listOf(all: readonly Scenario[]): string {
  const width = Math.max(...all.map(({ name }) => name.length));
  return all.map(({ name, title }) => `${name.padEnd(width)}  ${title}\n`).join("");
}

/** Opens the files of a request; those opened are closed where one cannot be. */
async function openFiles(request: RunRequest): Promise<Record<string, OpenedFile>> {
  const files: Record<string, OpenedFile> = {};
  const options = request.scenario.options.filter((option): option is FileOption =>
    option.kind === "file"
  );
  try {
    for (const option of options) {
      const path = request.paths[option.name] ?? null;
      files[option.name] = path === null
        ? await OpenedFile.open(new URL(option.default, REPOSITORY), option.default)
        : await OpenedFile.open(path, path);
    }
  } catch (error) {
    closeAll(files);
    throw error;
  }
  return files;
}

function closeAll(files: Readonly<Record<string, OpenedFile>>): void {
  for (const file of Object.values(files)) file.close();
}

/** Runs the scenario. The first Ctrl-C stops it where it stands, the second ends the program. */
async function runScenario(
  { scenario, seed, schedule, codec, numbers }: RunRequest,
  files: Readonly<Record<string, OpenedFile>>,
): Promise<ScenarioResult> {
  const stop = new AbortController();
  const onInterrupt = () => {
    if (stop.signal.aborted) Deno.exit(EXIT_STOPPED);
    stop.abort();
  };
  const line = new ProgressLine();
  Deno.addSignalListener("SIGINT", onInterrupt);
  try {
    return await scenario.run({
      seed,
      schedule,
      codec,
      numbers,
      files,
      signal: stop.signal,
      onProgress: (done, total) => line.show(done, total),
    });
  } finally {
    Deno.removeSignalListener("SIGINT", onInterrupt);
    line.clear();
  }
}

async function run(request: RunRequest): Promise<number> {
  const files = await openFiles(request);
  try {
    const startedMs = performance.now();
    const result = await runScenario(request, files);
    const wallMilliseconds = Math.round(performance.now() - startedMs);
    const names = Object.fromEntries(
      Object.entries(files).map(([option, { name }]) => [option, name]),
    );
    const facts: RunFacts = {
      scenario: request.scenario.name,
      seed: request.seed,
      schedule: request.schedule,
      codec: request.codec,
      options: { ...names, ...request.numbers },
      wallMilliseconds,
      replay: replayCommand(request, names),
    };
    if (result.isStopped) {
      const { done, total, unit } = result.progress;
      write(Deno.stderr, `Stopped after ${done} of ${total} ${unit}\n`);
      return EXIT_STOPPED;
    }
    const report = request.isJson
      ? `${JSON.stringify(jsonReport(result, facts), null, 2)}\n`
      : textReport(result, facts);
    write(Deno.stdout, report);
    return result.ok ? EXIT_OK : EXIT_FAILED;
  } finally {
    closeAll(files);
  }
}

/** Runs the command with `args` and gives its exit code. */
export async function main(args: readonly string[]): Promise<number> {
  try {
    const request = readRequest(args, scenarios);
    if (request !== "list") return await run(request);
    write(Deno.stdout, listOf(scenarios));
    return EXIT_OK;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_OK : EXIT_USAGE;
    if (!(error instanceof UsageError || error instanceof OptionError)) throw error;
    write(Deno.stderr, `${error.message}\n`);
    return EXIT_USAGE;
  }
}

if (import.meta.main) Deno.exitCode = await main(Deno.args);
