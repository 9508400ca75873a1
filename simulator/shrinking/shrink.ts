/**
 * Makes a run smaller: the same finding, with less going wrong, fewer switches, less work and fewer steps.
 *
 * @module
 */

import type { RunRecord } from "../artefacts/artefact.ts";
import type { Finding } from "../finding.ts";
import type { Choice } from "../worlds/settings.ts";
import type { RunMaker } from "./attempt.ts";
import { huntAfresh } from "./afresh.ts";
import { hunt } from "./hunt.ts";
import { shrinkFaults, shrinkNumbers, shrinkSwitches } from "./passes.ts";
import type { ToldChoice } from "./plan.ts";
import { scanFaults } from "./scan.ts";
import { Search, type SearchBounds } from "./search.ts";
import { shortenWait } from "./shorter_wait.ts";
import type { RunSize } from "./size.ts";

/** Runs that are made where nobody says how many. */
export const RERUNS_MAX = 300;
/** The first run is made to see that it can be had again, the last one to be kept. */
const OTHER_RERUNS = 2;
/** A run with no more faults and switches than this is small. */
const SMALL = 3;
/** So many switches are far from that. */
const MANY = 10;
/** Runs in which switches are taken away at first, and later, before another way is tried. */
const SWITCH_RERUNS = { first: 40, later: 80 };
/** Small runs that a hunt tries at first, by other numbers, and later. */
const TRIES = { first: 40, afresh: 60, afreshWhereLarge: 140, later: 100 };

/** What a run was made. */
export interface Shrunk {
  /** The smaller run, as it is kept: it makes its choices again, and comes to the same. */
  readonly record: RunRecord;
  /** Runs that were made. */
  readonly reruns: number;
  /** How large the run was. */
  readonly before: RunSize;
  /** How large it is. */
  readonly after: RunSize;
}

/** Faults first, then switches, then what there is to do; again for as long as that brings something. */
async function shrinkAll(search: Search): Promise<void> {
  const switchesAbove = (count: number) => search.best.size.switches > count;
  const isSmall = () => search.best.size.switches <= SMALL && search.best.size.faults <= SMALL;
  // Mostly no order is needed: then all that follows is quick.
  await search.find({ ...search.best.plan, switches: [] });
  await shrinkFaults(search);
  await shrinkSwitches(search, SWITCH_RERUNS.first);
  if (!isSmall()) await scanFaults(search);
  await hunt(search, TRIES.first, isSmall);
  const tried = await huntAfresh(search, 0, switchesAbove(SMALL) ? TRIES.afresh : 0);
  // Where so much is left, what comes below takes little of it away.
  const isLarge = switchesAbove(MANY) && search.best.size.faults > SMALL;
  await huntAfresh(search, tried, isLarge ? TRIES.afreshWhereLarge : 0);
  for (;;) {
    const { reruns } = search;
    await shrinkFaults(search);
    await shortenWait(search, SMALL);
    await shrinkSwitches(search, SWITCH_RERUNS.later);
    await shrinkNumbers(search);
    await hunt(search, TRIES.later, isSmall);
    // What was tried is not tried again: where all was, nothing ran.
    if (search.isOver || search.reruns === reruns) return;
  }
}

/** A run's choices without those at the end that are what fifo would do. */
function kept(choices: readonly ToldChoice[]): readonly Choice[] {
  const length = choices.findLastIndex(({ offset }) => offset !== 0) + 1;
  return choices.slice(0, length).map(({ kind, count, offset }) => ({ kind, count, offset }));
}

/**
 * Makes the run smaller that `maker` makes again, and that has `finding`.
 *
 * @throws {ShrinkError} It cannot be had again.
 */
export async function shrink(
  maker: RunMaker,
  finding: Finding,
  bounds: SearchBounds,
): Promise<Shrunk> {
  const first = await maker.first();
  const rerunsMax = Math.max(0, bounds.rerunsMax - OTHER_RERUNS);
  const search = new Search(maker, finding, first, { ...bounds, rerunsMax });
  const before = search.best.size;
  await shrinkAll(search);
  const { end, size: after } = search.best;
  const record = await maker.record(kept(end.choices));
  return { record, reruns: search.reruns + OTHER_RERUNS, before, after };
}
