/**
 * The page of a kept run, made by a process of its own: its world may never end, and may take its process with it.
 *
 * @module
 */

import { ChildProcess } from "../child_process.ts";
import { WORLD_FLAGS } from "../processes.ts";
import type { PageMessage, PageTask } from "./page_task.ts";

const CHILD = new URL("./page_child.ts", import.meta.url).href;

/**
 * The page of a run; null: its process died of it, took more than `boundMs` milliseconds, or was ended by `signal`.
 */
export async function pageOfKept(
  task: PageTask,
  boundMs: number,
  signal: AbortSignal,
): Promise<string | null> {
  if (signal.aborted) return null;
  const process = new ChildProcess<PageMessage>(WORLD_FLAGS, CHILD, [JSON.stringify(task)]);
  const kill = () => process.kill();
  signal.addEventListener("abort", kill);
  try {
    return (await process.next(boundMs))?.page ?? null;
  } finally {
    signal.removeEventListener("abort", kill);
    await process.end();
  }
}
