/**
 * Targets with planted mistakes that only a process of their own survives.
 *
 * @module
 */

import { defineFuzzTarget } from "../../../../simulator/fuzzing/mod.ts";

/** Blocks without an end, and, other than a loop, without keeping a processor busy. */
function block(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

/** What a target keeps that leaks. */
const kept: Uint8Array[] = [];

/** Targets that hang, die and leak where an input begins with 7, and one that coverage alone leads into. */
export const targets = [
  defineFuzzTarget({
    name: "hang",
    title: "does not come back",
    seeds: () => [Uint8Array.of(1), Uint8Array.of(7)],
    batchCases: 8,
    run(input) {
      if (input[0] === 7) block();
      return "ok";
    },
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
  defineFuzzTarget({
    name: "leak",
    title: "keeps 16 KiB of an input that begins with 7",
    seeds: () => [Uint8Array.of(7)],
    run(input) {
      if (input[0] === 7) kept.push(new Uint8Array(16_384));
      return "ok";
    },
  }),
  defineFuzzTarget({
    name: "deep",
    title: "throws where four bytes are right, one test after the other",
    seeds: () => [new Uint8Array(4)],
    run(input) {
      if (input[0]! >> 4 !== 1) return "refused";
      if (input[1]! >> 4 !== 2) return "refused";
      if (input[2]! >> 4 !== 4) return "refused";
      if (input[3]! >> 4 === 8) throw new Error("planted");
      return "refused";
    },
  }),
];
