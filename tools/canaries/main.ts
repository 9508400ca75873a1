/**
 * The command `deno task canaries`: plants bugs, one at a time, in a copy of the repository in a temporary
 * folder, or has a driver with a mistake, and counts the seeds until a world finds it, by each schedule.
 *
 * @module
 */

import { InvalidArgumentError, Option } from "commander";
import { grouped } from "../../simulator/layout.ts";
import {
  asksForJson,
  createCommand,
  endWith,
  EXIT_FAILED,
  EXIT_OK,
  print,
  tell,
} from "../../simulator/cli/command.ts";
import { visibleJson } from "../../simulator/text.ts";
import { HUNT_SCHEDULES } from "../../simulator/worlds/hunt.ts";
import { copyRepository } from "../mutants/suite.ts";
import { type Canary, planted } from "./canary.ts";
import { DRIVER_CANARIES } from "./driver_canaries.ts";
import { huntIn } from "./hunts.ts";
import {
  type CanaryOutcome,
  outcomeOf,
  type ScheduleOutcome,
  tableOf,
  withTable,
} from "./report.ts";
import { SOURCE_CANARIES } from "./source_canaries.ts";

const CANARIES: readonly Canary[] = [...SOURCE_CANARIES, ...DRIVER_CANARIES];

/** Where the table stands. */
const DOCUMENT = "docs/simulator.md";
/** What sweeps do by default: it must find everything. */
const DEFAULT_SCHEDULE = "portfolio";
const HUNTS = 20;
const SEEDS_MAX = 5000;
/** A schedule whose first hunts all find nothing is not tried further. */
const VAIN_HUNTS_MAX = 2;

const HELP = `
A canary is found where a world has a finding, or never ends. Of each, the seeds of the median and of the worst
hunt are told; a schedule whose first ${VAIN_HUNTS_MAX} hunts find nothing is said to miss it.

Without --only and --schedule the table in ${DOCUMENT} is written anew.

Exit code: ${EXIT_OK} schedule ${DEFAULT_SCHEDULE} finds every canary in every hunt, ${EXIT_FAILED} it does not, 2 an argument
cannot be used. With --json an object is printed in each of these cases.

Example:
  deno task canaries --only no-second-look --hunts 5`;

interface Options {
  readonly only?: string;
  readonly schedule?: string;
  readonly hunts: number;
  readonly seeds: number;
  readonly json?: boolean;
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new InvalidArgumentError("It must be a whole number from 1 on.");
}

function createCanaries() {
  const names = CANARIES.map(({ name }) => name);
  return createCommand("deno task canaries")
    .description("Plants bugs, and counts the seeds until the simulator finds them.")
    .addOption(new Option("--only <NAME>", "one canary").choices(names))
    .addOption(new Option("--schedule <NAME>", "one schedule").choices(Object.keys(HUNT_SCHEDULES)))
    .option("--hunts <N>", "hunts by each schedule", wholeNumber, HUNTS)
    .option("--seeds <N>", "seeds after which a hunt is given up", wholeNumber, SEEDS_MAX)
    .option("--json", "print one JSON object")
    .addHelpText("after", HELP)
    .allowExcessArguments(false);
}

/** Hunts for what is planted in the repository, or its copy, at `root`. */
async function hunt(
  root: string,
  scenario: string,
  options: Options,
): Promise<Record<string, ScheduleOutcome>> {
  const outcomes: Record<string, ScheduleOutcome> = {};
  for (const schedule of Object.keys(HUNT_SCHEDULES)) {
    if (options.schedule !== undefined && options.schedule !== schedule) continue;
    const order = { scenario, schedule, seedsMax: options.seeds };
    const ends = await huntIn(
      root,
      order,
      options.hunts,
      (so) =>
        schedule === DEFAULT_SCHEDULE || so.length !== VAIN_HUNTS_MAX ||
        so.some(({ seeds }) => seeds !== null),
    );
    outcomes[schedule] = outcomeOf(ends);
  }
  return outcomes;
}

/** Plants a canary in the copy at `root`, hunts for it, and takes it out again. */
async function tryCanary(root: string, canary: Canary, options: Options): Promise<CanaryOutcome> {
  if (!("file" in canary)) return { canary, schedules: await hunt(root, canary.name, options) };
  const file = `${root}/${canary.file}`;
  const source = await Deno.readTextFile(file);
  await Deno.writeTextFile(file, planted(canary, source));
  try {
    return { canary, schedules: await hunt(root, canary.scenario, options) };
  } finally {
    await Deno.writeTextFile(file, source);
  }
}

/** Whether the default schedule was tried, and missed it in some hunt. */
function isMissed({ schedules }: CanaryOutcome): boolean {
  const outcome = schedules[DEFAULT_SCHEDULE];
  return outcome !== undefined && outcome.worst === null;
}

async function tryAll(options: Options): Promise<CanaryOutcome[]> {
  const root = await Deno.makeTempDir({ prefix: "canaries-" });
  const outcomes: CanaryOutcome[] = [];
  try {
    await copyRepository(".", root);
    if (!options.json) tell(`Canaries live in ${root}\n`);
    for (const canary of CANARIES) {
      if (options.only !== undefined && options.only !== canary.name) continue;
      const outcome = await tryCanary(root, canary, options);
      outcomes.push(outcome);
      if (!options.json) print(`${tableOf([outcome])}\n`);
    }
    return outcomes;
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

async function main(args: readonly string[]): Promise<number> {
  const command = createCanaries();
  const isJson = asksForJson(command, args);
  const fail = (error: string) => {
    if (isJson) print(`${visibleJson({ ok: false, error, canaries: null })}\n`);
  };
  try {
    const options = command.parse(args, { from: "user" }).opts<Options>();
    const outcomes = await tryAll(options);
    const missed = outcomes.filter(isMissed).map(({ canary }) => canary.name);
    const error = missed.length === 0 ? null : `${DEFAULT_SCHEDULE} misses ${missed.join(", ")}`;
    const isWhole = options.only === undefined && options.schedule === undefined;
    if (isWhole) {
      const document = await Deno.readTextFile(DOCUMENT);
      await Deno.writeTextFile(DOCUMENT, withTable(document, tableOf(outcomes)));
    }
    if (isJson) print(jsonOf(outcomes, error));
    else {print(
        `${grouped(outcomes.length)} canaries, ${error ?? `${DEFAULT_SCHEDULE} finds all`}\n`,
      );}
    return error === null ? EXIT_OK : EXIT_FAILED;
  } catch (error) {
    return endWith(error, fail);
  }
}

function jsonOf(outcomes: readonly CanaryOutcome[], error: string | null): string {
  const canaries = outcomes.map(({ canary, schedules }) => ({
    name: canary.name,
    breaks: canary.breaks,
    file: "file" in canary ? canary.file : null,
    schedules,
  }));
  return `${visibleJson({ ok: error === null, error, canaries })}\n`;
}

if (import.meta.main) Deno.exitCode = await main(Deno.args);
