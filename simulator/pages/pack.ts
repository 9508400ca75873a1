/**
 * A recording as a page carries it: columns of numbers and texts, deflated, in base 64.
 *
 * @module
 */

import { endOfCall, GROUP_NAMES, groupOf } from "../words/entry_text.ts";
import { entryTextsOf } from "./entry_texts.ts";
import { messageOf, packetOf } from "./fields.ts";
import type { RecordedArrow, RecordedBytes, RecordedMark, Recording } from "./recording.ts";
import { visible } from "../text.ts";
import { spansOf } from "./spans.ts";

/** Bits of an entry's marks. */
const MARK_BITS: Readonly<Record<RecordedMark["kind"], number>> = {
  switch: 1,
  fault: 2,
  finding: 4,
};

/** Kinds of arrows, by number. */
const ARROW_KINDS: readonly RecordedArrow["kind"][] = ["packet", "completion", "message"];

/** Where one column lies in its section. */
interface PackedColumn {
  readonly name: string;
  readonly type: "Float64Array" | "Uint32Array" | "Uint16Array" | "Uint8Array";
  readonly offset: number;
  readonly length: number;
}

/** What a page knows of its recording before anything is inflated. */
export interface PageHead {
  /** Entries. */
  readonly count: number;
  /** Entries that came before, and for which there was no room. */
  readonly left: number;
  /** Names of events, with the group of each. */
  readonly events: readonly (readonly [name: string, group: number])[];
  /** Names of groups. */
  readonly groups: readonly string[];
  /** Lanes: name, partition, side. */
  readonly lanes: readonly (readonly [string, string, string | null])[];
  /** Marks: entry, kind, text. */
  readonly marks: readonly (readonly [number, string, string])[];
  /** Columns of sections, by section. */
  readonly columns: Readonly<Record<string, readonly PackedColumn[]>>;
  /** Whether entries have steps. */
  readonly hasSteps: boolean;
  /** Groups of values that `inspect()` shows, with the names of their values. */
  readonly paths: readonly (readonly [string, string])[];
}

/** A page's data. */
export interface PagePack {
  /** What goes into the page as it is. */
  readonly head: PageHead;
  /** What is inflated, by name. */
  readonly sections: Readonly<Record<string, string>>;
}

type ColumnArray = Float64Array | Uint32Array | Uint16Array | Uint8Array;

/** Columns that lie behind each other, each where its numbers may lie. */
class Section {
  readonly columns: PackedColumn[] = [];
  readonly #parts: ColumnArray[] = [];
  #end = 0;

