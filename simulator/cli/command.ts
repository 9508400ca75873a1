/**
 * What the commands of this folder share: how they speak, without permissions, and how they end.
 *
 * @module
 */

import { Command, CommanderError } from "commander";
import { OptionError } from "../scenario.ts";
import { visible } from "../text.ts";

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
  if (error instanceof UsageError) return error; // it says already what was tried
  return new UsageError(`Cannot ${action}: ${reasonOf(error)}; ${hint}`);
}

function reasonOf(error: unknown): string {
  if (typeof error === "string") return error;
  if (error instanceof Deno.errors.NotFound) return "there is no such file";
  if (error instanceof Deno.errors.PermissionDenied) return "it is not permitted";
  // Some places, such as /proc, Deno keeps for programs that may do everything.
  if (error instanceof Deno.errors.NotCapable) return "it is not permitted";
  // The machine's own words; what Deno adds is a number, and what was tried.
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/ \(os error \d+\).*$/s, "");
}

/** Writes all of `text`, which a terminal or pipe may take in parts. */
function writeAll(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  let bytes = new TextEncoder().encode(text);
  while (bytes.length > 0) bytes = bytes.subarray(stream.writeSync(bytes));
}

/**
 * Prints `text`: what the command was asked for.
 *
 * @throws {UsageError} Stdout does not take it.
 */
export function print(text: string): void {
  try {
    writeAll(Deno.stdout, text);
  } catch (error) {
    // Whoever reads has seen enough, as `head` does; the exit code still says how it went.
    if (error instanceof Deno.errors.BrokenPipe) return;
    throw cannot("write to stdout", error, "send it where there is room for it");
  }
}

/** Tells the user `text`, beside what is printed. */
export function tell(text: string): void {
  try {
    writeAll(Deno.stderr, text);
  } catch {
    // There is no other place to say it, or to say that it was not said; the exit code remains.
  }
}

/** A complaint as one line; what came from outside must not look like another, nor move the cursor. */
function oneLine(text: string): string {
  return visible(text.trim().replaceAll(/(?: *\n)+ */g, " "));
}

/** Tells the user why the command ends, and gives its exit code. An error of our own goes on. */
export function endWith(error: unknown): number {
  // Commander has told it already; that help was asked for is an error to it, too.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_OK : EXIT_USAGE;
  if (!(error instanceof UsageError || error instanceof OptionError)) throw error;
  tell(`${oneLine(error.message)}\n`);
  return EXIT_USAGE;
}

/** A command called `name` that throws instead of exiting, and whose complaints have one line. */
export function createCommand(name: string): Command {
  return new Command(name)
    .helpOption("--help", "say what the command does")
    .configureOutput({
      writeOut: print,
      writeErr: tell,
      outputError: (text, writeErr) => {
        const reason = oneLine(text).replace("error: ", "").replace(/\.$/, "");
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
