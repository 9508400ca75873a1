/**
 * Runs that come to what a test says, for tests of single ways to make runs smaller.
 *
 * @module
 */

import type { AttemptEnd, RunMaker } from "../../../simulator/shrinking/attempt.ts";
import type { Plan } from "../../../simulator/shrinking/plan.ts";
import { Search, type SearchBounds } from "../../../simulator/shrinking/search.ts";
import type { RunRecord } from "../../../simulator/artefacts/artefact.ts";
import { MODEL_FINDING } from "./model.ts";

/** What a run comes to, but for whether it is wrong. */
export type ScriptedEnd = Pick<AttemptEnd, "choices"> & Partial<AttemptEnd>;

/** A run that came to `end`, and has the finding where that is so. */
function ended(end: ScriptedEnd, isWrong: boolean): AttemptEnd {
  return { faults: 0, lastFault: null, ...end, findings: isWrong ? [MODEL_FINDING] : [] };
}

/** A search whose runs come to what `play` makes of their plans; null: to nothing that was looked for. */
export class Scripted implements RunMaker {
  /** The plans that were run, in order. */
  readonly plans: Plan[] = [];
  /** The search. */
  readonly search: Search;
  readonly #play: (plan: Plan) => ScriptedEnd | null;

  constructor(
    first: ScriptedEnd,
    play: (plan: Plan) => ScriptedEnd | null,
    bounds: SearchBounds = { rerunsMax: 1000 },
  ) {
    this.#play = play;
    this.search = new Search(this, MODEL_FINDING, ended(first, true), bounds);
  }

  first(): Promise<AttemptEnd> {
    return Promise.reject(new Error("The search begins with a run that was made"));
  }

  attempt(plan: Plan): Promise<AttemptEnd> {
    this.plans.push(plan);
    const end = this.#play(plan);
    return Promise.resolve(ended(end ?? { choices: [] }, end !== null));
  }

  record(): Promise<RunRecord> {
    return Promise.reject(new Error("Nothing is kept"));
  }
}
