/**
 * A checker of the storage scenario: no page of a guest's is in two commands at once, on whatever channels.
 *
 * @module
 */

import { runtimeOf } from "../../endpoints.ts";
import type { CheckContext, Checker } from "../../checkers/checker.ts";

function look(context: CheckContext): void {
  for (
    const { isAlive, name, endpoints } of runtimeOf("check buffers", context.fabric).partitions
  ) {
    if (!isAlive) continue;
    const pages = new Set<number>();
    for (const { side, outgoing } of endpoints) {
      if (side !== "client") continue;
      for (const { ranges, actor } of outgoing.packets.live) {
        if (!actor.is("inFlight")) continue;
        for (const pfn of ranges.flatMap(({ pfns }) => [...pfns])) {
          if (pages.has(pfn)) {
            const message = `page 0x${pfn.toString(16)} is in two commands that are under way`;
            return context.fail("a buffer is in one command at a time", name, message);
          }
          pages.add(pfn);
        }
      }
    }
  }
}

/** The checker. */
export const oneBuffer: Checker = {
  name: "buffers",
  attach: (context) => ({ look: () => look(context), end: () => look(context) }),
};
