/**
 * What a figure of the bench is, and how what it found is judged.
 *
 * @module
 */

import { median, type RaceOptions, ratioOf, type Timing } from "./measure.ts";

/** What a score should be. */
export interface Goal {
  /**
   * `atLeast`: the score says how many times as fast as the baseline ours is. `atMost`: it says how
   * many times as long ours takes, or, without a baseline, it is the measured value itself.
   */
  readonly kind: "atLeast" | "atMost";
  /** What has to be reached. */
  readonly bar: number;
  /** What would be better still; null where there is nothing better than the bar. */
  readonly stretch: number | null;
  /** Whether the score is the same on every machine: then it is near to nothing. Default false. */
  readonly isExact?: boolean;
}

/** One line of the report. */
export interface Row {
  /** Which work, such as `64 B, 1 in flight, msgpack`. */
  readonly work: string;
  /** Whose value it is. */
  readonly name: string;
  /** The measured value of one piece of work. */
  readonly value: number;
  /** What the value counts. */
  readonly unit: "ns" | "B" | "/s" | "seeds" | "hunts" | "orders" | "alarms" | "runs" | "s";
  /** What it is held against; null where the value stands for itself. */
  readonly beside: { readonly name: string; readonly value: number } | null;
  /** What is judged. */
  readonly score: number;
  /** What it should be; null where the row only informs. */
  readonly goal: Goal | null;
}

/** What a figure of the bench is called. */
export interface FigureTitle {
  /** What `--only` calls it. */
  readonly name: string;
  /** What it measures, in one line. */
  readonly title: string;
}

/** A figure of the bench. */
export interface Figure {
  /** Measures it. */
  measure(options: RaceOptions): Promise<Row[]>;
  /** Measures its rows for which one process is enough, even where bars count: they are the same in each, or near to that. */
  measureOnce?(options: RaceOptions): Promise<Row[]>;
}

/** How a row stands to its goal. */
export type Verdict = "stretch" | "bar" | "near" | "missed" | "";

/** A bar counts as missed where the score is off by more than this part of it. */
const MARGIN = 0.25;

/** How bars are judged: with a margin for a machine that has other work, or to the letter. */
export type Judging = "tolerant" | "strict";

/** Whether a row does not do, as `judging` has it. */
export function isMissed(row: Pick<Row, "score" | "goal">, judging: Judging): boolean {
  const verdict = verdictOf(row);
  return verdict === "missed" || (judging === "strict" && verdict === "near");
}

/** Judges one row; empty where it has no goal. */
export function verdictOf({ score, goal }: Pick<Row, "score" | "goal">): Verdict {
  if (goal === null) return "";
  const { kind, bar, stretch, isExact = false } = goal;
  const reaches = (mark: number) => kind === "atLeast" ? score >= mark : score <= mark;
  if (reaches(stretch ?? bar)) return stretch === null ? "bar" : "stretch";
  if (reaches(bar)) return "bar";
  if (isExact) return "missed";
  return reaches(kind === "atLeast" ? bar * (1 - MARGIN) : bar * (1 + MARGIN)) ? "near" : "missed";
}

/** The timing of a contender that took part. */
export function timingOf(timings: readonly Timing[], name: string): Timing {
  const timing = timings.find((each) => each.name === name);
  if (timing === undefined) {
    throw new RangeError(`Cannot find the timing of ${name}: it did not run`);
  }
  return timing;
}

/** A row that holds one contender against another. */
export function compare(
  work: string,
  ours: Timing,
  other: Timing,
  goal: Goal | null,
): Row {
  const isFaster = goal?.kind !== "atMost";
  return {
    work,
    name: ours.name,
    value: median(ours.nanoseconds),
    unit: "ns",
    beside: { name: other.name, value: median(other.nanoseconds) },
    score: isFaster ? ratioOf(other, ours) : ratioOf(ours, other),
    goal,
  };
}
