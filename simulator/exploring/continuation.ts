/**
 * What follows two runs that came to what counts as the same state: the same, or the state leaves something out.
 *
 * @module
 */

import type {
  Alternatives,
  Choice,
  ChoiceKind,
  Chooser,
  Known,
} from "../../actors/runtime/chooser.ts";
import { ReplayChooser } from "../../actors/runtime/choosers/replay.ts";
import { Runnable } from "../../actors/runtime/runnable.ts";
import { Chance } from "../../core/chance.ts";
import type { GuidedRun, WorldGuide } from "../worlds/guide.ts";
import type { Matching } from "./matching.ts";
import { Names } from "./names.ts";

/** Two runs, by their choices, that came to the same key. */
export interface MatchedRuns {
  /** The one that came there first. */
  readonly first: readonly Choice[];
  /** The other one. */
  readonly again: readonly Choice[];
}

/** Makes the choices of a run again, and then those that a seed draws among the names of who may be next. */
export class Continuation implements WorldGuide {
  /** Who might have been next, who was, and the state there, after the choices that were made again. */
  readonly seen: string[] = [];
  readonly #replay: Chooser;
  readonly #matching: Matching;
  readonly #chance: Chance;
  #left: number;
  /** Whether it has made a choice of its own. */
  #isFree = false;
  #names!: Names;

  /** Begins with `choices`, continues by chance from `seed`, and tells states by `matching`. */
  constructor(choices: readonly Choice[], seed: number, matching: Matching) {
    this.#replay = new ReplayChooser(choices);
    this.#left = choices.length;
    this.#chance = Chance.fromSeed(seed);
    this.#matching = matching;
  }

  /** See {@linkcode WorldGuide.begins}. */
  begins(run: GuidedRun): void {
    this.#names = new Names(run.fabric);
    this.#matching.begin(run, this.#names);
    const { points } = run.fabric.scheduler;
    if (points !== null) points.onTurn = (item) => this.#note(this.#names.item(item));
  }

  /** Notes the state, once the choices were made again. */
  #note(what: string): void {
    if (this.#isFree) this.seen.push(`${what}\n${this.#matching.keyNow([])}`);
  }

  /** See {@linkcode WorldGuide.programRuns}. */
  programRuns(): void {
    this.#matching.programRuns();
    this.#note("the program");
  }

  /** See {@linkcode WorldGuide.choose}. */
  choose(kind: ChoiceKind, count: number, known: Known): number {
    if (this.#left > 0) {
      this.#left--;
      return this.#replay.choose(kind, count, known);
    }
    if (known instanceof Runnable) return this.#chooseTurn(count, known);
    return kind === "draw" ? 0 : this.#chance.below(count);
  }

  #chooseTurn(count: number, alternatives: Alternatives): number {
    const names = this.#names.items(alternatives, count);
    const sorted = names.toSorted();
    this.#isFree = true;
    this.#note(sorted.join());
    return names.indexOf(sorted[this.#chance.below(count)]!);
  }
}
