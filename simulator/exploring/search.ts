/**
 * A search through all orders of a world: each run begins with choices of the one before, takes the next way at the
 * last place that has one, and continues from there. Of turns that touch nothing in common one order is enough
 * (sleep sets: Godefroid, Partial-Order Methods for the Verification of Concurrent Systems, 1996).
 *
 * @module
 */

import type { Alternatives, Choice, ChoiceKind, Known } from "../../actors/runtime/chooser.ts";
import type { WorkItem } from "../../actors/runtime/processor.ts";
import { Runnable } from "../../actors/runtime/runnable.ts";
import { assert } from "../../core/assert.ts";
import { CutError, type GuidedRun, type WorldGuide } from "../worlds/guide.ts";
import type { MatchedRuns } from "./continuation.ts";
import { ExploreError } from "./explore_error.ts";
import { Footprint } from "./footprint.ts";
import { isExposed, Names } from "./names.ts";
import type { Matching, Seen } from "./matching.ts";
import { TurnRecorder } from "./turn.ts";

/** Turns that need not be taken, as another order of the same is gone through, by their names. */
type Asleep = ReadonlyMap<string, Footprint>;

/** A choice of who is next. */
interface TurnNode {
  readonly kind: "turn";
  readonly names: readonly string[];
  /** What was asleep when it was met. */
  readonly asleep: Asleep;
  /** Turns all of whose ways were gone through, with what they touched. */
  readonly done: Map<string, Footprint>;
  /** Offsets that are still to be taken. */
  readonly left: number[];
  taken: number;
  /** What the turn that is taken has touched so far, in any of its ways. */
  touched: Footprint;
  /** What was seen until it was met; null: no states are told. */
  readonly seen: Seen | null;
}

/** Another choice, which is made inside a turn: all of its ways are gone through. */
interface InnerNode {
  readonly kind: "inner";
  readonly count: number;
  taken: number;
}

type Node = TurnNode | InnerNode;

/** Why a run was ended on its way. */
export type Cut = "asleep" | "matched";

/** How a search goes. */
export interface SearchOptions {
  /** Whether turns that touch nothing in common are taken in one order alone. */
  readonly isReduced: boolean;
  /** Whether the scenario has checkers of its own, which may remember the order of whatever they see. */
  readonly isWatched: boolean;
  /** Choices of a run that are gone through; further ones are what fifo would do. */
  readonly depthMax: number;
  /** Draws of so many ways at most are gone through; others are 0. */
  readonly drawWaysMax: number;
  /** Says what state a run is in, where that can be told; null: it cannot. */
  readonly matching: Matching | null;
}

/** What a search has met. */
export interface SearchCounts {
  /** Choices of who is next that were met, each once. */
  turns: number;
  /** Runs that ended at a state from which all was gone through already. */
  matched: number;
  /** Runs that ended as another order of the same was gone through. */
  asleep: number;
  /** Choices of who is next at which the state could not be told. */
  unmatched: number;
  /** Draws that were not gone through. */
  fixedDraws: number;
  /** Runs that had more choices than are gone through. */
  tooDeep: number;
}

/** A search through the orders of one world. */
export class Search implements WorldGuide {
  /** What it has met so far. */
  readonly counts: SearchCounts = {
    turns: 0,
    matched: 0,
    asleep: 0,
    unmatched: 0,
    fixedDraws: 0,
    tooDeep: 0,
  };
  readonly #options: SearchOptions;
  /** Choices of the present run that are gone through, up to the last one. */
  readonly #path: Node[] = [];
  /** States that were met, each with what was asleep there. */
  readonly #known = new Map<string, Set<string>>();

  /** For each state the choices that led to it first, where what follows states is to be compared. */
  readonly #first = new Map<string, readonly Choice[]>();
  /** The runs that came to the state at which the present one has ended; null: it has not ended so. */
  matched: MatchedRuns | null = null;

