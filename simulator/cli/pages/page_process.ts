/**
 * The page of a kept run, made by a process of its own: its world may never end, and may take its process with it.
 *
 * @module
 */

import { linesOf } from "../lines.ts";
import { endProcess, WORLD_FLAGS } from "../processes.ts";
import type { PageTask } from "./page_task.ts";

const CHILD = new URL("./page_child.ts", import.meta.url).href;

/** The page that a process says behind its mark; null: it has none. */
async function pageIn(stdout: ReadableStream<Uint8Array>, mark: string): Promise<string | null> {
  let page: string | null = null;
  for await (const line of linesOf(stdout)) {
    const at = line.lastIndexOf(mark);
    if (at !== -1) page = JSON.parse(line.slice(at + mark.length));
  }
  return page;
}

/**
 * The page of a run; null: its process died of it, took more than `boundMs` milliseconds, or was ended by `signal`.
 */
export async function pageOfKept(
  task: PageTask,
  boundMs: number,
  signal: AbortSignal,
): Promise<string | null> {
  if (signal.aborted) return null;
  const mark = `\x1e${crypto.randomUUID()} `;
  const process = new Deno.Command(Deno.execPath(), {
    args: [...WORLD_FLAGS, CHILD, JSON.stringify(task), mark],
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const end = () => endProcess(process);
  const timer = setTimeout(end, boundMs);
  signal.addEventListener("abort", end);
  try {
    const page = await pageIn(process.stdout, mark);
    const { success } = await process.status;
    return success ? page : null;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
  }
}
