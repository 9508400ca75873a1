/**
 * Processes that a command starts: the runtime itself, and no other program.
 *
 * @module
 */

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

/** Ends a process at once, if it has not ended. */
export function endProcess(process: Deno.ChildProcess): void {
  try {
    process.kill("SIGKILL");
  } catch (error) {
    // It has ended: then there is nothing left to do.
    if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
  }
}
