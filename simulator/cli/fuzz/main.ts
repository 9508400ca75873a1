/**
 * The command `deno task fuzz`: runs targets with many inputs, in child processes. Needs `--allow-run` for its
 * own runtime, `--allow-read` for that and the module of the targets, `--allow-write` for the folder of
 * reproducers, and nothing else.
 *
 * @module
 */

import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { shellQuoted, visibleJson } from "../../text.ts";
import { endWith, EXIT_FAILED, EXIT_OK, print, stdoutLook, tell, UsageError } from "../command.ts";
import { requireProcesses } from "../processes.ts";
import { ProgressLine } from "../progress_line.ts";
import { sideBySide } from "../side_by_side.ts";
import type { Start } from "../start.ts";
import { Stop } from "../stop.ts";
import { FuzzChild } from "./fuzz_child.ts";
import type { FuzzChildTask, ListedTarget } from "./messages.ts";
import {
  type FuzzFacts,
  fuzzJson,
  fuzzJsonFailure,
  fuzzText,
  type KeptFailure,
  listText,
  type ReportedTarget,
} from "./report.ts";
import { readReproducer, ReproducerFiles } from "./reproducer.ts";
import { type FuzzRequest, isFuzzForPrograms, readFuzz } from "./request.ts";
import { type TargetEnd, TargetRun } from "./target_run.ts";

/** How often a replay runs an input where memory grew. */
const REPLAY_TIMES = 2;

function childTask(request: FuzzRequest, target: string | null): FuzzChildTask {
  const { module, seed, isGuided } = request;
  return { module, target, seed: String(seed), isGuided };
}

/** The targets that there are. */
async function listTargets(request: FuzzRequest): Promise<readonly ListedTarget[]> {
  const child = new FuzzChild({ ...childTask(request, null), isGuided: false }, request.inputMs);
  try {
    return await child.ready() ?? [];
  } finally {
    await child.end();
  }
}

/** Those that are asked for. */
function chosen(all: readonly ListedTarget[], names: readonly string[]): readonly ListedTarget[] {
  if (names.length === 0) return all;
  return names.map((name) => {
    const found = all.find((target) => target.name === name);
    if (found !== undefined) return found;
    const there = all.map((target) => target.name).join(", ");
    throw new UsageError(`Cannot find the target ${shellQuoted(name)}: there are ${there}`);
  });
}

/** Runs targets side by side, and gives what each has come to, in their order. */
async function runTargets(
  targets: readonly ListedTarget[],
  request: FuzzRequest,
  signal: AbortSignal,
  line: ProgressLine,
): Promise<readonly TargetEnd[]> {
  const { module, seed, isGuided, cases, timeMs, inputMs, workers } = request;
  const child = { module, seed: String(seed), isGuided };
  const ends: TargetEnd[] = [];
  const startedMs = performance.now();
  const turns = Math.ceil(targets.length / workers);
  let done = 0;
  const onCases = (count: number) => {
    done += count;
    const passedMs = performance.now() - startedMs;
    const byTime = timeMs === null ? Infinity : done * timeMs * turns / Math.max(1, passedMs);
    const total = Math.min((cases ?? Infinity) * targets.length, Math.round(byTime));
    if (Number.isFinite(total)) line.show(done, Math.max(total, done), "cases");
  };
  await sideBySide(targets, workers, signal, async (target, at) => {
    const task = { child, target, cases, timeMs, inputMs };
    ends[at] = await new TargetRun(task, signal, onCases).run();
  });
  return ends.filter((end) => end !== undefined);
}

/** Keeps what failed in files, and says how to have it again. */
function keep(end: TargetEnd, request: FuzzRequest, command: string): ReportedTarget {
  const files = new ReproducerFiles(request.artefacts, String(request.seed));
  const failures = end.failures.map((failure): KeptFailure => {
    const { name } = end.target;
    const again = `${command} --target ${name} --seed ${request.seed} --cases ${failure.at + 1}`;
    try {
      const artefact = files.write(name, failure);
      const replay = failure.input === null
        ? again
        : `${command} --replay ${shellQuoted(artefact)}`;
      return { ...failure, artefact, replay };
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      tell(`${error.message}\n`); // what was found is told all the same
      return { ...failure, artefact: null, replay: again };
    }
  });
  return { ...end, failures };
}

