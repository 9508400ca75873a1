/**
 * How large a run is, for who has to understand it.
 *
 * @module
 */

import type { AttemptEnd } from "./attempt.ts";

/** How large a run is. */
export interface RunSize {
  /** Things that went wrong. */
  readonly faults: number;
  /** Choices among work items that are not what fifo would do. */
  readonly switches: number;
  /** Items that fifo would have taken, and that had to wait: those of several switches may be one. */
  readonly waits: number;
  /** Numbers that were drawn, and are not 0. */
  readonly draws: number;
  /** Choices of any kind. */
  readonly steps: number;
}

/** How large a run is that ended so. */
export function sizeOf({ choices, faults }: AttemptEnd): RunSize {
  const waits = new Set<string>();
  let [switches, draws] = [0, 0];
  for (const { kind, offset, about } of choices) {
    if (offset === 0) continue;
    if (kind === "draw") draws++;
    if (kind !== "item") continue;
    switches++;
    waits.add(about);
  }
  return { faults, switches, waits: waits.size, draws, steps: choices.length };
}

/** Digits of all that was drawn: of two runs with as many numbers, those of one may be plainer. */
function digitsOf({ choices }: AttemptEnd): number {
  let digits = 0;
  for (const { kind, offset } of choices) if (kind === "draw") digits += Math.log2(1 + offset);
  return digits;
}

/** What runs are compared by, what matters most first. */
function weights(end: AttemptEnd): readonly number[] {
  const { faults, switches, waits, draws, steps } = sizeOf(end);
  return [faults + waits, faults, switches, draws, digitsOf(end), steps];
}

/** Whether a run is smaller than another one. */
export function isSmaller(one: AttemptEnd, other: AttemptEnd): boolean {
  const [some, others] = [weights(one), weights(other)];
  const at = some.findIndex((weight, at) => weight !== others[at]);
  return at !== -1 && some[at]! < others[at]!;
}
