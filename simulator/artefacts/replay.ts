/**
 * A run that is made again from its artefact.
 *
 * @module
 */

import { ReplayError } from "../../actors/runtime/choosers/replay.ts";
import type { Finding } from "../finding.ts";
import { runWorld } from "../worlds/run_world.ts";
import type { WorldResult, WorldSettings } from "../worlds/settings.ts";
import type { DriverTable, ScenarioDefinition } from "../worlds/world.ts";
import { causeOf } from "./causes.ts";
import { ArtefactError, type ReadArtefact } from "./read_artefact.ts";

/** Where a run is another one than that of the artefact. */
export interface Divergence {
  /** The first choice that differs, from 0. */
  readonly step: number;
  /** What differs, in words. */
  readonly reason: string;
}

/** How a replay went. */
export interface Replayed {
  /** Where it is another run; null: it is the same as far as choices can tell. */
  readonly divergence: Divergence | null;
  /** The artefact's finding, as it was found now; null: it was not. */
  readonly finding: Finding | null;
  /** What else was found. */
  readonly others: readonly Finding[];
  /** Whether the trace is the same; null where the artefact has no digest, or the runs differ. */
  readonly isSameTrace: boolean | null;
}

function divergenceOf(result: WorldResult, { choices }: ReadArtefact): Divergence | null {
  const { steps } = result;
  if (choices === null || choices.length <= steps) return null;
  const reason =
    `the run made ${steps} choices, and then ended; the artefact has ${choices.length}`;
  return { step: steps, reason };
}

/** What makes the run of an artefact again. */
export function settingsOf(
  { settings: { seed, codec, ...rest }, choices }: ReadArtefact,
): WorldSettings {
  return {
    ...rest,
    seed: BigInt(seed),
    ...codec !== null && { codec },
    ...choices !== null && { choices },
    sourceLines: true,
  };
}

/**
 * Makes the run of `artefact` again, choice by choice.
 *
 * @param more What to run it with beside that.
 * @throws {ArtefactError} It is a run of another scenario.
 */
export async function replayRun<Drivers extends DriverTable>(
  scenario: ScenarioDefinition<Drivers>,
  artefact: ReadArtefact,
  more: Pick<WorldSettings, "beforeChoice" | "onChoice" | "trace"> = {},
): Promise<Replayed> {
  if (scenario.name !== artefact.scenario.name) {
    const reason = `it is a run of the scenario ${artefact.scenario.name}, not of ${scenario.name}`;
    throw new ArtefactError(reason);
  }
  let result: WorldResult;
  try {
    result = await runWorld(scenario, { ...settingsOf(artefact), ...more });
  } catch (error) {
    if (!(error instanceof ReplayError)) throw error;
    const divergence = { step: error.step, reason: error.message };
    return { divergence, finding: null, others: [], isSameTrace: null };
  }
  const divergence = divergenceOf(result, artefact);
  const found = [...result.findings, ...result.expected];
  const isIt = (finding: Finding) => causeOf(finding) === causeOf(artefact.finding);
  return {
    divergence,
    finding: found.find(isIt) ?? null,
    others: result.findings.filter((finding) => !isIt(finding)),
    isSameTrace: divergence === null && artefact.digest !== null
      ? artefact.digest === result.traceDigest
      : null,
  };
}
