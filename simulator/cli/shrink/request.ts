/**
 * From the arguments of `simulate shrink` to what is to be made smaller.
 *
 * @module
 */

import type { Command } from "commander";
import { folded } from "../../layout.ts";
import { RERUNS_MAX } from "../../shrinking/shrink.ts";
import { RERUNS_LEAST, RERUNS_MOST } from "../../shrinking/shrink_run.ts";
import { ARTEFACT_SUFFIX } from "../../artefacts/artefact.ts";
import {
  asksForJson,
  createCommand,
  EXIT_FAILED,
  EXIT_OK,
  EXIT_USAGE,
  helpColumns,
  UsageError,
} from "../command.ts";
import { parseWhole } from "../option_values.ts";

/** What is to be made smaller. */
export interface ShrinkRequest {
  /** The artefact's path. */
  readonly path: string;
  /** Where the smaller one goes. */
  readonly out: string;
  /** Where the story goes as a Mermaid diagram; null: nowhere. */
  readonly mermaid: string | null;
  /** Runs that may be made. */
  readonly rerunsMax: number;
  /** Whether the report is for programs. */
  readonly isJson: boolean;
}

const PARAGRAPHS = [
  "Makes a run smaller that a sweep found something in: the same rule is broken at the same place, with fewer " +
  "faults, fewer switches, which are choices that fifo would not make, plainer numbers, and fewer steps. It makes " +
  "many runs for that, and writes the smallest beside FILE, or to --out, as a file of the same kind: simulate " +
  "replay runs it again. Then it tells the story of that run, step by step. Where the run is another one by now there is nothing to make smaller. A scenario of " +
  "a user's own is loaded from the path that FILE names, and runs: look at a file from somebody else before.",
  `Exit code: ${EXIT_OK} the smaller run was written; ${EXIT_FAILED} the run is another one by now, or its finding ` +
  `is not found any more; ${EXIT_USAGE} FILE cannot be made smaller; 130 Ctrl-C, and the smallest run by then was ` +
  "written.",
];

function helpOf(name: string): string {
  const columns = helpColumns();
  const paragraphs = PARAGRAPHS.map((each) => folded(each, columns, ""));
  return `\n${paragraphs.join("\n\n")}\n
Examples:
  ${name} sweep-failures/echo-17.vmbus-run.json
  ${name} sweep-failures/echo-17.vmbus-run.json --reruns 2000 --out small.vmbus-run.json`;
}

function createShrink(name: string): Command {
  return createCommand(name)
    .description("Makes a run smaller that a sweep found something in.")
    .argument("<file>", "the file that the sweep kept of it")
    .option(
      "--out <FILE>",
      "where the smaller one goes (default: beside it, with .shrunk in its name)",
    )
    .option("--mermaid <FILE>", "write the story of the smaller run as a Mermaid sequence diagram")
    .option(
      "--reruns <N>",
      `runs that may be made for it (default: ${RERUNS_MAX})`,
      parseWhole(RERUNS_LEAST, RERUNS_MOST),
    )
    .option("--json", "print one JSON object instead of text")
    .allowExcessArguments(false)
    .addHelpText("after", () => helpOf(name));
}

/** Whether `args` ask for a report for programs, also where nothing can be run with them. */
export function isShrinkForPrograms(args: readonly string[]): boolean {
  return asksForJson(createShrink("shrink"), args);
}

/** Where the smaller run of the one at `path` goes: `a.vmbus-run.json` to `a.shrunk.vmbus-run.json`. */
export function shrunkPath(path: string): string {
  for (const suffix of [ARTEFACT_SUFFIX, ".json"]) {
    if (path.endsWith(suffix)) return `${path.slice(0, -suffix.length)}.shrunk${suffix}`;
  }
  return `${path}.shrunk${ARTEFACT_SUFFIX}`;
}

/**
 * What `args` ask for.
 *
 * @param name What starts the command.
 * @throws {CommanderError} They cannot be understood, or they ask for help; both have been answered.
 * @throws {UsageError} A path is empty.
 */
export function readShrink(args: readonly string[], name: string): ShrinkRequest {
  const command = createShrink(name).parse(args, { from: "user" });
  const { out, mermaid = null, reruns = RERUNS_MAX, json } = command.opts<
    { out?: string; mermaid?: string; reruns?: number; json?: true }
  >();
  const path = command.args[0]!;
  if (out === "") throw new UsageError("--out must be a path, and not empty");
  if (mermaid === "") throw new UsageError("--mermaid must be a path, and not empty");
  return { path, out: out ?? shrunkPath(path), mermaid, rerunsMax: reruns, isJson: json === true };
}
