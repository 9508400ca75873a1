/**
 * A scenario as a test: many of its worlds, and of the first that fails a smaller run, its story, and two files.
 *
 * @module
 */

import { describe } from "../../core/describe.ts";
import { isUint } from "../../core/units.ts";
import { addressOf, addressOfCurrent, withLinesFrom } from "../driver_lines.ts";
import { pageOf } from "../pages/page.ts";
import { recordReplay } from "../pages/record_replay.ts";
import { recordingFrom } from "../pages/recording.ts";
import { simulatedScenarios } from "../scenarios/all.ts";
import { sizesText } from "../shrinking/report.ts";
import { RERUNS_MAX } from "../shrinking/shrink.ts";
import { RERUNS_LEAST, RERUNS_MOST, shrinkArtefact } from "../shrinking/shrink_run.ts";
import { storyOfRun } from "../shrinking/story_of_run.ts";
import { ShrinkError } from "../shrinking/attempt.ts";
import type { Story } from "../story/story.ts";
import { textOfStory } from "../story/text.ts";
import {
  ARTEFACT_SUFFIX,
  artefactName,
  artefactOf,
  recordOf,
  type RunArtefact,
  type RunSettings,
} from "../artefacts/artefact.ts";
import { readArtefact } from "../artefacts/read_artefact.ts";
import { runWorld } from "../worlds/run_world.ts";
import { ITEMS_MAX, type WorldResult, type WorldSettings } from "../worlds/settings.ts";
import type { DriverTable, ScenarioDefinition } from "../worlds/world.ts";
import { FOLDER, keepFile, keptText } from "./kept_files.ts";

const SEEDS_MAX = 2 ** 32;
const SEEDS = 100;

/** How a scenario is tested. */
export interface TestScenarioOptions
  extends Pick<WorldSettings, "schedule" | "codec" | "isFaulty" | "itemsMax"> {
  /** How many worlds, from seed 0 on, or from `from`. Default 100. */
  readonly seeds?: number;
  /** The first seed. Default 0. */
  readonly from?: number;
  /** Runs that may be made to make one smaller that fails, from 2 to 1 000 000. Default 300. */
  readonly rerunsMax?: number;
  /** The folder for the files of a run that fails. Default `test-failures`, in the current one. */
  readonly folder?: string;
}

/** A world failed. */
export class ScenarioTestError extends Error {
  /** Always `"ScenarioTestError"`. */
  override readonly name = "ScenarioTestError";
  /** The run that failed, as small as it was made: `replayArtefact` makes it again. */
  readonly artefact: RunArtefact;
  /** What happened in it; null: it cannot be had again. */
  readonly story: Story | null;

  /** Tells of a run. */
  constructor(message: string, artefact: RunArtefact, story: Story | null) {
    super(message);
    this.artefact = artefact;
    this.story = story;
  }
}

function checked(options: TestScenarioOptions): Required<Omit<TestScenarioOptions, "codec">> {
  const {
    schedule = "portfolio",
    isFaulty = true,
    itemsMax = ITEMS_MAX,
    seeds = SEEDS,
    from = 0,
    rerunsMax = RERUNS_MAX,
    folder = FOLDER,
  } = options;
  const check = (name: string, value: unknown, least: number, most: number) => {
    if (isUint(value, most) && value >= least) return;
    const right = `a whole number from ${least} to ${most}`;
    throw new RangeError(
      `Cannot test a scenario: ${name} must be ${right}, not ${describe(value)}`,
    );
  };
  check("seeds", seeds, 1, SEEDS_MAX);
  check("from", from, 0, Number.MAX_SAFE_INTEGER - SEEDS_MAX);
  check("rerunsMax", rerunsMax, RERUNS_LEAST, RERUNS_MOST);
  if (typeof folder !== "string" || folder === "") {
    const shown = describe(folder);
    throw new TypeError(`Cannot test a scenario: folder must be a path, not ${shown}`);
  }
  return { schedule, isFaulty, itemsMax, seeds, from, rerunsMax, folder };
}

