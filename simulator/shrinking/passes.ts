/**
 * What a run is made smaller by, part by part: faults, switches, numbers.
 *
 * @module
 */

import { firingsOf, offsetsOf } from "./firings.ts";
import { type Plan, planOf } from "./plan.ts";
import type { Search } from "./search.ts";
import { thin } from "./thin.ts";

/** Numbers are made smaller, beyond being 0, in so many runs at most. */
const NUMBER_RERUNS_MAX = 40;

/** Rules that have chosen anything but never to fire. */
export function firing({ faults }: Plan): readonly string[] {
  return Object.keys(faults).filter((about) => faults[about]!.some((offset) => offset > 0));
}

/** A plan with some of its rules alone. */
function withRules(plan: Plan, rules: readonly string[]): Plan {
  const faults = Object.fromEntries(rules.map((about) => [about, plan.faults[about]!]));
  return { ...plan, faults };
}

/** Nothing goes wrong, or less: first whole rules are taken away, then times that one fires. */
export async function shrinkFaults(search: Search): Promise<void> {
  const { best: { plan, size } } = search;
  if (size.faults === 0 || await search.improves(withRules(plan, []))) return;
  await thin(search, { list: firing(plan), planWith: (rules) => withRules(plan, rules) });
  for (const about of firing(search.best.plan)) await shrinkTimes(search, about);
}

/** A rule fires as seldom as it may: of several times any may be the one that matters, with whom it happens to. */
async function shrinkTimes(search: Search, about: string): Promise<void> {
  const { plan, end } = search.best;
  const { head, firings } = firingsOf(end.choices, about);
  if (firings.length < 2) return;
  await thin(search, {
    list: firings,
    planWith: (firings) => {
      const faults = { ...plan.faults, [about]: offsetsOf({ head, firings }) };
      return { ...plan, faults };
    },
  });
}

/** Less is taken otherwise than fifo would; in so many runs at most, as there may be a better way. */
export async function shrinkSwitches(search: Search, rerunsMax: number): Promise<void> {
  const { best: { plan, size } } = search;
  if (size.switches === 0 || await search.improves({ ...plan, switches: [] })) return;
  await thin(search, {
    list: plan.switches,
    planWith: (switches) => ({ ...plan, switches }),
    listOf: ({ choices }) => planOf(choices).switches,
    rerunsMax,
  });
}

/** Where a number stands among those of a plan. */
interface NumberPlace {
  readonly about: string;
  readonly at: number;
}

function numbersOf({ draws }: Plan): readonly NumberPlace[] {
  return Object.entries(draws).flatMap(([about, drawn]) =>
    drawn.flatMap(({ offset }, at) => offset > 0 ? [{ about, at }] : [])
  );
}

/** A plan whose numbers `change` makes others of. */
function withNumbers(plan: Plan, change: (place: NumberPlace, offset: number) => number): Plan {
  const draws = Object.fromEntries(
    Object.entries(plan.draws).map(([about, drawn]) => [
      about,
      drawn.map(({ count, offset }, at) => ({ count, offset: change({ about, at }, offset) })),
    ]),
  );
  return { ...plan, draws };
}

/** Numbers are 0, or at least smaller: 0 is the plainest. */
export async function shrinkNumbers(search: Search): Promise<void> {
  const { best: { plan, size } } = search;
  if (size.draws === 0 || await search.improves({ ...plan, draws: {} })) return;
  await thin(search, {
    list: numbersOf(plan),
    planWith: (kept) => {
      const isKept = ({ about, at }: NumberPlace) =>
        kept.some((place) => place.about === about && place.at === at);
      return withNumbers(plan, (place, offset) => isKept(place) ? offset : 0);
    },
  });
  await halveNumbers(search);
}

async function halveNumbers(search: Search): Promise<void> {
  const bound = search.reruns + NUMBER_RERUNS_MAX;
  for (const { about, at } of numbersOf(search.best.plan)) {
    for (;;) {
      const { plan } = search.best;
      const offset = plan.draws[about]?.[at]?.offset ?? 0;
      if (offset < 2 || search.reruns >= bound) break;
      const halved = withNumbers(
        plan,
        (place, offset) => place.about === about && place.at === at ? offset >> 1 : offset,
      );
      if (!await search.improves(halved)) break;
    }
  }
}
