/**
 * The command `deno task canaries`: plants bugs, one at a time, in a copy of the repository in a temporary
 * folder, or has a driver with a mistake, and counts the seeds until a world finds it, by each schedule.
 *
 * @module
 */

import { Option } from "commander";
import { grouped } from "../../simulator/layout.ts";
import { createCommand, EXIT_FAILED, EXIT_OK, print } from "../../simulator/cli/command.ts";
import { HUNT_SCHEDULES } from "../../simulator/worlds/hunt.ts";
import type { Canary } from "./canary.ts";
import type { Patience } from "./hunter.ts";
import { controlIn, huntIn } from "./hunts.ts";
import { type CanaryOutcome, outcomeOf, tableOf, withTable } from "./report.ts";
import { type CanariesEnd, changeDocument, DOCUMENT, runCommand } from "./run_command.ts";
import { rightOf } from "./scenarios.ts";
import { CANARIES, canariesCalled, inCopy, parseFrom, withPlanted } from "./workshop.ts";

/** What sweeps do by default: it must find everything. */
const DEFAULT_SCHEDULE = "portfolio";
const HUNTS = 20;
const SEEDS_MAX = 5000;
/** One schedule alone may miss what it likes: it has so many seeds for all of its hunts. */
const SINGLE_SEEDS_MAX = 1000;

const HELP = `
A canary is found where a world has a finding, or never ends. Of each, the seeds
of the median and of the worst hunt are told, once the same worlds were seen to
find nothing without it. A schedule other than ${DEFAULT_SCHEDULE} begins no hunt once its
hunts have taken so many seeds together; each is given up after as many.

Without --only and --schedule the table in ${DOCUMENT} is written anew.

Exit code: ${EXIT_OK} schedule ${DEFAULT_SCHEDULE} finds every canary in every hunt, ${EXIT_FAILED} it does
not, 2 an argument cannot be used. With --json an object is printed in each of
these cases.

Example:
  deno task canaries --only no-second-look --hunts 5`;

interface Options {
  readonly only?: string;
  readonly schedule?: string;
  readonly hunts: number;
  readonly seeds: number;
  readonly singleSeeds: number;
  readonly workers: number;
  readonly json?: boolean;
}

function createCanaries() {
  const names = CANARIES.map(({ name }) => name);
  return createCommand("deno task canaries")
    .description("Plants bugs, and counts the seeds until the simulator finds them.")
    .addOption(new Option("--only <NAME>", "one canary").choices(names))
    .addOption(new Option("--schedule <NAME>", "one schedule").choices(Object.keys(HUNT_SCHEDULES)))
    .option("--hunts <N>", "hunts by each schedule", parseFrom(1), HUNTS)
    .option("--seeds <N>", "seeds after which a hunt is given up", parseFrom(1), SEEDS_MAX)
    .option(
      "--single-seeds <N>",
      `seeds that each schedule other than ${DEFAULT_SCHEDULE} has for all of its hunts`,
      parseFrom(1),
      SINGLE_SEEDS_MAX,
    )
    .option("--workers <N>", "canaries that are hunted for at once", parseFrom(1), 1)
    .option("--json", "print one JSON object")
    .addHelpText("after", HELP)
    .allowExcessArguments(false);
}

/** Where a canary is hunted: in the scenario that should find it, and in the one that should find nothing. */
interface Ground {
  readonly scenario: string;
  readonly control: string;
}

/** How long `schedule` is tried. */
function patienceOf(schedule: string, { hunts, seeds, singleSeeds }: Options): Patience {
  if (schedule === DEFAULT_SCHEDULE) return { seedsMax: seeds, seedsInAll: hunts * seeds };
  return { seedsMax: Math.min(seeds, singleSeeds), seedsInAll: singleSeeds };
}

/** Hunts for what is planted in the copy at `root`. */
async function hunt(
  root: string,
  { scenario, control }: Ground,
  options: Options,
): Promise<Pick<CanaryOutcome, "schedules" | "loud">> {
  const names = options.schedule === undefined ? Object.keys(HUNT_SCHEDULES) : [options.schedule];
  const places = names.flatMap((schedule) =>
    Array.from({ length: options.hunts }, (_, hunt) => ({ schedule, hunt }))
  );
  const patience = Object.fromEntries(names.map((name) => [name, patienceOf(name, options)]));
  const ends = await huntIn(root, { scenario, places, patience });
  // A world that finds something without the canary has not found the canary.
  const found = ends.filter(({ seeds }) => seeds !== null);
  const loud = (await controlIn(Deno.cwd(), { scenario: control, worlds: found }))
    .map((at) => found[at]!);
  const proven = ends.map((end) => loud.includes(end) ? { ...end, seeds: null } : end);
  const schedules = Object.fromEntries(
    names.map((name) => [name, outcomeOf(proven.filter(({ schedule }) => schedule === name))]),
  );
  return { schedules, loud: loud.map(({ schedule, seed }) => `${control}, ${schedule}, ${seed}`) };
}

