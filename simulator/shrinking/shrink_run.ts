/**
 * Makes the run of an artefact smaller.
 *
 * @module
 */

import { describe } from "../../core/describe.ts";
import { isUint } from "../../core/units.ts";
import { artefactOf, type RunArtefact } from "../artefacts/artefact.ts";
import { ArtefactError, type ReadArtefact, readArtefact } from "../artefacts/read_artefact.ts";
import type { DriverTable, ScenarioDefinition } from "../worlds/world.ts";
import { RERUNS_MAX, shrink } from "./shrink.ts";
import type { RunSize } from "./size.ts";
import { WorldMaker } from "./world_maker.ts";

/** Fewer are not enough to see that there is a run at all, and to keep it. */
export const RERUNS_LEAST = 2;
/** More nobody waits for. */
export const RERUNS_MOST = 1_000_000;

/** How far a run is from being smaller. */
export interface ShrinkProgress {
  /** Runs that were made. */
  readonly reruns: number;
  /** Runs that may be made. */
  readonly rerunsMax: number;
  /** How large the smallest run is so far. */
  readonly size: RunSize;
}

/** How a run is made smaller. */
export interface ShrinkOptions {
  /** Runs that may be made for it, from 2 to 1 000 000. Default 300. */
  readonly rerunsMax?: number;
  /** Ends it; what is smallest by then is what it comes to. */
  readonly signal?: AbortSignal;
  /** Hears how far it is, after each run. */
  readonly onProgress?: (progress: ShrinkProgress) => void;
}

/** A run that was made smaller. */
export interface ShrunkRun {
  /** The smaller run: its choices are its own, all of them, so that it can be had again choice by choice. */
  readonly artefact: RunArtefact;
  /** Runs that were made. */
  readonly reruns: number;
  /** How large the run was. */
  readonly before: RunSize;
  /** How large it is. */
  readonly after: RunSize;
}

/**
 * Makes the run of an artefact smaller, which a sweep has left behind: the same rule is broken at the same place,
 * with fewer faults, fewer switches, plainer numbers and fewer steps.
 *
 * @example
 * ```ts
 * import { type ScenarioDefinition, shrinkRun } from "@vmbus/kmcl/simulator";
 *
 * async function smaller(scenario: ScenarioDefinition, text: string): Promise<string> {
 *   const { artefact, before, after, reruns } = await shrinkRun(scenario, text);
 *   console.log(`${before.switches} switches -> ${after.switches} in ${reruns} re-runs`);
 *   return JSON.stringify(artefact, null, 2);
 * }
 * ```
 *
 * @param artefact Its text, or what `JSON.parse` makes of that.
 * @throws {ShrinkError} The run cannot be had again, or its finding is not found any more.
 * @throws {ArtefactError} It is no artefact, or not of that scenario.
 * @throws {RangeError} `rerunsMax` is not what it should be.
 */
export async function shrinkRun<Drivers extends DriverTable>(
  scenario: ScenarioDefinition<Drivers>,
  artefact: unknown,
  options: ShrinkOptions = {},
): Promise<ShrunkRun> {
  return await shrinkArtefact(scenario, readArtefact(artefact), options);
}

/**
 * The same for an artefact that was read.
 *
 * @throws {ShrinkError | ArtefactError | RangeError} See {@linkcode shrinkRun}.
 */
export async function shrinkArtefact<Drivers extends DriverTable>(
  scenario: ScenarioDefinition<Drivers>,
  artefact: ReadArtefact,
  { rerunsMax = RERUNS_MAX, signal, onProgress }: ShrinkOptions = {},
): Promise<ShrunkRun> {
  if (!isUint(rerunsMax, RERUNS_MOST) || rerunsMax < RERUNS_LEAST) {
    const right = `a whole number from ${RERUNS_LEAST} to ${RERUNS_MOST}`;
    throw new RangeError(`Cannot shrink: rerunsMax must be ${right}, not ${describe(rerunsMax)}`);
  }
  if (scenario.name !== artefact.scenario.name) {
    const reason = `it is a run of the scenario ${artefact.scenario.name}, not of ${scenario.name}`;
    throw new ArtefactError(reason);
  }
  const maker = new WorldMaker(scenario, artefact);
  const { record, ...figures } = await shrink(maker, artefact.finding, {
    rerunsMax,
    ...signal !== undefined && { signal },
    onProgress: (reruns, size) => onProgress?.({ reruns, rerunsMax, size }),
  });
  return { artefact: artefactOf(record, artefact.scenario), ...figures };
}
