/**
 * Writes a page, and a capture, beside each run that a sweep keeps.
 *
 * @module
 */

import { resolve } from "node:path";
import { ARTEFACT_SUFFIX } from "../../artefacts/artefact.ts";
import type { FailureGroup, SweepSummary } from "../../sweeps/summary.ts";
import { cannot, tell, UsageError } from "../command.ts";
import { captureKept } from "../pages/capture_process.ts";
import { pageOfKept } from "../pages/page_process.ts";
import { sideBySide } from "../side_by_side.ts";
import { writeArtefact } from "../written_files.ts";

/** A page takes longer than its world, which is recorded; a process begins to run in some time. */
const PAGE_MS = 60_000;
const CAPTURE_SUFFIX = ".pcapng";

/** How pages and captures are made. */
export interface PagesTask {
  /** Whether there are to be pages. */
  readonly hasPages: boolean;
  /** Whether there are to be captures. */
  readonly hasCaptures: boolean;
  /** How many at a time. */
  readonly workers: number;
  /** A world may take so many milliseconds. */
  readonly worldMs: number;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Hears how many are done. */
  readonly onProgress: (done: number, total: number) => void;
}

function besideOf(artefact: string, suffix: string): string {
  return `${artefact.slice(0, -ARTEFACT_SUFFIX.length)}${suffix}`;
}

/** Captures a failure, in the smaller run where there is one; gives the file's path, or null where there is none. */
async function captureOf(
  { artefact: whole, shrunk }: FailureGroup,
  { worldMs, signal }: PagesTask,
): Promise<string | null> {
  const artefact = shrunk?.artefact ?? whole;
  if (artefact === null) return null;
  const path = besideOf(artefact, CAPTURE_SUFFIX);
  try {
    return await captureKept(artefact, path, worldMs + PAGE_MS, signal) ? path : null;
  } catch (error) {
    const { message } = cannot(`write ${path}`, error, "name another folder with --artefacts");
    tell(`${message}\n`); // what was found is told all the same
    return null;
  }
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
  const path = besideOf(artefact, ".html");
  try {
    writeArtefact(path, page);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    tell(`${error.message}\n`); // what was found is told all the same
    return null;
  }
  return path;
}

/**
 * The summary, with what is to lie beside each file of a failure: a page, a capture. A world that its process dies of has
 * none.
 */
export async function withPages(summary: SweepSummary, task: PagesTask): Promise<SweepSummary> {
  const { hasPages, hasCaptures, workers, signal } = task;
  const failures = [...summary.failures];
  let done = 0;
  await sideBySide(summary.failures, workers, signal, async (group, at) => {
    const page = hasPages ? await pageOf(group, task) : null;
    const capture = hasCaptures ? await captureOf(group, task) : null;
    failures[at] = { ...group, page, capture };
    task.onProgress(++done, failures.length);
  });
  return { ...summary, failures };
}
