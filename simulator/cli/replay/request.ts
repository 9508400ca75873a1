/**
 * From the arguments of `simulate replay` to what is to be replayed.
 *
 * @module
 */

import type { Command } from "commander";
import { folded } from "../../layout.ts";
import {
  asksForJson,
  createCommand,
  EXIT_FAILED,
  EXIT_OK,
  EXIT_USAGE,
  helpColumns,
} from "../command.ts";
import { parseWhole } from "../option_values.ts";
import {
  addReportOptions,
  type ReportPaths,
  reportPathsOf,
  type ReportValues,
} from "../pages/report_files.ts";

/** What is to be replayed. */
export interface ReplayRequest {
  /** The artefact's path. */
  readonly path: string;
  /** Before which choice it stops for a debugger; null: nowhere. */
  readonly until: number | null;
  /** Where reports of the run go. */
  readonly reports: ReportPaths;
  /** Whether the report is for programs. */
  readonly isJson: boolean;
}

const PARAGRAPHS = [
  "Makes a run again that a sweep found something in, choice by choice, in any version of the program that " +
  "still has the same choices, and says whether the same is found. Where the run is another one by now, it " +
  "says from which step on. A scenario of a user's own is loaded from the path that FILE names, and runs: " +
  "look at a file from somebody else before.",
  "--until STEP says debugger before that choice. It stops there under a debugger, which attaches to what this starts:",
];

/** Starts the program of this command under a debugger. */
const DEBUG = "deno run --inspect-brk --allow-read simulator/cli/main.ts replay FILE --until STEP";

const EXIT =
  `Exit code: ${EXIT_OK} the run is the same, and nothing is found any more; ${EXIT_FAILED} something is ` +
  `found, or the run is another one by now; ${EXIT_USAGE} FILE cannot be replayed.`;

function helpOf(name: string): string {
  const columns = helpColumns();
  const paragraphs = PARAGRAPHS.map((each) => folded(each, columns, ""));
  return `\n${paragraphs.join("\n\n")}\n  ${DEBUG}\n\n${folded(EXIT, columns, "")}\n
Examples:
  ${name} sweep-failures/echo-17.vmbus-run.json
  ${name} sweep-failures/echo-17.vmbus-run.json --until 240
  ${name} sweep-failures/echo-17.vmbus-run.json --report run.html`;
}

function createReplay(name: string): Command {
  const command = createCommand(name)
    .description("Makes a run again from the file that a sweep kept of it.")
    .argument("<file>", "the file")
    .option(
      "--until <STEP>",
      "stop before this choice, the first being 0, for a debugger",
      parseWhole(0, 2 ** 32),
    )
    .option("--json", "print one JSON object instead of text")
    .allowExcessArguments(false)
    .addHelpText("after", () => helpOf(name));
  return addReportOptions(command);
}

/** Whether `args` ask for a report for programs, also where nothing can be run with them. */
export function isReplayForPrograms(args: readonly string[]): boolean {
  return asksForJson(createReplay("replay"), args);
}

/**
 * What `args` ask for.
 *
 * @param name What starts the command.
 * @throws {CommanderError} They cannot be understood, or they ask for help; both have been answered.
 * @throws {UsageError} A path is empty.
 */
export function readReplay(args: readonly string[], name: string): ReplayRequest {
  const command = createReplay(name).parse(args, { from: "user" });
  const values = command.opts<ReportValues & { until?: number; json?: true }>();
  const { until = null, json } = values;
  return { path: command.args[0]!, until, reports: reportPathsOf(values), isJson: json === true };
}
