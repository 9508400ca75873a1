/**
 * Processes that a command starts: the runtime itself, and no other program.
 *
 * @module
 */

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
