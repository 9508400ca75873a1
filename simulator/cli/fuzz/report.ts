/**
 * Reports of fuzzing: a text for people, an object for programs.
 *
 * @module
 */

import { grouped, type Look, painted } from "../../layout.ts";
import { visible } from "../../text.ts";
import type { ListedTarget, ToldFailure } from "./messages.ts";
import type { TargetEnd } from "./target_run.ts";

/** Bytes of an input that a text shows. */
const SHOWN_BYTES_MAX = 48;
/** Outcomes that a text names. */
const OUTCOMES_MAX = 8;

/** A failure, and how it is run again. */
export interface KeptFailure extends ToldFailure {
  /** The file in which it is kept; null: it could not be written. */
  readonly artefact: string | null;
  /** The line that runs it again. */
  readonly replay: string;
}

/** What the run of one target has come to, with its files. */
export interface ReportedTarget extends Omit<TargetEnd, "failures"> {
  /** What failed. */
  readonly failures: readonly KeptFailure[];
}

/** What a report says beside that. */
export interface FuzzFacts {
  /** Makes the inputs. */
  readonly seed: bigint;
  /** Whether it was stopped before its end. */
  readonly isStopped: boolean;
}

function rateOf({ cases, milliseconds }: Pick<TargetEnd, "cases" | "milliseconds">): number {
  return Math.round(cases * 1000 / Math.max(1, milliseconds));
}

function outcomesText(outcomes: Readonly<Record<string, number>>): string {
  const sorted = Object.entries(outcomes).toSorted(([, a], [, b]) => b - a);
  const named = sorted.slice(0, OUTCOMES_MAX)
    .map(([name, count]) => `${visible(name)} ${grouped(count)}`);
  const more = sorted.length - named.length;
  return named.join(", ") + (more > 0 ? `, and ${more} more` : "");
}

function inputText(input: string | null): string {
  if (input === null) return "no single input does it";
  const bytes = input.length / 2;
  const shown = input.slice(0, 2 * SHOWN_BYTES_MAX);
  const dots = shown.length < input.length ? "..." : "";
  return `input of ${grouped(bytes)} byte${bytes === 1 ? "" : "s"}: ${shown}${dots}`;
}

function failureLines({ failure, input, replay }: KeptFailure, look: Look): string[] {
  return [
    `${painted("FAIL", "red", look)} ${failure.kind}: ${visible(failure.message)}`,
    `     at ${visible(failure.place)}`,
    `     ${inputText(input)}`,
    `     ${replay}`,
  ];
}

function targetLines(end: ReportedTarget, look: Look): string[] {
  const { target, cases, milliseconds, outcomes, kept, failures } = end;
  const seconds = (milliseconds / 1000).toFixed(1);
  return [
    `${target.name}: ${grouped(cases)} cases in ${seconds} s, ${grouped(rateOf(end))} a second; ` +
    `${grouped(kept)} kept, ${grouped(failures.length)} failed`,
    ...cases > 0 ? [`     ${outcomesText(outcomes)}`] : [],
    ...failures.flatMap((failure) => failureLines(failure, look)),
  ];
}

/** The text. */
export function fuzzText(ends: readonly ReportedTarget[], facts: FuzzFacts, look: Look): string {
  const lines = ends.flatMap((end) => targetLines(end, look));
  const failed = ends.reduce((sum, { failures }) => sum + failures.length, 0);
  const cases = ends.reduce((sum, end) => sum + end.cases, 0);
  const how = facts.isStopped ? "stopped: " : "";
  return [
    ...lines,
    `${how}${grouped(cases)} cases of ${ends.length} target${
      ends.length === 1 ? "" : "s"
    } with seed ` +
    `${facts.seed}; ${grouped(failed)} failed`,
    "",
  ].join("\n");
}

/** The object for programs. */
export function fuzzJson(ends: readonly ReportedTarget[], { seed, isStopped }: FuzzFacts): object {
  const failed = ends.reduce((sum, { failures }) => sum + failures.length, 0);
  const error = isStopped
    ? "Stopped before the end"
    : failed > 0
    ? `${failed} failure${failed === 1 ? "" : "s"}`
    : null;
  return {
    ok: error === null,
    error,
    stopped: isStopped,
    seed: String(seed),
    targets: ends.map((end) => ({
      name: end.target.name,
      cases: end.cases,
      milliseconds: end.milliseconds,
      casesPerSecond: rateOf(end),
      kept: end.kept,
      outcomes: end.outcomes,
      failures: end.failures,
    })),
  };
}

/** The object for programs where nothing could be run. */
export function fuzzJsonFailure(error: string, stopped: boolean): object {
  return { ok: false, error, stopped };
}

/** The list of targets. */
export function listText(targets: readonly ListedTarget[]): string {
  const width = Math.max(...targets.map(({ name }) => name.length));
  return targets.map(({ name, title }) => `${name.padEnd(width)}  ${title}\n`).join("");
}
