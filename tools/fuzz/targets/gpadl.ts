/**
 * Target: the words of a GPADL, message by message (wire.md 3.2, 3.3). An input is u16 bytes and u16 ranges,
 * as its header announces them, and then parts, each a byte that says how many words it has, and these.
 *
 * @module
 */

import fc from "fast-check";
import { assert } from "../../../core/assert.ts";
import type { GpaRange } from "../../../core/memory/gpa_ranges.ts";
import {
  GPADL_BODY_WORDS,
  GpadlAssembler,
  gpadlWords,
  splitGpadl,
} from "../../../core/memory/gpadl.ts";
import { pagesSpanned } from "../../../core/units.ts";
import { wholePages } from "../../../simulator/peers/mod.ts";
import { joined, u16At, u16Bytes } from "../bytes.ts";
import { type PackageTarget, withCorpus } from "../package_target.ts";

const WORD_BYTES = 8;

/** The input for `ranges`; `announced` replaces what the header says. */
function inputOf(
  ranges: readonly GpaRange[],
  announced: { readonly words?: number; readonly ranges?: number } = {},
): Uint8Array {
  const words = announced.words ?? gpadlWords(ranges);
  const parts = splitGpadl(ranges).flatMap((part) => [[part.length / WORD_BYTES], part]);
  return joined(u16Bytes(words * WORD_BYTES, announced.ranges ?? ranges.length), ...parts);
}

const byteCount = fc.constantFrom(1, 2, 4096, 4097, 9000, 0, 0xffff_f001, 0xffff_ffff);
const byteOffset = fc.constantFrom(0, 0, 1, 4088, 4095, 4096, 0xffff_ffff);
/** Ranges, some of which no guest could have. */
const ranges = fc.array(
  fc.record({
    byteCount,
    byteOffset,
    pfns: fc.array(fc.constantFrom(0, 1, 63, 2 ** 20, 2 ** 52), { maxLength: 5 }),
  }),
  { maxLength: 4 },
);
const described = fc.record({
  ranges,
  words: fc.option(fc.nat(40), { nil: undefined }),
  count: fc.option(fc.nat(6), { nil: undefined }),
}).map(({ ranges, words, count }) =>
  inputOf(ranges, {
    ...words !== undefined && { words },
    ...count !== undefined && { ranges: count },
  })
);

/** GPADLs. */
export const gpadlTarget: PackageTarget = withCorpus(
  () => ({
    "one page": inputOf([wholePages([1])]),
    "four pages": inputOf([wholePages([1, 2, 3, 4])]),
    "two ranges": inputOf([
      { byteCount: 9000, byteOffset: 100, pfns: [1, 70_000, 2 ** 40] },
      { byteCount: 1, byteOffset: 4095, pfns: [5] },
    ]),
    "a header and two bodies": inputOf([wholePages(Array(70).fill(9))]),
    "nothing": inputOf([]),
    "fewer words than announced": inputOf([wholePages([1, 2])], { words: 30 }),
  }),
  {
    name: "gpadl",
    title: "descriptions of guest memory, message by message",
    inputBytesMax: 1024,
    draw: (seed, count) => fc.sample(described, { seed, numRuns: count }),
    run(input, note) {
      const rangeCount = u16At(input, 2);
      const assembler = new GpadlAssembler(u16At(input, 0), rangeCount);
      let outcome = "more";
      for (let at = 4; at < input.length && outcome === "more";) {
        const wordCount = Math.min(input[at]!, GPADL_BODY_WORDS);
        outcome = assembler.add(input.subarray(at + 1, at + 1 + wordCount * WORD_BYTES));
        at += 1 + wordCount * WORD_BYTES;
      }
      if (outcome !== "complete") return outcome;
      const { ranges } = assembler;
      assert(ranges.length === rangeCount, "a complete GPADL has the ranges that were announced");
      // What is read beyond the end of an array is 0 there, and would be a PFN like any other.
      assert(
        gpadlWords(ranges) * WORD_BYTES <= u16At(input, 0),
        "a GPADL has no more words than were announced",
      );
      for (const { byteCount, byteOffset, pfns } of ranges) {
        assert(byteCount > 0 && byteOffset < 4096, "a range has bytes");
        assert(pfns.length === pagesSpanned(byteOffset, byteCount), "a range has all of its pages");
        note(byteCount);
        for (const pfn of pfns) note(pfn);
      }
      return outcome;
    },
  },
);
