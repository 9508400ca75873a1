/**
 * Looks for a run in which one thing goes wrong and nothing else: what went wrong last before the finding, at
 * another opportunity. These are gone through evenly, as those that matter lie beside each other.
 *
 * @module
 */

import { type Firing, firingsOf, offsetsOf } from "./firings.ts";
import { firing, shrinkFaults } from "./passes.ts";
import type { Search, Smallest } from "./search.ts";

/** Opportunities that are tried for whoever it may happen to. */
const OPPORTUNITIES = 32;
/** Whom it may happen to, at most: those that it happened to last. */
const VICTIMS_MAX = 2;

/** The rules that the last fault before the finding may be of. */
export function lastRules({ plan, end: { lastFault } }: Smallest): readonly string[] {
  return firing(plan).filter((about) => lastFault !== null && about.endsWith(` ${lastFault}`));
}

/** The last of `firings` for each that it happened to, the latest first. */
function lastOfEach(firings: readonly Firing[]): readonly Firing[] {
  const each = new Map<string, Firing>();
  // As a rule the run ended before the last opportunity that was chosen.
  const isOpen = firings.length > 1 && firings.at(-1)!.rest.length === 0;
  for (const firing of firings.slice(0, isOpen ? -1 : undefined).toReversed()) {
    const key = firing.rest.join();
    if (!each.has(key)) each.set(key, firing);
  }
  return [...each.values()].slice(0, VICTIMS_MAX);
}

/** Numbers from 0 to 1, each as far as may be from those before it: 1/2, 1/4, 3/4, 1/8 … */
function evenly(index: number): number {
  let [value, part] = [0, 0.5];
  for (let left = index + 1; left > 0; left >>= 1, part /= 2) if (left & 1) value += part;
  return value;
}

/** Tries one fault alone at opportunities up to twice as late, until a run is smaller by that. */
export async function scanFaults(search: Search): Promise<void> {
  const { best } = search;
  for (const about of lastRules(best)) {
    const { head, firings } = firingsOf(best.end.choices, about);
    for (const { at: last, rest } of lastOfEach(firings)) {
      for (let index = 0; index < OPPORTUNITIES && !search.isOver; index++) {
        const at = 1 + Math.floor(evenly(index) * 2 * last);
        const faults = { [about]: offsetsOf({ head, firings: [{ at, rest }] }) };
        if (await search.improves({ ...best.plan, faults, switches: [] })) {
          return await shrinkFaults(search);
        }
      }
    }
  }
}
