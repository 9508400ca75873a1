/**
 * A hunt for a small run: where parts of a large one cannot be taken away, as each needs the others, a few
 * things are tried from fifo on.
 *
 * @module
 */

import { Chance } from "../../core/chance.ts";
import { firingsOf, offsetsOf } from "./firings.ts";
import { firing, shrinkFaults, shrinkSwitches } from "./passes.ts";
import type { Plan, Switch, ToldChoice } from "./plan.ts";
import { lastRules } from "./scan.ts";
import type { Search, Smallest } from "./search.ts";
import { thin } from "./thin.ts";

/** How often an item that is held may be made to wait. */
const TIMES = [1, 1, 2, 4, 8, 16];
/** The same where many are held at once. */
const TIMES_OF_MANY = [1, 1, 2, 4];
/** Items that are held at once: of many that are, the one that matters is soon found. */
const HELD = { orders: [0, 1, 2, 16, 16, 16], faults: [0, 1, 2] };
/** More are held at once than this: each waits for little, as else all would be another run. */
const HELD_FEW = 2;
/** Switches of a run that was found are taken away in so many runs. */
const SWITCH_RERUNS_MAX = 40;
/** Rules that stay, about so many. */
const RULES = 2;
/** An opportunity that is drawn for a fault is below it, where its rule does not fire later. */
const OPPORTUNITIES_MIN = 8;

/** What a hunt may do. */
interface Game {
  /** Draws it. */
  readonly chance: Chance;
  /** All items that fifo takes. */
  readonly items: readonly string[];
  /** Those of them that had to wait in the run that is made smaller. */
  readonly waiting: readonly string[];
}

function pick<T>(chance: Chance, list: readonly T[]): T {
  return list[chance.below(list.length)]!;
}

/** Items that were to be taken. */
function itemsOf(choices: readonly ToldChoice[]): readonly string[] {
  return [...new Set(choices.flatMap(({ kind, about }) => kind === "item" ? [about] : []))];
}

function drawSwitches(
  { size: { faults } }: Smallest,
  { chance, items, waiting }: Game,
): readonly Switch[] {
  const length = pick(chance, faults > 0 ? HELD.faults : HELD.orders);
  const times = length > HELD_FEW ? TIMES_OF_MANY : TIMES;
  return Array.from({ length }, () => {
    const from = waiting.length > 0 && chance.below(2) === 0 ? waiting : items;
    return { held: pick(chance, from), times: pick(chance, times) };
  });
}

/** Some of the rules: as often as others, those alone that the last fault before the finding may be of. */
function drawRules(best: Smallest, { chance }: Game): readonly string[] {
  const rules = firing(best.plan);
  const last = lastRules(best);
  if (last.length > 0 && chance.below(2) === 0) return [pick(chance, last)];
  return rules.filter(() => chance.below(rules.length) < RULES);
}

/** Some of the rules: as they are, or one of the times that one fires, alone and at another opportunity. */
function drawFaults(best: Smallest, game: Game): Plan["faults"] {
  const { plan, end } = best;
  const { chance } = game;
  const kept = drawRules(best, game);
  return Object.fromEntries(kept.map((about) => {
    const { head, firings } = firingsOf(end.choices, about);
    if (firings.length === 0 || chance.below(3) === 0) return [about, plan.faults[about]!];
    const { at: last, rest } = pick(chance, firings);
    const at = 1 + chance.below(Math.max(OPPORTUNITIES_MIN, 2 * last));
    return [about, offsetsOf({ head, firings: [{ at, rest }] })];
  }));
}

/** Tries small runs, so many at most, until `isSmall` or no run may be made. */
export async function hunt(
  search: Search,
  triesMax: number,
  isSmall: () => boolean,
): Promise<void> {
  if (search.isOver || isSmall()) return;
  const { choices } = await search.run({ ...search.best.plan, switches: [] });
  const items = itemsOf(choices);
  if (items.length === 0) return;
  const passed = itemsOf(search.first.choices.filter(({ taken }) => taken !== undefined));
  const waiting = passed.filter((name) => items.includes(name));
  const game: Game = { chance: Chance.fromSeed(search.reruns), items, waiting };
  for (let tried = 0; tried < triesMax && !search.isOver && !isSmall(); tried++) {
    const { best } = search;
    const { plan } = best;
    const switches = drawSwitches(best, game);
    const isTimed = switches.length === 0 || game.chance.below(2) === 0;
    const faults = isTimed ? drawFaults(search.best, game) : plan.faults;
    const planWith = (switches: Plan["switches"]) => ({ ...plan, faults, switches });
    if (await search.find(planWith(switches)) === null) continue;
    await thin(search, { list: switches, planWith });
    if (search.best === best) continue;
    await shrinkFaults(search);
    await shrinkSwitches(search, SWITCH_RERUNS_MAX);
  }
}