/** Plants a canary in the copy at `root`, hunts for it, and takes it out again. */
async function tryCanary(root: string, canary: Canary, options: Options): Promise<CanaryOutcome> {
  return await withPlanted(root, canary, async (scenario) => {
    const control = "file" in canary ? scenario : rightOf(scenario);
    return { canary, ...await hunt(root, { scenario, control }, options) };
  });
}

/** Whether the default schedule was tried, and missed it in some hunt. */
function isMissed({ schedules }: CanaryOutcome): boolean {
  const outcome = schedules[DEFAULT_SCHEDULE];
  return outcome !== undefined && outcome.worst === null;
}

/** Tries canaries in a copy of the repository of its own, each that no other worker has taken. */
async function work(
  canaries: IterableIterator<Canary>,
  options: Options,
  onOutcome: (outcome: CanaryOutcome) => void,
): Promise<void> {
  await inCopy(async (root) => {
    for (const canary of canaries) onOutcome(await tryCanary(root, canary, options));
  });
}

async function tryAll(options: Options): Promise<readonly CanaryOutcome[]> {
  const wanted = canariesCalled(options.only);
  const outcomes = new Map<Canary, CanaryOutcome>();
  const onOutcome = (outcome: CanaryOutcome) => {
    outcomes.set(outcome.canary, outcome);
    if (!options.json) print(`${tableOf([outcome])}\n`);
  };
  const canaries = wanted.values();
  const workers = Math.min(options.workers, wanted.length);
  await Promise.all(Array.from({ length: workers }, () => work(canaries, options, onOutcome)));
  return wanted.map((canary) => outcomes.get(canary)!);
}

async function run(options: Options): Promise<CanariesEnd> {
  const outcomes = await tryAll(options);
  if (options.only === undefined && options.schedule === undefined) {
    const table = `${captionOf(options)}\n\n${tableOf(outcomes)}`;
    await changeDocument((text) => withTable(text, table));
  }
  const error = errorOf(outcomes);
  const isTried = options.schedule === undefined || options.schedule === DEFAULT_SCHEDULE;
  const words = error ?? (isTried ? `${DEFAULT_SCHEDULE} finds all` : "hunted for");
  const count = outcomes.length === 1 ? "1 canary" : `${grouped(outcomes.length)} canaries`;
  return { error, text: `${count}: ${words}`, canaries: canariesOf(outcomes) };
}

/** What was done, above the table. */
function captionOf({ hunts, seeds, singleSeeds }: Options): string {
  return `${grouped(hunts)} hunts by \`"${DEFAULT_SCHEDULE}"\`, of ${
    grouped(seeds)
  } seeds at most; by each ` +
    `other schedule as many, or as begin before it has used ${grouped(singleSeeds)} seeds:`;
}

/** What is wrong with the outcomes; null: nothing. */
function errorOf(outcomes: readonly CanaryOutcome[]): string | null {
  const missed = outcomes.filter(isMissed).map(({ canary }) => canary.name);
  const loud = new Set(outcomes.flatMap((outcome) => outcome.loud));
  const parts = [
    missed.length === 0 ? [] : `${DEFAULT_SCHEDULE} misses ${missed.join(", ")}`,
    loud.size === 0 ? [] : `there are findings without a canary: ${[...loud].join("; ")}`,
  ].flat();
  return parts.length === 0 ? null : parts.join("; ");
}

function canariesOf(outcomes: readonly CanaryOutcome[]): readonly unknown[] {
  return outcomes.map(({ canary, schedules, loud }) => ({
    name: canary.name,
    breaks: canary.breaks,
    file: "file" in canary ? canary.file : null,
    schedules,
    loud,
  }));
}

if (import.meta.main) Deno.exitCode = await runCommand(createCanaries(), Deno.args, run);
