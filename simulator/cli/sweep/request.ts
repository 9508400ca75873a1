/**
 * From the arguments of `deno task sweep` to what is to be run.
 *
 * @module
 */

import { type Command, Option } from "commander";
import { SCHEDULE_NAMES, type ScheduleName } from "../../../actors/runtime/schedule.ts";
import { SEED_END } from "../../sweeps/seed_ranges.ts";
import { ITEMS_MAX } from "../../worlds/settings.ts";
import { asksForJson, createCommand, UsageError } from "../command.ts";
import { parseSeed, parseTime, parseWhole } from "../option_values.ts";
import { sweepHelp } from "./help.ts";
import type { LoadedScenario } from "./messages.ts";
import type { SweepTask } from "./sweep_run.ts";
import { addScenario, scenarioGiven } from "../scenario_argument.ts";
import { everything } from "../../scenarios/everything/scenario.ts";

/** What starts the command in this repository. */
const SWEEP_TASK = "deno task sweep";
const SEEDS_DEFAULT = 1000;
const WORKERS_MAX = 256;
const WORLD_MS = 30_000;
const SHRINK_MS = 60_000;
const ARTEFACTS = "sweep-failures";
/** Runs that are compared are kept whole meanwhile: so few at a time. */
const COMPARED_SEEDS = 8;

/** What is to be swept. */
export interface SweepRequest {
  /** What runs. */
  readonly task: SweepTask;
  /** What of it was not said, so that a scenario's file may say it. */
  readonly open: OpenSettings;
  /** How long runs that failed may be made smaller, in milliseconds; null: they are not. */
  readonly shrinkMs: number | null;
  /** The folder for artefacts. */
  readonly artefacts: string;
  /** Whether a page is written beside each of them. */
  readonly hasPages: boolean;
  /** Whether a capture is written beside each of them. */
  readonly hasCaptures: boolean;
  /** Where the sweep's own page goes; null: nowhere. */
  readonly report: string | null;
  /** Whether the report is for programs. */
  readonly isJson: boolean;
}

/** What nobody has said on the command line. */
export interface OpenSettings {
  /** Order of runnable work. */
  readonly schedule: boolean;
  /** Encoding of packets. */
  readonly codec: boolean;
  /** Which seeds. */
  readonly seeds: boolean;
}

/** What commander makes of the options. */
interface Values {
  readonly seeds?: number;
  readonly from?: bigint;
  readonly seed?: bigint;
  readonly time?: number;
  readonly workers: number;
  readonly worldTime: number;
  readonly untilFailure?: true;
  readonly schedule: ScheduleName;
  readonly codec?: "msgpack" | "vmbus";
  readonly faults: boolean;
  readonly checkDeterminism?: true;
  readonly shrink: boolean;
  readonly shrinkTime: number;
  readonly artefacts: string;
  readonly pages: boolean;
  readonly captures?: true;
  readonly report?: string;
  readonly json?: true;
}

function createSweep(name: string): Command {
  return addScenario(createCommand(name))
    .description("Runs a scenario with many seeds, in child processes, and groups what they find.")
    .option(
      "--seeds <N>",
      `how many seeds (default: ${SEEDS_DEFAULT}, or, with --time, no end)`,
      parseWhole(1, Number.MAX_SAFE_INTEGER),
    )
    .option("--from <SEED>", "the first of them, decimal or with 0x (default: 0)", parseSeed)
    .option("--seed <SEED>", "this seed alone", parseSeed)
    .option("--time <TIME>", "begin nothing after this time: 60s, 5m, 2h", parseTime)
    .option("--until-failure", "end at the first seed, by number, that fails")
    .addOption(
      new Option("--workers <W>", "child processes")
        .argParser(parseWhole(1, WORKERS_MAX))
        .default(Math.min(navigator.hardwareConcurrency, WORKERS_MAX), "one a processor"),
    )
    .addOption(
      new Option("--world-time <TIME>", "a world that takes longer never ends, and is a failure")
        .argParser(parseTime).default(WORLD_MS, "30s"),
    )
    .addOption(
      new Option("--schedule <ORDER>", "which work runs next; portfolio draws one of the others")
        .choices(SCHEDULE_NAMES).default("portfolio"),
    )
    .addOption(
      new Option("--codec <CODEC>", "how packets are encoded (default: drawn from the seed)")
        .choices(["msgpack", "vmbus"]),
    )
    .option("--no-faults", "nothing goes wrong: orders alone are tried")
    .option("--check-determinism", "run everything twice, in two processes, and compare")
    .addOption(
      new Option("--artefacts <DIR>", "where a failure is kept, a file for each cause")
        .default(ARTEFACTS, ARTEFACTS),
    )
    .option("--no-shrink", "keep the runs that fail as they are, and make none of them smaller")
    .addOption(
      new Option("--shrink-time <TIME>", "how long runs that failed may be made smaller, in all")
        .argParser(parseTime).default(SHRINK_MS, "60s"),
    )
    .option("--no-pages", "write no page beside a file")
    .option("--captures", "write a capture beside a file as well, which Wireshark opens")
    .option("--report <FILE>", "write a page of the sweep: failures, coverage, seeds over time")
    .option("--json", "print one JSON object instead of text")
    .addHelpText("after", () => sweepHelp(name));
}

