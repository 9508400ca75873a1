/**
 * How a scenario is explored, and what comes of it.
 *
 * @module
 */

import type { FabricOptions } from "../../mod.ts";
import type { Finding } from "../finding.ts";
import type { WorldResult } from "../worlds/settings.ts";
import type { SearchCounts } from "./search.ts";

/** Runs at most, where nobody says how many. */
export const EXECUTIONS_MAX = 1_000_000;
/** Choices of a run that are gone through, where nobody says how many. */
export const DEPTH_MAX = 10_000;
/** Draws of so many ways at most are gone through, where nobody says how many. */
export const DRAW_WAYS_MAX = 64;
/** The most that any of these numbers may be. */
export const COUNT_MOST: number = 2 ** 32 - 1;

/** How a scenario is explored. */
export interface ExploreSettings {
  /** Encoding of packets in the rings. Default `"msgpack"`. */
  readonly codec?: NonNullable<FabricOptions["codec"]>;
  /** Runs at most, those by chance left out. Default 1 000 000. */
  readonly executionsMax?: number;
  /** Runs by chance before all orders are gone through, which find soon what is found often. Default 0. */
  readonly scouts?: number;
  /** Choices of a run that are gone through; what comes after them is what fifo does. Default 10 000. */
  readonly depthMax?: number;
  /** Draws of so many ways at most are gone through; of others 0 is drawn. Default 64. */
  readonly drawWaysMax?: number;
  /** Whether turns that touch nothing in common are taken in one order alone. Default true. */
  readonly isReduced?: boolean;
  /** Whether states are matched, where the scenario says what its drivers know. Default true. */
  readonly isMatched?: boolean;
  /** Whether what follows each state that was met before is compared with what followed it then. Default false. */
  readonly verifiesMatching?: boolean;
  /** Work items and timers that a phase of a run may take. Default 200 000. */
  readonly itemsMax?: number;
  /** Asked before each run: true, and it is given up. */
  readonly isGivenUp?: () => boolean;
  /** Hears how many runs there were. */
  readonly onProgress?: (executions: number) => void;
}

/** What an exploration left out. */
export interface ExploreBounds {
  /** It came to as many runs as there may be. */
  readonly executions: boolean;
  /** It was given up: its time was over, or somebody stopped it. */
  readonly givenUp: boolean;
  /** Runs that had more choices than are gone through. */
  readonly tooDeep: number;
  /** Draws of the runs that had more ways than are gone through: they were 0. */
  readonly fixedDraws: number;
  /** Faults of the scenario, none of which happened. */
  readonly faultRules: number;
}

/** Something that an exploration has found. */
export interface ExploreFailure {
  /** What it is. */
  readonly finding: Finding;
  /** The run, to its end: with its choices it can be had again. */
  readonly run: WorldResult;
}

/** What came of an exploration. */
export interface ExploreReport {
  /** The scenario's name. */
  readonly scenario: string;
  /** How packets were encoded. */
  readonly codec: NonNullable<FabricOptions["codec"]>;
  /** Runs by chance that came first. */
  readonly scouted: number;
  /** Runs that went through orders, one after the other. */
  readonly executions: number;
  /** States that were told apart; 0 where none were matched. */
  readonly states: number;
  /** What the search met. */
  readonly counts: SearchCounts;
  /** Why states are not matched; null: they are, wherever no driver's promise is unfinished. */
  readonly unmatchedReason: string | null;
  /** Whether all orders were gone through: within the draws and faults that `bounds` names. */
  readonly isComplete: boolean;
  /** What was left out. */
  readonly bounds: ExploreBounds;
  /** What the first run that found something has found, once for each cause; then nothing further was gone through. */
  readonly found: readonly ExploreFailure[];
}