/**
 * Runs a scenario with one seed after the other, and stops at the first world that fails. Its run is made smaller;
 * what the error says ends with the story of that, and with the paths of its artefact and its page, which are written
 * where the runtime permits it.
 *
 * @example
 * ```ts
 * import type { ScenarioDefinition } from "@vmbus/kmcl/simulator";
 * import { testScenario } from "@vmbus/kmcl/testing";
 *
 * function testPair(scenario: ScenarioDefinition): void {
 *   Deno.test("my pair: nothing is wrong in 200 worlds", () => testScenario(scenario, { seeds: 200 }));
 * }
 * ```
 *
 * @throws {ScenarioTestError} A world failed.
 * @throws {TypeError | RangeError} An option is not what it should be.
 */
export async function testScenario<Drivers extends DriverTable>(
  scenario: ScenarioDefinition<Drivers>,
  options: TestScenarioOptions = {},
): Promise<void> {
  const { seeds, from, rerunsMax, folder, ...settings } = checked(options);
  const { codec = null } = options;
  for (let seed = from; seed < from + seeds; seed++) {
    const given = codec === null ? settings : { ...settings, codec };
    const result = await runWorld(scenario, { ...given, seed, trace: "digest" });
    if (result.findings.length === 0) continue;
    throw await errorOf(scenario, result, { ...settings, codec }, { rerunsMax, folder });
  }
}

/** What is said of a world that failed. */
async function errorOf<Drivers extends DriverTable>(
  scenario: ScenarioDefinition<Drivers>,
  result: WorldResult,
  settings: RunSettings,
  { rerunsMax, folder }: Pick<Required<TestScenarioOptions>, "rerunsMax" | "folder">,
): Promise<ScenarioTestError> {
  const finding = result.findings[0]!;
  const whole = artefactOf(recordOf(result, finding, settings), { name: scenario.name });
  const head = [
    `${finding.kind}: ${finding.rule}, at ${finding.place}`,
    finding.message,
    `in the world of seed ${result.seed}`,
  ];
  try {
    const shrunk = await shrinkArtefact(scenario, readArtefact(whole), { rerunsMax });
    const story = await storyOfRun(scenario, shrunk.artefact);
    const lines = [
      ...head,
      `made smaller: ${sizesText(shrunk)}`,
      "",
      textOfStory(story),
      ...await keep(scenario, shrunk.artefact, folder),
    ];
    return new ScenarioTestError(lines.join("\n"), shrunk.artefact, story);
  } catch (error) {
    if (!(error instanceof ShrinkError)) throw error;
    const lines = [...head, `not made smaller: ${error.message}`];
    return new ScenarioTestError(lines.join("\n"), whole, null);
  }
}

/** Writes the files of a run, and says where they are. */
async function keep<Drivers extends DriverTable>(
  scenario: ScenarioDefinition<Drivers>,
  artefact: RunArtefact,
  folder: string,
): Promise<readonly string[]> {
  const { settings: { seed }, finding } = artefact;
  const name = artefactName(scenario.name, seed, finding);
  const told = { ...artefact, finding: withLinesFrom(addressOf(folder), finding) };
  const text = `${JSON.stringify(told, null, 2)}\n`;
  const file = keepFile(folder, `${name}${ARTEFACT_SUFFIX}`, text);
  const replay = "path" in file ? replayCall(scenario, file.path) : null;
  const { recording } = await recordReplay(scenario, readArtefact(artefact), replay);
  const html = await pageOf(recordingFrom(addressOfCurrent(), recording));
  const page = keepFile(folder, `${name}.html`, html);
  return [
    keptText("artefact", file),
    keptText("page", page),
    ...replay === null ? [] : [`replay: ${replay}`],
  ];
}

/** The call that makes the run in a file again; the package's own scenarios are found by their names. */
function replayCall(scenario: object, path: string): string {
  const text = `await Deno.readTextFile(${JSON.stringify(path)})`;
  const isOurs = simulatedScenarios.some((each) => each === scenario);
  return isOurs ? `replayArtefact(${text})` : `replayArtefact(${text}, { scenario })`;
}
