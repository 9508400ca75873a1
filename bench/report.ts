/**
 * What the bench prints: a table for people, one object for programs.
 *
 * @module
 */

import { folded, grouped, type Look, painted, tableText } from "../simulator/layout.ts";
import { visibleJson } from "../simulator/text.ts";
import {
  type FigureTitle,
  type Goal,
  isMissed,
  type Judging,
  type Row,
  type Verdict,
  verdictOf,
} from "./figure.ts";

/** A figure with what it found. */
export interface Result {
  /** The figure. */
  readonly figure: FigureTitle;
  /** Its rows. */
  readonly rows: readonly Row[];
}

const HEAD = ["work", "ours", "", "beside", "", "ratio", "bar", "stretch", "verdict"];
const RIGHT_ALIGNED = new Set([2, 4, 5]);

/** Digits enough to compare by, without false precision. */
function digits(value: number): string {
  if (Math.abs(value) >= 100) return grouped(Math.round(value));
  return String(Number(value.toPrecision(3)));
}

function amount(value: number, unit: Row["unit"]): string {
  return `${digits(value)} ${unit}`;
}

function mark(goal: Goal, value: number | null): string {
  if (value === null) return "";
  return `${goal.kind === "atLeast" ? "≥" : "≤"} ${digits(value)}`;
}

/** Which way a ratio counts: as fast as the baseline, or as long as it takes. */
function ratio({ beside, score, goal }: Row): string {
  if (beside === null) return "";
  return goal?.kind === "atMost" ? `${digits(score)} × time` : `${digits(score)} × speed`;
}

/** What is good, what only just is, and what is not. */
const VERDICT_COLORS = { stretch: "green", bar: "green", near: "yellow", missed: "red" } as const;

function verdictText(verdict: Verdict, look: Look): string {
  return verdict === "" ? "" : painted(verdict, VERDICT_COLORS[verdict], look);
}

function cells(row: Row, look: Look): string[] {
  const { goal, beside } = row;
  return [
    row.work,
    row.name,
    amount(row.value, row.unit),
    beside?.name ?? "",
    beside === null ? "" : amount(beside.value, row.unit),
    ratio(row),
    goal === null ? "" : mark(goal, goal.bar),
    goal === null ? "" : mark(goal, goal.stretch),
    verdictText(verdictOf(row), look),
  ];
}

/** The table of one figure. */
export function tableOf({ figure, rows }: Result, look: Look = {}): string {
  const table = {
    head: HEAD,
    rows: rows.map((row) => cells(row, look)),
    isRight: (column: number) => RIGHT_ALIGNED.has(column),
  };
  return `${folded(figure.title, look.columns ?? Infinity)}\n${tableText(table, look)}\n`;
}

/** How many rows miss their bar, as `judging` has it. */
export function missedCount(results: readonly Result[], judging: Judging): number {
  return results.flatMap(({ rows }) => rows).filter((row) => isMissed(row, judging)).length;
}

/** In words, how many bars are missed. */
export function missedText(missed: number, judging: Judging): string {
  const bars = `${grouped(missed)} ${missed === 1 ? "bar" : "bars"} missed`;
  return judging === "strict" ? bars : `${bars} by more than 25 %`;
}

/** Everything as one JSON object. `error` says why the command fails; null: it does not. */
export function jsonOf(
  results: readonly Result[],
  error: string | null,
  judging: Judging = "tolerant",
): string {
  const figures = results.map(({ figure, rows }) => ({
    name: figure.name,
    title: figure.title,
    rows: rows.map((row) => ({ ...row, verdict: verdictOf(row) })),
  }));
  return visibleJson({
    ok: error === null,
    error,
    missed: missedCount(results, judging),
    figures,
  }) + "\n";
}

/** The same object where nothing was measured: null stands for what is not known. */
export function jsonFailure(error: string): string {
  return `${visibleJson({ ok: false, error, missed: null, figures: null })}\n`;
}
