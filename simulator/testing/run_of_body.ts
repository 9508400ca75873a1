/**
 * Runs of a body of `testFabric`: how one is asked for, and how it ends.
 *
 * @module
 */

import type { Chooser } from "../../actors/runtime/chooser.ts";
import type { FabricOptions, TraceEntry } from "../../mod.ts";
import type { RunRecorder } from "../pages/recorder.ts";
import type { FabricTestError } from "./failure.ts";

/** What a body is run with beside its options. */
export interface BodyRun extends Pick<FabricOptions, "trace" | "sourceLines"> {
  /** Chooses in the place of the schedule. */
  readonly chooser?: Chooser | undefined;
  /** Records the run, whose trace is then kept whole. */
  readonly recorder?: RunRecorder;
}

/** How a body was run. */
export interface BodyEnd {
  /** How it failed; null: it did not. */
  readonly failure: FabricTestError | null;
  /** All that happened, where that was asked for. */
  readonly trace: readonly TraceEntry[];
}

/** Runs a body once more. */
export type RunBody = (run: BodyRun) => Promise<BodyEnd>;
