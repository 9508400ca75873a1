/**
 * A recording as Chrome Trace Event JSON, which Perfetto opens: partitions are processes, channels threads, calls
 * and callbacks durations, packets arrows.
 *
 * @module
 */

import type { TraceEntry } from "../../mod.ts";
import { entryTextsOf } from "./entry_texts.ts";
import type { RecordedLane, Recording } from "./recording.ts";
import { spansOf } from "./spans.ts";

/** One event of the format. Times are in microseconds. */
export interface TraceEvent {
  /** What it is: `X` a duration, `i` an instant, `s` and `f` the ends of an arrow, `C` a counter, `M` a name. */
  readonly ph: "X" | "i" | "s" | "f" | "C" | "M";
  /** Its name. */
  readonly name: string;
  /** Its category. */
  readonly cat?: string;
  /** When it begins. */
  readonly ts?: number;
  /** How long it takes. */
  readonly dur?: number;
  /** The process: a partition. */
  readonly pid: number;
  /** The thread: a channel; each number is of one process alone. */
  readonly tid?: number;
  /** What the two ends of an arrow have in common. */
  readonly id?: number;
  /** With the end of an arrow: it points to what encloses it. */
  readonly bp?: "e";
  /** With an instant: how far it is seen, in its thread, its process or everywhere. */
  readonly s?: "t" | "p" | "g";
  /** More to read. */
  readonly args?: Readonly<Record<string, unknown>>;
}

/** A file of the format. */
export interface TraceEventFile {
  /** The events. */
  readonly traceEvents: readonly TraceEvent[];
  /** The unit in which times are shown. */
  readonly displayTimeUnit: "ns";
  /** What the run is called by. */
  readonly otherData: Readonly<Record<string, string>>;
}

/** Virtual time stands still while things happen: entries of one instant are so far apart. */
const STEP_US = 0.001;
/** The process of what is nobody's: the scheduler. */
const SCHEDULER = 1;

/** Who an entry is of: process and thread. */
type Where = Pick<TraceEvent, "pid"> & { readonly tid: number };

function placesOf(lanes: readonly RecordedLane[]): {
  readonly names: readonly TraceEvent[];
  readonly whereOf: (subject: string) => Where;
} {
  const partitions = [...new Set(lanes.map(({ partition }) => partition))];
  const places = new Map<string, Where>();
  const names: TraceEvent[] = [
    { ph: "M", name: "process_name", pid: SCHEDULER, args: { name: "scheduler" } },
    { ph: "M", name: "thread_name", pid: SCHEDULER, tid: 0, args: { name: "work items" } },
    ...partitions.map((name, at): TraceEvent => ({
      ph: "M",
      name: "process_name",
      pid: SCHEDULER + 1 + at,
      args: { name },
    })),
  ];
  for (const [at, { subject, partition, side }] of lanes.entries()) {
    const where = { pid: SCHEDULER + 1 + partitions.indexOf(partition), tid: at + 1 };
    places.set(subject, where);
    const name = side === null ? "bus" : subject;
    names.push({ ph: "M", name: "thread_name", ...where, args: { name } });
  }
  const nobody = { pid: SCHEDULER, tid: 0 };
  return { names, whereOf: (subject) => places.get(subject) ?? nobody };
}

/** When each entry is, in microseconds: virtual time, and in their order where that stands still. */
function timesOf(entries: readonly TraceEntry[]): readonly number[] {
  let last = -Infinity;
  return entries.map(({ at100ns }) => {
    // In whole nanoseconds, so that two are never the same by rounding.
    last = Math.max(at100ns * 100, last + STEP_US * 1000);
    return last;
  }).map((ns) => ns / 1000);
}

/** How full rings are. */
function countersOf({ states, lanes }: Recording, times: readonly number[]): TraceEvent[] {
  const { whereOf } = placesOf(lanes);
  const known = new Set(lanes.map(({ subject }) => subject));
  const events: TraceEvent[] = [];
  for (const [n, at] of states.at.entries()) {
    const { of, name } = states.paths[states.path[n]!]!;
    if (name !== "outgoingRing.usedBytes" || !known.has(of)) continue;
    const value = states.values[states.value[n]!]!;
    events.push({
      ph: "C",
      name: `ring of ${of}`,
      ts: times[at] ?? 0,
      pid: whereOf(of).pid,
      args: { bytes: value === "" ? 0 : Number(JSON.parse(value)) },
    });
  }
  return events;
}

/** A recording in the format of Chrome's trace events: `JSON.stringify` it into a file, and open that in Perfetto. */
export function traceEventsOf(recording: Recording): TraceEventFile {
  const { entries, lanes, arrows, marks, run } = recording;
  const times = timesOf(entries);
  const texts = entryTextsOf(recording);
  const { names, whereOf } = placesOf(lanes);
  const at = (entry: number) => ({ ts: times[entry]!, ...whereOf(entries[entry]!.subject) });
  const spans = spansOf(entries).map(({ kind, name, from, to }): TraceEvent => ({
    ph: "X",
    name,
    cat: kind,
    ...at(from),
    dur: times[to]! - times[from]!,
    args: { entry: from, ...entries[from]!.details, end: entries[to]!.details },
  }));
  const ends = [...new Set(arrows.flatMap(({ from, to }) => [from, to]))];
  // An arrow binds to a duration: each of its ends has one.
  const packets = ends.map((entry): TraceEvent => ({
    ph: "X",
    name: texts[entry]!,
    cat: "packet",
    ...at(entry),
    dur: STEP_US,
    args: { entry, ...entries[entry]!.details },
  }));
  const flows = arrows.flatMap(({ kind, from, to }, id): TraceEvent[] => [
    { ph: "s", name: kind, cat: kind, id, ...at(from) },
    { ph: "f", name: kind, cat: kind, id, bp: "e", ...at(to) },
  ]);
  const instants = marks.filter(({ entry }) => entry < entries.length)
    .map(({ kind, entry, text }): TraceEvent => ({
      ph: "i",
      name: `${kind}: ${text}`,
      cat: kind,
      s: kind === "switch" ? "t" : "g",
      ...at(entry),
      args: { entry },
    }));
  return {
    traceEvents: [
      ...names,
      ...spans,
      ...packets,
      ...flows,
      ...instants,
      ...countersOf(recording, times),
    ],
    displayTimeUnit: "ns",
    otherData: {
      scenario: run.scenario,
      package: run.package,
      trace: run.digest ?? "",
      ...run.options,
    },
  };
}
