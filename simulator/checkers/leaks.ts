/**
 * What is alive at the end (kmcl.md section 9, last paragraph).
 *
 * @module
 */

import type { Checker } from "./checker.ts";

/** An owner without the channel's number: `channel 3 (server, disk) in root` is `server in root`. */
function placeOf(owner: string): string {
  return owner.replace(/^channel \d+ \((server|client).*\) in /, "$1 in ");
}

/** Nothing is left alive. */
export const leaksChecker: Checker = {
  name: "leaks",
  attach: ({ fabric, fail }) => ({
    end: () => {
      for (const { kind, owner, message } of fabric.leaks()) {
        if (kind === "caller") continue; // every wait ends, or is told of
        fail(`no ${kind} is left`, placeOf(owner), `${owner}: ${message}`);
      }
    },
  }),
};
