/**
 * From the arguments of `deno task simulate` to what is to be run, and back to a command.
 *
 * @module
 */

import { type Command, Option } from "commander";
import { SCHEDULE_NAMES } from "../../actors/runtime/schedule.ts";
import type {
  NumberOption,
  PathOption,
  Scenario,
  ScenarioOption,
  ScenarioSettings,
} from "../scenario.ts";
import { shellQuoted as quoted } from "../text.ts";
import { asksForJson, createCommand, UsageError } from "./command.ts";
import { OUT } from "./copy/common_options.ts";
import { parseSeed } from "./option_values.ts";
import {
  addReportOptions,
  type ReportPaths,
  reportPathsOf,
  type ReportValues,
  writtenReport,
} from "./pages/report_files.ts";
import { simulateHelp } from "./simulate_help.ts";

/** What starts the command in this repository. */
export const TASK_COMMAND = "deno task simulate";
/** Words that say what is to be done; the first one is meant where no word is given. */
const COMMANDS = ["run", "sweep", "replay", "shrink", "explore"];

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
  /** Paths for its file and path options, by name; null where none is given. */
  readonly paths: Readonly<Record<string, string | null>>;
  /** Whether it runs in two processes, which are compared. */
  readonly isChecked: boolean;
  /** Where reports of the run go. */
  readonly reports: ReportPaths;
  /** Whether the report is for programs. */
  readonly isJson: boolean;
}

/** A run that was saved is to be resumed. */
export interface ResumeRequest {
  /** Whose runs can be saved. The file says which of them it is a run of. */
  readonly scenarios: readonly Scenario[];
  /** The file that it was saved in. */
  readonly resume: string;
  /** Paths for what it reads and writes beside that, by option. */
  readonly paths: Readonly<Record<string, string>>;
  /** Where reports of the run go. */
  readonly reports: ReportPaths;
  /** Whether the report is for programs. */
  readonly isJson: boolean;
}

/** The scenarios are to be listed. */
export interface ListRequest {
  /** Tells it from the others. */
  readonly list: true;
  /** Whether the list is for programs. */
  readonly isJson: boolean;
}

/** What the arguments ask for: a run, or that one is resumed, or the list of scenarios. */
export type Request = RunRequest | ResumeRequest | ListRequest;

/** Arguments that do not make sense; the help says what does. */
class MisuseError extends Error {}

/** What commander makes of the options that every scenario has. */
interface CommonValues extends ReportValues {
  readonly scenario: string;
  readonly list?: true;
  readonly seed: bigint;
  readonly schedule: RunRequest["schedule"];
  readonly codec: RunRequest["codec"];
  readonly checkDeterminism?: true;
  readonly json?: true;
  readonly resume?: string;
}

/** The scenarios that have an option of one name, each with its own. */
type OptionUse = readonly { readonly scenario: Scenario; readonly option: ScenarioOption }[];

function usesByName(scenarios: readonly Scenario[]): ReadonlyMap<string, OptionUse> {
  const all = scenarios.flatMap((scenario) =>
    scenario.options.map((option) => ({ scenario, option }))
  );
  return Map.groupBy(all, ({ option }) => option.name);
}

/** Its value stays a text here: what it must be depends on the scenario. */
function commanderOption(name: string, use: OptionUse): Option {
  const namesOf = (some: OptionUse) => some.map(({ scenario }) => scenario.name);
  const byText = Map.groupBy(
    use,
    ({ option }) => `${option.description} (default: ${option.default})`,
  );
  const description = byText.size === 1
    ? [...byText.keys()].join()
    : [...byText].map(([text, some]) => `${namesOf(some).join(", ")}: ${text}`).join("; ");
  return new Option(`--${name} <${use[0]?.option.placeholder}>`, description)
    .helpGroup(`Options of ${inWords(namesOf(use))}:`);
}

function inWords(names: readonly string[]): string {
  return [names.slice(0, -1).join(", "), ...names.slice(-1)].filter(Boolean).join(" and ");
}

