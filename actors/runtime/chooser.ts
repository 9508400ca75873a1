/**
 * The choices of a run: what may be chosen, who chooses, and what one has come to.
 *
 * Whoever has several ways to continue asks the one chooser of its fabric. Schedules, a replay and a search are
 * choosers. Where the schedule is `fifo` there is no chooser, and nobody asks.
 *
 * @module
 */

import type { Chance } from "../../core/chance.ts";

/**
 * What is chosen. `item`: the work item that runs next. `fault`: whether and when something goes wrong.
 * `draw`: a number that a program wants drawn, such as a size.
 */
export type ChoiceKind = "item" | "fault" | "draw";

/** Something that a work item reads or writes. */
export interface Touch {
  /** Whose it is, by identity: a processor, an endpoint, a guest's memory, which stands for its bus. */
  readonly of: object;
  /** Which part of that. */
  readonly part: number | string;
  /** Whether it may change it. */
  readonly writes: boolean;
}

/** Stands for whatever there is: of the program nobody knows what it will do. */
export const EVERYTHING: object = {};

/** Whether the order of two that touch this may matter: one of them writes what the other one touches. */
export function collide(some: readonly Touch[], others: readonly Touch[]): boolean {
  return some.some((one) => others.some((other) => isShared(one, other)));
}

function isShared(one: Touch, other: Touch): boolean {
  if (one.of === EVERYTHING || other.of === EVERYTHING) return true;
  return one.of === other.of && one.part === other.part && (one.writes || other.writes);
}

/** One of the items that may run next, for a chooser that weighs them. */
export interface Alternative {
  /** Who does its work. */
  readonly worker: object;
  /** Its place among all that was scheduled: another one each time that the item is scheduled. */
  readonly order: number;
  /** Items that its work will take, as far as is known, itself included; 0: it would only put itself off. */
  readonly itemsAhead: number;
  /** What it touches. */
  readonly touches: readonly Touch[];
  /** Whose work it is and which, in words that are the same in every run; absent: the program's. */
  readonly label?: string;
}

/** The items that may run next. They hold until one is chosen. */
export interface Alternatives {
  /** Where the one that fifo would take stands among all that may run, processor by processor. */
  readonly oldestAt: number;
  /** The one at `offset` from the one that fifo would take. */
  at(offset: number): Alternative;
}

/** A choice that is drawn from the seed, whatever the schedule is. */
export interface Drawn {
  /** What it is about, in words that are the same in every run; absent: one of many. */
  readonly about?: string;
  /** What `chance` makes of it: 0 or more, and less than the number of ways. */
  draw(chance: Chance): number;
}

/** What is known of the ways of a choice: the items of one among items; how it is drawn; null: nothing. */
export type Known = Alternatives | Drawn | null;

/** The items of a choice among items; null for another choice. */
export function alternativesOf(known: Known): Alternatives | null {
  return known !== null && "at" in known ? known : null;
}

/** Decides whatever a run leaves open. */
export interface Chooser {
  /** How many choices it has made; left out where it does not count. */
  readonly steps?: number;
  /**
   * Which of `count` ways a run takes, of which there are two at least: 0 is what fifo would do, in a world
   * without surprises, and n what is n places from it, up to `count` - 1.
   */
  choose(kind: ChoiceKind, count: number, known: Known): number;
}

/** One choice that a run has made. */
export interface Choice {
  /** What was chosen. */
  readonly kind: ChoiceKind;
  /** How many ways there were. */
  readonly count: number;
  /** How far from what fifo would have done, from 0. */
  readonly offset: number;
}
