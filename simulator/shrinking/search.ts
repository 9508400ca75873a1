/**
 * The search for a smaller run with the same finding: the smallest so far, and how often it may still run.
 *
 * @module
 */

import { turn } from "../../actors/runtime/event_loop.ts";
import { causeOf } from "../artefacts/causes.ts";
import type { Finding } from "../finding.ts";
import type { AttemptEnd, RunMaker } from "./attempt.ts";
import { type Plan, planOf } from "./plan.ts";
import { isSmaller, type RunSize, sizeOf } from "./size.ts";

/** What bounds a search, and who hears how far it is. */
export interface SearchBounds {
  /** Runs that may be made. */
  readonly rerunsMax: number;
  /** Ends it. */
  readonly signal?: AbortSignal;
  /** Hears of each run. */
  readonly onProgress?: (reruns: number, size: RunSize) => void;
}

/** The smallest run so far. */
export interface Smallest {
  /** What makes it. */
  readonly plan: Plan;
  /** What came of it. */
  readonly end: AttemptEnd;
  /** How large it is. */
  readonly size: RunSize;
}

/** One search. */
export class Search {
  /** What came of the run that is made smaller. */
  readonly first: AttemptEnd;
  /** Runs that were made. */
  reruns = 0;
  #best: Smallest;
  readonly #maker: RunMaker;
  readonly #cause: string;
  readonly #bounds: SearchBounds;
  /** Plans that were tried: none is tried twice. */
  readonly #tried = new Set<string>();

  /** Looks for runs of `maker` with `finding`, which are smaller than one that came to `first`. */
  constructor(maker: RunMaker, finding: Finding, first: AttemptEnd, bounds: SearchBounds) {
    this.#maker = maker;
    this.#cause = causeOf(finding);
    this.first = first;
    this.#bounds = bounds;
    this.#best = smallest(first);
  }

  /** The smallest run so far. */
  get best(): Smallest {
    return this.#best;
  }

  /** Whether no run may be made any more. */
  get isOver(): boolean {
    const { rerunsMax, signal } = this.#bounds;
    return this.reruns >= rerunsMax || signal?.aborted === true;
  }

  /** Makes a run by `plan`, if one may be made that was not; null: it has not the finding, or was not made. */
  async find(plan: Plan): Promise<AttemptEnd | null> {
    const key = JSON.stringify(plan);
    if (this.isOver || this.#tried.has(key)) return null;
    this.#tried.add(key);
    const end = await this.run(plan);
    const isThere = end.findings.some((each) => causeOf(each) === this.#cause);
    if (isThere && isSmaller(end, this.#best.end)) this.#best = smallest(end);
    this.#bounds.onProgress?.(this.reruns, this.#best.size);
    return isThere ? end : null;
  }

  /** The same; whether the run is the smallest so far. */
  async improves(plan: Plan): Promise<boolean> {
    const before = this.#best;
    await this.find(plan);
    return this.#best !== before;
  }

  /** Makes a run by `plan` to see what it does. */
  async run(plan: Plan): Promise<AttemptEnd> {
    this.reruns++;
    await turn(); // whoever wants to end it is heard
    return await this.#maker.attempt(plan);
  }
}

function smallest(end: AttemptEnd): Smallest {
  return { plan: planOf(end.choices), end, size: sizeOf(end) };
}
