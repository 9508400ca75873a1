/**
 * What makes a run, told in a way that still means something where the run is no longer quite the same: by what
 * each choice is about, and not by how many came before it.
 *
 * @module
 */

import type { Choice } from "../../actors/runtime/chooser.ts";

/** Another item is taken than fifo would take. */
export type Switch =
  /** By the names of the two, wherever they meet. */
  | { readonly passed: string; readonly taken: string }
  /** An item waits so often: each time the oldest of the others is taken. */
  | { readonly held: string; readonly times: number };

/** A number that was drawn. */
export interface DrawnNumber {
  /** How many ways there were. */
  readonly count: number;
  /** Which was taken. */
  readonly offset: number;
}

/** A run as what it does otherwise than fifo. Plain data: it may go to another process. */
export interface Plan {
  /** What each rule of faults chooses, in order, by what tells it from others. */
  readonly faults: Readonly<Record<string, readonly number[]>>;
  /** Numbers that are drawn, in order, by what they are about. */
  readonly draws: Readonly<Record<string, readonly DrawnNumber[]>>;
  /** Where another item is taken than fifo would take. */
  readonly switches: readonly Switch[];
  /** What is drawn anew where the plan does not say it; left out: nothing is, and all of it is 0. */
  readonly anew?: DrawnAnew;
}

/** What is drawn anew, as a run by chance draws it. */
export interface DrawnAnew {
  /** What it is drawn from. */
  readonly seed: number;
  /** Rules of faults of which it is; all numbers are. */
  readonly rules: readonly string[];
}

/** A choice that a run has made, with what it was about. Plain data. */
export interface ToldChoice extends Choice {
  /** What it was about; of items: the name of the one that fifo would have taken. */
  readonly about: string;
  /** Of items: the name of the one that was taken in its place; left out where none was. */
  readonly taken?: string;
}

/** The plan by which a run that made `choices` is had again. */
export function planOf(choices: readonly ToldChoice[]): Plan {
  const faults = new Map<string, number[]>();
  const draws = new Map<string, DrawnNumber[]>();
  const switches: Switch[] = [];
  for (const { kind, count, offset, about, taken } of choices) {
    if (kind === "fault") addTo(faults, about, offset);
    else if (kind === "draw") addTo(draws, about, { count, offset });
    else if (taken !== undefined) switches.push({ passed: about, taken });
  }
  return { faults: Object.fromEntries(faults), draws: Object.fromEntries(draws), switches };
}

function addTo<T>(lists: Map<string, T[]>, about: string, value: T): void {
  const list = lists.get(about);
  if (list === undefined) lists.set(about, [value]);
  else list.push(value);
}
