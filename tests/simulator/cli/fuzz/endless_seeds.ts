/**
 * Targets whose seeds never come.
 *
 * @module
 */

import { defineFuzzTarget } from "../../../../simulator/fuzzing/mod.ts";

/** One that waits for what never comes, and one that throws. */
export const targets = [
  defineFuzzTarget({
    name: "endless",
    title: "does not come back with its seeds",
    seeds: () => new Promise<Uint8Array[]>(() => {}),
    run: () => "ok",
  }),
  defineFuzzTarget({
    name: "none",
    title: "throws where it should make seeds",
    seeds: () => {
      throw new Error("there is no corpus");
    },
    run: () => "ok",
  }),
];
