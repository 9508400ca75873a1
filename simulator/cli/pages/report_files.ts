/**
 * Reports of a run in files: its page, and its trace for Perfetto.
 *
 * @module
 */

import type { Command } from "commander";
import { addressOfCurrent, recordingFrom } from "../../driver_lines.ts";
import { pageOf } from "../../pages/page.ts";
import type { Recording } from "../../pages/recording.ts";
import { traceEventsOf } from "../../pages/trace_events.ts";
import { visible } from "../../text.ts";
import { tell, UsageError } from "../command.ts";
import { checkWritten, writeAsked } from "../written_files.ts";

/** Where reports of a run go; null: nowhere. */
export interface ReportPaths {
  /** The page. */
  readonly report: string | null;
  /** Chrome trace events. */
  readonly traceEvents: string | null;
}

/** What commander makes of the options. */
export interface ReportValues {
  /** `--report`. */
  readonly report?: string;
  /** `--trace-events`. */
  readonly traceEvents?: string;
}

const OPTIONS = { report: "--report", traceEvents: "--trace-events" } as const;

/** Adds the options to a command. */
export function addReportOptions(command: Command): Command {
  return command
    .option(
      "--report <FILE>",
      "write a page of the run, which any browser opens: diagram, entries, states",
    )
    .option("--trace-events <FILE>", "write the run as Chrome trace events, which Perfetto opens");
}

/**
 * What the options say.
 *
 * @throws {UsageError} A path is empty.
 */
export function reportPathsOf(values: ReportValues): ReportPaths {
  for (const name of Object.keys(OPTIONS) as (keyof ReportPaths)[]) {
    if (values[name] === "") throw new UsageError(`${OPTIONS[name]} must be a path, and not empty`);
  }
  return { report: values.report ?? null, traceEvents: values.traceEvents ?? null };
}

/** Whether any report is asked for. */
export function wantsReport({ report, traceEvents }: ReportPaths): boolean {
  return report !== null || traceEvents !== null;
}

/** The name of an option by which something would be written; null: there is none. */
export function writtenReport({ report, traceEvents }: ReportPaths): string | null {
  if (report !== null) return "report";
  return traceEvents === null ? null : "trace-events";
}

function pathsOf(paths: ReportPaths): [string, string][] {
  const names = Object.keys(OPTIONS) as (keyof ReportPaths)[];
  return names.flatMap((name) => {
    const path = paths[name];
    return path === null ? [] : [[OPTIONS[name], path]];
  });
}

/**
 * Makes sure, before anything runs, that reports can be written where they are to go: {@linkcode checkWritten}.
 *
 * @param others Other files of the command line, by what they are for.
 * @throws {UsageError} They cannot.
 */
export function checkReportPaths(
  paths: ReportPaths,
  others: readonly (readonly [string, string])[],
): void {
  checkWritten(pathsOf(paths), others);
}

const hintOf = (option: string) => `name another file with ${option}`;

/**
 * Writes the reports that are asked for, with lines of drivers from the current folder on, and says on stderr where they
 * are: stdout is the result's.
 *
 * @throws {UsageError} One cannot be written.
 */
export async function writeReports(paths: ReportPaths, recorded: Recording): Promise<void> {
  const { report, traceEvents } = paths;
  const recording = recordingFrom(addressOfCurrent(), recorded);
  if (report !== null) {
    writeAsked(report, await pageOf(recording), hintOf(OPTIONS.report));
    tell(`page: ${visible(report)}\n`);
  }
  if (traceEvents !== null) {
    const text = `${JSON.stringify(traceEventsOf(recording))}\n`;
    writeAsked(traceEvents, text, hintOf(OPTIONS.traceEvents));
    tell(`trace events: ${visible(traceEvents)}\n`);
  }
}