  add(name: string, array: ColumnArray): this {
    const offset = Math.ceil(this.#end / 8) * 8;
    const type = array.constructor.name as PackedColumn["type"];
    this.columns.push({ name, type, offset, length: array.length });
    this.#parts.push(array);
    this.#end = offset + array.byteLength;
    return this;
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(this.#end);
    for (const [at, { buffer, byteOffset, byteLength }] of this.#parts.entries()) {
      bytes.set(new Uint8Array(buffer, byteOffset, byteLength), this.columns[at]!.offset);
    }
    return bytes;
  }
}

/** `bytes`, deflated, in base 64. */
async function deflated(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  const small = new Uint8Array(await new Response(stream).arrayBuffer());
  let text = "";
  const step = 0x3000; // whole groups of 3 bytes
  for (let at = 0; at < small.length; at += step) {
    text += btoa(String.fromCharCode(...small.subarray(at, at + step)));
  }
  return text;
}

/** The last `max` entries of a recording: it is at its end that something is wrong. */
export function lastOf(recording: Recording, max: number): Recording {
  const first = recording.entries.length - max;
  if (first <= 0) return recording;
  const isKept = ({ entry }: { readonly entry: number }) => entry >= first;
  const moved = <T extends { readonly entry: number }>(list: readonly T[]): readonly T[] =>
    list.filter(isKept).map((one) => ({ ...one, entry: one.entry - first }));
  return {
    ...recording,
    entries: recording.entries.slice(first),
    steps: recording.steps.slice(first),
    arrows: recording.arrows.filter(({ from }) => from >= first)
      .map(({ kind, from, to }) => ({ kind, from: from - first, to: to - first })),
    bytes: moved(recording.bytes),
    marks: moved(recording.marks),
    // What was there before is there at the beginning.
    states: {
      ...recording.states,
      at: recording.states.at.map((at) => Math.max(at - first, 0)),
    },
  };
}

/** The bytes of each entry, those of control messages included, behind each other. */
function packBytes(recording: Recording, section: Section): Uint8Array<ArrayBuffer> {
  const { entries } = recording;
  const of = new Map<number, RecordedBytes>(recording.bytes.map((one) => [one.entry, one]));
  const [at, kept, count] = [0, 1, 2].map(() => new Uint32Array(entries.length));
  const parts: Uint8Array[] = [];
  let end = 0;
  for (const [entry, each] of entries.entries()) {
    const message = messageOf(each);
    const one = message === null
      ? of.get(entry)
      : { bytes: message.bytes, byteCount: message.bytes.length };
    if (one === undefined) continue;
    at![entry] = end;
    kept![entry] = one.bytes.length;
    count![entry] = one.byteCount;
    parts.push(one.bytes);
    end += one.bytes.length;
  }
  section.add("bytesAt", at!).add("bytesKept", kept!).add("byteCount", count!);
  const bytes = new Uint8Array(end);
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

/** A member of JSON, which can be seen whole where it is a text. */
function shown(_name: string, value: unknown): unknown {
  return typeof value === "string" ? visible(value) : value;
}

/** A line an entry: what it says, a tab, and its details as JSON. */
function packTexts(
  { entries, bytes }: Recording,
  texts: readonly string[],
): Uint8Array<ArrayBuffer> {
  const ends = new Map(
    spansOf(entries).filter(({ kind }) => kind === "call").map(({ from, to }) => [from, to]),
  );
  const seen = new Map(bytes.map((one) => [one.entry, one]));
  const lines = entries.map((entry, at) => {
    const { details, values, source } = entry;
    const message = messageOf(entry);
    const { bytes: _, ...withoutBytes } = details;
    const packet = packetOf(entry) ?? undefined;
    const more = {
      ...message === null
        ? {
          details: Object.keys(details).length > 0 ? details : values,
          packet,
          fields: seen.get(at)?.fields,
        }
        : { details: withoutBytes, fields: message.fields },
      ...source !== undefined && { source },
    };
    const end = entries[ends.get(at) ?? -1];
    const ended = end === undefined ? "" : endOfCall(end);
    return `${texts[at]!}${ended}\t${JSON.stringify(more, shown)}`;
  });
  return new TextEncoder().encode(lines.join("\n"));
}

function marksOf({ marks, entries }: Recording): Uint8Array {
  const bits = new Uint8Array(entries.length);
  for (const { entry, kind } of marks) bits[entry]! |= MARK_BITS[kind];
  return bits;
}

/** The last `max` entries of a recording as data of a page. */
export async function packOf(whole: Recording, max: number): Promise<PagePack> {
  const recording = lastOf(whole, max);
  const left = whole.entries.length - recording.entries.length;
  // Packets are counted from the beginning of the run on.
  const texts = entryTextsOf(whole).slice(left);
  const { entries, steps, lanes, arrows, marks, states } = recording;
  const events = new Map<string, number>();
  for (const { event } of entries) if (!events.has(event)) events.set(event, events.size);
  // Those who have no lane, the scheduler above all, have number 0.
  const laneOf = new Map(lanes.map(({ subject }, at) => [subject, at + 1]));
  const columns = new Section()
    .add("at100ns", Float64Array.from(entries, ({ at100ns }) => at100ns))
    .add("event", Uint16Array.from(entries, ({ event }) => events.get(event)!))
    .add("lane", Uint16Array.from(entries, ({ subject }) => laneOf.get(subject) ?? 0))
    .add("mark", marksOf(recording))
    .add("step", Uint32Array.from(steps));
  const bytes = packBytes(recording, columns);
  const inOrder = arrows.toSorted((one, other) => one.from - other.from);
  columns
    .add("arrowFrom", Uint32Array.from(inOrder, ({ from }) => from))
    .add("arrowTo", Uint32Array.from(inOrder, ({ to }) => to))
    .add("arrowKind", Uint8Array.from(inOrder, ({ kind }) => ARROW_KINDS.indexOf(kind)));
  const stateColumns = new Section()
    .add("at", Uint32Array.from(states.at))
    .add("path", Uint32Array.from(states.path))
    .add("value", Uint32Array.from(states.value));
  const values = new TextEncoder().encode(JSON.stringify(states.values));
  return {
    head: {
      count: entries.length,
      left,
      events: [...events.keys()].map((name) => [name, groupOf(name)]),
      groups: GROUP_NAMES,
      lanes: lanes.map((
        { subject, partition, side },
      ) => [visible(subject), visible(partition), side]),
      marks: marks.map(({ entry, kind, text }) => [entry, kind, visible(text)]),
      columns: { columns: columns.columns, states: stateColumns.columns },
      hasSteps: steps.length > 0,
      paths: states.paths.map(({ of, name }) => [visible(of), visible(name)]),
    },
    sections: {
      columns: await deflated(columns.bytes),
      states: await deflated(stateColumns.bytes),
      values: await deflated(values),
      texts: await deflated(packTexts(recording, texts)),
      bytes: await deflated(bytes),
    },
  };
}
