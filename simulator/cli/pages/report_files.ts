/**
 * Reports of a run in files: its page, its trace for Perfetto, and its capture for Wireshark.
 *
 * @module
 */

import type { Command } from "commander";
import { addressOfCurrent } from "../../driver_lines.ts";
import { pageOf } from "../../pages/page.ts";
import { type Recording, recordingFrom } from "../../pages/recording.ts";
import { traceEventsOf } from "../../pages/trace_events.ts";
import { visible } from "../../text.ts";
import { tell, UsageError } from "../command.ts";
import { CaptureFile } from "../capture_file.ts";
import { checkWritten, writeAsked } from "../written_files.ts";

/** Where reports of a run go; null: nowhere. */
export interface ReportPaths {
  /** The page. */
  readonly report: string | null;
  /** Chrome trace events. */
  readonly traceEvents: string | null;
  /** A capture, which is written while the run lasts: {@linkcode CaptureFile}. */
  readonly capture: string | null;
}

/** What commander makes of the options. */
export interface ReportValues {
  /** `--report`. */
  readonly report?: string;
  /** `--trace-events`. */
  readonly traceEvents?: string;
  /** `--capture`. */
  readonly capture?: string;
}

const OPTIONS = {
  report: "--report",
  traceEvents: "--trace-events",
  capture: "--capture",
} as const;

/** Adds the options to a command. */
export function addReportOptions(command: Command): Command {
  return command
    .option(
      "--report <FILE>",
      "write a page of the run, which any browser opens: diagram, entries, states",
    )
    .option("--trace-events <FILE>", "write the run as Chrome trace events, which Perfetto opens")
    .option(
      "--capture <FILE>",
      "write control messages and packets as pcapng, which Wireshark opens with tools/vmbus.lua",
    );
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
  const { report = null, traceEvents = null, capture = null } = values;
  return { report, traceEvents, capture };
}

/** Whether a report is asked for that is made of the recording of a run. */
export function wantsReport({ report, traceEvents }: ReportPaths): boolean {
  return report !== null || traceEvents !== null;
}

/** The name of an option by which something would be written; null: there is none. */
export function writtenReport(paths: ReportPaths): string | null {
  return pathsOf(paths)[0]?.[0].slice("--".length) ?? null;
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

/** The capture that is asked for, of a run that is called `name`, begun; null: none is. */
export function openCapture({ capture }: ReportPaths, name: string): CaptureFile | null {
  return capture === null ? null : new CaptureFile(capture, name, hintOf(OPTIONS.capture));
}

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