  // Of the present run
  #run!: GuidedRun;
  #names!: Names;
  #turn!: TurnRecorder;
  #at = 0;
  /** The choice that the turn is of; null: there was none. */
  #node: TurnNode | null = null;
  /** A choice that was made, and whose turn is still to begin. */
  #chosen: TurnNode | null = null;
  /** Where the last choice of who is next stands among those that the run makes again; -1: there is none. */
  #lastAgain = -1;
  /** Whether the turn was noted in an earlier run, so that what it touches and shows is known. */
  #isNoted = false;
  /** What is asleep now. */
  #asleep = new Map<string, Footprint>();
  #choices: Choice[] = [];
  #isTooDeep = false;
  /** What ends runs on their way: made once, as an error notes where it is made, which takes long. */
  readonly #ending = new CutError();
  /** What ended it on its way: whoever asks once more gets the same; null: nothing has. */
  #cut: CutError | null = null;

  /** A search at its beginning. */
  constructor(options: SearchOptions) {
    this.#options = options;
  }

  /** How many states were met. */
  get states(): number {
    return this.#known.size;
  }

  /** The choices of the present run. */
  get choices(): readonly Choice[] {
    return this.#choices.slice(0, 1 + this.#choices.findLastIndex(({ offset }) => offset !== 0));
  }

