/**
 * The story of a run that was kept.
 *
 * @module
 */

import { ReplayError } from "../../actors/runtime/choosers/replay.ts";
import { causeOf } from "../sweeps/causes.ts";
import type { ReadArtefact } from "../sweeps/read_artefact.ts";
import { settingsOf } from "../sweeps/replay.ts";
import { runWorld } from "../worlds/run_world.ts";
import type { DriverTable, ScenarioDefinition } from "../worlds/world.ts";
import type { Story } from "./story.ts";
import { storyOf } from "./story_of.ts";

/** The story of an artefact's run, which is made again for it; null: it is another run, or its finding is not found. */
export async function storyOfArtefact<Drivers extends DriverTable>(
  scenario: ScenarioDefinition<Drivers>,
  artefact: ReadArtefact,
): Promise<Story | null> {
  try {
    const result = await runWorld(scenario, { ...settingsOf(artefact), trace: "full" });
    const cause = causeOf(artefact.finding);
    const found = [...result.findings, ...result.expected];
    const finding = found.find((each) => causeOf(each) === cause);
    return finding === undefined ? null : storyOf(result, finding);
  } catch (error) {
    if (error instanceof ReplayError) return null;
    throw error;
  }
}
