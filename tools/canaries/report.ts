/**
 * What a run of the canaries has come to: as a table in Markdown, and for programs.
 *
 * @module
 */

import type { Canary } from "./canary.ts";
import type { HuntEnd } from "./hunter.ts";

/** What one schedule's hunts for a canary have come to. */
export interface ScheduleOutcome {
  /** Hunts that were made: fewer than were asked for where a schedule finds nothing. */
  readonly hunts: number;
  /** Hunts that found it. */
  readonly found: number;
  /** Seeds in the median; null where half of the hunts found nothing. */
  readonly median: number | null;
  /** Seeds in the worst hunt; null where one found nothing. */
  readonly worst: number | null;
  /** Who found it, the most frequent first. */
  readonly by: readonly string[];
  /** Which rules were broken, the most frequent first. */
  readonly rules: readonly string[];
}

/** What the hunts for one canary have come to. */
export interface CanaryOutcome {
  /** The canary. */
  readonly canary: Canary;
  /** By the names of schedules. */
  readonly schedules: Readonly<Record<string, ScheduleOutcome>>;
  /** Worlds that find something without the canary, too: scenario, schedule, seed. */
  readonly loud: readonly string[];
}

/** Each of `texts` once, the most frequent first. */
function byFrequency(texts: readonly string[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return [...counts].toSorted(([, a], [, b]) => b - a).map(([text]) => text);
}

/** What hunts have come to together. */
export function outcomeOf(ends: readonly HuntEnd[]): ScheduleOutcome {
  const seeds = ends.map((end) => end.seeds ?? Infinity).toSorted((a, b) => a - b);
  const finite = (value: number | undefined) => Number.isFinite(value) ? value! : null;
  const found = ends.filter((end) => end.seeds !== null);
  return {
    hunts: ends.length,
    found: found.length,
    median: finite(seeds[seeds.length >> 1]),
    worst: finite(seeds.at(-1)),
    by: byFrequency(found.map(({ by }) => by)),
    rules: byFrequency(found.map(({ rule }) => rule)),
  };
}

/**
 * `12 / 80`, seeds in the median and in the worst hunt, with how many there were where others had more; `missed` where
 * none found it, `3 of 20` where some did.
 */
function cell({ hunts, found, median, worst }: ScheduleOutcome, huntsMost: number): string {
  if (worst === null) return found === 0 ? "missed" : `${found} of ${hunts}`;
  return `${median} / ${worst}${hunts < huntsMost ? ` (${hunts})` : ""}`;
}

/** The most hunts that a schedule had for it. */
function huntsMost({ schedules }: CanaryOutcome): number {
  return Math.max(...Object.values(schedules).map(({ hunts }) => hunts));
}

/** Who found it by any schedule, the most frequent of each first. */
function findersOf({ schedules }: CanaryOutcome): string {
  return byFrequency(Object.values(schedules).flatMap(({ by }) => by)).join(", ");
}

/** The table, one row for each canary. */
export function tableOf(outcomes: readonly CanaryOutcome[]): string {
  const schedules = Object.keys(outcomes[0]?.schedules ?? {});
  const head = ["canary", "what is wrong", "found by", ...schedules];
  const rows = outcomes.map((outcome) => [
    `\`${outcome.canary.name}\``,
    outcome.canary.breaks,
    findersOf(outcome),
    ...schedules.map((name) => cell(outcome.schedules[name]!, huntsMost(outcome))),
  ]);
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), `|${head.map(() => "---").join("|")}|`, ...rows.map(line)].join("\n");
}

const MARKED = /<!-- canaries -->\n[^]*?<!-- end -->/;

/**
 * `text`, with the table between its marks.
 *
 * @throws {Error} The marks are not there.
 */
export function withTable(text: string, table: string): string {
  if (!MARKED.test(text)) {
    throw new Error("Cannot write the table: <!-- canaries --> and <!-- end --> are not there");
  }
  return text.replace(MARKED, `<!-- canaries -->\n\n${table}\n\n<!-- end -->`);
}
