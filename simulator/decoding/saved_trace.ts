/**
 * A trace that was saved as text: the entries of `fabric.trace`, as JSON in one list, or one in each line.
 *
 * @module
 */

import { describe } from "../../core/describe.ts";
import type { TraceEntry } from "../../mod.ts";

/** What a saved trace holds. */
export interface SavedTrace {
  /** The entries before the first value that is no entry. */
  readonly entries: readonly TraceEntry[];
  /** Where the rest could not be read, and why; null: all of it was read. */
  readonly damage: { readonly entry: number; readonly reason: string } | null;
}

/** Whether `text` begins as a saved trace does. */
export function isSavedTrace(text: string): boolean {
  return /^\s*[[{]\s*(?:[{"\]]|$)/.test(text);
}

/**
 * The entries of a saved trace. Of one that is cut or damaged it gives those before the damage.
 *
 * @param text A list of entries, an object that has such a list as its `trace`, or lines with an entry each.
 */
export function readSavedTrace(text: string): SavedTrace {
  const entries: TraceEntry[] = [];
  const fail = (reason: string) => ({ entries, damage: { entry: entries.length, reason } });
  try {
    for (const value of valuesOf(text)) {
      const reason = faultOf(value);
      if (reason !== null) return fail(reason);
      entries.push(value as TraceEntry);
    }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return fail(error.message);
  }
  return { entries, damage: null };
}

/** No trace has entries of so many levels; whoever shows them calls itself for each. */
const DEPTH_MAX = 64;

function isDeep(value: unknown, depthMax: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return depthMax === 0 || Object.values(value).some((each) => isDeep(each, depthMax - 1));
}

/** What is wrong with `value` as an entry; null: nothing. */
function faultOf(value: unknown): string | null {
  if (!isRecord(value)) return `an entry is an object, not ${describe(value)}`;
  const { at100ns, event, subject, values, details, source } = value;
  const wrong = (name: string, right: string, is: unknown) =>
    `${name} must be ${right}, not ${describe(is)}`;
  if (!Number.isSafeInteger(at100ns)) return wrong("at100ns", "a whole number", at100ns);
  if (typeof event !== "string") return wrong("event", "a text", event);
  if (typeof subject !== "string") return wrong("subject", "a text", subject);
  if (!Array.isArray(values)) return wrong("values", "a list", values);
  if (!isRecord(details)) return wrong("details", "an object", details);
  if (isDeep([values, details], DEPTH_MAX)) return `it has more than ${DEPTH_MAX} levels`;
  return source === undefined || typeof source === "string"
    ? null
    : wrong("source", "a text", source);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The values that should be entries, one after the other. */
function* valuesOf(text: string): Generator<unknown> {
  let whole: unknown;
  try {
    whole = JSON.parse(text);
  } catch {
    // It is cut or damaged, or has lines: what can be read is read piece by piece.
    for (const piece of piecesOf(text)) yield JSON.parse(piece);
    if (/^\s*\[/.test(text)) throw new SyntaxError("the list has no end");
    return;
  }
  const list = isRecord(whole) && "trace" in whole ? whole.trace : whole;
  yield* Array.isArray(list) ? list : [list];
}

/** The texts of objects, each to its closing brace; the last one as far as it goes. */
function* piecesOf(text: string): Generator<string> {
  let start = -1;
  let depth = 0;
  let isQuoted = false;
  const body = text.replace(/^\s*\[/, " ");
  for (let at = 0; at < body.length; at++) {
    const character = body[at];
    if (isQuoted) {
      if (character === "\\") at++;
      else if (character === '"') isQuoted = false;
    } else if (character === '"') isQuoted = true;
    else if (character === "{" || character === "[") {
      if (depth++ === 0) start = at;
    } else if (character === "}" || character === "]") {
      if (depth === 0) continue;
      if (--depth === 0) yield body.slice(start, at + 1);
    }
    if (isQuoted && depth === 0) start = at; // something that is no entry
  }
  if (depth > 0) yield body.slice(start);
}
