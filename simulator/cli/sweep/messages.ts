/**
 * What a sweep and its child processes say to each other, one JSON value a line.
 *
 * @module
 */

import type { AttemptEnd } from "../../shrinking/attempt.ts";
import type { Plan, ToldChoice } from "../../shrinking/plan.ts";
import type { RunRecord, RunSettings } from "../../artefacts/artefact.ts";
import type { RunEntries } from "../../sweeps/compare.ts";
import type { ScenarioFacts } from "../../sweeps/summary.ts";
import type { TallyData } from "../../sweeps/tally.ts";

/** What a child is started with, as its one argument. */
export interface ChildTask {
  /** The scenario's name, or the path of its file. */
  readonly scenario: string;
  /** How the worlds are run. */
  readonly settings: RunSettings;
  /** Whether it ends a range at the first failure. */
  readonly isUntilFailure: boolean;
  /** What it says beside what came of the worlds: nothing, what each did, or each choice. */
  readonly tells?: "runs" | "choices";
}

/** Seeds from `from` on, in decimal, to `to`, which is not one of them. */
export interface SeedText {
  /** The first. */
  readonly from: string;
  /** The one after the last. */
  readonly to: string;
}

/** What a child is asked for. */
export type ChildRequest =
  /** To run the worlds of a range, the last one first where it is so said. */
  | (SeedText & { readonly isBackwards?: boolean })
  /** What the world of a seed of the last range did. */
  | { readonly entriesOf: string }
  /** To make runs from now on by which this one is made smaller. */
  | ShrinkRequest
  /** To make that run, or one by a plan, or by choices. */
  | { readonly again: "first" | Plan | readonly string[] }
  /** To make the run of these choices, as it is kept. */
  | { readonly keep: readonly string[] };

/** A run that is to be made smaller. */
export interface ShrinkRequest {
  /** The run. */
  readonly shrink: RunRecord;
  /** Whether each choice is said once it is made, as the process may die of the run. */
  readonly isTold: boolean;
}

/** What a child says of the scenario. */
export interface LoadedScenario extends ScenarioFacts {
  /** How its file has its worlds run, as far as it says. */
  readonly settings: Partial<RunSettings>;
  /** Which worlds, if its file says. */
  readonly seeds: { readonly from: string; readonly count: number } | null;
}

/** What a child says. */
export type ChildMessage =
  /** It has loaded the scenario. */
  | { readonly ready: LoadedScenario }
  /** The scenario cannot be run, for these reasons; it ends. */
  | { readonly refused: readonly string[] }
  /** It begins with the world of a seed. */
  | { readonly at: string }
  /** The world has made a choice. */
  | { readonly chose: string }
  /** What that world did, in short, and whether something was found. */
  | { readonly seen: string; readonly digest: string; readonly isFailed: boolean }
  /** What came of worlds since it last said so: those of the seeds in between. */
  | { readonly done: SeedText; readonly tally: TallyData }
  /** What the world did that it was asked for. */
  | { readonly entries: RunEntries }
  /** A run by which another one is made smaller has made a choice. */
  | { readonly told: ToldChoice }
  /** What came of that run. */
  | { readonly came: AttemptEnd }
  /** The run that is kept. */
  | { readonly kept: RunRecord }
  /** There is no such run any more. */
  | { readonly gone: string }
  /** It has done what it was asked for. */
  | { readonly idle: true };
