/**
 * The entries of a trace, as level `"full"` keeps them.
 *
 * @module
 */

import { hashOfBytes } from "./mix_hash.ts";
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
    entry.details = Object.fromEntries(named.filter(([, value]) => value !== undefined));
  }

  /** Adds details to the last entry. */
  tell(details: TraceDetails): void {
    const entry = this.#list.at(-1);
    if (entry !== undefined) entry.details = { ...entry.details, ...details };
  }

  /** Forgets all but the first `count`. */
  cut(count: number): void {
    this.#list.length = count;
  }
}