function createSimulate(scenarios: readonly Scenario[], name: string): Command {
  const names = scenarios.map(({ name }) => name);
  const command = createCommand(name)
    .description("Runs drivers of a host and its guests, and checks everything that they did.")
    .usage(`[${COMMANDS.join("|")}] [options]`)
    .argument("[command]", `what is to be done: ${COMMANDS.join(", ")} (default: ${COMMANDS[0]})`);
  for (const [name, use] of usesByName(scenarios)) command.addOption(commanderOption(name, use));
  const resumable = resumableOf(scenarios);
  if (resumable.length > 0) command.addOption(resumeOption(resumable));
  addReportOptions(command);
  return command
    .addOption(
      new Option("--seed <SEED>", "what chance is drawn from, decimal or with 0x")
        .argParser(parseSeed).default(0n, "0"),
    )
    .addOption(
      new Option(
        "--schedule <ORDER>",
        "which work runs next: the oldest, or one drawn from the seed, in one of several ways",
      )
        .choices(SCHEDULE_NAMES).default("fifo"),
    )
    .addOption(
      new Option("--codec <CODEC>", "how packets are encoded in the rings")
        .choices(["msgpack", "vmbus"]).default("msgpack"),
    )
    .addOption(
      new Option("--scenario <NAME>", "what is run").choices(names).default(names[0]),
    )
    .option("--check-determinism", "run in two processes, and name the first thing that differs")
    .option("--list", "print the scenarios, and what each shows")
    .option("--json", "print one JSON object instead of a table")
    .addHelpText("after", () => simulateHelp(name, givenAgain(resumable)));
}

/** The scenarios whose runs can be saved. */
function resumableOf(scenarios: readonly Scenario[]): readonly Scenario[] {
  return scenarios.filter(({ resume }) => resume !== undefined);
}

/** The options of a scenario that a run which is resumed is given again: no saved run says what is written. */
function optionsForResume({ options }: Scenario): readonly PathOption[] {
  return options.filter((option) => option.kind === "path").filter(({ isForResume }) =>
    isForResume
  );
}

/** Their names in words, that of the copy first: every such run has one. */
function givenAgain(resumable: readonly Scenario[]): string {
  const names = resumable.flatMap(optionsForResume).map(({ name }) => name);
  return inWords([...new Set([OUT.name, ...names])].map((name) => `--${name}`));
}

function resumeOption(resumable: readonly Scenario[]): Option {
  return new Option(
    "--resume <FILE>",
    `go on with a run that was saved in FILE, which has all options but ${givenAgain(resumable)}`,
  )
    .helpGroup(`Options of ${inWords(resumable.map(({ name }) => name))}:`);
}

/** Options of the command's own that may stand beside --resume. */
const BESIDE_RESUME = ["resume", "json", "report", "traceEvents", "capture"];

/**
 * The run that is to be resumed; null where none is.
 *
 * @throws {UsageError} Options are given that do not go with it.
 */
function readResume(command: Command, scenarios: readonly Scenario[]): ResumeRequest | null {
  const values = command.opts<CommonValues>();
  const { resume, json } = values;
  if (resume === undefined) return null;
  if (resume === "") {
    throw new MisuseError("--resume must be a path, and not empty");
  }
  const own = scenarios.flatMap(optionsForResume);
  const paths: Record<string, string> = {};
  for (const option of command.options) {
    const attribute = option.attributeName();
    if (command.getOptionValueSource(attribute) !== "cli") continue;
    if (BESIDE_RESUME.includes(attribute)) continue;
    const path = own.find(({ name }) => option.long === `--${name}`);
    if (path === undefined) {
      const reason = "the run continues as it was begun";
      throw new MisuseError(`${option.long} does not go with --resume: ${reason}`);
    }
    paths[path.name] = readPath(path, command.getOptionValue(attribute));
  }
  return { scenarios, resume, paths, reports: reportPathsOf(values), isJson: json === true };
}

function checkCommand(word: string | undefined): void {
  if (word === undefined || word === COMMANDS[0]) return;
  // Else it has options of its own, and nobody reads these.
  if (COMMANDS.includes(word)) throw new MisuseError(`${word} must be the first word`);
  throw new MisuseError(`${quoted(word)} is no command; the commands are: ${COMMANDS.join(", ")}`);
}

function readNumber({ name, least, most }: NumberOption, text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (value >= least && value <= most) return value;
  throw new MisuseError(
    `--${name} must be a whole number from ${least} to ${most}, not ${quoted(text)}`,
  );
}

function readPercent({ name }: ScenarioOption, text: string): number {
  const value = /^\d+(?:\.\d+)?%$/.test(text) ? Number(text.slice(0, -1)) : NaN;
  if (value <= 100) return value;
  throw new MisuseError(
    `--${name} must be a part from 0% to 100%, such as 40%, not ${quoted(text)}`,
  );
}

function readPath({ name }: ScenarioOption, text: string): string {
  if (text !== "") return text;
  throw new MisuseError(`--${name} must be a path, and not empty`);
}

