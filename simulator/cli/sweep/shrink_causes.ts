/**
 * Makes the runs smaller that a sweep keeps, one for each cause.
 *
 * @module
 */

import { RERUNS_MAX, shrink, type Shrunk } from "../../shrinking/shrink.ts";
import { ShrinkError } from "../../shrinking/attempt.ts";
import { type Cause, causeOf } from "../../sweeps/causes.ts";
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

/** Runs that were made smaller, by what tells their causes apart. */
export type ShrunkCauses = ReadonlyMap<string, Shrunk>;

function isAny({ before, after }: Shrunk): boolean {
  return JSON.stringify(before) !== JSON.stringify(after);
}

/** The smaller run of a cause; null: it cannot be had again, or is as small as can be. */
async function shrinkCause(
  { record, finding }: Cause,
  { child: { tells: _, ...task }, worldMs }: ShrinkTask,
  signal: AbortSignal,
): Promise<Shrunk | null> {
  if (record === null) return null;
  const maker = new ChildMaker(record, { task, worldMs, signal });
  try {
    const shrunk = await shrink(maker, finding, { rerunsMax: RERUNS_MAX, signal });
    return isAny(shrunk) ? shrunk : null;
  } catch (error) {
    // The run that was found is told of all the same, and whoever replays it learns more.
    if (error instanceof ShrinkError || error instanceof UsageError) return null;
    throw error;
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
  const shrunk = new Map<string, Shrunk>();
  const timeIsUp = new AbortController();
  const timer = setTimeout(() => timeIsUp.abort(), task.shrinkMs);
  const bound = AbortSignal.any([signal, timeIsUp.signal]);
  let done = 0;
  try {
    await sideBySide(causes, task.workers, bound, async (cause) => {
      const smaller = await shrinkCause(cause, task, bound);
      if (smaller !== null) shrunk.set(causeOf(cause.finding), smaller);
      onProgress(++done, causes.length);
    });
    return shrunk;
  } finally {
    clearTimeout(timer);
  }
}
