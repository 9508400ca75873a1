/**
 * Runs that are made to see whether a finding is still there, by whoever can make them.
 *
 * @module
 */

import type { Choice } from "../../actors/runtime/chooser.ts";
import type { FaultName } from "../faults/rule.ts";
import type { RunRecord } from "../artefacts/artefact.ts";
import type { Divergence } from "../artefacts/replay.ts";
import type { Finding } from "../finding.ts";
import type { Plan, ToldChoice } from "./plan.ts";

/** What came of a run. Plain data. */
export interface AttemptEnd {
  /** What it found, of what nobody expects. */
  readonly findings: readonly Pick<Finding, "rule" | "place">[];
  /** All choices that it made. */
  readonly choices: readonly ToldChoice[];
  /** How many things went wrong in it. */
  readonly faults: number;
  /** What went wrong last before it found what it is about, by name; null: nothing, or nobody knows. */
  readonly lastFault: FaultName | null;
}

/** A run cannot be made smaller. */
export class ShrinkError extends Error {
  /** Tells it from other errors. */
  override readonly name = "ShrinkError";
  /** Where the run is another one by now; null: it is the same, and its finding is not found any more. */
  readonly divergence: Divergence | null;

  /** Tells why. */
  constructor(message: string, divergence: Divergence | null = null) {
    super(message);
    this.divergence = divergence;
  }
}

/** Makes runs: in this process, or in another one. */
export interface RunMaker {
  /**
   * The run that is to be made smaller, once more.
   *
   * @throws {ShrinkError} It cannot be had again.
   */
  first(): Promise<AttemptEnd>;
  /** A run by a plan. */
  attempt(plan: Plan): Promise<AttemptEnd>;
  /**
   * The run that makes `choices`, as it is kept.
   *
   * @throws {ShrinkError} It cannot be had again.
   */
  record(choices: readonly Choice[]): Promise<RunRecord>;
}
