/**
 * Two processes that run the same worlds, which ought to come to the same. One of them runs them in the order of
 * their seeds and the other one backwards, so that a driver is found out, too, that remembers an earlier world.
 *
 * @module
 */

import type { Finding } from "../../mod.ts";
import { differenceOf } from "../../sweeps/compare.ts";
import type { RangeEnd, SweepChild } from "./child_process.ts";
import type { ChildMessage, SeedText } from "./messages.ts";

/** A world that is not the same in both. */
export interface Difference {
  /** Its seed, in decimal. */
  readonly seed: string;
  /** What differs. */
  readonly finding: Finding;
  /** Whether something else was found in it. */
  readonly isFailed: boolean;
}

/** How a range went in two processes. */
export interface TwinEnd {
  /** How it went in the first. */
  readonly end: RangeEnd;
  /** Whether both are still there. */
  readonly isWhole: boolean;
  /** Worlds that differ, by seed. */
  readonly differences: readonly Difference[];
}

type Seen = Extract<ChildMessage, { readonly seen: string }>;

/** Keeps what a process says of what worlds did; the rest goes to `hear`. */
function seeing(seen: Map<string, Seen>, hear: (message: ChildMessage) => void) {
  return (message: ChildMessage) => {
    if ("seen" in message) seen.set(message.seen, message);
    else hear(message);
  };
}

/** Has two processes run the worlds of `range`; `hear` is told what the first one says of them. */
export async function runTwice(
  child: SweepChild,
  twin: SweepChild,
  range: SeedText,
  hear: (message: ChildMessage) => void,
): Promise<TwinEnd> {
  const [seen, again] = [new Map<string, Seen>(), new Map<string, Seen>()];
  const [end, twinEnd] = await Promise.all([
    child.run(range, seeing(seen, hear)),
    twin.run({ ...range, isBackwards: true }, seeing(again, () => {})),
  ]);
  if (end !== null) return { end, isWhole: false, differences: [] };
  if (twinEnd !== null) {
    const { at, death: { message } } = twinEnd;
    const seed = String(at);
    const finding: Finding = {
      kind: "correctness",
      rule: "a seed makes one world",
      place: "process",
      message: `it came to its end in one process, and in another ${message}`,
      by: "check-determinism",
      step: 0,
    };
    const isFailed = seen.get(seed)?.isFailed === true;
    return { end, isWhole: false, differences: [{ seed, finding, isFailed }] };
  }
  const differences: Difference[] = [];
  for (const [seed, { digest, isFailed }] of seen) {
    if (again.get(seed)?.digest === digest) continue;
    const one = await child.entriesOf(seed);
    const other = await twin.entriesOf(seed);
    if (one === null || other === null) continue; // one of them was ended
    differences.push({ seed, finding: differenceOf(one, other), isFailed });
  }
  return { end, isWhole: true, differences };
}
