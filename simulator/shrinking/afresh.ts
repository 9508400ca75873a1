/**
 * Looks for another run with the same finding, in which nobody is taken otherwise than fifo would: where much has to
 * wait and much goes wrong, other numbers, or the same faults a little earlier or later, may come to the same without
 * any of that.
 *
 * @module
 */

import { Chance } from "../../core/chance.ts";
import { type Firing, firingsOf, offsetsOf } from "./firings.ts";
import { firing, shrinkFaults } from "./passes.ts";
import type { Plan } from "./plan.ts";
import { lastRules } from "./scan.ts";
import type { Search, Smallest } from "./search.ts";

/** With no more faults than these each is one that matters. */
const FEW_FAULTS = 3;

/** Makes a plan of the smallest run so far; `seed` is what it draws from. */
type Way = (best: Smallest, seed: number) => Plan;

/** Numbers are drawn anew, and the faults of `rules` with them; `faults` stay as they are. */
function drawnAnew(faults: Plan["faults"], rules: readonly string[], seed: number): Plan {
  return { faults, draws: {}, switches: [], anew: { seed, rules } };
}

/** What fires does so up to `part` of its time earlier or later: without switches a run has other opportunities. */
function moved(firings: readonly Firing[], part: number, chance: Chance): readonly Firing[] {
  let last = 0;
  return firings.map(({ at, rest }) => {
    const farthest = Math.ceil(at * part);
    last = Math.max(last + 1, at - farthest + chance.below(2 * farthest + 1));
    return { at: last, rest };
  });
}

/** The run as it is but for its switches, with each rule's faults moved in half of all cases, or always. */
function withFaultsMoved(
  { plan, end }: Smallest,
  part: number,
  isHalf: boolean,
  seed: number,
): Plan {
  const chance = Chance.fromSeed(seed);
  const faults = firing(plan).map((about) => {
    const { head, firings } = firingsOf(end.choices, about);
    const isMoved = !isHalf || chance.below(2) === 0;
    return [about, offsetsOf({ head, firings: isMoved ? moved(firings, part, chance) : firings })];
  });
  return { ...plan, switches: [], faults: Object.fromEntries(faults) };
}

/** Other numbers and no fault: the plainest that can be found. */
const PLAINEST: Way = (_best, seed) => drawnAnew({}, [], seed);

/** What is tried by turns: each finds what the others do not. */
const WAYS: readonly Way[] = [
  (best, seed) => withFaultsMoved(best, 0.4, false, seed),
  PLAINEST,
  (best, seed) => withFaultsMoved(best, 0.7, false, seed),
  // What went wrong last before the finding, at other times.
  (best, seed) => drawnAnew({}, lastRules(best), seed),
  (best, seed) => withFaultsMoved(best, 0.4, true, seed),
  ({ plan }, seed) =>
    drawnAnew(
      Object.fromEntries(firing(plan).map((about) => [about, plan.faults[about]!])),
      [],
      seed,
    ),
];
/** The same where many faults are left: to move them all hits less often than other numbers. */
const WAYS_OF_MANY = WAYS.flatMap((way) => way === PLAINEST ? [] : [way, PLAINEST]);

/** Makes the tries from `from` to `to` until a run is smaller; where it ended. */
export async function huntAfresh(search: Search, from: number, to: number): Promise<number> {
  const { best } = search;
  const ways = best.size.faults > FEW_FAULTS ? WAYS_OF_MANY : WAYS;
  let tried = from;
  for (; tried < to && !search.isOver; tried++) {
    const way = ways[tried % ways.length]!;
    if (!await search.improves(way(best, tried >> 1))) continue; // no way has a seed twice
    await shrinkFaults(search);
    break;
  }
  return tried;
}
