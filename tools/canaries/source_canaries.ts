/**
 * Bugs in the package's own sources, one line each: a copy of the repository is given one, and hunted through.
 *
 * @module
 */

import type { SourceCanary } from "./canary.ts";

/** Each by its name. */
export const SOURCE_CANARIES: readonly SourceCanary[] = [
  {
    name: "no-second-look",
    breaks: "a reader sleeps without looking again (wire.md 1.8)",
    file: "core/ring/incoming.ts",
    text: `    if (unreadBytes === 0) return "sleep";`,
    replacement: `    if (unreadBytes >= 0) return "sleep";`,
    scenario: "ring-signalling",
  },
];
