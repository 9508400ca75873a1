/**
 * The capture of a kept run, made by a process of its own: its world may never end, and may take its process with it.
 *
 * @module
 */

import { ChildProcess } from "../child_process.ts";
import { PartFile } from "../part_file.ts";
import { WORLD_FLAGS } from "../processes.ts";
import type { CaptureMessage } from "./page_task.ts";

const CHILD = new URL("./capture_child.ts", import.meta.url).href;

/**
 * Writes the capture of the run that is kept in the file `artefact` to `path`; false: its process died of it, said nothing
 * for `boundMs` milliseconds, or was ended by `signal`.
 *
 * @throws {Error} It cannot be written.
 */
export async function captureKept(
  artefact: string,
  path: string,
  boundMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  if (signal.aborted) return false;
  using file = new PartFile(path);
  const process = new ChildProcess<CaptureMessage>(WORLD_FLAGS, CHILD, [artefact]);
  const kill = () => process.kill();
  signal.addEventListener("abort", kill);
  try {
    for (;;) {
      const message = await process.next(boundMs);
      if (message === null) return false;
      if (message.piece === null) break;
      file.write(Uint8Array.fromBase64(message.piece));
    }
    file.finish();
    return true;
  } finally {
    signal.removeEventListener("abort", kill);
    await process.end();
  }
}
