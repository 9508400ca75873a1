/**
 * Two runs of one world, which ought to be the same.
 *
 * @module
 */

import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import type { TraceEntry } from "../../mod.ts";
import type { Finding } from "../finding.ts";
import type { WorldResult } from "../worlds/settings.ts";
import { linesOfChoices } from "../artefacts/choices_text.ts";

const UNITS_PER_MS = 10_000;
/** Of an entry that differs, so much is shown. */
const SHOWN_MAX = 300;

/** What a run did and came to, in order, each as one line of text: what happened first, then what was chosen and found. */
export interface RunEntries {
  /** All that happened, in order: what, and how in detail. */
  readonly happened: readonly (readonly [what: string, how: string])[];
  /** What it came to beside that. */
  readonly outcome: readonly string[];
}

/** What happened, and how in detail. */
export function textOfEntry({ at100ns, event, subject, values, details }: TraceEntry): readonly [
  string,
  string,
] {
  const how = `${JSON.stringify(values)} ${JSON.stringify(details)}`;
  return [`${event} of ${subject}`, `at ${at100ns / UNITS_PER_MS} ms: ${how}`];
}

function outcomeOf({ choices, steps, findings, expected, reached }: WorldResult): string[] {
  return [
    `${steps} choices`,
    ...linesOfChoices(choices),
    ...[...findings, ...expected].map(({ kind, rule, place, message }) =>
      `${kind}: ${rule}, at ${place}: ${message}`
    ),
    ...Object.entries(reached).map(([name, times]) => `${name} ${times} times`),
  ];
}

/** What a run with `trace: "full"` did and came to. */
export function entriesOf(result: WorldResult): RunEntries {
  return { happened: result.trace.map(textOfEntry), outcome: outcomeOf(result) };
}

/** Two runs that did and came to the same have the same, and others hardly. */
export function digestOf(result: WorldResult): string {
  const text = JSON.stringify([result.traceDigest, outcomeOf(result)]);
  return bytesToHex(sha256(new TextEncoder().encode(text)));
}

function cut(text: string): string {
  return text.length <= SHOWN_MAX ? text : `${text.slice(0, SHOWN_MAX)}…`;
}

/** The first line that differs, or that one of them lacks; -1: none does. */
function firstDifference(some: readonly string[], others: readonly string[]): number {
  const length = Math.max(some.length, others.length);
  for (let at = 0; at < length; at++) if (some[at] !== others[at]) return at;
  return -1;
}

/** What an entry is in every world: channels are numbered in the order in which each world has made them. */
function placeOf(what: string): string {
  return what.replaceAll(/\bchannel \d+ /g, "channel ");
}

/** What is found where two runs of one world differ: the place is the first thing that is not the same. */
export function differenceOf(one: RunEntries, other: RunEntries): Finding {
  const found = (place: string, message: string, step: number = 0): Finding => ({
    kind: "correctness",
    rule: "a seed makes one world",
    place,
    message,
    by: "check-determinism",
    step,
  });
  const lines = ({ happened }: RunEntries) => happened.map(([what, how]) => `${what} ${how}`);
  const [some, others] = [lines(one), lines(other)];
  const at = firstDifference(some, others);
  if (at !== -1) {
    const [what = "the end of the trace"] = one.happened[at] ?? [];
    const shown = (line: string | undefined) => line === undefined ? "nothing" : cut(line);
    return found(
      placeOf(what),
      `entry ${at} of the trace is ${shown(some[at])} in one process, and ${
        shown(others[at])
      } in another`,
    );
  }
  const where = firstDifference(one.outcome, other.outcome);
  if (where === -1) {
    return found(
      "payload",
      "the traces differ, and no entry does: the bytes of a payload are others",
    );
  }
  const shown = (line: string | undefined) => line === undefined ? "nothing" : cut(line);
  return found(
    "outcome",
    `the traces are the same, and they came to ${
      shown(one.outcome[where])
    } in one process, and to ${shown(other.outcome[where])} in another`,
  );
}
