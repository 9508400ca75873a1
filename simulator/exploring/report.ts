/**
 * The report of an exploration, for people and for programs.
 *
 * @module
 */

import { findingLines } from "../finding_lines.ts";
import { grouped, type Look } from "../layout.ts";
import { shellQuoted } from "../text.ts";
import type { ExploreReport } from "./settings.ts";

/** Where the run of each cause is kept, in the order of {@linkcode ExploreReport.found}; null: it could not be. */
export type KeptIn = readonly (string | null)[];

/** What was left out, each in a few words; none: nothing was. */
function boundsOf({ bounds, isComplete }: ExploreReport): readonly string[] {
  const { executions, givenUp, tooDeep, fixedDraws, faultRules } = bounds;
  const parts = [
    ...executions ? ["orders that more runs would have tried"] : [],
    ...givenUp ? ["orders that there was no time for"] : [],
    ...tooDeep > 0
      ? [`what comes after the last choice that is gone through, in ${grouped(tooDeep)} runs`]
      : [],
    ...fixedDraws > 0 ? [`${grouped(fixedDraws)} draws of many ways, which were 0`] : [],
    ...faultRules > 0 ? [`${grouped(faultRules)} kinds of faults, none of which happened`] : [],
  ];
  return isComplete || parts.length > 0 ? parts : ["orders that come after what was found"];
}

/** What it has come to, in a few words. */
function outcomeOf({ found, isComplete }: ExploreReport): string {
  if (found.length > 0) return "something was found";
  return isComplete ? "complete: nothing was found" : "not complete: nothing was found so far";
}

function statesText({ states, counts, unmatchedReason }: ExploreReport): string {
  if (unmatchedReason !== null) return `not matched: ${unmatchedReason}`;
  const untold = counts.unmatched === 0
    ? "each could be told"
    : `at ${
      grouped(counts.unmatched)
    } choices it could not be told: a driver's promise was unfinished`;
  return `${grouped(states)}, and ${grouped(counts.matched)} times one of them again; ${untold}`;
}

/**
 * The report for people.
 *
 * @param replay What starts a replay; the file comes behind it.
 */
export function exploreText(
  report: ExploreReport,
  kept: KeptIn,
  replay: string,
  look: Look,
): string {
  const { scenario, codec, scouted, executions, counts, found } = report;
  const left = boundsOf(report);
  const lines = [
    ...found.flatMap(({ finding }, at) => [
      ...findingLines(finding, look),
      ...kept[at] === null || kept[at] === undefined
        ? []
        : [`     ${replay} ${shellQuoted(kept[at])}`],
    ]),
    `explored ${scenario}, ${codec}: ${outcomeOf(report)}`,
    `runs: ${grouped(executions)}${scouted > 0 ? `, after ${grouped(scouted)} by chance` : ""}`,
    `choices of who is next: ${grouped(counts.turns)}`,
    `other orders of the same: ${grouped(counts.asleep)} runs ended there`,
    `states: ${statesText(report)}`,
    `left out: ${left.length === 0 ? "nothing" : left.join("; ")}`,
  ];
  return `${lines.join("\n")}\n`;
}

/** The report for programs. */
export function exploreJson(
  report: ExploreReport,
  kept: KeptIn,
): Readonly<Record<string, unknown>> {
  const { found, isComplete, scouted, executions, states, counts, bounds } = report;
  return {
    ok: found.length === 0 && isComplete,
    error: found[0]?.finding.message ?? (isComplete ? null : outcomeOf(report)),
    scenario: report.scenario,
    codec: report.codec,
    complete: isComplete,
    executions,
    scouted,
    states,
    choices: counts.turns,
    matched: counts.matched,
    asleep: counts.asleep,
    unmatched: counts.unmatched,
    unmatchedReason: report.unmatchedReason,
    bounds,
    failures: found.map(({ finding }, at) => ({ finding, artefact: kept[at] ?? null })),
  };
}
