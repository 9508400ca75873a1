/**
 * Targets with planted mistakes that only a process of their own survives.
 *
 * @module
 */

import { defineFuzzTarget } from "../../../../simulator/fuzzing/mod.ts";

/** Targets that hang, and die, where an input begins with 7. */
export const targets = [
  defineFuzzTarget({
    name: "hang",
    title: "does not come back",
    seeds: () => [Uint8Array.of(1), Uint8Array.of(7)],
    batchCases: 8,
    // Whoever waits for it waits for ever; a loop would look the same from outside, and take a processor.
    run: (input) => input[0] === 7 ? new Promise(() => {}) : "ok",
  }),
  defineFuzzTarget({
    name: "death",
    title: "ends its process",
    seeds: () => [Uint8Array.of(1), Uint8Array.of(7)],
    batchCases: 8,
    run(input) {
      if (input[0] === 7) Deno.exit(3);
      return "ok";
    },
  }),
];
