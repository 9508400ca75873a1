/**
 * Processes that a command starts: the runtime itself, and no other program.
 *
 * @module
 */

import { shellQuoted } from "../text.ts";
import { UsageError } from "./command.ts";

/**
 * How the runtime is started to run worlds: a scenario may import what it needs; beyond that its drivers may do
 * nothing to the machine. Two variables are what the library asks for that reads scenarios in YAML: it is told that
 * there are none.
 */
export const WORLD_FLAGS: readonly string[] = [
  "run",
  "--quiet",
  "--no-prompt",
  "--allow-read",
  "--ignore-env=LOG_TOKENS,LOG_STREAM",
];

/** Whether this process may start its own runtime. */
export function mayStartProcesses(): boolean {
  const { state } = Deno.permissions.querySync({ name: "run", command: Deno.execPath() });
  return state === "granted";
}

/**
 * Makes sure that this process may start its own runtime, which it needs to `verb`.
 *
 * @throws {UsageError} It may not.
 */
export function requireProcesses(verb: string): void {
  if (mayStartProcesses()) return;
  const runtime = shellQuoted(Deno.execPath()); // "deno" is enough only where the path leads to it
  const reason = "it is not permitted to start its own runtime";
  throw new UsageError(`Cannot ${verb}: ${reason}; say --allow-run=${runtime}`);
}

/** Ends a process at once, if it has not ended. */
export function endProcess(process: Deno.ChildProcess): void {
  try {
    process.kill("SIGKILL");
  } catch (error) {
    // It has ended: then there is nothing left to do.
    if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
  }
}
