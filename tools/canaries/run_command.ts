/**
 * How a command over canaries comes to its end: what it prints, and its exit code.
 *
 * @module
 */

import type { Command } from "commander";
import { asksForJson, endWith, EXIT_FAILED, EXIT_OK, print } from "../../simulator/cli/command.ts";
import { visibleJson } from "../../simulator/text.ts";

/** The document that has the tables of canaries. */
export const DOCUMENT = "docs/simulator.md";

/** What a command has come to. */
export interface CanariesEnd {
  /** What is wrong; null: nothing. */
  readonly error: string | null;
  /** What people read. */
  readonly text: string;
  /** What programs read, one for each canary. */
  readonly canaries: readonly unknown[];
}

/** Runs `command` with `args`, and what `run` does with its options. Returns the exit code. */
export async function runCommand<Options>(
  command: Command,
  args: readonly string[],
  run: (options: Options) => Promise<CanariesEnd>,
): Promise<number> {
  const isJson = asksForJson(command, args);
  const printJson = (value: unknown) => print(`${visibleJson(value)}\n`);
  try {
    const { error, text, canaries } = await run(
      command.parse(args, { from: "user" }).opts() as Options,
    );
    if (isJson) printJson({ ok: error === null, error, canaries });
    else print(`${text}\n`);
    return error === null ? EXIT_OK : EXIT_FAILED;
  } catch (error) {
    return endWith(error, (message) => {
      if (isJson) printJson({ ok: false, error: message, canaries: null });
    });
  }
}

/** Has the document's text be what `change` makes of it. */
export async function changeDocument(change: (text: string) => string): Promise<void> {
  await Deno.writeTextFile(DOCUMENT, change(await Deno.readTextFile(DOCUMENT)));
}