/** The values of a scenario's own options. */
function readOwn(
  { options }: Scenario,
  valueOf: (name: string) => string | undefined,
): Pick<RunRequest, "numbers" | "paths"> {
  const numbers: Record<string, number> = {};
  const paths: Record<string, string | null> = {};
  for (const option of options) {
    const text = valueOf(option.name);
    if (option.kind === "number") {
      numbers[option.name] = text === undefined ? option.default : readNumber(option, text);
    } else if (option.kind === "percent") {
      if (text !== undefined) numbers[option.name] = readPercent(option, text);
    } else paths[option.name] = text === undefined ? null : readPath(option, text);
  }
  return { numbers, paths };
}

/**
 * What `args` ask for.
 *
 * @param name What starts the command.
 * @throws {CommanderError} They cannot be understood, or they ask for help; both have been answered.
 * @throws {UsageError} They do not belong together.
 */
export function readRequest(
  args: readonly string[],
  scenarios: readonly Scenario[],
  name: string = TASK_COMMAND,
): Request {
  const command = createSimulate(scenarios, name).parse(args, { from: "user" });
  try {
    return requestOf(command, scenarios);
  } catch (error) {
    if (!(error instanceof MisuseError)) throw error;
    throw new UsageError(`${error.message}: see ${name} --help`);
  }
}

/** Whether `args` ask for a report for programs, also where nothing can be run with them. */
export function isForPrograms(args: readonly string[], scenarios: readonly Scenario[]): boolean {
  return asksForJson(createSimulate(scenarios, TASK_COMMAND), args);
}

function requestOf(command: Command, scenarios: readonly Scenario[]): Request {
  checkCommand(command.args[0]);
  const common = command.opts<CommonValues>();
  const isJson = common.json === true;
  if (common.list) return { list: true, isJson };
  const resume = readResume(command, resumableOf(scenarios));
  if (resume !== null) return resume;
  const scenario = scenarios.find(({ name }) => name === common.scenario)!;
  const valueOf = (name: string): string | undefined => {
    const option = command.options.find(({ long }) => long === `--${name}`);
    return option && command.getOptionValue(option.attributeName());
  };
  for (const [name, use] of usesByName(scenarios)) {
    if (valueOf(name) === undefined || use.some((each) => each.scenario === scenario)) continue;
    throw new MisuseError(`--${name} is no option of scenario ${scenario.name}`);
  }
  const { seed, schedule, codec } = common;
  const own = readOwn(scenario, valueOf);
  const isChecked = common.checkDeterminism === true;
  const reports = reportPathsOf(common);
  if (isChecked) checkNothingWritten(scenario, own, reports);
  return { scenario, seed, schedule, codec, ...own, isChecked, reports, isJson };
}

/** Two processes that do the same cannot both write a file. */
function checkNothingWritten(
  { options }: Scenario,
  { paths }: Pick<RunRequest, "paths">,
  reports: ReportPaths,
): void {
  const written = options.find((option) =>
    option.kind === "path" && option.isOnlyRead !== true && (paths[option.name] ?? null) !== null
  );
  const name = written?.name ?? writtenReport(reports);
  if (name === null) return;
  const reason = "two runs would write there";
  throw new MisuseError(`--${name} does not go with --check-determinism: ${reason}`);
}

/** The command that resumes the run that was saved in `path`, with what it is given again. */
export function resumeCommand(
  scenario: Scenario,
  path: string,
  paths: Readonly<Record<string, string>>,
  command: string = TASK_COMMAND,
): string {
  const words = optionsForResume(scenario).flatMap(({ name }) => {
    const value = paths[name];
    return value === undefined ? [] : [`--${name} ${quoted(value)}`];
  });
  return [command, `--resume ${quoted(path)}`, ...words].join(" ");
}

/** The command that runs `request` again: every option is written out that has a value. */
export function replayCommand(
  { scenario, seed, schedule, codec, numbers }: RunRequest,
  paths: Readonly<Record<string, string>>,
  command: string = TASK_COMMAND,
): string {
  const words = [`--scenario ${scenario.name}`];
  for (const { name, kind } of scenario.options) {
    const value = paths[name] ?? numbers[name];
    const unit = kind === "percent" ? "%" : "";
    if (value !== undefined) words.push(`--${name} ${quoted(`${value}${unit}`)}`);
  }
  return [command, ...words, `--seed ${seed} --schedule ${schedule} --codec ${codec}`].join(" ");
}
