/**
 * Findings that are no failures: those that a scenario knows, and those that a fault brings about.
 *
 * @module
 */

import type { FiredFault } from "../faults/rule.ts";
import type { Finding } from "../finding.ts";
import type { ExpectedFinding } from "./world.ts";

/** Findings by whether they are failures. */
export interface ToldApart {
  /** Failures. */
  readonly findings: readonly Finding[];
  /** The others. */
  readonly expected: readonly Finding[];
}

/**
 * Tells `findings` apart: whatever is `known` is no failure, however often it is found, and each fault that
 * `fired` brings about one finding at most.
 */
export function tellApart(
  findings: readonly Finding[],
  known: readonly ExpectedFinding[],
  fired: readonly FiredFault[],
): ToldApart {
  const brought = fired.flatMap(({ bringsAbout }) => bringsAbout ?? []);
  const isExpected = ({ rule, place, by }: Finding) => {
    const isIt = (one: { readonly rule: string; readonly place: string }) =>
      one.rule === rule && one.place === place;
    if (known.some(isIt)) return true;
    const at = by === "verifier" ? brought.findIndex(isIt) : -1;
    if (at >= 0) brought.splice(at, 1);
    return at >= 0;
  };
  const expected = new Set(findings.filter(isExpected));
  return {
    findings: findings.filter((finding) => !expected.has(finding)),
    expected: [...expected],
  };
}
