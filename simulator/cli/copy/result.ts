/**
 * What a run came to, as reports show it.
 *
 * @module
 */

import type {
  DigestedBytes,
  NamedTable,
  ResultFigure,
  ResultRow,
  ResultTable,
  ScenarioResult,
} from "../../scenario.ts";
import type { SaveSummary } from "../../../mod.ts";
import type { CopyCounts } from "./device.ts";
import type { GuestCopy } from "./guest_copy.ts";
import { digestOfRun, type RunTotals } from "./totals.ts";

/** All guests were saved, and continue elsewhere. */
export interface Move {
  /** What each had counted by then. */
  readonly copies: readonly CopyCounts[];
  /** What was saved of each. */
  readonly saved: readonly SaveSummary[];
}

/** What a result is made of. */
export interface RunEnd {
  /** How the run ended. */
  readonly end: "over" | "stopped" | "saved";
  /** What it was saved in; null: it was not. */
  readonly savedTo: string | null;
  /** What its fabrics came to. */
  readonly totals: RunTotals;
  /** Its guests. */
  readonly copies: readonly GuestCopy[];
  /** How often they were saved. */
  readonly moves: readonly Move[];
  /** Bytes that were copied, there and back. */
  readonly doneBytes: number;
  /** All of them. */
  readonly totalBytes: number;
}

/** The result of a run. */
export function resultOf(run: RunEnd): ScenarioResult {
  const { end, savedTo, totals, copies, doneBytes, totalBytes } = run;
  const findings = [...totals.findings, ...copies.flatMap((copy) => copy.findings)];
  return {
    ok: end !== "stopped" && findings.length === 0,
    isStopped: end === "stopped",
    findings,
    counts: countsOf(run),
    figures: figuresOf(run),
    tables: run.moves.length === 0 ? [] : [movesOf(run)],
    digests: digestsOf(copies),
    ...(savedTo !== null && { savedTo }),
    transactions: sumOf(copies, ({ counts }) => counts.transactions),
    virtualMilliseconds: totals.virtualMilliseconds,
    violationCount: totals.violationCount,
    leakCount: totals.leakCount,
    traceDigest: digestOfRun(totals),
    progress: { done: doneBytes, total: totalBytes, unit: "bytes there and back" },
  };
}

function sumOf<T>(all: readonly T[], valueOf: (one: T) => number): number {
  return all.reduce((sum, one) => sum + valueOf(one), 0);
}

/** What was counted while the devices were open, of all guests together. */
function countsOf({ copies, totals }: RunEnd): ResultTable {
  const both = (key: "packets" | "completions") =>
    [0, 1].map((way) => sumOf(copies, ({ counts }) => counts[key][way]!));
  const bytesIn = sumOf(copies, ({ digests }) => digests.read.byteCount);
  const bytesOut = sumOf(copies, ({ digests }) => digests.returned.byteCount);
  return {
    columns: [
      { key: "guestToHost", label: "guest to host" },
      { key: "hostToGuest", label: "host to guest" },
    ],
    rows: [
      { key: "packets", label: "packets", values: both("packets") },
      { key: "completions", label: "of them completions", values: both("completions") },
      { key: "fileBytes", label: "file bytes", values: [bytesIn, bytesOut] },
      { key: "roomWaits", label: "ring-full waits", values: totals.roomWaits },
      { key: "interrupts", label: "interrupts", values: totals.interrupts },
    ],
  };
}

/** The device's own figures of all guests: of each the largest. */
function figuresOf({ copies }: RunEnd): readonly ResultFigure[] {
  const largest = new Map<string, ResultFigure>();
  for (const figure of copies.flatMap(({ figures }) => figures)) {
    const known = largest.get(figure.key);
    if (known === undefined || figure.value > known.value) largest.set(figure.key, figure);
  }
  return [{ key: "guests", label: "guests", value: copies.length }, ...largest.values()];
}

/** Each migration, or the one save: of all guests together. */
function movesOf({ end, moves }: RunEnd): NamedTable {
  const isSave = end === "saved";
  return {
    key: isSave ? "saves" : "migrations",
    title: `${isSave ? "saved" : "migrated live"}, with packets in flight`,
    columns: [
      { key: "packet", label: "packet" },
      { key: "savedBytes", label: "bytes" },
      { key: "pages", label: "pages" },
      { key: "queued", label: "queued" },
      { key: "awaiting", label: "sent" },
      { key: "ended", label: "ended" },
      { key: "held", label: "held" },
      { key: "ringBytes", label: "ring bytes" },
    ],
    rows: moves.map((move, at) => {
      const name = isSave ? "run" : String(at + 1);
      return { key: isSave ? "save" : name, label: name, values: valuesOf(move) };
    }),
  };
}

function valuesOf({ copies, saved }: Move): ResultRow["values"] {
  const sum = (valueOf: (summary: SaveSummary) => number) => sumOf(saved, valueOf);
  return [
    sumOf(copies, ({ transactions }) => transactions),
    sum(({ bytes }) => bytes),
    sum(({ pages }) => pages),
    sum(({ packets }) => packets.queued),
    sum(({ packets }) => packets.awaiting),
    sum(({ packets }) => packets.ended),
    sum(({ packets }) => packets.held),
    sum(({ ringBytes }) => ringBytes),
  ];
}

/** Of the file as the first guest read it, and as each got it back: of what is whole. */
function digestsOf(copies: readonly GuestCopy[]): readonly DigestedBytes[] {
  const [first] = copies;
  const source = first?.files.source;
  // After a crash a part of it may be left.
  const nameOf = ({ byteCount }: Pick<DigestedBytes, "byteCount">) =>
    byteCount < (source?.byteCount ?? 0) ? `the beginning of ${source?.name}` : `${source?.name}`;
  const isOne = copies.length === 1;
  const returned = copies.flatMap(({ returned }, at) =>
    returned === null ? [] : [{
      key: isOne ? "returned" : `returned${at + 1}`,
      label: `${nameOf(returned)} as returned${isOne ? "" : ` to guest ${at + 1}`}`,
      ...returned,
    }]
  );
  const read = first?.read ?? null;
  return [
    ...(read === null ? [] : [{ key: "read", label: `${nameOf(read)} as read`, ...read }]),
    ...returned,
  ];
}
