/**
 * The command `deno task canaries:shrink`: plants bugs, one at a time, in a copy of the repository, or has a driver
 * with a mistake; hunts for each, makes the runs smaller that find it, and measures how small they become.
 *
 * @module
 */

import { Option } from "commander";
import { grouped } from "../../simulator/layout.ts";
import { createCommand, EXIT_FAILED, EXIT_OK, print } from "../../simulator/cli/command.ts";
import { RERUNS_MAX } from "../../simulator/shrinking/shrink.ts";
import type { Canary } from "./canary.ts";
import { type CanariesEnd, changeDocument, DOCUMENT, runCommand } from "./run_command.ts";
import type { ShrinkOrder, ShrinkOutcome, ShrinkTold } from "./shrinker.ts";
import {
  type CanaryShrunk,
  isSmallEnough,
  shrinkTable,
  SWITCHES_MAX,
  withShrinkTable,
} from "./shrink_report.ts";
import { CANARIES, canariesCalled, inCopy, parseFrom, withPlanted } from "./workshop.ts";

const HUNTS = 3;
const SEEDS_MAX = 2000;
/** Where a world runs for so long, it has no end. */
const STALL_SECONDS = 120;

const HELP = `
A hunt goes through seeds by schedule portfolio until a world has a finding, and
makes that run smaller. Told are the sizes before and after, of the hunt whose
smaller run is the largest, and whether each smaller run replays to the same.

Without --only the table in ${DOCUMENT} is written anew.

Exit code: ${EXIT_OK} each run replays and has no more than ${SWITCHES_MAX} switches, ${EXIT_FAILED} one does not,
2 an argument cannot be used. With --json an object is printed in each of these
cases.`;

interface Options {
  readonly only?: string;
  readonly hunts: number;
  readonly seeds: number;
  readonly reruns: number;
  readonly json?: boolean;
}

function createShrinks() {
  return createCommand("deno task canaries:shrink")
    .description("Plants bugs, and measures how small the runs become that find them.")
    .addOption(new Option("--only <NAME>", "one canary").choices(CANARIES.map(({ name }) => name)))
    .option("--hunts <N>", "hunts for each", parseFrom(1), HUNTS)
    .option("--seeds <N>", "seeds after which a hunt is given up", parseFrom(1), SEEDS_MAX)
    .option(
      "--reruns <N>",
      "runs that may be made for a smaller one",
      parseFrom(2),
      RERUNS_MAX,
    )
    .option("--json", "print one JSON object")
    .addHelpText("after", HELP)
    .allowExcessArguments(false);
}

/** Has a process hunt in the copy at `root`, and ends it where it says nothing for too long. */
async function shrinkIn(root: string, order: ShrinkOrder): Promise<CanaryShrunk["outcomes"]> {
  const program = `${root}/tools/canaries/shrinker.ts`;
  const flags = ["run", "--quiet", "--no-check", "--no-prompt", "--conditions=development"];
  const process = new Deno.Command(Deno.execPath(), {
    args: [...flags, program, JSON.stringify(order)],
    cwd: root,
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const outcomes: (ShrinkOutcome | null)[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  let rest = "";
  const watch = () => {
    clearTimeout(timer);
    timer = setTimeout(() => process.kill("SIGKILL"), STALL_SECONDS * 1000);
  };
  watch();
  for await (const part of process.stdout.pipeThrough(new TextDecoderStream())) {
    watch();
    const lines = (rest + part).split("\n");
    rest = lines.pop()!;
    for (const line of lines) {
      const told: ShrinkTold = JSON.parse(line);
      if (told !== "works") outcomes.push(told.outcome);
    }
  }
  clearTimeout(timer);
  await process.status;
  while (outcomes.length < order.hunts) outcomes.push(null); // it was ended
  return outcomes;
}

async function tryCanary(root: string, canary: Canary, options: Options): Promise<CanaryShrunk> {
  const { hunts, seeds: seedsMax, reruns: rerunsMax } = options;
  return await withPlanted(root, canary, async (scenario) => {
    const outcomes = await shrinkIn(root, { hunts, seedsMax, rerunsMax, scenario });
    return { canary, outcomes };
  });
}

async function tryAll(options: Options): Promise<readonly CanaryShrunk[]> {
  return await inCopy(async (root) => {
    const all: CanaryShrunk[] = [];
    for (const canary of canariesCalled(options.only)) {
      const one = await tryCanary(root, canary, options);
      all.push(one);
      if (!options.json) print(`${shrinkTable([one]).split("\n").at(-1)}\n`);
    }
    return all;
  });
}

async function run(options: Options): Promise<CanariesEnd> {
  const all = await tryAll(options);
  if (options.only === undefined) {
    const { hunts, reruns } = options;
    const caption = `${grouped(hunts)} hunts, ${grouped(reruns)} re-runs at most:`;
    await changeDocument((text) => withShrinkTable(text, `${caption}\n\n${shrinkTable(all)}`));
  }
  const large = all.filter((each) => !isSmallEnough(each)).map(({ canary }) => canary.name);
  const error = large.length === 0 ? null : `not small enough: ${large.join(", ")}`;
  const canaries = all.map(({ canary: { name }, outcomes }) => ({ name, outcomes }));
  return { error, text: error ?? `${grouped(all.length)} canaries: all are small`, canaries };
}

if (import.meta.main) Deno.exitCode = await runCommand(createShrinks(), Deno.args, run);
