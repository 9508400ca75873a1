/**
 * What the commands of this folder share: exit codes, and a way to speak that needs no permission.
 *
 * @module
 */

import { Command } from "commander";

/** All is well. */
export const EXIT_OK = 0;
/** The command ran, and found something wrong. */
export const EXIT_FAILED = 1;
/** The command could not run as it was asked to. */
export const EXIT_USAGE = 2;

/** The command cannot run; the message is the line for the user. */
export class UsageError extends Error {}

/** The error for what the machine refused: what was tried, why it failed, and what would be right. */
export function cannot(action: string, error: unknown, hint: string): UsageError {
  return new UsageError(`Cannot ${action}: ${reasonOf(error)}; ${hint}`);
}

function reasonOf(error: unknown): string {
  if (typeof error === "string") return error;
  if (error instanceof Deno.errors.NotFound) return "there is no such file";
  if (error instanceof Deno.errors.PermissionDenied) return "it is not permitted";
  return error instanceof Error ? error.message : String(error);
}

/** Writes all of `text`, which a terminal or pipe may take in parts. */
export function write(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  let bytes = new TextEncoder().encode(text);
  try {
    while (bytes.length > 0) bytes = bytes.subarray(stream.writeSync(bytes));
  } catch (error) {
    // Whoever reads has seen enough, as `head` does; the exit code still says how it went.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

/** A command called `name` that throws instead of exiting, and whose complaints have one line. */
export function createCommand(name: string): Command {
  return new Command(name)
    .helpOption("--help", "say what the command does")
    .configureOutput({
      writeOut: (text) => write(Deno.stdout, text),
      writeErr: (text) => write(Deno.stderr, text),
      outputError: (text, writeErr) => {
        const reason = text.trim().replace("error: ", "").replaceAll("\n", " ").replace(/\.$/, "");
        writeErr(`${reason}: see ${name} --help\n`);
      },
      // Commander's own checks would read the environment, which needs a permission.
      getOutHasColors: () => false,
      getErrHasColors: () => false,
      getOutHelpWidth: () => 100,
      getErrHelpWidth: () => 100,
    })
    .exitOverride();
}
