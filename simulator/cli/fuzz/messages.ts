/**
 * What the command and its child processes say to each other, one JSON value a line. Inputs are hexadecimal.
 *
 * @module
 */

import type { FuzzFailure } from "../../fuzzing/finding.ts";

/** What a child is started with, as its one argument. */
export interface FuzzChildTask {
  /** The address of the module that exports the targets. */
  readonly module: string;
  /** The target; null: it is asked which there are. */
  readonly target: string | null;
  /** Makes the inputs, in decimal. */
  readonly seed: string;
  /** Whether what ran for the first time says which inputs are kept. */
  readonly isGuided: boolean;
}

/** What a child is told first: more than an argument may hold. */
export interface FuzzBeginning {
  /** Inputs that were kept so far. */
  readonly kept: readonly string[];
  /** Outcomes that came so far. */
  readonly known: readonly string[];
}

/** What a child is asked for. */
export type FuzzRequest =
  /** To run batches, from one to the one before another. */
  | { readonly from: number; readonly to: number }
  /** To run one batch, from an input on, and to name each before it runs. */
  | { readonly batch: number; readonly input: number }
  /** To run one input so often. */
  | { readonly try: string; readonly times: number };

/** A target, as it is listed. */
export interface ListedTarget {
  /** Its name. */
  readonly name: string;
  /** What it is. */
  readonly title: string;
  /** Inputs of a batch. */
  readonly batchCases: number;
}

/** An input that failed, as it is told. */
export interface ToldFailure {
  /** How. */
  readonly failure: FuzzFailure;
  /** The input; null: no single one does it. */
  readonly input: string | null;
  /** Its place in the run. */
  readonly at: number;
}

/** What a child says. */
export type FuzzMessage =
  /** It has loaded the targets, which are these. */
  | { readonly loaded: readonly ListedTarget[] }
  /** The one that it was given, if any, has made its seeds: it is ready. */
  | { readonly ready: true }
  /** It cannot be run, for this reason. */
  | { readonly refused: string }
  /** It begins with a batch, or with a part of it again. */
  | { readonly at: number }
  /** It begins with an input of the batch. */
  | { readonly input: number; readonly bytes: string }
  /** It has run a batch: so many inputs, of which these are kept. */
  | { readonly batch: number; readonly cases: number; readonly kept: readonly string[] }
  /** How often each outcome came since it last said so. */
  | { readonly outcomes: Readonly<Record<string, number>> }
  /** An input failed; a smaller one of the same place follows, where there is one. */
  | { readonly failed: ToldFailure }
  /** What became of the input that it was to try: null is well. */
  | { readonly tried: FuzzFailure | null }
  /** It has done what it was asked for. */
  | { readonly idle: true };
