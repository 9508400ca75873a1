/**
 * Makes a recording of a run, whatever fabrics it makes.
 *
 * @module
 */

import type { Fabric, TraceEntry } from "../../mod.ts";
import { PayloadReader, type ScenarioPayload } from "../decoding/payloads.ts";
import type { Choice } from "../worlds/settings.ts";
import { textOfChoice } from "../words/entry_text.ts";
import { FabricRecorder } from "./fabric_recorder.ts";
import type {
  RecordedArrow,
  RecordedBytes,
  RecordedFinding,
  RecordedLane,
  RecordedMark,
  RecordedRun,
  RecordedStates,
  Recording,
} from "./recording.ts";

/** Who has lanes on a trace, in the order of a diagram: each partition, and behind it its endpoints. */
function lanesOf(
  entries: readonly TraceEntry[],
  { met }: FabricRecorder,
  rename: (subject: string) => string,
): readonly RecordedLane[] {
  const partitions = new Set(
    entries.filter(({ event }) => event === "partitionCreated").map(({ subject }) => subject),
  );
  for (const { partition } of met) partitions.add(partition);
  return [...partitions].flatMap((partition) => [
    { subject: rename(partition), partition, side: null },
    ...met.filter((one) => one.partition === partition)
      .map((one) => ({ ...one, subject: rename(one.subject) })),
  ]);
}

/** Where findings are on a trace: where it tells of them, or behind all that had happened by their step. */
function marksOf(
  findings: readonly RecordedFinding[],
  entries: readonly TraceEntry[],
  steps: readonly number[],
): readonly RecordedMark[] {
  return findings.map(({ rule, message, step }) => {
    const isSame = ({ event, details }: TraceEntry) =>
      (event === "violation" || event === "found") && details.rule === rule &&
      details.message === message;
    const told = entries.findIndex(isSame);
    const after = step === undefined ? -1 : steps.findIndex((each) => each > step);
    const entry = told >= 0 ? told : after > 0 ? after - 1 : entries.length - 1;
    return { kind: "finding", entry, text: rule === undefined ? message : `${rule}: ${message}` };
  });
}

/** All fabrics of a run, as one recording: what is behind comes later. */
class Joined {
  readonly entries: TraceEntry[] = [];
  readonly steps: number[] = [];
  readonly lanes: RecordedLane[] = [];
  readonly arrows: RecordedArrow[] = [];
  readonly bytes: RecordedBytes[] = [];
  readonly marks: RecordedMark[] = [];
  readonly paths: { readonly of: string; readonly name: string }[] = [];
  readonly values: string[] = [];
  readonly at: number[] = [];
  readonly path: number[] = [];
  readonly value: number[] = [];

  /** Adds a fabric. What has the same name in an earlier one gets the number of the fabric behind it. */
  add(recorder: FabricRecorder, number: number): void {
    const rename = (subject: string) => number === 1 ? subject : `${subject} (${number})`;
    const first = this.entries.length;
    const begin100ns = this.entries.at(-1)?.at100ns ?? 0;
    for (const entry of recorder.entries) {
      const { at100ns, subject } = entry;
      this.entries.push(
        number === 1
          ? entry
          : { ...entry, at100ns: begin100ns + at100ns, subject: rename(subject) },
      );
    }
    for (const step of recorder.steps) this.steps.push(step);
    this.lanes.push(...lanesOf(recorder.entries, recorder, rename));
    for (const { kind, from, to } of recorder.arrows) {
      this.arrows.push({ kind, from: first + from, to: first + to });
    }
    for (const one of recorder.bytes) this.bytes.push({ ...one, entry: first + one.entry });
    for (const { kind, entry, text } of recorder.marks) {
      const choice = kind === "switch" ? recorder.entries[entry] : undefined;
      const words = choice?.event === "choice" ? textOfChoice(choice.details) : text;
      this.marks.push({ kind, entry: first + entry, text: words });
    }
    this.#addStates(recorder.states, first, rename);
  }

  #addStates(
    { paths, values, at, path, value }: RecordedStates,
    first: number,
    rename: (of: string) => string,
  ): void {
    const [firstPath, firstValue] = [this.paths.length, this.values.length];
    for (const { of, name } of paths) this.paths.push({ of: rename(of), name });
    for (const each of values) this.values.push(each);
    for (let n = 0; n < at.length; n++) {
      this.at.push(first + at[n]!);
      this.path.push(firstPath + path[n]!);
      // What stands for nothing is one value, whoever says so.
      this.value.push(value[n] === 0 ? 0 : firstValue + value[n]!);
    }
  }

  /** The recording of a run that ended so. */
  recording(run: RecordedRun, findings: readonly RecordedFinding[]): Recording {
    const { entries, steps, lanes, arrows, bytes, paths, values, at, path, value } = this;
    const last = Math.max(entries.length - 1, 0);
    const marks = [...this.marks, ...marksOf(findings, entries, steps)]
      .map((mark) => ({ ...mark, entry: Math.min(mark.entry, last) }))
      .sort((one, other) => one.entry - other.entry);
    const states = { paths, values, at, path, value };
    return { run, findings, entries, steps, lanes, arrows, bytes, marks, states };
  }
}

/** Records a run: it is told of each fabric that the run makes, and of choices where there are any. */
export class RunRecorder {
  readonly #fabrics: FabricRecorder[] = [];
  readonly #payloads: PayloadReader;
  /** Choices that were made; the first are of a world's faults, and there is no fabric yet. */
  #choices = 0;

  /** Records a run whose payloads read so. */
  constructor(payloads: readonly ScenarioPayload[] = []) {
    this.#payloads = new PayloadReader(payloads);
  }

  /** The run has made a fabric, which keeps its whole trace. */
  readonly watch = (fabric: Fabric): void => {
    this.#fabrics.push(new FabricRecorder(fabric, this.#payloads, this.#choices));
  };

  /** The run has made a choice. */
  readonly chose = (choice: Choice): void => {
    this.#choices++;
    this.#fabrics.at(-1)?.chose(choice);
  };

  /** All fabrics are as they are to stay: it looks no longer. */
  readonly end = (): void => {
    for (const fabric of this.#fabrics) fabric.end();
  };

  /**
   * The recording.
   *
   * @param run What the run is called by.
   * @param findings What was found in it.
   */
  recording(run: RecordedRun, findings: readonly RecordedFinding[]): Recording {
    const joined = new Joined();
    for (const [at, fabric] of this.#fabrics.entries()) joined.add(fabric, at + 1);
    return joined.recording(run, findings);
  }
}
