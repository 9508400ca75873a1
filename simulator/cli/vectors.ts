/**
 * The command `deno task vectors`: runs files of ring vectors on the ring core and prints a line
 * for each case. Needs `--allow-read` and nothing else.
 *
 * @module
 */

import { TextError } from "../vectors/json_text.ts";
import { visible, visibleJson } from "../text.ts";
import { runRingVectors, type VectorResult } from "../vectors/run.ts";
import {
  cannot,
  createCommand,
  endWith,
  EXIT_FAILED,
  EXIT_OK,
  EXIT_USAGE,
  print,
  UsageError,
} from "./command.ts";

const HELP_AFTER = `
A FILE is a JSON array of cases; docs/wire.md, section 10, describes their form. Each case starts
with a ring, does operations on it, and says what each must answer and what the memory must hold.

A line a case:
  ok   read-one
  FAIL read-one: step 2: readIndex: expected 16, got 0     (steps are counted from 1)

Exit code: ${EXIT_OK} all cases pass, ${EXIT_FAILED} a case fails, ${EXIT_USAGE} a file or argument cannot be used.

Example:
  deno task vectors tests/vectors/ring.json`;

/** Far more than any file of vectors has. */
const FILE_BYTES_MAX = 2 ** 24;

interface FileResults {
  readonly file: string;
  readonly cases: readonly VectorResult[];
}

function readFile(file: string): string {
  const refusal = (reason: unknown) =>
    cannot(`read ${file}`, reason, "name a file of ring vectors");
  try {
    const { isCharDevice, size } = Deno.statSync(file);
    if (isCharDevice) throw refusal("it is a device, and need have no end");
    if (size > FILE_BYTES_MAX) throw refusal(`it has more than ${FILE_BYTES_MAX} bytes`);
    return Deno.readTextFileSync(file);
  } catch (error) {
    throw refusal(error);
  }
}

function runFile(file: string): FileResults {
  const text = readFile(file);
  try {
    return { file, cases: runRingVectors(text) };
  } catch (error) {
    if (!(error instanceof TextError)) throw error;
    throw new UsageError(`${file}:${error.line}:${error.column}: ${error.message}`);
  }
}

function passedCount(cases: readonly VectorResult[]): number {
  return cases.filter(({ failure }) => failure === null).length;
}

/** The report for people; a file's name stands above its cases where there are several files. */
function textReport(files: readonly FileResults[], isColored: boolean): string {
  const paint = (code: number, text: string) => isColored ? `\x1b[${code}m${text}\x1b[0m` : text;
  const lines = files.flatMap(({ file, cases }) => [
    ...(files.length > 1 ? [`${visible(file)}:`] : []),
    ...cases.map(({ name, failure }) =>
      failure === null
        ? `${paint(32, "ok")}   ${visible(name)}`
        : `${paint(31, "FAIL")} ${visible(name)}: ${visible(failure)}`
    ),
  ]);
  const cases = files.flatMap((file) => file.cases);
  const passed = passedCount(cases);
  return [...lines, `${passed} passed, ${cases.length - passed} failed`, ""].join("\n");
}

/** The report for programs: one object. */
function jsonReport(files: readonly FileResults[]): string {
  const cases = files.flatMap((file) => file.cases);
  const passed = passedCount(cases);
  const failed = cases.length - passed;
  return `${visibleJson({ ok: failed === 0, passed, failed, files })}\n`;
}

/** Runs the command with `args` and gives its exit code. */
export function main(args: readonly string[]): number {
  let exitCode = EXIT_OK;
  const command = createCommand("deno task vectors")
    .description("Runs ring vectors on the ring core.")
    .argument("<file...>", "vector files")
    .option("--json", "print one JSON object instead of lines")
    .addHelpText("after", HELP_AFTER)
    .action((names: string[], options: { json?: boolean }) => {
      const files = names.map(runFile);
      const isColored = Deno.stdout.isTerminal() && !Deno.noColor;
      print(options.json ? jsonReport(files) : textReport(files, isColored));
      const isFailed = files.some(({ cases }) => passedCount(cases) < cases.length);
      exitCode = isFailed ? EXIT_FAILED : EXIT_OK;
    });
  try {
    command.parse(args, { from: "user" });
  } catch (error) {
    return endWith(error);
  }
  return exitCode;
}

if (import.meta.main) Deno.exitCode = main(Deno.args);
