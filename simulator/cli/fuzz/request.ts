/**
 * From the arguments of `deno task fuzz` to what is to be run.
 *
 * @module
 */

import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Command } from "commander";
import { Option } from "commander";
import { asksForJson, createCommand, UsageError } from "../command.ts";
import { parseSeed, parseTime, parseWhole } from "../option_values.ts";
import { fuzzHelp } from "./help.ts";

const TIME_MS = 10_000;
const INPUT_MS = 30_000;
const WORKERS_MAX = 256;
const ARTEFACTS = "fuzz-failures";

/** What is to be fuzzed. */
export interface FuzzRequest {
  /** The address of the module that exports the targets. */
  readonly module: string;
  /** Names of targets; none: all of them. */
  readonly targets: readonly string[];
  /** Makes the inputs. */
  readonly seed: bigint;
  /** Inputs of each target; null: as many as the time allows. */
  readonly cases: number | null;
  /** Milliseconds for each target; null: as long as it takes. */
  readonly timeMs: number | null;
  /** Milliseconds within which a target comes back. */
  readonly inputMs: number;
  /** Targets that run side by side. */
  readonly workers: number;
  /** Whether coverage says what is kept. */
  readonly isGuided: boolean;
  /** The folder for reproducers. */
  readonly artefacts: string;
  /** A reproducer that is to be run again; null: none. */
  readonly replay: string | null;
  /** Whether targets are only listed. */
  readonly isList: boolean;
  /** Whether the report is for programs. */
  readonly isJson: boolean;
}

/** What commander makes of the options. */
interface Values {
  readonly target?: string[];
  readonly time?: number;
  readonly cases?: number;
  readonly seed: bigint;
  readonly workers: number;
  readonly inputTime: number;
  readonly coverage: boolean;
  readonly artefacts: string;
  readonly replay?: string;
  readonly list?: true;
  readonly json?: true;
}

function createFuzz(name: string, hasOwn: boolean): Command {
  const own = " (default: the package's own targets)";
  return createCommand(name)
    .description(
      "Runs what takes bytes from an untrusted side with many inputs, most of them almost right.",
    )
    .argument(
      hasOwn ? "[module]" : "<module>",
      `the module that exports the targets${hasOwn ? own : ""}`,
    )
    .usage(hasOwn ? "[options] [MODULE]" : "[options] MODULE")
    .option(
      "--target <NAME>",
      "this target; may be said several times (default: all)",
      (word: string, before: string[] = []) => [...before, word],
    )
    .option("--time <TIME>", "so long for each target: 60s, 5m, 2h (default: 10s)", parseTime)
    .option(
      "--cases <N>",
      "so many inputs of each target, in whole batches",
      parseWhole(1, Number.MAX_SAFE_INTEGER),
    )
    .addOption(
      new Option("--seed <SEED>", "makes the inputs, decimal or with 0x").argParser(parseSeed)
        .default(1n, "1"),
    )
    .addOption(
      new Option("--workers <W>", "targets side by side").argParser(parseWhole(1, WORKERS_MAX))
        .default(Math.min(navigator.hardwareConcurrency, WORKERS_MAX), "one a processor"),
    )
    .addOption(
      new Option("--input-time <TIME>", "an input that takes longer hangs, and is a failure")
        .argParser(parseTime).default(INPUT_MS, "30s"),
    )
    .option("--no-coverage", "outcomes alone say what is kept: faster, and blind inside")
    .addOption(
      new Option("--artefacts <DIR>", "where a failure is kept, a file for each")
        .default(ARTEFACTS, ARTEFACTS),
    )
    .option("--replay <FILE>", "run the input of such a file again, and nothing else")
    .option("--list", "say which targets there are")
    .option("--json", "print one JSON object instead of text")
    .addHelpText("after", () => fuzzHelp(name, hasOwn));
}

/** Whether `args` ask for a report for programs, also where nothing can be run with them. */
export function isFuzzForPrograms(args: readonly string[]): boolean {
  return asksForJson(createFuzz("fuzz", false), args);
}

/**
 * What `args` ask for.
 *
 * @param name What starts the command.
 * @param own The address of the module whose targets are run where the arguments name none; null: they must.
 * @throws {CommanderError} They cannot be understood, or they ask for help; both have been answered.
 * @throws {UsageError} They do not belong together.
 */
export function readFuzz(
  args: readonly string[],
  name: string,
  own: string | null,
): FuzzRequest {
  const command = createFuzz(name, own !== null).allowExcessArguments(false)
    .parse(args, { from: "user" });
  const [path] = command.args;
  const { target = [], time, cases, seed, workers, inputTime, coverage, artefacts, ...values } =
    command.opts<Values>();
  const see = `see ${name} --help`;
  if (artefacts === "") throw new UsageError(`--artefacts must be a path, and not empty: ${see}`);
  if (values.replay !== undefined && (target.length > 0 || cases !== undefined)) {
    throw new UsageError(
      `--replay names its target itself: --target and --cases do not go with it: ${see}`,
    );
  }
  return {
    module: path === undefined ? own! : pathToFileURL(resolve(path)).href,
    targets: target,
    seed,
    cases: cases ?? null,
    timeMs: time ?? (cases === undefined ? TIME_MS : null),
    inputMs: inputTime,
    workers,
    isGuided: coverage,
    artefacts,
    replay: values.replay ?? null,
    isList: values.list === true,
    isJson: values.json === true,
  };
}
