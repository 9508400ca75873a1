/**
 * A run as it is recorded for who looks at it later: what its trace says, and beside that what could be seen
 * of it as it happened.
 *
 * @module
 */

import type { TraceEntry } from "../../mod.ts";
import { withLinesFrom } from "../driver_lines.ts";
import type { Finding } from "../finding.ts";

/** What was found, as far as a run can say: one that is no world knows the sentence alone. */
export interface RecordedFinding extends Pick<Finding, "message"> {
  /** What kind of failure it is, where that is known. */
  readonly kind?: Finding["kind"];
  /** The rule that was broken. */
  readonly rule?: string;
  /** Where. */
  readonly place?: string;
  /** Who found it. */
  readonly by?: string;
  /** Choices that the run had made before. */
  readonly step?: number;
  /** The driver's line, where one is to blame. */
  readonly source?: string;
  /** The line that did the same first. */
  readonly firstSource?: string;
}

/** What a run is called by, and how it can be had again. */
export interface RecordedRun {
  /** The scenario's name. */
  readonly scenario: string;
  /** What it does and shows, in one line. */
  readonly title: string;
  /** What it was run with, by name: seed, schedule, codec, options. */
  readonly options: Readonly<Record<string, string>>;
  /** The version of the package. */
  readonly package: string;
  /** The command that makes it again; null: there is none. */
  readonly replay: string | null;
  /** SHA-256 of its trace; null: nobody knows. */
  readonly digest: string | null;
  /** Whether somebody looked for what is wrong; false: that nothing was found says nothing. Default: true. */
  readonly isChecked?: boolean;
}

/** Who has a lane of his own in a diagram: a partition, or an endpoint of a channel in it. */
export interface RecordedLane {
  /** As entries name it. */
  readonly subject: string;
  /** The partition. */
  readonly partition: string;
  /** Which end of a channel it is; null: the partition itself. */
  readonly side: "server" | "client" | null;
}

/** A way from one entry to another. */
export interface RecordedArrow {
  /** A packet, the completion of one, or a control message. */
  readonly kind: "packet" | "completion" | "message";
  /** The entry at which it was sent. */
  readonly from: number;
  /** The entry at which it arrived. */
  readonly to: number;
}

/** A field as a page shows it; `depth` counts the fields that it lies in. */
export type RecordedField = readonly [
  name: string,
  offset: number,
  byteCount: number,
  text: string,
  depth: number,
];

/** A payload that was seen at an entry. */
export interface RecordedBytes {
  /** The entry. */
  readonly entry: number;
  /** The bytes, or the first of them. */
  readonly bytes: Uint8Array;
  /** How many there were. */
  readonly byteCount: number;
  /** What they are, in a few words, as far as the scenario's payloads tell. */
  readonly title?: string;
  /** What they say, all of them, as far as the scenario's payloads tell; what is wrong with them comes last. */
  readonly fields?: readonly RecordedField[];
}

/** What makes an entry worth a look. */
export interface RecordedMark {
  /** The order was not what fifo would do; something went wrong on purpose; a rule was broken. */
  readonly kind: "switch" | "fault" | "finding";
  /** The entry. */
  readonly entry: number;
  /** What it was, in a few words. */
  readonly text: string;
}

/** One value of what `inspect()` shows. */
export interface StatePath {
  /** Whose: `fabric`, `partition guest`, `channel 1 (server)`. */
  readonly of: string;
  /** Which: `incomingRing.usedBytes`. */
  readonly name: string;
}

/** What `inspect()` shows, as changes: the value of path `path[n]` is `values[value[n]]` after entry `at[n]`. */
export interface RecordedStates {
  /** All paths. */
  readonly paths: readonly StatePath[];
  /** All values, as JSON; the first one, an empty text, says that there is nothing there. */
  readonly values: readonly string[];
  /** After which entry, in order. */
  readonly at: readonly number[];
  /** Which path. */
  readonly path: readonly number[];
  /** Which value. */
  readonly value: readonly number[];
}

/** A recorded run: plain data. */
export interface Recording {
  /** What it is called by. */
  readonly run: RecordedRun;
  /** What was found, that which the recording is about first. */
  readonly findings: readonly RecordedFinding[];
  /** Its trace. */
  readonly entries: readonly TraceEntry[];
  /** For each entry how many choices had been made before; empty: nobody counted. */
  readonly steps: readonly number[];
  /** Who has a lane, in the order of a diagram. */
  readonly lanes: readonly RecordedLane[];
  /** Packets and completions on their way. */
  readonly arrows: readonly RecordedArrow[];
  /** Payloads and control messages. */
  readonly bytes: readonly RecordedBytes[];
  /** Entries that are worth a look, in order. */
  readonly marks: readonly RecordedMark[];
  /** What `inspect()` showed. */
  readonly states: RecordedStates;
}

/** A recording whose lines of drivers are told from a folder on: see {@linkcode withLinesFrom}. */
export function recordingFrom(folder: string | null, recording: Recording): Recording {
  return {
    ...recording,
    findings: recording.findings.map((finding) => withLinesFrom(folder, finding)),
    entries: recording.entries.map((entry) => withLinesFrom(folder, entry)),
  };
}
