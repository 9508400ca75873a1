/**
 * Looks for another run with the same finding, in which nobody is taken otherwise than fifo would: where much has to
 * wait and much goes wrong, other numbers may come to the same without any of that.
 *
 * @module
 */

import { firing, shrinkFaults } from "./passes.ts";
import type { Plan } from "./plan.ts";
import { lastRules } from "./scan.ts";
import type { Search, Smallest } from "./search.ts";

/** What goes wrong beside other numbers, by turns: each finds what the others do not. */
const WAYS: readonly ((best: Smallest) => { faults: Plan["faults"]; rules: readonly string[] })[] =
  [
    () => ({ faults: {}, rules: [] }),
    // What went wrong last before the finding, at other times.
    (best) => ({ faults: {}, rules: lastRules(best) }),
    ({ plan }) => (
      {
        faults: Object.fromEntries(firing(plan).map((about) => [about, plan.faults[about]!])),
        rules: [],
      }
    ),
  ];

/** Tries so many runs by numbers that are drawn anew, at most, until one is smaller. */
export async function huntAfresh(search: Search, triesMax: number): Promise<void> {
  const { best } = search;
  for (let tried = 0; tried < triesMax && !search.isOver; tried++) {
    const { faults, rules } = WAYS[tried % WAYS.length]!(best);
    const seed = Math.floor(tried / WAYS.length);
    const plan: Plan = { faults, draws: {}, switches: [], anew: { seed, rules } };
    if (await search.improves(plan)) return await shrinkFaults(search);
  }
}
