/**
 * Stops a fabric between any two of its work items: to let something happen exactly there.
 *
 * @module
 */

import type { Fabric } from "../../mod.ts";

/**
 * Runs `fabric` for at most `steps` rounds of its loop, and tells how many are left: 0 where it was
 * stopped. The loop looks at the signal once a round, so that the signal can count.
 */
export async function runSteps(fabric: Fabric, steps: number): Promise<number> {
  let left = steps;
  const { signal } = new AbortController();
  Object.defineProperty(signal, "aborted", { get: () => left-- <= 0 });
  await fabric.run(signal);
  return Math.max(left, 0);
}
