/**
 * Looks for a run in which another item waits, and not for as long: where one is made to wait while many others run,
 * each of which is a switch, there may be another worker that need not wait for more than a few.
 *
 * @module
 */

import { shrinkSwitches } from "./passes.ts";
import type { ToldChoice } from "./plan.ts";
import type { Search } from "./search.ts";

/** Where more items wait, no single one does the same. */
const WAITS_MAX = 2;
/** A worker's item, without the how manieth it is. */
const TURN = / #\d+$/;

/** Of each worker's kind of work the item that is next to where items begin to wait, those before it first. */
function nearWait(choices: readonly ToldChoice[]): readonly string[] {
  const items = choices.filter(({ kind }) => kind === "item");
  const first = items.findIndex(({ offset }) => offset > 0);
  const names = [...items.slice(0, first + 1).toReversed(), ...items.slice(first + 1)];
  const near = new Map<string, string>();
  for (const { about } of names) {
    const kind = about.replace(TURN, "");
    if (!near.has(kind)) near.set(kind, about);
  }
  return [...near.values()];
}

/** Makes one item wait, for `switchesMax` others at most, or for half of those that there are. */
export async function shortenWait(search: Search, switchesMax: number): Promise<void> {
  const { plan, size: { switches, waits }, end: { choices } } = search.best;
  if (waits > WAITS_MAX || switches <= switchesMax) return;
  for (const times of new Set([switchesMax, Math.max(switchesMax, switches >> 1)])) {
    for (const held of nearWait(choices)) {
      if (search.isOver) return;
      if (!await search.improves({ ...plan, switches: [{ held, times }] })) continue;
      return await shrinkSwitches(search, times);
    }
  }
}
