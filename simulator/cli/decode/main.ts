/**
 * The command `deno task decode`: bytes of VMBus field by field, and traces, also those of Linux; what breaks a rule of
 * wire.md. Needs `--allow-read`, and `--allow-write` for a page.
 *
 * @module
 */

import { StepRecorder } from "../../decoded_steps/recording.ts";
import type { Decoding } from "../../decoded_steps/step.ts";
import type { RecordedRun } from "../../pages/recording.ts";
import { PACKAGE_VERSION } from "../../artefacts/package_version.ts";
import { shellQuoted } from "../../text.ts";
import { endWith, EXIT_FAILED, EXIT_OK, print, stdoutLook } from "../command.ts";
import { checkReportPaths, type ReportPaths, writeReports } from "../pages/report_files.ts";
import { type Start, startOf } from "../start.ts";
import { readInput } from "./input.ts";
import { jsonFailure, JsonOutput, type Output, Tally, TextOutput } from "./output.ts";
import { type DecodeRequest, isDecodeForPrograms, readDecode, STDIN } from "./request.ts";

const PERMISSIONS = "--allow-read --allow-write";

/** Text that is printed at once: a long trace is printed as it is read. */
const PRINTED_AT_ONCE = 2 ** 16;

/** Prints texts, several at once. */
class Printer {
  #text = "";

  add(text: string): void {
    this.#text += text;
    if (this.#text.length >= PRINTED_AT_ONCE) this.flush();
  }

  flush(): void {
    if (this.#text !== "") print(this.#text);
    this.#text = "";
  }
}

/** What the page of the input is called by. */
function runOf(
  { file, isChecked }: DecodeRequest,
  { kind }: Decoding,
  { command, args }: Start,
): RecordedRun {
  const name = file === STDIN ? "stdin" : file;
  return {
    scenario: name,
    title: isChecked
      ? `${name}: no rule of wire.md is broken by what is there`
      : `${name}, decoded and not checked`,
    options: { input: name, pieces: kind, checked: isChecked ? "by the rules of wire.md" : "no" },
    package: PACKAGE_VERSION,
    replay: file === STDIN ? null : [command, ...args.map(shellQuoted)].join(" "),
    digest: null,
    isChecked,
  };
}

/** Decodes, prints, and writes the page that is asked for; gives the exit code. */
async function run(request: DecodeRequest, start: Start): Promise<number> {
  const { file, isJson, isChecked, report } = request;
  const paths: ReportPaths = { report, traceEvents: null, capture: null };
  checkReportPaths(paths, file === STDIN ? [] : [["the input", file]]);
  const decoding = await readInput(request, Deno.stdin.readable);
  const tally = new Tally();
  const output: Output = isJson
    ? new JsonOutput(decoding.kind, isChecked, tally)
    : new TextOutput(stdoutLook(start.isDumb), isChecked, decoding.isSpaced, tally);
  const recorder = report === null ? null : new StepRecorder();
  const printer = new Printer();
  for await (const step of decoding.steps) {
    tally.add(step);
    printer.add(output.step(step));
    recorder?.add(step);
  }
  printer.add(output.end(decoding.end()));
  printer.flush();
  if (recorder !== null) {
    await writeReports(paths, recorder.recording(runOf(request, decoding, start)));
  }
  return tally.error === null ? EXIT_OK : EXIT_FAILED;
}

/** How the command was started where nobody says otherwise: as its task, in the repository. */
const startHere = (args: readonly string[]): Start => ({
  command: "deno task decode",
  args,
  isDumb: false,
});

/**
 * Runs the command with `args` and gives its exit code.
 *
 * @param readStart Tells from them how it was started.
 */
export async function main(
  args: readonly string[],
  readStart: (args: readonly string[]) => Start = startHere,
): Promise<number> {
  let own = args;
  try {
    const start = readStart(args);
    own = start.args;
    return await run(readDecode(own, start.command), start);
  } catch (error) {
    return endWith(error, (reason) => isDecodeForPrograms(own) && print(jsonFailure(reason)));
  }
}

if (import.meta.main) {
  Deno.exitCode = await main(
    Deno.args,
    (args) => startOf("decode", import.meta.url, PERMISSIONS, args),
  );
}
