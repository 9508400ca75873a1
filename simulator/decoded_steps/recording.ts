/**
 * What was decoded as a recording, for the page that failures have.
 *
 * @module
 */

import type { TraceEntry } from "../../mod.ts";
import { messageArrows } from "../pages/arrows.ts";
import type {
  RecordedArrow,
  RecordedBytes,
  RecordedFinding,
  RecordedLane,
  RecordedMark,
  RecordedRun,
  Recording,
} from "../pages/recording.ts";
import type { DecodedStep } from "./step.ts";

/** Entries that are kept: a page has no more (of a longer run the last ones). */
const ENTRIES_MAX = 200_000;
/** Findings that are kept: whoever reads a page reads the first ones. */
const FINDINGS_MAX = 1000;
/** Lanes of a diagram: who else there is has none. */
const LANES_MAX = 256;

/** What has no name, as what is nobody's: it has no lane. */
const NOBODY = /^#\d+$/;

/** Which end of a channel a subject is, as fabrics name them: `channel 1 (server)`. */
function sideOf(subject: string): RecordedLane["side"] {
  const [, side] = /\((server|client)\)$/.exec(subject) ?? [];
  return side === "server" || side === "client" ? side : null;
}

/** Who has a lane, in the order in which they appear: each partition, and behind it its channels. */
function lanesOf(entries: readonly TraceEntry[]): readonly RecordedLane[] {
  const ofPartition = new Map<string, Set<string>>();
  const partitionOf = new Map<string, string>();
  for (const { subject, details } of entries) {
    if (NOBODY.test(subject)) continue;
    const { partition: told } = details;
    const partition = typeof told === "string" ? told : partitionOf.get(subject) ?? subject;
    if (partitionOf.size < LANES_MAX) partitionOf.set(subject, partition);
    else if (!partitionOf.has(subject)) continue;
    const subjects = ofPartition.get(partition) ?? new Set([partition]);
    ofPartition.set(partition, subjects.add(subject));
  }
  return [...ofPartition].flatMap(([partition, subjects]) =>
    [...subjects].map((subject): RecordedLane => ({
      subject,
      partition,
      side: subject === partition ? null : sideOf(subject) ?? "client",
    }))
  );
}

/** The lane of who is no guest: of a fabric's own trace that is its first partition. */
const HOST: RecordedLane = { subject: "host", partition: "host", side: null };

/** Messages that are told of once alone cross the bus at that entry. */
function arrowsAcross(entries: readonly TraceEntry[]): readonly RecordedArrow[] {
  return entries.flatMap(({ event }, at): readonly RecordedArrow[] =>
    /^message(?:ToHost|ToGuest|Taken)$/.test(event) ? [{ kind: "message", from: at, to: at }] : []
  );
}

/** Collects what is decoded, as far as a page has room. */
export class StepRecorder {
  #entries: TraceEntry[] = [];
  #bytes: RecordedBytes[] = [];
  #marks: RecordedMark[] = [];
  readonly #findings: RecordedFinding[] = [];

  /** Takes the next piece. */
  add({ entries, findings, damage }: DecodedStep): void {
    for (const { entry, bytes } of entries) {
      if (bytes !== undefined) this.#bytes.push({ ...bytes, entry: this.#entries.length });
      this.#entries.push(entry);
    }
    const entry = Math.max(this.#entries.length - 1, 0);
    for (const { rule, place, message } of findings) {
      this.#mark(entry, `${rule}: ${message}`);
      this.#find({ kind: "correctness", rule, place, message, by: "decode --check" });
    }
    if (damage !== null) {
      this.#mark(entry, damage);
      this.#find({ message: damage });
    }
    if (this.#entries.length > 2 * ENTRIES_MAX) this.#cut();
  }

  #find(finding: RecordedFinding): void {
    if (this.#findings.length < FINDINGS_MAX) this.#findings.push(finding);
  }

  #mark(entry: number, text: string): void {
    this.#marks.push({ kind: "finding", entry, text });
  }

  /** Leaves the first entries out. */
  #cut(): void {
    const first = this.#entries.length - ENTRIES_MAX;
    const moved = <T extends { readonly entry: number }>(list: readonly T[]): T[] =>
      list.filter(({ entry }) => entry >= first)
        .map((each) => ({ ...each, entry: each.entry - first }));
    this.#entries = this.#entries.slice(first);
    this.#bytes = moved(this.#bytes);
    this.#marks = moved(this.#marks);
  }

  /** The recording of `run`. */
  recording(run: RecordedRun): Recording {
    const entries = this.#entries;
    const isOwn = entries.some(({ event }) => event === "partitionCreated");
    const lanes = lanesOf(entries);
    return {
      run,
      findings: this.#findings,
      entries,
      steps: [],
      lanes: isOwn ? lanes : [HOST, ...lanes],
      arrows: isOwn ? messageArrows(entries) : arrowsAcross(entries),
      bytes: this.#bytes,
      marks: entries.length === 0 ? [] : this.#marks,
      states: { paths: [], values: [""], at: [], path: [], value: [] },
    };
  }
}