/** Runs the input of a reproducer again, prints what comes of it, and gives the exit code. */
async function replay(path: string, request: FuzzRequest): Promise<number> {
  const { target, failure, input } = readReproducer(path);
  if (input === null) {
    throw new UsageError(`Cannot replay ${path}: no single input does it; run its target and seed`);
  }
  chosen(await listTargets(request), [target]);
  const child = new FuzzChild({ ...childTask(request, target), isGuided: false }, request.inputMs);
  let found = null;
  try {
    await child.ready();
    const times = failure.kind === "growth" ? REPLAY_TIMES : 1;
    const death = await child.ask({ try: input, times }, (message) => {
      if ("tried" in message) found = message.tried;
    });
    found = death ?? found;
  } finally {
    await child.end();
  }
  const isFailed = found !== null;
  if (request.isJson) {
    const error = isFailed ? "It fails" : null;
    print(
      `${
        visibleJson({ ok: !isFailed, error, stopped: false, target, expected: failure, found })
      }\n`,
    );
  } else if (isFailed) {
    const { kind, place, message } = found as typeof failure;
    print(`${target} fails: ${kind}: ${message}\n     at ${place}\n`);
  } else print(`${target} takes the input: it no longer fails\n`);
  return isFailed ? EXIT_FAILED : EXIT_OK;
}

/**
 * Fuzzes, prints what it has come to, and gives the exit code.
 *
 * @param own The module of the targets that the command knows by itself; null: it knows none.
 */
async function fuzz(
  request: FuzzRequest,
  start: Start,
  own: string | null,
  stop: Stop,
): Promise<number> {
  requireProcesses("fuzz");
  if (request.replay !== null) return await replay(request.replay, request);
  const all = await listTargets(request);
  if (request.isList) {
    if (request.isJson) {
      print(`${visibleJson({ ok: true, error: null, stopped: false, targets: all })}\n`);
    } else print(listText(all));
    return EXIT_OK;
  }
  const targets = chosen(all, request.targets);
  const line = new ProgressLine(start.isDumb ? { isShown: false } : {});
  const ends = await runTargets(targets, request, stop.signal, line).finally(() => line.clear());
  const again = request.module === own
    ? start.command
    : `${start.command} ${shellQuoted(relative(Deno.cwd(), fileURLToPath(request.module)))}`;
  const reported = ends.map((end) => keep(end, request, again));
  const isStopped = stop.signal.aborted;
  const facts: FuzzFacts = { seed: request.seed, isStopped };
  if (isStopped) tell("Stopped before the end\n");
  if (request.isJson) print(`${visibleJson(fuzzJson(reported, facts))}\n`);
  else print(fuzzText(reported, facts, stdoutLook(start.isDumb)));
  if (isStopped) return stop.exitCode;
  return reported.every(({ failures }) => failures.length === 0) ? EXIT_OK : EXIT_FAILED;
}

/**
 * Runs the command with `args` and gives its exit code.
 *
 * @param readStart Tells from them how it was started.
 * @param own The address of the module whose targets are run where the arguments name none; null: they must.
 */
export async function fuzzMain(
  args: readonly string[],
  readStart: (args: readonly string[]) => Start,
  own: string | null,
): Promise<number> {
  const isJson = isFuzzForPrograms(args);
  const printFailure = (reason: string, isStopped = false) => {
    if (isJson) print(`${visibleJson(fuzzJsonFailure(reason, isStopped))}\n`);
  };
  using stop = new Stop(() => printFailure("Stopped at once", true));
  try {
    const start = readStart(args);
    return await fuzz(readFuzz(start.args, start.command, own), start, own, stop);
  } catch (error) {
    return endWith(error, printFailure);
  }
}
