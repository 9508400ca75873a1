/**
 * What can be wrong with how a target takes an input.
 *
 * @module
 */

import { messageOf } from "../../core/describe.ts";

/**
 * How a target failed:
 * - `crash`: it threw, or its process died;
 * - `hang`: it did not come back;
 * - `bounds`: its outcome depends on bytes around the input, or it wrote to them or to the input;
 * - `growth`: it keeps memory for what is over.
 */
export type FuzzFailureKind = "crash" | "hang" | "bounds" | "growth";

/** Something that is wrong. */
export interface FuzzFailure {
  /** How it failed. */
  readonly kind: FuzzFailureKind;
  /** Where, so that the same failure of another input is known to be the same. */
  readonly place: string;
  /** What happened, in words. */
  readonly message: string;
}

/** Whether two failures are one. */
export function isSameFailure(a: FuzzFailure, b: FuzzFailure | null): boolean {
  return b !== null && a.kind === b.kind && a.place === b.place;
}

/** What `error`, which a target threw, is as a failure. Its place is the innermost line of its stack that is in a file. */
export function crashOf(error: unknown): FuzzFailure {
  const stack = error instanceof Error ? String(error.stack) : "";
  const lines = [...stack.matchAll(/\n\s+at (.*)/g)].map(([, line = ""]) => line);
  // That something does not hold is said in one place, and what the engine throws in none: who called it is meant.
  const isPlace = (each: string) =>
    /(?:file|https?):\/\//.test(each) && !each.includes("/core/assert.ts:");
  // The folder in which the package lies says nothing.
  const line = lines.find(isPlace) ?? lines[0];
  const place = line?.replace(/(?:file|https?):\/\/\S*\/(?=[^/\s]+\/[^/\s]+:\d)/, "") ??
    "an unknown place";
  const name = error instanceof Error ? `${error.name}: ` : "";
  return { kind: "crash", place, message: `${name}${messageOf(error)}` };
}
