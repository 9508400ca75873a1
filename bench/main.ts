/**
 * The command `deno task bench`: measures the package beside baselines and prints a table. The heap
 * figures need V8's `--expose-gc`, the disk's figure may write to a temporary folder; the task sets both.
 *
 * @module
 */

import process from "node:process";
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import type { Figure } from "./figure.ts";
import { codecFigure } from "./codec.ts";
import { diskFigure } from "./disk.ts";
import { heapFigure } from "./heap.ts";
import { packetLifeFigure } from "./packet_life.ts";
import { jsonOf, missedCount, type Result, tableOf } from "./report.ts";
import { ringFigure } from "./ring.ts";
import { saveFigure } from "./save.ts";
import { scaleFigure } from "./scale.ts";
import { transactionFigure } from "./transaction.ts";

const EXIT_OK = 0;
const EXIT_MISSED = 1;
const EXIT_USAGE = 2;

/** Fewer rounds than this say little; the default is enough for a median. */
const ROUNDS_DEFAULT = 9;
const ROUND_MS = 40;

/** All figures, in the order in which they are measured. */
export const FIGURES: readonly Figure[] = [
  ringFigure,
  codecFigure,
  packetLifeFigure,
  transactionFigure,
  heapFigure,
  scaleFigure,
  diskFigure,
  saveFigure,
];

const HELP_AFTER = `
Figures:
${FIGURES.map(({ name, title }) => `  ${name.padEnd(12)} ${title}`).join("\n")}

A ratio is the median over rounds, in each of which every contender runs once. "× speed" says how
many times as fast ours is, "× time" how many times as long it takes. Verdicts: stretch, bar, near
(the bar is missed by at most 25 %), missed. docs/performance.md explains the figures.

Exit code: ${EXIT_OK} measured, ${EXIT_MISSED} with --check: a bar is missed by more than 25 %, ${EXIT_USAGE} an argument cannot be used.

Example:
  deno task bench --only transaction --check`;

interface Options {
  readonly only?: string;
  readonly rounds: number;
  readonly json?: boolean;
  readonly check?: boolean;
  readonly cpu?: boolean;
}

/** Time that the process has spent on a processor, in milliseconds, its helper threads included. */
function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function write(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  let bytes = new TextEncoder().encode(text);
  while (bytes.length > 0) bytes = bytes.subarray(stream.writeSync(bytes));
}

function parseRounds(text: string): number {
  const rounds = Number(text);
  if (!Number.isInteger(rounds) || rounds < 1) {
    throw new InvalidArgumentError("rounds are a whole number from 1");
  }
  return rounds;
}

function createCommand(run: (options: Options) => Promise<void>): Command {
  return new Command("deno task bench")
    .description("Measures the package beside baselines that do the same work.")
    .addOption(
      new Option("--only <name>", "measure one figure").choices(FIGURES.map(({ name }) => name)),
    )
    .option("--rounds <n>", "rounds of each comparison", parseRounds, ROUNDS_DEFAULT)
    .option("--cpu", "count processor time, not real time: steadier on a busy machine")
    .option("--json", "print one JSON object instead of tables")
    .option("--check", "fail where a bar is missed by more than 25 %")
    .helpOption("--help", "say what the command does")
    .addHelpText("after", HELP_AFTER)
    .allowExcessArguments(false)
    .configureOutput({
      writeOut: (text) => write(Deno.stdout, text),
      writeErr: (text) => write(Deno.stderr, text),
      outputError: (text, writeErr) => {
        const reason = text.trim().replace("error: ", "").replaceAll("\n", " ");
        writeErr(`${reason}: see deno task bench --help\n`);
      },
      // Commander's own checks would read the environment, which needs a permission.
      getOutHasColors: () => false,
      getErrHasColors: () => false,
      getOutHelpWidth: () => 100,
      getErrHelpWidth: () => 100,
    })
    .exitOverride()
    .action(run);
}

/** Measures what `options` names, and prints each table as soon as it is there. */
async function measure(options: Options): Promise<number> {
  const results: Result[] = [];
  const now = options.cpu ? processorMs : () => performance.now();
  for (const figure of FIGURES) {
    if (options.only !== undefined && options.only !== figure.name) continue;
    const rows = await figure.measure({ rounds: options.rounds, roundMs: ROUND_MS, now });
    results.push({ figure, rows });
    if (!options.json) write(Deno.stdout, `${tableOf({ figure, rows })}\n`);
  }
  const summary = `${missedCount(results)} bars missed by more than 25 %\n`;
  write(Deno.stdout, options.json ? jsonOf(results) : summary);
  return exitCodeOf(results, options.check === true);
}

/** The exit code after measuring: bars count only where they are checked. */
export function exitCodeOf(results: readonly Result[], isChecked: boolean): number {
  return isChecked && missedCount(results) > 0 ? EXIT_MISSED : EXIT_OK;
}

/** Runs the command with `args` and gives its exit code. */
export async function main(args: readonly string[]): Promise<number> {
  let exitCode = EXIT_OK;
  try {
    await createCommand(async (options) => {
      exitCode = await measure(options);
    }).parseAsync(args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? EXIT_OK : EXIT_USAGE;
  }
  return exitCode;
}

if (import.meta.main) Deno.exitCode = await main(Deno.args);
