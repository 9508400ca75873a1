/**
 * Records a run that is made again from its artefact.
 *
 * @module
 */

import type { ReadArtefact } from "../artefacts/read_artefact.ts";
import { type Replayed, replayRun } from "../artefacts/replay.ts";
import type { WorldSettings } from "../worlds/settings.ts";
import type { DriverTable, ScenarioDefinition } from "../worlds/world.ts";
import { aboutFirst, optionsOfWorld, recorded, runFacts } from "./record_run.ts";
import { RunRecorder } from "./recorder.ts";
import type { RecordedFinding, Recording } from "./recording.ts";

/** A run that was made again, and what it did. */
export interface RecordedReplay {
  /** How the replay went. */
  readonly replayed: Replayed;
  /** What it did, up to where it became another run if it did. */
  readonly recording: Recording;
}

function findingsOf({ divergence, finding, others }: Replayed): readonly RecordedFinding[] {
  const diverged = divergence === null ? [] : [{
    message: `another run from step ${divergence.step} on: ${divergence.reason}`,
    step: divergence.step,
  }];
  return [...finding === null ? [] : [finding], ...diverged, ...others];
}

/**
 * Makes the run of `artefact` again, choice by choice, and records it.
 *
 * @param replay The command that makes it again; null: there is none.
 * @param more What to run it with beside that.
 * @throws {ArtefactError} It is a run of another scenario.
 */
export async function recordReplay<Drivers extends DriverTable>(
  scenario: ScenarioDefinition<Drivers>,
  artefact: ReadArtefact,
  replay: string | null,
  more: Pick<WorldSettings, "beforeChoice" | "onChoice"> = {},
): Promise<RecordedReplay> {
  const recorder = new RunRecorder(scenario.payloads);
  const world = recorded(scenario, recorder);
  const { onChoice } = more;
  const replayed = await replayRun(world.scenario, artefact, {
    ...more,
    ...world.settings,
    onChoice: (choice) => {
      recorder.chose(choice);
      onChoice?.(choice);
    },
  });
  const { settings, digest } = artefact;
  const { seed, schedule, codec, isFaulty } = settings;
  const options = optionsOfWorld({ seed: BigInt(seed), schedule, codec }, { isFaulty });
  const run = runFacts(scenario, options, digest, replay);
  const findings = aboutFirst(findingsOf(replayed), artefact.finding);
  return { replayed, recording: recorder.recording(run, findings) };
}
