/**
 * A run whose choices somebody makes in the place of a seed.
 *
 * @module
 */

import type { FabricRuntime } from "../../actors/fabric/fabric_runtime.ts";
import type { Chooser } from "../../actors/runtime/chooser.ts";
import type { RunningWorld } from "./running_world.ts";

/** Who makes the choices of a run in the place of its settings. */
export interface WorldGuide extends Chooser {
  /** The world is there, and nothing of it has run. */
  begins?(run: GuidedRun): void;
  /** The program, or what goes wrong, has its turn between two work items. */
  programRuns?(): void;
}

/** A run that somebody guides. */
export interface GuidedRun {
  /** What everything runs in. */
  readonly fabric: FabricRuntime;
  /** The world. */
  readonly world: RunningWorld;
  /** What the program is at. */
  readonly part: string;
  /** Does work of the guide's in the middle of a step; what it throws ends the run. */
  heed<R>(work: () => R): R;
}

/** What a guide throws to end a run on its way: what was found by then counts. */
export class CutError extends Error {
  /** Tells it from other errors. */
  override readonly name = "CutError";
}
