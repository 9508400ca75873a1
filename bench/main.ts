/**
 * The command `deno task bench`: measures the package beside baselines and prints a table. The heap
 * figures need V8's `--expose-gc`, the disk's figure may write to a temporary folder; the task sets both.
 *
 * @module
 */

import process from "node:process";
import { type Command, InvalidArgumentError, Option } from "commander";
import { folded } from "../simulator/layout.ts";
import {
  asksForJson,
  createCommand,
  endWith,
  EXIT_FAILED,
  EXIT_OK,
  EXIT_USAGE,
  helpColumns,
  print,
  stdoutLook,
} from "../simulator/cli/command.ts";
import type { Judging, Row } from "./figure.ts";
import { FIGURES, type ListedFigure } from "./figures.ts";
import { measureInProcesses, PROCESSES } from "./processes.ts";
import { jsonFailure, jsonOf, missedCount, missedText, type Result, tableOf } from "./report.ts";

/** Fewer rounds than this say little; the default is enough for a median. */
const ROUNDS_DEFAULT = 9;
const ROUNDS_MAX = 1000;
const ROUND_MS = 40;
/** This program, for the processes that measure what is checked. */
const PROGRAM = import.meta.url;
/** As shells have it for a program that SIGINT ended. */
const EXIT_INTERRUPTED = 130;

const RATIOS =
  'A ratio is the median over rounds, in each of which every contender runs once. "× speed" ' +
  'says how many times as fast ours is, "× time" how many times as long it takes. Verdicts: stretch, bar, ' +
  "near (the bar is missed by at most 25 %), missed. docs/performance.md explains the figures.";
const EXIT =
  `Exit code: ${EXIT_OK} measured, ${EXIT_FAILED} with --check: a bar is missed by more than ` +
  `25 %, or, with --strict, at all; ${EXIT_USAGE} an argument cannot be used, 130 Ctrl-C. With --json an object is printed in each ` +
  "of these cases.";

/** What the help says beside the options. */
function helpAfter(): string {
  const columns = helpColumns();
  const indent = " ".repeat(15);
  return `
Figures:
${
    FIGURES.map(({ name, title }) => folded(`  ${name.padEnd(12)} ${title}`, columns, indent))
      .join("\n")
  }

${folded(RATIOS, columns, "")}

${folded(EXIT, columns, "")}

Example:
  deno task bench --only transaction --check`;
}

/** What the command was called with. */
export interface BenchOptions {
  /** The one figure. */
  readonly only?: string;
  /** Rounds of each comparison. */
  readonly rounds: number;
  /** Whether it prints one JSON object. */
  readonly json?: boolean;
  /** Whether bars count. */
  readonly check?: boolean;
  /** Whether they count to the letter. */
  readonly strict?: boolean;
  /** Whether processor time is counted. */
  readonly cpu?: boolean;
  /** False: rows are left out for which one process is enough. */
  readonly once: boolean;
}

/** Time that the process has spent on a processor, in milliseconds, its helper threads included. */
function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function parseRounds(text: string): number {
  const rounds = Number(text);
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > ROUNDS_MAX) {
    throw new InvalidArgumentError(`It must be a whole number from 1 to ${ROUNDS_MAX}.`);
  }
  return rounds;
}

function createBench(): Command {
  return createCommand("deno task bench")
    .description("Measures the package beside baselines that do the same work.")
    .addOption(
      new Option("--only <NAME>", "measure one figure").choices(FIGURES.map(({ name }) => name)),
    )
    .option("--rounds <N>", "rounds of each comparison", parseRounds, ROUNDS_DEFAULT)
    .option("--cpu", "count processor time, not real time: steadier on a busy machine")
    .option("--json", "print one JSON object instead of tables")
    .option(
      "--check",
      `fail where a bar is missed by more than 25 %; each figure is measured by ${PROCESSES} processes`,
    )
    .addOption(
      new Option("--strict", "fail where a bar is missed at all").implies({ check: true }),
    )
    .option("--no-once", "leave out rows for which one process is enough")
    .addHelpText("after", helpAfter)
    .allowExcessArguments(false);
}

/** Measures what `options` names, and prints each table as soon as it is there. */
async function measure(options: BenchOptions): Promise<number> {
  const judging: Judging = options.strict === true ? "strict" : "tolerant";
  const results: Result[] = [];
  for (const figure of FIGURES) {
    if (options.only !== undefined && options.only !== figure.name) continue;
    const rows = await rowsOf(figure, options);
    results.push({ figure, rows });
    if (!options.json) print(`${tableOf({ figure, rows }, stdoutLook())}\n`);
  }
  const exitCode = exitCodeOf(results, options.check === true, judging);
  const summary = missedText(missedCount(results, judging), judging);
  const error = exitCode === EXIT_OK ? null : summary;
  print(options.json ? jsonOf(results, error, judging) : `${summary}\n`);
  return exitCode;
}

/** Measures one figure: here, or, where it counts, in processes of its own. What one is enough for is measured here. */
export async function rowsOf(listed: ListedFigure, options: BenchOptions): Promise<Row[]> {
  const { check, rounds, cpu, once } = options;
  const race = { rounds, roundMs: ROUND_MS, now: cpu ? processorMs : () => performance.now() };
  const given = ["--json", "--no-once", "--only", listed.name, "--rounds", String(rounds)];
  const measured = check === true
    ? await measureInProcesses([PROGRAM, ...given, ...(cpu ? ["--cpu"] : [])])
    : await (await listed.load()).measure(race);
  if (!once) return measured;
  return [...measured, ...await (await listed.load()).measureOnce?.(race) ?? []];
}

/** The exit code after measuring: bars count only where they are checked. */
export function exitCodeOf(
  results: readonly Result[],
  isChecked: boolean,
  judging: Judging,
): number {
  return isChecked && missedCount(results, judging) > 0 ? EXIT_FAILED : EXIT_OK;
}

/** Runs the command with `args` and gives its exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const command = createBench();
  const isJson = asksForJson(command, args);
  const printFailure = (reason: string) => {
    if (isJson) print(jsonFailure(reason));
  };
  using _ = isJson ? onInterrupt(() => printFailure("Stopped")) : null;
  try {
    return await measure(command.parse(args, { from: "user" }).opts<BenchOptions>());
  } catch (error) {
    return endWith(error, printFailure);
  }
}

/** Calls `beforeExit` when Ctrl-C ends the program, which it does in the next turn. */
function onInterrupt(beforeExit: () => void): Disposable {
  const end = () => {
    try {
      beforeExit();
    } finally {
      Deno.exit(EXIT_INTERRUPTED); // whatever could not be said
    }
  };
  Deno.addSignalListener("SIGINT", end);
  return { [Symbol.dispose]: () => Deno.removeSignalListener("SIGINT", end) };
}

if (import.meta.main) Deno.exitCode = await main(Deno.args);
