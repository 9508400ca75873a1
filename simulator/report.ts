/**
 * Reports of a scenario's run: a text for people, an object for programs.
 *
 * @module
 */

import { folded, grouped, type Look, painted, tableText } from "./layout.ts";
import type { DigestedBytes, ResultTable, ScenarioResult } from "./scenario.ts";
import { unitsFor, visible } from "./text.ts";

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
  /** The scenario's own options, by name: numbers, and names of files; null for what is not given. */
  readonly options: Readonly<Record<string, number | string | null>>;
  /** Real time that it took, a whole number. */
  readonly wallMilliseconds: number;
  /** The command that runs the same again. */
  readonly replay: string;
  /** The command that resumes it, where it was saved. */
  readonly resume?: string;
}

/** The report for programs. Each field has one type, however the run went. */
export interface JsonReport extends Omit<RunFacts, "seed" | "resume"> {
  /** Whether the run went to its end, and nothing was wrong. */
  readonly ok: boolean;
  /** Why it is not well, in words; null where it is. */
  readonly error: string | null;
  /** The seed's decimal digits: programs do not hold all of them as numbers exactly. */
  readonly seed: string;
  /** The command that resumes it; null where it was not saved. */
  readonly resume: string | null;
  /** SHA-256 of the trace. */
  readonly traceDigest: string;
  /** Whether it was stopped before its end. */
  readonly stopped: boolean;
  /** What was wrong. */
  readonly findings: readonly string[];
  /** What was found that is expected. */
  readonly expected: readonly string[];
  /** What went wrong as the scenario's faults have it. */
  readonly faults: readonly string[];
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

/** The report of what did not come to a run, or not to its end: null stands for what is not known. */
export type JsonFailure =
  & { readonly [Field in keyof JsonReport]: JsonReport[Field] | null }
  & { readonly ok: false; readonly error: string; readonly stopped: boolean };

function perSecond(count: number, milliseconds: number): number {
  return milliseconds > 0 ? Math.round(count * 1000 / milliseconds) : 0;
}

/** How far a run came that was stopped. */
export function stoppedText({ done, total, unit }: ScenarioResult["progress"]): string {
  return `Stopped after ${grouped(done)} of ${grouped(total)} ${unitsFor(total, unit)}`;
}

function errorOf({ ok, isStopped, progress, findings }: ScenarioResult): string | null {
  if (ok) return null;
  return isStopped ? stoppedText(progress) : findings.join("; ");
}

/** The report for programs, ready for `JSON.stringify`. */
export function jsonReport(result: ScenarioResult, facts: RunFacts): JsonReport {
  const { counts, digests, transactions } = result;
  return {
    ok: result.ok,
    error: errorOf(result),
    scenario: facts.scenario,
    seed: String(facts.seed),
    schedule: facts.schedule,
    codec: facts.codec,
    options: facts.options,
    wallMilliseconds: facts.wallMilliseconds,
    replay: facts.replay,
    resume: facts.resume ?? null,
    traceDigest: result.traceDigest,
    stopped: result.isStopped,
    findings: result.findings,
    expected: result.expected ?? [],
    faults: result.faults ?? [],
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

/**
 * The report for programs where there is no result.
 *
 * @param error Why, in words.
 * @param facts What is known of the run nevertheless.
 * @param isStopped Whether the user stopped it.
 */
export function jsonFailure(
  error: string,
  facts: Partial<RunFacts> = {},
  isStopped: boolean = false,
): JsonFailure {
  return {
    ok: false,
    error,
    scenario: facts.scenario ?? null,
    seed: facts.seed === undefined ? null : String(facts.seed),
    schedule: facts.schedule ?? null,
    codec: facts.codec ?? null,
    options: facts.options ?? null,
    wallMilliseconds: facts.wallMilliseconds ?? null,
    replay: facts.replay ?? null,
    resume: facts.resume ?? null,
    traceDigest: null,
    stopped: isStopped,
    findings: null,
    expected: null,
    faults: null,
    files: null,
    counts: null,
    tables: null,
    figures: null,
    transactions: null,
    transactionsPerSecond: null,
    virtualMilliseconds: null,
    violations: null,
    leaks: null,
  };
}

function formatCounts({ columns, rows }: ResultTable, look: Look): string {
  return tableText({
    head: ["", ...columns.map(({ label }) => label)],
    rows: rows.map(({ label, values }) => [label, ...values.map(grouped)]),
  }, look);
}

function formatRun(result: ScenarioResult, { wallMilliseconds }: RunFacts, look: Look): string {
  const { transactions, virtualMilliseconds, violationCount, leakCount } = result;
  const rate = perSecond(transactions, wallMilliseconds);
  const rows = [
    ...(result.figures ?? []).map(({ label, value }) => [label, grouped(value)]),
    ["transactions", grouped(transactions)],
    ["transactions per second", grouped(rate)],
    ["virtual time", `${grouped(virtualMilliseconds)} ms`],
    ["wall time", `${grouped(wallMilliseconds)} ms`],
    ["violations", grouped(violationCount)],
    ["leaks", grouped(leakCount)],
  ];
  return tableText({ head: [], rows }, look);
}

/** A line for each digest; where that is too long its label and size stand below it. */
function formatDigests(
  digests: readonly DigestedBytes[],
  { columns = Infinity }: Look,
): string[] {
  const labels = digests.map(({ label }) => visible(label));
  const width = Math.max(...labels.map(({ length }) => length));
  const lines = digests.map(({ byteCount, sha256 }, at) =>
    `sha256 ${sha256}  ${labels[at]!.padEnd(width)}  ${grouped(byteCount)} ${
      unitsFor(byteCount, "bytes")
    }`
  );
  if (lines.every(({ length }) => length <= columns)) return lines;
  return digests.flatMap(({ byteCount, sha256 }, at) => [
    `sha256 ${sha256}`,
    `  ${
      folded(
        `${labels[at]}, ${grouped(byteCount)} ${unitsFor(byteCount, "bytes")}`,
        columns - 2,
      )
    }`,
  ]);
}

/** The report for people. Nothing but times depends on when and where it ran. */
export function textReport(result: ScenarioResult, facts: RunFacts, look: Look = {}): string {
  const { ok, findings, digests } = result;
  const areSame = digests.every(({ sha256 }) => sha256 === digests[0]?.sha256);
  const verdict = areSame
    ? "The digests are the same."
    : painted("The digests differ.", "red", look);
  const fold = (line: string) => folded(line, look.columns ?? Infinity);
  return [
    fold(`${facts.scenario}: seed ${facts.seed}, schedule ${facts.schedule}, codec ${facts.codec}`),
    formatCounts(result.counts, look),
    ...(result.tables ?? []).flatMap((table) => [
      fold(`${table.title}:`),
      formatCounts(table, look),
    ]),
    formatRun(result, facts, look),
    // Beside the tables, as all digests: with one in them they would be wider than most terminals.
    `trace digest ${result.traceDigest}`,
    ...formatDigests(digests, look),
    ...(digests.length > 1 ? [verdict] : []),
    ...(result.faults ?? []).map((fault) => fold(`fault: ${visible(fault)}`)),
    ...(result.expected ?? []).map((finding) => fold(`expected: ${visible(finding)}`)),
    ...findings.map((finding) => `${painted("wrong:", "red", look)} ${visible(finding)}`),
    ok ? painted("ok", "green", look) : painted(
      `not ok: ${findings.length} ${findings.length === 1 ? "finding" : "findings"}`,
      "red",
      look,
    ),
    // Commands are in one line, as they are pasted.
    `replay: ${visible(facts.replay)}`,
    ...(facts.resume === undefined
      ? []
      : [`saved in ${visible(result.savedTo ?? "")}; go on: ${visible(facts.resume)}`]),
    "",
  ].join("\n");
}