  /** See {@linkcode WorldGuide.begins}. */
  begins(run: GuidedRun): void {
    this.#run = run;
    this.#names = new Names(run.fabric);
    this.#turn = new TurnRecorder(run, this.#names, this.#options.isWatched);
    this.#at = 0;
    this.#lastAgain = this.#path.findLastIndex(({ kind }) => kind === "turn");
    this.#isNoted = this.#lastAgain >= 0;
    this.#node = null;
    this.#chosen = null;
    this.#asleep = new Map();
    const { points } = run.fabric.scheduler;
    assert(points !== null, "who goes through all orders wants all scheduling points");
    points.onTurn = (item) => run.heed(() => this.#beginTurn(item));
    this.#choices = [];
    this.#isTooDeep = false;
    this.#cut = null;
    this.matched = null;
    this.#options.matching?.begin(run, this.#names, this.#isNoted);
  }

  /** See {@linkcode WorldGuide.programRuns}. */
  programRuns(): void {
    this.#turn.programRuns();
    this.#options.matching?.programRuns();
  }

  /** See {@linkcode WorldGuide.choose}. */
  choose(kind: ChoiceKind, count: number, known: Known): number {
    if (this.#cut !== null) throw this.#cut;
    const offset = known instanceof Runnable
      ? this.#chooseTurn(count, known)
      : this.#chooseInside(kind, count);
    this.#choices.push({ kind, count, offset });
    return offset;
  }

  /** The run has ended. Goes to the next one; false where all were gone through. */
  next(): boolean {
    this.#endTurn();
    this.#turn.detach();
    this.#options.matching?.detach();
    for (let last = this.#path.at(-1); last !== undefined; last = this.#path.at(-1)) {
      if (last.kind === "inner" ? isMoved(last) : isTurned(last)) return true;
      this.#path.pop();
    }
    return false;
  }

  /** A turn of `item` begins, chosen or as nobody else may run. */
  #beginTurn(item: WorkItem): void {
    if (this.#cut !== null) throw this.#cut;
    if (this.#isNoted) {
      this.#names.item(item); // whoever touches it later knows its name
      this.#chosen = null;
      return;
    }
    if (this.#chosen === null) {
      this.#endTurn(item);
      if (this.#asleep.has(this.#names.item(item))) {
        this.counts.asleep++;
        throw this.#cutNow();
      }
    }
    this.#node = this.#chosen;
    this.#chosen = null;
    this.#turn.begin(item, isExposed(item));
  }

  /** A turn has ended: what it has touched wakes whoever collides with it. `taken`: see {@linkcode TurnRecorder.end}. */
  #endTurn(taken: WorkItem | null = null): void {
    if (this.#isNoted) return;
    const touched = this.#turn.end(taken);
    this.#node?.touched.addAll(touched);
    for (const [name, other] of this.#asleep) {
      if (touched.collidesWith(other)) this.#asleep.delete(name);
    }
  }

  #cutNow(): CutError {
    return this.#cut = this.#ending;
  }

  // -- Inside a turn

  #chooseInside(kind: ChoiceKind, count: number): number {
    if (kind === "draw" && count > this.#options.drawWaysMax) {
      this.counts.fixedDraws++;
      return 0;
    }
    const node = this.#path[this.#at];
    if (node === undefined) {
      if (this.#isFull()) return 0;
      this.#path.push({ kind: "inner", count, taken: 0 });
      this.#at++;
      return 0;
    }
    if (node.kind !== "inner" || node.count !== count) throw anotherRun();
    this.#at++;
    return node.taken;
  }

  /** Whether no further choice of the run is gone through. */
  #isFull(): boolean {
    if (this.#path.length < this.#options.depthMax) return false;
    if (!this.#isTooDeep) this.counts.tooDeep++;
    return this.#isTooDeep = true;
  }

  // -- Who is next

  #chooseTurn(count: number, alternatives: Alternatives): number {
    this.#endTurn();
    let node = this.#path[this.#at];
    if (node === undefined) {
      if (this.#isFull()) return 0;
      node = this.#meet(this.#names.items(alternatives, count));
      this.#path.push(node);
    } else this.#meetAgain(node, count, alternatives);
    this.#at++;
    this.#chosen = node;
    this.#asleep = this.#options.isReduced ? new Map([...node.asleep, ...node.done]) : new Map();
    return node.taken;
  }

  /** A choice that an earlier run has met; from the last one on the run is another one. */
  #meetAgain(
    node: Node,
    count: number,
    alternatives: Alternatives,
  ): asserts node is TurnNode {
    const isSame = node.kind === "turn" && node.names.length === count &&
      node.names[node.taken] === this.#names.item(alternatives.at(node.taken));
    if (!isSame) throw anotherRun();
    if (this.#at < this.#lastAgain) return;
    if (this.#isNoted && node.seen !== null) this.#options.matching?.recall(node.seen);
    this.#isNoted = false;
  }

  /** A choice that no run has met before; throws where nothing of it is to be gone through. */
  #meet(names: readonly string[]): TurnNode {
    const asleep = this.#asleep;
    const left = this.#leftOf(names, asleep);
    const taken = left.shift();
    if (taken === undefined) throw this.#cutNow();
    this.counts.turns++;
    return {
      kind: "turn",
      names,
      asleep,
      done: new Map(),
      left,
      taken,
      touched: new Footprint(),
      seen: this.#options.matching?.seen ?? null,
    };
  }

  /** The ways that are to be gone through; `asleep` loses those that were not when the state was met before. */
  #leftOf(names: readonly string[], asleep: Map<string, Footprint>): number[] {
    const offsets = names.map((_, offset) => offset);
    const awake = offsets.filter((offset) => !asleep.has(names[offset]!));
    const { matching } = this.#options;
    if (matching === null) return this.#orCut(awake, "asleep");
    const key = matching.keyNow(names);
    if (key === null) {
      this.counts.unmatched++;
      return this.#orCut(awake, "asleep");
    }
    const slept = this.#known.get(key);
    if (slept === undefined) {
      this.#known.set(key, new Set(asleep.keys()));
      if (matching.isWhole) this.#first.set(key, [...this.#choices]);
      return this.#orCut(awake, "asleep");
    }
    const left = offsets.filter((offset) =>
      slept.has(names[offset]!) && !asleep.has(names[offset]!)
    );
    for (const name of [...asleep.keys()]) if (!slept.has(name)) asleep.delete(name);
    for (const name of [...slept]) if (!asleep.has(name)) slept.delete(name);
    const first = this.#first.get(key);
    if (left.length === 0 && first !== undefined) {
      this.matched = { first, again: [...this.#choices] };
    }
    return this.#orCut(left, "matched");
  }

  #orCut(left: number[], cut: Cut): number[] {
    if (left.length === 0) this.counts[cut]++;
    return left;
  }
}

function anotherRun(): Error {
  return new ExploreError(
    "Cannot explore: the same choices made another run, so the scenario is not deterministic",
  );
}

function isMoved(node: InnerNode): boolean {
  return ++node.taken < node.count;
}

function isTurned(node: TurnNode): boolean {
  node.done.set(node.names[node.taken]!, node.touched);
  const next = node.left.shift();
  if (next === undefined) return false;
  node.taken = next;
  node.touched = new Footprint();
  return true;
}
