/**
 * From the arguments of `deno task simulate` to what is to be run.
 *
 * @module
 */

import { type Command, InvalidArgumentError, Option } from "commander";
import type { NumberOption, Scenario, ScenarioOption, ScenarioSettings } from "../scenario.ts";
import { createCommand, UsageError } from "./command.ts";

const COMMAND = "deno task simulate";
const SEED_MAX = 0xffff_ffff_ffff_ffffn;

const HELP_AFTER = `
The run depends on the seed, the options and the files alone: the same ones give the same trace digest.
It ends with a table, the SHA-256 of every file as read and as returned, and the command that runs it
again. Paths are relative to the repository. Ctrl-C stops it and says how far it came.

Exit code: 0 all is well, 1 the run found something wrong, 2 it could not run as asked, 130 Ctrl-C.

Examples:
  deno task simulate
  deno task simulate --file docs/kmcl.md --size 300 --ring-pages 1 --seed 0xbeef --schedule random
  deno task simulate --codec vmbus --json`;

/** What is to be run. */
export interface RunRequest {
  /** What runs. */
  readonly scenario: Scenario;
  /** What chance is drawn from. */
  readonly seed: bigint;
  /** Which work runs next. */
  readonly schedule: NonNullable<ScenarioSettings["schedule"]>;
  /** How packets are encoded. */
  readonly codec: NonNullable<ScenarioSettings["codec"]>;
  /** Values of the scenario's number options, by name. */
  readonly numbers: Readonly<Record<string, number>>;
  /** Paths for its file options, by name; null for the default. */
  readonly paths: Readonly<Record<string, string | null>>;
  /** Whether the report is for programs. */
  readonly isJson: boolean;
}

/** What the arguments ask for: a run, or the list of scenarios. */
export type Request = RunRequest | "list";

/** What commander makes of the options that every scenario has. */
interface CommonValues {
  readonly scenario: string;
  readonly list?: true;
  readonly seed: bigint;
  readonly schedule: RunRequest["schedule"];
  readonly codec: RunRequest["codec"];
  readonly json?: true;
}

function parseSeed(text: string): bigint {
  const seed = /^(?:\d+|0x[\da-f]+)$/i.test(text) ? BigInt(text) : -1n;
  if (seed >= 0n && seed <= SEED_MAX) return seed;
  throw new InvalidArgumentError("It must be a whole number below 2^64, decimal or with 0x.");
}

function numberParser({ least, most }: NumberOption): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : NaN;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };
}

function parsePath(text: string): string {
  if (text !== "") return text;
  throw new InvalidArgumentError("It must be the path of a file.");
}

function commanderOption(option: ScenarioOption): Option {
  const { name, placeholder, description } = option;
  const built = new Option(
    `--${name} <${placeholder}>`,
    `${description} (default: ${option.default})`,
  );
  return option.kind === "number"
    ? built.argParser(numberParser(option))
    : built.argParser(parsePath);
}

function createSimulate(scenarios: readonly Scenario[]): Command {
  const names = scenarios.map(({ name }) => name);
  const command = createCommand(COMMAND)
    .description("Runs a pair of drivers, and checks everything that they did.")
    .usage("[run] [options]")
    .argument("[run]", "the only command so far, and what is done without one", (text: string) => {
      if (text !== "run") throw new InvalidArgumentError("The command is run.");
      return text;
    });
  // An option that several scenarios have is one option.
  const own = new Map(scenarios.flatMap(({ options }) => options).map((each) => [each.name, each]));
  for (const option of own.values()) command.addOption(commanderOption(option));
  return command
    .addOption(
      new Option("--seed <SEED>", "what chance is drawn from, decimal or with 0x")
        .argParser(parseSeed).default(0n, "0"),
    )
    .addOption(
      new Option(
        "--schedule <ORDER>",
        "which work runs next: the oldest, or one drawn from the seed",
      )
        .choices(["fifo", "random"]).default("fifo"),
    )
    .addOption(
      new Option("--codec <CODEC>", "how packets are encoded in the rings")
        .choices(["msgpack", "vmbus"]).default("msgpack"),
    )
    .addOption(
      new Option("--scenario <NAME>", "what is run").choices(names).default(names[0]),
    )
    .option("--list", "print the scenarios")
    .option("--json", "print one JSON object instead of a table")
    .addHelpText("after", HELP_AFTER);
}

/**
 * What `args` ask for.
 *
 * @throws {CommanderError} They cannot be understood, or they ask for help; both have been answered.
 * @throws {UsageError} They do not belong together.
 */
export function readRequest(args: readonly string[], scenarios: readonly Scenario[]): Request {
  const command = createSimulate(scenarios).parse(args, { from: "user" });
  const common = command.opts<CommonValues>();
  if (common.list) return "list";
  const scenario = scenarios.find(({ name }) => name === common.scenario)!;
  const valueOf = (name: string): unknown => {
    const option = command.options.find(({ long }) => long === `--${name}`);
    return option && command.getOptionValue(option.attributeName());
  };
  const own = new Set(scenario.options.map(({ name }) => name));
  for (const { name } of scenarios.flatMap(({ options }) => options)) {
    if (own.has(name) || valueOf(name) === undefined) continue;
    throw new UsageError(
      `--${name} is no option of scenario ${scenario.name}: see ${COMMAND} --help`,
    );
  }
  const numbers: Record<string, number> = {};
  const paths: Record<string, string | null> = {};
  for (const option of scenario.options) {
    const value = valueOf(option.name);
    if (option.kind === "file") paths[option.name] = typeof value === "string" ? value : null;
    else numbers[option.name] = typeof value === "number" ? value : option.default;
  }
  const { seed, schedule, codec, json } = common;
  return { scenario, seed, schedule, codec, numbers, paths, isJson: json === true };
}

/** A word as a shell takes it. */
function quoted(word: string): string {
  return /^[\w./:@%+=-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** The command that runs `request` again: every option is written out. */
export function replayCommand(
  request: RunRequest,
  files: Readonly<Record<string, string>>,
): string {
  const { scenario, seed, schedule, codec, numbers } = request;
  const words = [`--scenario ${scenario.name}`];
  for (const { name } of scenario.options) {
    words.push(`--${name} ${quoted(files[name] ?? String(numbers[name]))}`);
  }
  return [COMMAND, ...words, `--seed ${seed} --schedule ${schedule} --codec ${codec}`].join(" ");
}
