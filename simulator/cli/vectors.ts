/**
 * The command `deno task vectors`: runs files of ring vectors on the ring core and prints a line
 * for each case. Needs `--allow-read` and nothing else.
 *
 * @module
 */

import type { Command } from "commander";
import { folded, grouped, type Look, painted } from "../layout.ts";
import { TextError } from "../vectors/json_text.ts";
import { visible, visibleJson } from "../text.ts";
import { runRingVectors, type VectorResult } from "../vectors/run.ts";
import {
  asksForJson,
  cannot,
  createCommand,
  endWith,
  EXIT_FAILED,
  EXIT_OK,
  EXIT_USAGE,
  helpColumns,
  print,
  stdoutLook,
  UsageError,
} from "./command.ts";
import { type Start, startOf } from "./start.ts";

const PERMISSIONS = "--allow-read";

/** What the help says beside the options. */
function helpAfter(name: string): string {
  const form =
    "A FILE is a JSON array of cases; docs/wire.md, section 10, describes their form. Each " +
    "case starts with a ring, does operations on it, and says what each must answer and what the memory " +
    "must hold. Paths are relative to the folder that you are in.";
  const exit =
    `Exit code: ${EXIT_OK} all cases pass, ${EXIT_FAILED} a case fails, ${EXIT_USAGE} a ` +
    "file or argument cannot be used. With --json an object is printed in each of these cases.";
  return `
${folded(form, helpColumns(), "")}

A line a case; steps are counted from 1:
  ok   read-one
  FAIL read-one: step 2: readIndex: expected 16, got 0

${folded(exit, helpColumns(), "")}

Example:
  ${name} tests/vectors/ring.json`;
}

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
    if (size > FILE_BYTES_MAX) throw refusal(`it has more than ${grouped(FILE_BYTES_MAX)} bytes`);
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
function textReport(files: readonly FileResults[], look: Look): string {
  const lines = files.flatMap(({ file, cases }) => [
    ...(files.length > 1 ? [`${visible(file)}:`] : []),
    ...cases.map(({ name, failure }) =>
      failure === null
        ? `${painted("ok", "green", look)}   ${visible(name)}`
        : `${painted("FAIL", "red", look)} ${visible(name)}: ${visible(failure)}`
    ),
  ]);
  const cases = files.flatMap((file) => file.cases);
  const passed = passedCount(cases);
  return [...lines, sumOf(passed, cases.length - passed), ""].join("\n");
}

function sumOf(passed: number, failed: number): string {
  return `${grouped(passed)} passed, ${grouped(failed)} failed`;
}

/** The report for programs: one object, whose fields have one type each. */
function jsonReport(files: readonly FileResults[]): string {
  const cases = files.flatMap((file) => file.cases);
  const passed = passedCount(cases);
  const failed = cases.length - passed;
  const error = failed === 0 ? null : sumOf(passed, failed);
  return `${visibleJson({ ok: failed === 0, error, passed, failed, files })}\n`;
}

/** The report for programs where nothing ran: null stands for what is not known. */
function jsonFailure(error: string): string {
  return `${visibleJson({ ok: false, error, passed: null, failed: null, files: null })}\n`;
}

/** How the command was started where nobody says otherwise: as its task, in the repository. */
const startHere = (args: readonly string[]): Start => ({
  command: "deno task vectors",
  args,
  isDumb: false,
});

function createVectors(name: string): Command {
  return createCommand(name)
    .description("Runs ring vectors on the ring core.")
    .argument("<file...>", "vector files")
    .option("--json", "print one JSON object instead of lines")
    .addHelpText("after", () => helpAfter(name));
}

/**
 * Runs the command with `args` and gives its exit code.
 *
 * @param readStart Tells from them how it was started.
 */
export function main(
  args: readonly string[],
  readStart: (args: readonly string[]) => Start = startHere,
): number {
  try {
    const { command, args: own, isDumb } = readStart(args);
    const parsed = createVectors(command).parse(own, { from: "user" });
    const files = parsed.args.map(runFile);
    const { json } = parsed.opts<{ json?: true }>();
    print(json ? jsonReport(files) : textReport(files, stdoutLook(isDumb)));
    const isFailed = files.some(({ cases }) => passedCount(cases) < cases.length);
    return isFailed ? EXIT_FAILED : EXIT_OK;
  } catch (error) {
    const isJson = asksForJson(createVectors("vectors"), args);
    return endWith(error, (reason) => isJson && print(jsonFailure(reason)));
  }
}

if (import.meta.main) {
  Deno.exitCode = main(
    Deno.args,
    (args) => startOf("vectors", import.meta.url, PERMISSIONS, args),
  );
}
