/**
 * Reports of a scenario's run: a text for people, an object for programs.
 *
 * @module
 */

import Table from "cli-table3";
import type { DigestedBytes, ResultTable, ScenarioResult } from "./scenario.ts";
import { visible } from "./text.ts";

/** What a report says beside the result itself. */
export interface RunFacts {
  /** The scenario's name. */
  readonly scenario: string;
  /** The seed that it ran with. */
  readonly seed: bigint;
  /** The order of runnable work. */
  readonly schedule: string;
  /** The encoding of packets. */
  readonly codec: string;
  /** The scenario's own options, by name: numbers, and names of files. */
  readonly options: Readonly<Record<string, number | string>>;
  /** Real time that it took, a whole number. */
  readonly wallMilliseconds: number;
  /** The command that runs the same again. */
  readonly replay: string;
  /** The command that goes on with it, where it was saved. */
  readonly resume?: string;
}

/** The report for programs. Numbers that JSON cannot hold exactly are texts: seeds of 2^53 and more. */
export interface JsonReport extends Omit<RunFacts, "seed"> {
  /** Whether the run went to its end, and nothing was wrong. */
  readonly ok: boolean;
  /** The seed: a number up to 2^53 - 1, beyond that its decimal digits. */
  readonly seed: number | string;
  /** SHA-256 of the trace. */
  readonly traceDigest: string;
  /** Whether it was stopped before its end. */
  readonly stopped: boolean;
  /** What was wrong. */
  readonly findings: readonly string[];
  /** What went through it, by the keys of the digests. */
  readonly files: Readonly<Record<string, Pick<DigestedBytes, "byteCount" | "sha256">>>;
  /** What was counted: by column, then by row. */
  readonly counts: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Further tables: for each key a list of rows, whose numbers stand under the columns' keys. */
  readonly tables: Readonly<Record<string, readonly Readonly<Record<string, number>>[]>>;
  /** The scenario's own figures, by key. */
  readonly figures: Readonly<Record<string, number>>;
  /** Transactions that ended. */
  readonly transactions: number;
  /** Transactions in a second of real time. */
  readonly transactionsPerSecond: number;
  /** Virtual time that passed. */
  readonly virtualMilliseconds: number;
  /** Misuse of the documented functions. */
  readonly violations: number;
  /** What still lived at the end. */
  readonly leaks: number;
}

function perSecond(count: number, milliseconds: number): number {
  return milliseconds > 0 ? Math.round(count * 1000 / milliseconds) : 0;
}

/** The report for programs, ready for `JSON.stringify`. */
export function jsonReport(result: ScenarioResult, facts: RunFacts): JsonReport {
  const { counts, digests, transactions } = result;
  const seed = Number(facts.seed);
  return {
    ok: result.ok,
    ...facts,
    seed: Number.isSafeInteger(seed) ? seed : String(facts.seed),
    traceDigest: result.traceDigest,
    stopped: result.isStopped,
    findings: result.findings,
    files: Object.fromEntries(
      digests.map(({ key, byteCount, sha256 }) => [key, { byteCount, sha256 }]),
    ),
    counts: Object.fromEntries(counts.columns.map(({ key }, column) => [
      key,
      Object.fromEntries(counts.rows.map((row) => [row.key, row.values[column] ?? 0])),
    ])),
    tables: Object.fromEntries((result.tables ?? []).map(({ key, columns, rows }) => [
      key,
      rows.map(({ values }) =>
        Object.fromEntries(columns.map((column, at) => [column.key, values[at] ?? 0]))
      ),
    ])),
    figures: Object.fromEntries((result.figures ?? []).map(({ key, value }) => [key, value])),
    transactions,
    transactionsPerSecond: perSecond(transactions, facts.wallMilliseconds),
    virtualMilliseconds: result.virtualMilliseconds,
    violations: result.violationCount,
    leaks: result.leakCount,
  };
}

/** Thousands are told apart by spaces, whatever the language of the machine. */
function formatNumber(value: number): string {
  return String(value).replace(/\B(?<!\.\d*)(?=(\d{3})+(?!\d))/g, " ");
}

function formatTable(head: string[], rows: (readonly string[])[]): string {
  const columnCount = rows[0]?.length ?? 0;
  const table = new Table({
    head,
    colAligns: Array.from({ length: columnCount }, (_, at) => at === 0 ? "left" : "right"),
    style: { head: [], border: [], compact: true },
  });
  for (const row of rows) table.push([...row]);
  return table.toString();
}

function formatCounts({ columns, rows }: ResultTable): string {
  const head = ["", ...columns.map(({ label }) => label)];
  return formatTable(
    head,
    rows.map(({ label, values }) => [label, ...values.map(formatNumber)]),
  );
}

function formatRun(result: ScenarioResult, { wallMilliseconds }: RunFacts): string {
  const { transactions, virtualMilliseconds, violationCount, leakCount } = result;
  const rate = perSecond(transactions, wallMilliseconds);
  return formatTable([], [
    ...(result.figures ?? []).map(({ label, value }) => [label, formatNumber(value)]),
    ["transactions", formatNumber(transactions)],
    ["transactions per second", formatNumber(rate)],
    ["virtual time", `${formatNumber(virtualMilliseconds)} ms`],
    ["wall time", `${formatNumber(wallMilliseconds)} ms`],
    ["violations", formatNumber(violationCount)],
    ["leaks", formatNumber(leakCount)],
  ]);
}

function formatDigests(digests: readonly DigestedBytes[]): string[] {
  const labels = digests.map(({ label }) => visible(label));
  const width = Math.max(...labels.map(({ length }) => length));
  return digests.map(({ byteCount, sha256 }, at) =>
    `sha256 ${sha256}  ${labels[at]!.padEnd(width)}  ${formatNumber(byteCount)} bytes`
  );
}

/** The report for people. Nothing but times depends on when and where it ran. */
export function textReport(result: ScenarioResult, facts: RunFacts): string {
  const { ok, findings, digests } = result;
  const areSame = digests.every(({ sha256 }) => sha256 === digests[0]?.sha256);
  const verdict = areSame ? "The digests are the same." : "The digests differ.";
  return [
    `${facts.scenario}: seed ${facts.seed}, schedule ${facts.schedule}, codec ${facts.codec}`,
    formatCounts(result.counts),
    ...(result.tables ?? []).flatMap((table) => [`${table.title}:`, formatCounts(table)]),
    formatRun(result, facts),
    // Beside the tables, as all digests: with one in them they would be wider than most terminals.
    `trace digest ${result.traceDigest}`,
    ...formatDigests(digests),
    ...(digests.length > 1 ? [verdict] : []),
    ...findings.map((finding) => `wrong: ${visible(finding)}`),
    ok ? "ok" : `not ok: ${findings.length} ${findings.length === 1 ? "finding" : "findings"}`,
    `replay: ${visible(facts.replay)}`,
    ...(facts.resume === undefined
      ? []
      : [`saved in ${visible(result.savedTo ?? "")}; go on: ${visible(facts.resume)}`]),
    "",
  ].join("\n");
}
