/**
 * The entries of a trace, as level `"full"` keeps them.
 *
 * @module
 */

import { hashOfBytes } from "./mix_hash.ts";
import { ntStatusName } from "./ntstatus.ts";
import {
  type TraceBytes,
  type TraceDetails,
  type TraceEntry,
  type TraceEvent,
  VALUE_NAMES,
} from "./trace_events.ts";

/** Bytes as entries tell of them: the first `byteCount` of `bytes`. */
export function describeBytes(bytes: Uint8Array, byteCount: number): TraceBytes {
  return { byteCount, hash: hashOfBytes(bytes, byteCount) };
}

/**
 * Details with the name of their `status`, if they have one: an NTSTATUS, which whoever reads knows by its name.
 */
export function withStatusName(details: TraceDetails): TraceDetails {
  const { status } = details;
  if (typeof status !== "number") return details;
  const hexadecimal = `0x${(status >>> 0).toString(16).padStart(8, "0")}`;
  return { ...details, statusName: ntStatusName(status) ?? hexadecimal };
}

/** What an entry says that is in no digest. */
export interface Implied {
  /** Its values. */
  readonly values?: readonly (number | string)[];
  /** Its details, beside those that its values are. */
  readonly details?: TraceDetails;
}

type Kept = { -readonly [Key in keyof TraceEntry]: TraceEntry[Key] };

/** The entries of one trace, and the names that they show. */
export class TraceEntries {
  readonly #list: Kept[] = [];
  readonly #subjectNames = new Map<number, string>();
  readonly #valueNames = new Map<TraceEvent, readonly string[]>();

  /** All of them, in order. */
  get list(): readonly TraceEntry[] {
    return this.#list;
  }

  /** See {@linkcode Trace.nameSubject}. */
  nameSubject(subjectId: number, name: string): void {
    this.#subjectNames.set(subjectId, name);
  }

  /** The name of a subject; `#` and its number where it has no name. */
  subjectName(subjectId: number): string {
    return this.#subjectNames.get(subjectId) ?? `#${subjectId}`;
  }

  /** See {@linkcode Trace.nameValues}. */
  nameValues(event: TraceEvent, names: readonly string[]): void {
    this.#valueNames.set(event, names);
  }

  /** Adds an entry. */
  keep(
    at100ns: number,
    event: TraceEvent,
    subjectId: number,
    values: readonly (number | string)[],
  ): void {
    this.#list.push({
      at100ns,
      event,
      subject: this.subjectName(subjectId),
      values: [],
      details: {},
    });
    this.tellValues(values);
  }

  /** Adds the values of the last entry; those that have names are details as well. */
  tellValues(values: readonly (number | string)[]): void {
    const entry = this.#list.at(-1);
    const [first, ...rest] = values;
    if (entry === undefined || first === undefined) return;
    const event = entry.event as TraceEvent;
    entry.values = [this.#valueNames.get(event)?.[first as number] ?? first, ...rest];
    const named = (VALUE_NAMES[event] ?? []).map((name, index) => [name, entry.values[index]]);
    const known = named.filter(([, value]) => value !== undefined);
    entry.details = withStatusName(Object.fromEntries(known));
  }

  /** Adds details to the entry at `place`, and the driver's lines, where somebody keeps lines. */
  tell(details: TraceDetails, lines: readonly string[] = [], place = -1): void {
    const entry = this.#list.at(place);
    if (entry === undefined) return;
    entry.details = { ...entry.details, ...withStatusName(details) };
    if (lines.length > 0) entry.source = lines[0]!;
    if (lines.length > 1) entry.stack = lines;
  }

  /** Adds an entry with values and details. */
  imply(
    at100ns: number,
    event: TraceEvent,
    subjectId: number,
    { values = [], details = {} }: Implied,
  ): void {
    this.keep(at100ns, event, subjectId, values);
    this.tell(details);
  }

  /** Forgets all but the first `count`. */
  cut(count: number): void {
    this.#list.length = count;
  }
}
