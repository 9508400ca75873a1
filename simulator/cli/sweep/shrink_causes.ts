/**
 * Makes the runs smaller that a sweep keeps, one for each cause.
 *
 * @module
 */

import { RERUNS_MAX, shrink, type Shrunk } from "../../shrinking/shrink.ts";
import { ShrinkError } from "../../shrinking/attempt.ts";
import { type Cause, causeOf } from "../../artefacts/causes.ts";
import { UsageError } from "../command.ts";
import { sideBySide } from "../side_by_side.ts";
import { ChildMaker } from "./child_maker.ts";
import type { ChildTask } from "./messages.ts";

/** How runs are made smaller. */
export interface ShrinkTask {
  /** What child processes are started with. */
  readonly child: ChildTask;
  /** How many there are. */
  readonly workers: number;
  /** A world may take so many milliseconds. */
  readonly worldMs: number;
  /** All of it may take so many milliseconds. */
  readonly shrinkMs: number;
}

/** What stops it, and what hears how far it is. */
export interface ShrinkHooks {
  /** Ends it; what is smallest by then is kept. */
  readonly signal: AbortSignal;
  /** Hears how many runs were looked at, of how many. */
  readonly onProgress: (done: number, total: number) => void;
}

/** Why a run was not made smaller, in words. */
export interface NotShrunk {
  /** Why. */
  readonly reason: string;
}

/** What became of runs, by what tells their causes apart. */
export type ShrunkCauses = ReadonlyMap<string, Shrunk | NotShrunk>;

/** Reasons that a run is not made smaller, whatever it is. */
export const NOT_SHRUNK = {
  notAsked: "--no-shrink",
  stopped: "the sweep was stopped",
  late: "the time for it, --shrink-time, was over",
  lost: "the run itself is not kept",
} as const;

function isAny({ before, after }: Shrunk): boolean {
  return JSON.stringify(before) !== JSON.stringify(after);
}

/** The smaller run of a cause, or why there is none: it cannot be had again, or is as small as can be. */
async function shrinkCause(
  { record, finding }: Cause,
  { child: { tells: _, ...task }, worldMs }: ShrinkTask,
  signal: AbortSignal,
): Promise<Shrunk | NotShrunk> {
  if (record === null) return { reason: NOT_SHRUNK.lost };
  const maker = new ChildMaker(record, { task, worldMs, signal });
  try {
    const shrunk = await shrink(maker, finding, { rerunsMax: RERUNS_MAX, signal });
    if (isAny(shrunk)) return shrunk;
    return { reason: `none of ${shrunk.reruns} re-runs is smaller and fails the same way` };
  } catch (error) {
    // The run that was found is told of all the same, and whoever replays it learns more.
    if (!(error instanceof ShrinkError || error instanceof UsageError)) throw error;
    return { reason: error.message };
  } finally {
    await maker.end();
  }
}

/** Makes the runs of `causes` smaller, in their order, as far as time allows. */
export async function shrinkCauses(
  causes: readonly Cause[],
  task: ShrinkTask,
  { signal, onProgress }: ShrinkHooks,
): Promise<ShrunkCauses> {
  const ends = new Map<string, Shrunk | NotShrunk>();
  const timeIsUp = new AbortController();
  const timer = setTimeout(() => timeIsUp.abort(), task.shrinkMs);
  const bound = AbortSignal.any([signal, timeIsUp.signal]);
  // What it comes to when there is no more time is no reason.
  const cut = () => ({ reason: signal.aborted ? NOT_SHRUNK.stopped : NOT_SHRUNK.late });
  let done = 0;
  try {
    await sideBySide(causes, task.workers, bound, async (cause) => {
      const end = await shrinkCause(cause, task, bound);
      ends.set(causeOf(cause.finding), "reason" in end && bound.aborted ? cut() : end);
      onProgress(++done, causes.length);
    });
    for (const { finding } of causes) {
      if (!ends.has(causeOf(finding))) ends.set(causeOf(finding), cut());
    }
    return ends;
  } finally {
    clearTimeout(timer);
  }
}
