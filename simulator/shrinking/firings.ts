/**
 * What a rule of faults chooses, as the times that it fires: each of them can be had without the others.
 *
 * @module
 */

import { OPPORTUNITIES_MAX } from "../faults/trigger.ts";
import type { ToldChoice } from "./plan.ts";

/** One time that a rule fires. */
export interface Firing {
  /** At which opportunity of the whole run, from 1. */
  readonly at: number;
  /** What it chooses then: to whom it happens, as a rule. */
  readonly rest: readonly number[];
}

/** What a rule chooses. */
export interface Firings {
  /** Before it fires: how often it does. */
  readonly head: readonly number[];
  /** The times that it fires, in order. */
  readonly firings: readonly Firing[];
}

/** What the rule `about` has chosen in a run. */
export function firingsOf(choices: readonly ToldChoice[], about: string): Firings {
  const head: number[] = [];
  const firings: { at: number; rest: number[] }[] = [];
  let at = 0;
  for (const choice of choices) {
    if (choice.kind !== "fault" || choice.about !== about) continue;
    const { count, offset } = choice;
    if (count !== OPPORTUNITIES_MAX + 1) (firings.at(-1)?.rest ?? head).push(offset);
    else if (offset > 0) firings.push({ at: at += offset, rest: [] });
  }
  return { head, firings };
}

/** What a rule has to choose to fire so. Each opportunity is counted from the last one at which it fired. */
export function offsetsOf({ head, firings }: Firings): readonly number[] {
  let last = 0;
  return [
    ...head,
    ...firings.flatMap(({ at, rest }) => {
      const left = Math.min(at - last, OPPORTUNITIES_MAX);
      last = at;
      return [left, ...rest];
    }),
  ];
}
