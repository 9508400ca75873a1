/**
 * Reports of a sweep: a text for people, an object for programs.
 *
 * @module
 */

import { findingLines } from "../finding_lines.ts";
import { folded, grouped, type Look } from "../layout.ts";
import { sizesText } from "../shrinking/report.ts";
import { shellQuoted, unitsFor, visible } from "../text.ts";
import type { RunSettings } from "../artefacts/artefact.ts";
import type { Counts } from "../coverage/coverage.ts";
import type { CoverageGaps } from "../coverage/space.ts";
import type { FailureGroup, ReachedBehaviour, SweepSummary } from "./summary.ts";

/** Causes that a text lists; of more it is said how many. */
const LISTED_MAX = 50;
/** Gaps that a text names one by one; of more it says how many there are of what, and of so many kinds. */
const GAPS_MAX = 5;
/** Places of what is expected that a text names. */
const PLACES_MAX = 5;

/** What a report says beside what the sweep has come to. */
export interface SweepFacts {
  /** The scenario as it was asked for: its name, or its file. */
  readonly scenario: string;
  /** How the worlds were run. */
  readonly settings: RunSettings;
  /** The first seed. */
  readonly from: bigint;
  /** Child processes. */
  readonly workers: number;
  /** Real time that it took. */
  readonly wallMilliseconds: number;
  /** Whether it was stopped before its end. */
  readonly isStopped: boolean;
  /** What the worlds did not come by. */
  readonly gaps: Pick<CoverageGaps, "transitions" | "statuses">;
}

/** `1 world`, `2 worlds`. */
export function counted(count: number, units: string): string {
  return `${grouped(count)} ${unitsFor(count, units)}`;
}

function headOf(
  { worlds, failed }: SweepSummary,
  { scenario, from, wallMilliseconds }: SweepFacts,
) {
  const seconds = Math.max(wallMilliseconds, 1) / 1000;
  const rate = grouped(Math.round(worlds / seconds));
  return `${visible(scenario)}: ${counted(worlds, "worlds")} from seed ${from} on in ` +
    `${seconds.toFixed(1)} s, ${rate} a second; ${grouped(failed)} failed`;
}

function failureLines(group: FailureGroup, look: Look): string[] {
  const { worlds, seed, step, replay, shrunk, notShrunk, page, capture } = group;
  return [
    ...findingLines(group, look),
    `     in ${counted(worlds, "worlds")}, first with seed ${seed}, after ${
      counted(step, "choices")
    }`,
    ...replay === null ? [] : [`     ${replay}`],
    ...shrunk === null ? [] : [`     smaller: ${sizesText(shrunk)}`, `     ${shrunk.replay}`],
    ...notShrunk === null ? [] : [`     not smaller: ${visible(notShrunk)}`],
    ...page === null ? [] : [`     ${shellQuoted(page)} shows it`],
    ...capture === null ? [] : [`     ${shellQuoted(capture)} has it for Wireshark`],
  ];
}

/** How a behaviour was reached, or how near a world came to it. */
function reachText({ name, times, worlds, ways, nearest }: ReachedBehaviour): string {
  if (worlds > 0) {
    const how = `${counted(times, "times")} in ${counted(worlds, "worlds")}`;
    return `${visible(name)} (${how}, ${counted(ways, "ways")})`;
  }
  const near = nearest === null ? "" : ` (${nearest.done} of ${nearest.of} conditions)`;
  return visible(name) + near;
}

/** `transitions 270 of 272, without a; b`, and where there are more gaps, of which charts or functions they are. */
function coverageText(what: string, seen: number, gaps: readonly string[]): string {
  const all = `${what} ${grouped(seen)} of ${grouped(seen + gaps.length)}`;
  if (gaps.length === 0) return all;
  if (gaps.length <= GAPS_MAX) return `${all}, without ${gaps.join("; ")}`;
  const kinds = [...Map.groupBy(gaps, (gap) => gap.split(/:? /, 1)[0]!)]
    .map(([kind, those]) => ({ kind, count: those.length }))
    .sort((a, b) => b.count - a.count);
  const named = kinds.slice(0, GAPS_MAX);
  const rest = gaps.length - named.reduce((sum, { count }) => sum + count, 0);
  const texts = [
    ...named.map(({ kind, count }) => `${kind} ${grouped(count)}`),
    ...rest > 0 ? [`others ${grouped(rest)}`] : [],
  ];
  return `${all}, gaps: ${texts.join(", ")} (--json names each)`;
}

/** What drivers could see of the worlds, and what they could not. */
function coverageLines({ coverage, orders }: SweepSummary, { gaps }: SweepFacts): string[] {
  const { transitions, statuses } = gaps;
  const countOf = (counts: Counts) => Object.keys(counts).length;
  return [
    coverageText("transitions", countOf(coverage.transitions), transitions),
    coverageText("statuses", countOf(coverage.statuses), statuses),
    `callbacks in a row, by twos and threes ${grouped(countOf(coverage.orders))}`,
    `faults in a state ${grouped(countOf(coverage.faults))}`,
    `orders that drivers can tell apart ${grouped(orders)}`,
  ].map((line) => `coverage: ${line}`);
}