/** Whether `args` ask for a report for programs, also where nothing can be run with them. */
export function isSweepForPrograms(args: readonly string[]): boolean {
  return asksForJson(createSweep(SWEEP_TASK), args);
}

/** The seeds that are asked for. */
function seedsOf(
  { seed, from, seeds, time }: Values,
): { readonly from: bigint; readonly to: bigint } {
  if (seed !== undefined) {
    if (from !== undefined || seeds !== undefined) {
      throw new UsageError("--seed is one seed: --from and --seeds do not go with it");
    }
    return { from: seed, to: seed + 1n };
  }
  const first = from ?? 0n;
  if (seeds === undefined && time !== undefined) return { from: first, to: SEED_END };
  const to = first + BigInt(seeds ?? SEEDS_DEFAULT);
  if (to <= SEED_END) return { from: first, to };
  throw new UsageError(`--from and --seeds must not exceed 2^64 together, and come to ${to}`);
}

function requestOf(command: Command): SweepRequest {
  const values = command.opts<Values>();
  const {
    schedule,
    codec,
    faults,
    worldTime,
    time,
    workers,
    untilFailure,
    artefacts,
    json,
    report = null,
  } = values;
  if (artefacts === "") throw new UsageError("--artefacts must be a path, and not empty");
  if (report === "") throw new UsageError("--report must be a path, and not empty");
  const isUntilFailure = untilFailure === true;
  const isCompared = values.checkDeterminism === true;
  return {
    task: {
      child: {
        scenario: scenarioGiven(command) ?? everything.name,
        settings: { schedule, codec: codec ?? null, isFaulty: faults, itemsMax: ITEMS_MAX },
        isUntilFailure,
        ...isCompared && { tells: "runs" },
      },
      plan: {
        ...seedsOf(values),
        isUntilFailure,
        // Two processes, which run the same.
        ...isCompared ? { workers: 1, rangeSeeds: COMPARED_SEEDS } : { workers },
      },
      timeMs: time ?? null,
      worldMs: worldTime,
    },
    open: {
      schedule: command.getOptionValueSource("schedule") === "default",
      codec: codec === undefined,
      seeds: [values.seed, values.from, values.seeds, time].every((each) => each === undefined),
    },
    shrinkMs: values.shrink ? values.shrinkTime : null,
    artefacts,
    hasPages: values.pages,
    hasCaptures: values.captures === true,
    report,
    isJson: json === true,
  };
}

/** The task where a scenario's file says what nobody has said on the command line. */
export function withFile(
  task: SweepTask,
  open: OpenSettings,
  { settings: { schedule, codec, itemsMax }, seeds }: Pick<LoadedScenario, "settings" | "seeds">,
): SweepTask {
  const { child, plan } = task;
  const from = BigInt(seeds?.from ?? 0);
  return {
    ...task,
    child: {
      ...child,
      settings: {
        ...child.settings,
        ...open.schedule && schedule !== undefined && { schedule },
        ...open.codec && codec !== undefined && { codec },
        ...itemsMax !== undefined && { itemsMax },
      },
    },
    plan: open.seeds && seeds !== null ? { ...plan, from, to: from + BigInt(seeds.count) } : plan,
  };
}

/**
 * What `args` ask for.
 *
 * @param name What starts the command.
 * @throws {CommanderError} They cannot be understood, or they ask for help; both have been answered.
 * @throws {UsageError} They do not belong together.
 */
export function readSweep(args: readonly string[], name: string = SWEEP_TASK): SweepRequest {
  const command = createSweep(name).allowExcessArguments(false).parse(args, { from: "user" });
  try {
    return requestOf(command);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`${error.message}: see ${name} --help`);
  }
}
