/**
 * Which parts of a list a finding needs: delta debugging, by halves, quarters and so on.
 *
 * @module
 */

import type { AttemptEnd } from "./attempt.ts";
import type { Plan } from "./plan.ts";
import type { Search } from "./search.ts";

/** A list that is thinned. */
export interface Thinned<T> {
  /** What there is of it at first. */
  readonly list: readonly T[];
  /** The plan with so much of it. */
  readonly planWith: (rest: readonly T[]) => Plan;
  /** What a run has really done of it; left out: what it was to do. */
  readonly listOf?: (end: AttemptEnd) => readonly T[];
  /** Most runs that are made for it; left out: as many as the search may make. */
  readonly rerunsMax?: number;
}

/** Takes away all parts of a list without which a run still has the finding; what is behind goes first. */
export async function thin<T>(
  search: Search,
  { list: all, planWith, listOf, rerunsMax = Infinity }: Thinned<T>,
): Promise<void> {
  const bound = search.reruns + rerunsMax;
  const isOver = () => search.isOver || search.reruns >= bound;
  let list = all;
  for (let size = Math.ceil(list.length / 2); size > 0; size = halfOf(size, list.length)) {
    let end = list.length;
    while (end > 0 && !isOver()) {
      const start = Math.max(0, end - size);
      const rest = [...list.slice(0, start), ...list.slice(end)];
      const found = await search.find(planWith(rest));
      const left = found === null ? list : listOf?.(found) ?? rest;
      // A run may do more of it than it was to: then nothing was won.
      if (left.length < list.length) list = left;
      end = Math.min(start, list.length);
    }
    if (isOver()) return;
  }
}

/** How many are taken away at once after it was `size`; 0: all was tried. */
function halfOf(size: number, length: number): number {
  return size === 1 ? 0 : Math.min(size >> 1, Math.ceil(length / 2));
}
