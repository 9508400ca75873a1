/**
 * How much smaller a run was made, in words.
 *
 * @module
 */

import { grouped } from "../layout.ts";
import type { Shrunk } from "./shrink.ts";

/** `13 switches -> 2`; null where nothing became less. */
function partText(before: number, after: number, one: string, many: string): string | null {
  if (after >= before) return null;
  return `${grouped(before)} ${before === 1 ? one : many} -> ${grouped(after)}`;
}

/** `13 switches -> 2, 3 faults -> 1, 600 choices -> 120 in 47 re-runs`. */
export function sizesText({ before, after, reruns }: Omit<Shrunk, "record">): string {
  const parts = [
    partText(before.switches, after.switches, "switch", "switches"),
    partText(before.faults, after.faults, "fault", "faults"),
    partText(before.draws, after.draws, "number", "numbers"),
    partText(before.steps, after.steps, "choice", "choices"),
  ].filter((part) => part !== null);
  const runs = `${grouped(reruns)} re-runs`;
  return parts.length === 0 ? `no smaller after ${runs}` : `${parts.join(", ")} in ${runs}`;
}
