/**
 * Writes a page beside each run that a sweep keeps.
 *
 * @module
 */

import { resolve } from "node:path";
import { ARTEFACT_SUFFIX } from "../../sweeps/artefact.ts";
import type { FailureGroup, SweepSummary } from "../../sweeps/summary.ts";
import { tell, UsageError } from "../command.ts";
import { pageOfKept } from "../pages/page_process.ts";
import { sideBySide } from "../side_by_side.ts";
import { writeArtefact } from "../written_files.ts";

/** A page takes longer than its world, which is recorded; a process begins to run in some time. */
const PAGE_MS = 60_000;

/** How pages are made. */
export interface PagesTask {
  /** How many at a time. */
  readonly workers: number;
  /** A world may take so many milliseconds. */
  readonly worldMs: number;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Hears how many are done. */
  readonly onProgress: (done: number, total: number) => void;
}

/** Makes the page of a failure, in the smaller run where there is one; gives its path, or null where there is none. */
async function pageOf(
  { artefact: whole, replay: replayWhole, shrunk }: FailureGroup,
  { worldMs, signal }: PagesTask,
): Promise<string | null> {
  const { artefact, replay } = shrunk ?? { artefact: whole, replay: replayWhole };
  if (artefact === null || replay === null) return null;
  const task = { artefact, replay, folder: resolve(".") }; // where the user stands
  const page = await pageOfKept(task, worldMs + PAGE_MS, signal);
  if (page === null) return null;
  const path = `${artefact.slice(0, -ARTEFACT_SUFFIX.length)}.html`;
  try {
    writeArtefact(path, page);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    tell(`${error.message}\n`); // what was found is told all the same
    return null;
  }
  return path;
}

/** The summary, with a page beside each file of a failure. A world that its process dies of has none. */
export async function withPages(summary: SweepSummary, task: PagesTask): Promise<SweepSummary> {
  const { failures } = summary;
  const pages: (string | null)[] = failures.map(() => null);
  let done = 0;
  await sideBySide(failures, task.workers, task.signal, async (group, at) => {
    pages[at] = await pageOf(group, task);
    task.onProgress(++done, failures.length);
  });
  return { ...summary, failures: failures.map((group, at) => ({ ...group, page: pages[at]! })) };
}