/** What was expected: a line for each rule and reason, with the places where it was found most often. */
function expectedLines(expected: SweepSummary["expected"]): string[] {
  const alike = Map.groupBy(expected, ({ rule, reason }) => JSON.stringify([rule, reason]));
  return [...alike.values()].map((groups) => {
    const often = groups.toSorted((a, b) => b.worlds - a.worlds);
    const more = often.length - PLACES_MAX;
    const places = [
      ...often.slice(0, PLACES_MAX).map(({ place, worlds }) =>
        `${visible(place)} (${counted(worlds, "worlds")})`
      ),
      ...more > 0 ? [counted(more, "further places")] : [],
    ];
    const { rule, reason } = often[0]!;
    return `expected: ${visible(rule)}, as ${visible(reason)}: at ${places.join(", ")}`;
  });
}

/** What was met, reached and come by, as lines that are as wide as the terminal at most. */
function seenLines(summary: SweepSummary, facts: SweepFacts, { columns }: Look): string[] {
  const { expected, faults, reached } = summary;
  const seen = reached.filter(({ worlds }) => worlds > 0);
  const gaps = reached.filter(({ worlds }) => worlds === 0);
  const lines = [
    ...expectedLines(expected),
    ...listOf("faults", Object.entries(faults).map(([name, times]) => `${name} ${grouped(times)}`)),
    ...listOf("reached", seen.map(reachText)),
    ...listOf("never reached", gaps.map(reachText)),
    ...summary.worlds === 0 ? [] : coverageLines(summary, facts),
  ];
  return columns === undefined ? lines : lines.map((line) => folded(line, columns));
}

/** The report for people. */
export function sweepText(summary: SweepSummary, facts: SweepFacts, look: Look = {}): string {
  const { failures } = summary;
  const more = failures.length - LISTED_MAX;
  const lines = [
    ...failures.slice(0, LISTED_MAX).flatMap((group) => failureLines(group, look)),
    ...more > 0 ? [`and ${counted(more, "further causes")}`] : [],
    ...seenLines(summary, facts, look),
    headOf(summary, facts),
  ];
  return `${lines.join("\n")}\n`;
}

function listOf(what: string, items: readonly string[]): string[] {
  return items.length === 0 ? [] : [`${what}: ${items.join(", ")}`];
}

/** The report for programs. Each field has one type. */
export interface SweepJson extends Omit<SweepSummary, "scenario"> {
  /** Whether it went to its end, and nothing was found. */
  readonly ok: boolean;
  /** Why it is not well, in words; null where it is. */
  readonly error: string | null;
  /** Whether it was stopped before its end. */
  readonly stopped: boolean;
  /** The scenario as it was asked for. */
  readonly scenario: string;
  /** The first seed, in decimal. */
  readonly from: string;
  /** Order of runnable work. */
  readonly schedule: RunSettings["schedule"];
  /** Encoding of packets; null: drawn from the seed. */
  readonly codec: RunSettings["codec"];
  /** Whether faults happened. */
  readonly isFaulty: boolean;
  /** Child processes. */
  readonly workers: number;
  /** What the worlds did not come by. */
  readonly gaps: SweepFacts["gaps"];
  /** Real time that it took. */
  readonly wallMilliseconds: number;
}

/** The report of what did not come to a sweep: null stands for what is not known. */
export type SweepJsonFailure =
  & { readonly [Field in keyof SweepJson]: SweepJson[Field] | null }
  & { readonly ok: false; readonly error: string; readonly stopped: boolean };

/** What is wrong, in words; null where nothing is. */
export function sweepError({ worlds, failed }: SweepSummary, isStopped: boolean): string | null {
  const found = failed === 0 ? null : `${counted(failed, "worlds")} of ${grouped(worlds)} failed`;
  const stopped = isStopped ? `Stopped after ${counted(worlds, "worlds")}` : null;
  return [stopped, found].filter((each) => each !== null).join("; ") || null;
}

/** The report for programs, ready for `JSON.stringify`. */
export function sweepJson(summary: SweepSummary, facts: SweepFacts): SweepJson {
  const { scenario, from, workers, wallMilliseconds, isStopped } = facts;
  const { schedule, codec, isFaulty } = facts.settings;
  const error = sweepError(summary, isStopped);
  return {
    ok: error === null,
    error,
    stopped: isStopped,
    ...summary,
    scenario,
    from: String(from),
    schedule,
    codec,
    isFaulty,
    workers,
    gaps: { transitions: facts.gaps.transitions, statuses: facts.gaps.statuses },
    wallMilliseconds,
  };
}

/** The report for programs where nothing ran. */
export function sweepJsonFailure(error: string, isStopped: boolean = false): SweepJsonFailure {
  return {
    ok: false,
    error,
    stopped: isStopped,
    scenario: null,
    from: null,
    schedule: null,
    codec: null,
    isFaulty: null,
    workers: null,
    gaps: null,
    wallMilliseconds: null,
    worlds: null,
    failed: null,
    steps: null,
    failures: null,
    expected: null,
    orders: null,
    reached: null,
    coverage: null,
    faults: null,
  };
}
