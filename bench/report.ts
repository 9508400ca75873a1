/**
 * What the bench prints: a table for people, one object for programs.
 *
 * @module
 */

import Table from "cli-table3";
import { type Figure, type Goal, type Row, verdictOf } from "./figure.ts";

/** A figure with what it found. */
export interface Result {
  /** The figure. */
  readonly figure: Pick<Figure, "name" | "title">;
  /** Its rows. */
  readonly rows: readonly Row[];
}

const HEAD = ["work", "ours", "", "beside", "", "ratio", "bar", "stretch", "verdict"];
const RIGHT_ALIGNED = new Set([2, 4, 5]);

/** Digits enough to compare by, without false precision. */
function digits(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString("en").replaceAll(",", " ");
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

function cells(row: Row): string[] {
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
    verdictOf(row),
  ];
}

/** The table of one figure. */
export function tableOf({ figure, rows }: Result): string {
  const table = new Table({
    head: HEAD,
    colAligns: HEAD.map((_, column) => RIGHT_ALIGNED.has(column) ? "right" : "left"),
    style: { head: [], border: [], compact: true },
  });
  for (const row of rows) table.push(cells(row));
  return `${figure.title}\n${table.toString()}\n`;
}

/** How many rows miss their bar by more than the margin. */
export function missedCount(results: readonly Result[]): number {
  return results.flatMap(({ rows }) => rows).filter((row) => verdictOf(row) === "missed").length;
}

/** Everything as one JSON object. */
export function jsonOf(results: readonly Result[]): string {
  const figures = results.map(({ figure, rows }) => ({
    name: figure.name,
    title: figure.title,
    rows: rows.map((row) => ({ ...row, verdict: verdictOf(row) })),
  }));
  return `${JSON.stringify({ missed: missedCount(results), figures }, null, 2)}\n`;
}
