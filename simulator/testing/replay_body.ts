/**
 * The run of a body of `testFabric` that is made again from its artefact.
 *
 * @module
 */

import type { Chooser } from "../../actors/runtime/chooser.ts";
import { ReplayChooser, ReplayError } from "../../actors/runtime/choosers/replay.ts";
import { createChooser } from "../../actors/runtime/schedule.ts";
import type { Divergence } from "../artefacts/replay.ts";
import type { Choice } from "../worlds/settings.ts";
import type { PlannedReplay } from "./options.ts";
import { RegressionError } from "./replay_artefact.ts";
import type { RunBody } from "./run_of_body.ts";
import { recordBody, type TestRun, toldReplay } from "./told_failure.ts";

/** Makes choices again, and knows where that could not be done, whoever caught that. */
class WatchedReplay implements Chooser {
  divergence: Divergence | null = null;
  readonly #replay: ReplayChooser;

  constructor(choices: readonly Choice[]) {
    this.#replay = new ReplayChooser(choices);
  }

  choose(...[kind, count]: Parameters<Chooser["choose"]>): number {
    try {
      return this.#replay.choose(kind, count);
    } catch (error) {
      if (error instanceof ReplayError) {
        this.divergence ??= { step: error.step, reason: error.message };
      }
      throw error;
    }
  }
}

function refuseOther({ step, reason }: Divergence, { typed }: PlannedReplay): never {
  throw new RegressionError(
    `The run is another one from step ${step} on, and says nothing of this program: ${reason}; ` +
      `look without ${typed}`,
    { finding: null, divergence: { step, reason } },
  );
}

/**
 * Makes the run once, and records it where a failure is to be told.
 *
 * @throws {FabricTestError} It fails.
 * @throws {RegressionError} It is another run by now.
 */
export async function replayBody(
  test: TestRun,
  replay: PlannedReplay,
  runAgain: RunBody,
): Promise<void> {
  const { artefact: { choices } } = replay;
  const { plan: { shared: { schedule = "fifo" }, story }, run: { seed } } = test;
  const seeded = createChooser(schedule, seed);
  const watched = choices === null || seeded === null ? null : new WatchedReplay(choices);
  const recorded = await recordBody(runAgain, watched ?? seeded);
  const { failure, steps } = recorded;
  const divergence = watched?.divergence ?? null;
  if (divergence !== null) refuseOther(divergence, replay);
  if (failure !== null) throw story ? await toldReplay(failure, recorded, test) : failure;
  if (choices === null || choices.length <= steps) return;
  const reason = `it made ${steps} choices, and then ended; the artefact has ${choices.length}`;
  refuseOther({ step: steps, reason }, replay);
}
