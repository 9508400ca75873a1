/**
 * The command `deno task vectors`: holds the package against files of vectors and prints a line for each case; or writes
 * the files that it gives away. Needs `--allow-read`, and `--allow-write` to write them.
 *
 * @module
 */

import type { Command } from "commander";
import { folded, grouped, type Look, painted } from "../layout.ts";
import { TextError } from "../vectors/json_text.ts";
import { visible, visibleJson } from "../text.ts";
import type { VectorResult } from "../vectors/run.ts";
import { checkVectors } from "../vectors/sets/check.ts";
import { type VectorFile, vectorFiles } from "../vectors/sets/files.ts";
import {
  asksForJson,
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
import {
  checkFolder,
  filesIn,
  prepareFolder,
  readVectorFile,
  writeFolder,
} from "./vectors_folder.ts";

const PERMISSIONS = "--allow-read --allow-write";

/** What the help says beside the options. */
function helpAfter(name: string): string {
  const form =
    "A FILE is one that --generate writes, or a JSON array of ring cases as docs/wire.md, section 10, describes them. " +
    "Each case has bytes, and what must be made of them: the package's own readers and writers are held against that. " +
    "A folder is one that --generate wrote: the digests in its manifest are checked, too. Paths are relative to the " +
    "folder that you are in.";
  const given =
    "With --generate, DIR gets the vectors that are given away: ring images, packets, control messages, whole exchanges " +
    "and state tables, as JSON with a schema, as lines of text for who has no reader of JSON, and a README.md that says " +
    "how programs in C, Rust and Go use them. The same release writes the same bytes. DIR is made where there is none, " +
    "and has to be empty, unless --force replaces the files in it that have the same names.";
  const exit =
    `Exit code: ${EXIT_OK} all cases pass, or the files are written; ${EXIT_FAILED} a case fails; ${EXIT_USAGE} a ` +
    "file or argument cannot be used. With --json an object is printed in each of these cases.";
  return `
${folded(form, helpColumns(), "")}

A line a case; steps are counted from 1:
  ok   read-one
  FAIL read-one: step 2: readIndex: expected 16, got 0

${folded(given, helpColumns(), "")}

${folded(exit, helpColumns(), "")}

Examples:
  ${name} tests/vectors/ring.json
  ${name} --generate vectors
  ${name} vectors`;
}

interface FileResults {
  readonly file: string;
  readonly cases: readonly VectorResult[];
}

function runFile(file: string): FileResults {
  const text = readVectorFile(file);
  try {
    return { file, cases: checkVectors(text) };
  } catch (error) {
    if (!(error instanceof TextError)) throw error;
    throw new UsageError(`${file}:${error.line}:${error.column}: ${error.message}`);
  }
}

/** The results of a file, or of the files of a folder: first those of its manifest. */
function runPath(path: string): readonly FileResults[] {
  const files = filesIn(path);
  if (files === null) return [runFile(path)];
  return [{ file: path, cases: checkFolder(path) }, ...files.map(runFile)];
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

/** What is told to programs: fields that have one type each, or null where nothing is known. */
interface JsonReport {
  readonly ok: boolean;
  readonly error: string | null;
  readonly passed: number | null;
  readonly failed: number | null;
  readonly files: readonly FileResults[] | null;
  readonly written: readonly { readonly name: string; readonly byteCount: number }[] | null;
}

function jsonText(known: Partial<JsonReport>): string {
  const unknown = { error: null, passed: null, failed: null, files: null, written: null };
  return `${visibleJson({ ok: false, ...unknown, ...known })}\n`;
}

/** The report for programs. */
function jsonReport(files: readonly FileResults[]): string {
  const cases = files.flatMap((file) => file.cases);
  const passed = passedCount(cases);
  const failed = cases.length - passed;
  const error = failed === 0 ? null : sumOf(passed, failed);
  return jsonText({ ok: failed === 0, error, passed, failed, files });
}

/** What is printed of files that were written. */
function writtenReport(folder: string, files: readonly VectorFile[], isJson: boolean): string {
  const listed = files.map(({ name, text }) => ({ name, byteCount: byteCountOf(text) }));
  if (isJson) return jsonText({ ok: true, written: listed });
  const lines = listed.map(({ name, byteCount }) => `${grouped(byteCount)} bytes  ${name}`);
  const width = Math.max(...lines.map((line) => line.indexOf("  ")));
  const sum = listed.reduce((all, { byteCount }) => all + byteCount, 0);
  return [
    ...lines.map((line) => `${" ".repeat(width - line.indexOf("  "))}${line}`),
    `${files.length} files, ${grouped(sum)} bytes, in ${visible(folder)}`,
    "",
  ].join("\n");
}

function byteCountOf(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** How the command was started where nobody says otherwise: as its task, in the repository. */
const startHere = (args: readonly string[]): Start => ({
  command: "deno task vectors",
  args,
  isDumb: false,
});

/** What the command line says. */
interface Options {
  readonly json?: true;
  readonly generate?: string;
  readonly force?: true;
}

function createVectors(name: string): Command {
  return createCommand(name)
    .description("Holds the package against vectors, and writes those that it gives away.")
    .argument("[file...]", "vector files, or a folder of them")
    .option("--generate <DIR>", "write the vectors that are given away into a folder")
    .option("--force", "with --generate: into a folder that is not empty")
    .option("--json", "print one JSON object instead of lines")
    .addHelpText("after", () => helpAfter(name));
}

/** Runs the cases of files. */
function check(paths: readonly string[], isJson: boolean, look: Look): number {
  const files = paths.flatMap(runPath);
  print(isJson ? jsonReport(files) : textReport(files, look));
  const isFailed = files.some(({ cases }) => passedCount(cases) < cases.length);
  return isFailed ? EXIT_FAILED : EXIT_OK;
}

/** What the options say that does not go together; null: all does. */
function complaintOf({ generate, force }: Options, paths: readonly string[]): string | null {
  if (generate === "") return "--generate must be a path, and not empty";
  if (generate !== undefined && paths.length > 0) return "--generate goes with no file";
  if (force === true && generate === undefined) return "--force goes with --generate alone";
  if (generate === undefined && paths.length === 0) return "missing required argument 'file'";
  return null;
}

/**
 * Runs the command with `args` and gives its exit code.
 *
 * @param readStart Tells from them how it was started.
 */
export async function main(
  args: readonly string[],
  readStart: (args: readonly string[]) => Start = startHere,
): Promise<number> {
  try {
    const { command, args: own, isDumb } = readStart(args);
    const parsed = createVectors(command).parse(own, { from: "user" });
    const options = parsed.opts<Options>();
    const complaint = complaintOf(options, parsed.args);
    if (complaint !== null) throw new UsageError(`${complaint}: see ${command} --help`);
    const { generate, force = false, json = false } = options;
    if (generate === undefined) return check(parsed.args, json, stdoutLook(isDumb));
    prepareFolder(generate, force);
    const files = await vectorFiles();
    writeFolder(generate, files);
    print(writtenReport(generate, files, json));
    return EXIT_OK;
  } catch (error) {
    const isJson = asksForJson(createVectors("vectors"), args);
    return endWith(error, (reason) => isJson && print(jsonText({ error: reason })));
  }
}

if (import.meta.main) {
  Deno.exitCode = await main(
    Deno.args,
    (args) => startOf("vectors", import.meta.url, PERMISSIONS, args),
  );
}
