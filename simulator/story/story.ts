/**
 * What a story is: a run told from its beginning to what it has found, in the words of driver authors.
 *
 * @module
 */

import type { Finding } from "../finding.ts";

/**
 * What makes a line stand out. `switch`: something else ran than fifo would have run. `fault`: something went
 * wrong. `finding`: what was found.
 */
export type StoryMark = "switch" | "fault" | "finding";

/** One thing that happened, or several of one kind. */
export interface StoryLine {
  /** Choices that the run had made before, as {@linkcode Finding.step} counts. */
  readonly step: number;
  /** When, in 100 ns of virtual time. */
  readonly at100ns: number;
  /** Who did it, or whom it happened to: one of {@linkcode Story.participants}, or `world` for what is nobody's. */
  readonly who: string;
  /** What happened, in one line without its subject; it may hold names that drivers and scenarios gave. */
  readonly text: string;
  /** Whom it goes to, where it crosses from `who` to somebody else. */
  readonly to?: string;
  /** What makes it stand out; left out: nothing. */
  readonly mark?: StoryMark;
  /** The driver's line that called, with file and column, where the run kept lines. */
  readonly source?: string;
  /** Misuse: the driver's own lines that have led there, the innermost first, if there are several. */
  readonly stack?: readonly string[];
}

/** A run, told up to what it has found. */
export interface Story {
  /** The scenario's name. */
  readonly scenario: string;
  /** What chance was drawn from; where the run was given its choices, no more than a label. */
  readonly seed: bigint;
  /** What was found: its line is the last one. */
  readonly finding: Finding;
  /** Everybody that lines are about: the host first, then guests, in the order in which the run made them. */
  readonly participants: readonly string[];
  /** What happened, in order. */
  readonly lines: readonly StoryLine[];
}
