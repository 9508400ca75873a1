/**
 * A finding as a regression test.
 *
 * @module
 */

import type { Finding } from "../finding.ts";
import type { ScenarioDefinition } from "../worlds/world.ts";
import { ArtefactError, type ReadArtefact, readArtefact } from "../artefacts/read_artefact.ts";
import { type Divergence, type Replayed, replayRun } from "../artefacts/replay.ts";
import { simulatedScenarios } from "../scenarios/all.ts";

/** How an artefact is replayed in a test. */
export interface ReplayArtefactOptions {
  /** The scenario of whose run it is. Default: the package's scenario of that name. */
  readonly scenario?: ScenarioDefinition;
  /**
   * Whether the run may be another one by now, as that of a mended driver often is: then the test says nothing
   * any more, and passes. Default false.
   */
  readonly mayDiverge?: boolean;
}

/** What an artefact tells of is still there, or can no longer be told from it. */
export class RegressionError extends Error {
  /** Always `"RegressionError"`. */
  override readonly name = "RegressionError";
  /** What was found; null where the run is another one by now. */
  readonly finding: Finding | null;
  /** Where the run is another one by now; null: it is the same. */
  readonly divergence: Divergence | null;

  /** Tells what `replayed` has come to. */
  constructor(
    message: string,
    { finding, divergence }: Pick<Replayed, "finding" | "divergence">,
  ) {
    super(message);
    this.finding = finding;
    this.divergence = divergence;
  }
}

function scenarioOf(
  { scenario: { name, file } }: ReadArtefact,
  given: ScenarioDefinition | undefined,
): ScenarioDefinition {
  if (given !== undefined) return given;
  const found = file === undefined
    ? simulatedScenarios.find((each) => each.name === name)
    : undefined;
  if (found !== undefined) return found;
  const hint = "give it with { scenario }";
  throw new ArtefactError(`it is a run of ${name}, which the package does not have: ${hint}`);
}

function textOf({ kind, rule, place, message, source, firstSource }: Finding): string {
  return [
    `${kind}: ${rule}, at ${place}`,
    message,
    ...source === undefined ? [] : [`from ${source}`],
    ...firstSource === undefined ? [] : [`first from ${firstSource}`],
  ].join("\n    ");
}

/**
 * Makes the run of an artefact again, which a sweep has left behind: as a test it keeps a bug that was mended
 * from coming back.
 *
 * @param artefact Its text, or what `JSON.parse` makes of that.
 * @throws {RegressionError} What was found is still there, or something else is; or the run is another one by
 * now, so that nobody knows.
 * @throws {ArtefactError} It is no artefact, or not of that scenario.
 */
export function replayArtefact(
  artefact: unknown,
  options?: ReplayArtefactOptions & { readonly mayDiverge?: false },
): Promise<void>;
/**
 * The same of a run that may be another one by now.
 *
 * @param artefact Its text, or what `JSON.parse` makes of that.
 * @returns Where the run is another one by now; null: it is the same, and nothing was found.
 * @throws {RegressionError} What was found is still there, or something else is; or the run is another one by
 * now, and may not be.
 * @throws {ArtefactError} It is no artefact, or not of that scenario.
 */
export function replayArtefact(
  artefact: unknown,
  options: ReplayArtefactOptions,
): Promise<Divergence | null>;
export async function replayArtefact(
  artefact: unknown,
  options: ReplayArtefactOptions = {},
): Promise<Divergence | null | void> {
  const read = readArtefact(artefact);
  const replayed = await replayRun(scenarioOf(read, options.scenario), read);
  const { divergence, finding, others } = replayed;
  const [first = null] = finding === null ? others : [finding];
  if (first !== null) throw new RegressionError(textOf(first), { finding: first, divergence });
  if (divergence === null || options.mayDiverge === true) return divergence;
  const { step, reason } = divergence;
  throw new RegressionError(
    `The run is another one from step ${step} on, and says nothing of this program: ${reason}; ` +
      `look with \`sweep --seed ${read.settings.seed}\`, and keep what that finds, or say mayDiverge`,
    replayed,
  );
}
