/**
 * Items that may run next, made up.
 *
 * @module
 */

import type { Alternative, Alternatives } from "../../../../actors/runtime/chooser.ts";

let scheduled = 0;

/** An item, scheduled now, of a worker of its own that touches nothing, unless `facts` say otherwise. */
export function alternative(facts: Partial<Alternative> = {}): Alternative {
  return { worker: {}, order: scheduled++, itemsAhead: 1, touches: [], ...facts };
}

/** `items` as a chooser sees them, the oldest first. */
export function alternatives(items: readonly Alternative[], oldestAt = 0): Alternatives {
  return { oldestAt, at: (offset) => items[offset]! };
}
