/**
 * Commands that write a document, or a part of it, from the code: with `--check` they write nothing, and say
 * whether the file is current.
 *
 * @module
 */

import { createCommand, endWith, EXIT_FAILED, EXIT_OK, print } from "../simulator/cli/command.ts";

/** A file that is made from the code. */
export interface GeneratedFile {
  /** The command that makes it: `deno task chart`. */
  readonly command: string;
  /** What the command does, for its help. */
  readonly description: string;
  /** The file. */
  readonly path: string;
  /** What was done to it, in a word: `drawn`. */
  readonly done: string;
  /** What the file has to be, given what it is. */
  textOf(before: string): string;
}

/** Runs the command of `file` with `args` and gives its exit code. */
export async function runGenerator(file: GeneratedFile, args: readonly string[]): Promise<number> {
  const { path, done } = file;
  const command = createCommand(file.command)
    .description(file.description)
    .option("--check", "write nothing, and say whether the file is current")
    .addHelpText("after", helpAfter(done))
    .allowExcessArguments(false)
    .action(() => {});
  try {
    const { check } = command.parse(args, { from: "user" }).opts<{ check?: true }>();
    const before = await Deno.readTextFile(path);
    const text = file.textOf(before);
    if (check === undefined) {
      await Deno.writeTextFile(path, text);
      print(`ok: ${path} is ${done}\n`);
      return EXIT_OK;
    }
    const isCurrent = before === text;
    print(isCurrent ? `ok: ${path} is current\n` : `${path} is not current: ${file.command}\n`);
    return isCurrent ? EXIT_OK : EXIT_FAILED;
  } catch (error) {
    return endWith(error);
  }
}

function helpAfter(done: string): string {
  return `
Exit code: 0 ${done} or current, 1 with --check: not current, 2 an argument cannot be used.`;
}
