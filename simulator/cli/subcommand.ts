/**
 * A command of `simulate` that a signal ends, from its first argument to its exit code.
 *
 * @module
 */

import { endWith, print } from "./command.ts";
import type { Start } from "./start.ts";
import { Stop } from "./stop.ts";

/** What such a command is made of. */
export interface Subcommand<Request> {
  /** Its word. */
  readonly word: string;
  /** Whether arguments ask for a report for programs, also where nothing can be run with them. */
  readonly isForPrograms: (args: readonly string[]) => boolean;
  /** What arguments ask for; `name` starts the command. */
  readonly read: (args: readonly string[], name: string) => Request;
  /** Does it, and gives the exit code. */
  readonly run: (request: Request, start: Start, stop: Stop) => number | Promise<number>;
  /** The report for programs where nothing ran, for this reason. */
  readonly jsonFailure: (error: string) => string;
}

/**
 * Runs a command and gives its exit code.
 *
 * @param readStart Tells how `simulate` was started; the first argument is the command's word.
 */
export async function runSubcommand<Request>(
  { word, isForPrograms, read, run, jsonFailure }: Subcommand<Request>,
  readStart: () => Start,
): Promise<number> {
  let isJson = false;
  const printFailure = (reason: string) => {
    if (isJson) print(`${jsonFailure(reason)}\n`);
  };
  using stop = new Stop(() => printFailure("Stopped at once"));
  try {
    const start = readStart();
    const own = start.args.slice(1);
    isJson = isForPrograms(own);
    return await run(read(own, `${start.command} ${word}`), start, stop);
  } catch (error) {
    return endWith(error, printFailure);
  }
}
