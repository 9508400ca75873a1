/**
 * The story of a run that is kept.
 *
 * @module
 */

import type { RunArtefact } from "../artefacts/artefact.ts";
import { causeOf } from "../artefacts/causes.ts";
import { readArtefact } from "../artefacts/read_artefact.ts";
import { settingsOf } from "../artefacts/replay.ts";
import type { Story } from "../story/story.ts";
import { storyOf } from "../story/story_of.ts";
import { runWorld } from "../worlds/run_world.ts";
import type { DriverTable, ScenarioDefinition } from "../worlds/world.ts";

/**
 * Makes the run of `artefact` once more, and tells it up to its finding.
 *
 * @throws {ReplayError} It is another run by now.
 */
export async function storyOfRun<Drivers extends DriverTable>(
  scenario: ScenarioDefinition<Drivers>,
  artefact: RunArtefact,
): Promise<Story> {
  const result = await runWorld(scenario, { ...settingsOf(readArtefact(artefact)), trace: "full" });
  const isIt = (finding: RunArtefact["finding"]) => causeOf(finding) === causeOf(artefact.finding);
  return storyOf(result, result.findings.find(isIt) ?? artefact.finding);
}
