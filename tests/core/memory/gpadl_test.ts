import { assert, assertEquals, assertThrows } from "@std/assert";
import { BrokenInvariant } from "../../../core/assert.ts";
import type { GpaRange } from "../../../core/memory/gpa_ranges.ts";
import {
  GPADL_BODY_WORDS,
  GPADL_HEADER_WORDS,
  GPADL_WORDS_MAX,
  GpadlAssembler,
  gpadlWords,
  splitGpadl,
} from "../../../core/memory/gpadl.ts";
import { joined, pfnsFrom } from "../../support/guest_ram.ts";
import fc from "fast-check";

/** One range whose list has `words` words. */
function rangeOfWords(words: number): GpaRange {
  return { byteCount: (words - 1) * 4096, byteOffset: 0, pfns: pfnsFrom(1000, words - 1) };
}

/** A range list as bytes. */
function listOf(...ranges: GpaRange[]): Uint8Array {
  return joined(splitGpadl(ranges));
}

/** Adds all of `parts`, and returns what the last one brought. */
function addAll(assembler: GpadlAssembler, parts: readonly Uint8Array[]): string {
  return parts.map((part, at) => {
    const result = assembler.add(part);
    assertEquals(result === "more", at < parts.length - 1, `part ${at} of ${parts.length}`);
    return result;
  }).at(-1) ?? "none";
}

// wire.md 3.3: (240 - 20) / 8 words and (240 - 16) / 8 words
Deno.test("splitGpadl: cuts at 27 words and then every 28", () => {
  assertEquals([GPADL_HEADER_WORDS, GPADL_BODY_WORDS], [27, 28]);
  const sizes: [words: number, parts: number[]][] = [
    [2, [2]],
    [26, [26]],
    [27, [27]],
    [28, [27, 1]],
    [55, [27, 28]],
    [56, [27, 28, 1]],
    [83, [27, 28, 28]],
  ];
  for (const [words, parts] of sizes) {
    const split = splitGpadl([rangeOfWords(words)]);
    assertEquals(
      split.map((part) => part.length),
      parts.map((count) => count * 8),
      `${words} words`,
    );
  }
});

// wire.md 3.3: at most 8191 words, one range header and 8190 PFNs
Deno.test("splitGpadl: the largest GPADL has 8191 words", () => {
  const largest = rangeOfWords(GPADL_WORDS_MAX);
  assertEquals([largest.pfns.length, gpadlWords([largest])], [8190, 8191]);
  assertEquals(splitGpadl([largest]).length, 1 + Math.ceil((8191 - 27) / 28));
  assertEquals(gpadlWords([rangeOfWords(8192)]), 8192);
  assertThrows(() => splitGpadl([rangeOfWords(8192)]), BrokenInvariant);
});

// wire.md 3.3: cut blindly; ranges and PFN arrays may straddle messages
Deno.test("GpadlAssembler: gives back what was split, at every border", () => {
  for (const words of [2, 26, 27, 28, 29, 54, 55, 56, 57, 83, 84, 8190, GPADL_WORDS_MAX]) {
    const range = rangeOfWords(words);
    const assembler = new GpadlAssembler(words * 8, 1);
    assertEquals(addAll(assembler, splitGpadl([range])), "complete");
    assertEquals(assembler.ranges, [range], `${words} words`);
  }
});

Deno.test("GpadlAssembler: gives back several ranges across messages", () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(sizes, fc.integer({ min: 1, max: 4096 }), (pageCounts, lastPageBytes) => {
      const ranges = pageCounts.map((pages, at): GpaRange => ({
        byteCount: (pages - 1) * 4096 + lastPageBytes,
        byteOffset: 4096 - lastPageBytes,
        pfns: pfnsFrom(at * 100, pages),
      }));
      const assembler = new GpadlAssembler(gpadlWords(ranges) * 8, ranges.length);
      assertEquals(addAll(assembler, splitGpadl(ranges)), "complete");
      assertEquals(assembler.ranges, ranges);
    }),
    { seed: 5, numRuns: 300 },
  );
});

// wire.md 3.3: takes min(message data rounded down to 8, words still missing)
Deno.test("GpadlAssembler: takes over-long messages and drops cut words", () => {
  const range = rangeOfWords(4);
  const list = listOf(range);
  const padded = new Uint8Array(220).fill(0xff);
  padded.set(list);
  const inOne = new GpadlAssembler(32, 1);
  assertEquals(inOne.add(padded), "complete");
  assertEquals(inOne.ranges, [range]);

  const inTwo = new GpadlAssembler(39, 1); // a byte length is floored to words, too
  assertEquals(inTwo.add(list.subarray(0, 23)), "more");
  assertEquals(inTwo.add(new Uint8Array(7)), "more");
  assertEquals(inTwo.add(list.subarray(16)), "complete");
  assertEquals(inTwo.ranges, [range]);
});

// The sender's memory may change after the message was taken.
Deno.test("GpadlAssembler: copies what it is given", () => {
  const list = listOf(rangeOfWords(4));
  const assembler = new GpadlAssembler(32, 1);
  assembler.add(list.subarray(0, 16));
  list.fill(0, 0, 16);
  assertEquals(assembler.add(list.subarray(16)), "complete");
  assertEquals(assembler.ranges, [rangeOfWords(4)]);
});

// wire.md 3.4: byteLength 0 with rangeCount 0 completes at once
Deno.test("GpadlAssembler: an empty GPADL is complete at once", () => {
  const assembler = new GpadlAssembler(0, 0);
  assertEquals(assembler.add(new Uint8Array(0)), "complete");
  assertEquals(assembler.ranges, []);
  assertEquals(new GpadlAssembler(7, 0).add(new Uint8Array(220)), "complete");
  assertEquals(new GpadlAssembler(0, 1).add(new Uint8Array(220)), "emptyRange");
});

// wire.md 8, case 55: a GPADL of 1 word has header length 8. No range fits into it.
Deno.test("GpadlAssembler: one word holds no range", () => {
  const word = listOf(rangeOfWords(2)).subarray(0, 8);
  assertEquals(new GpadlAssembler(8, 1).add(word), "rangeTooSmall");
  assertEquals(new GpadlAssembler(8, 0).add(word), "complete");
});

// wire.md 8, cases 38 and 39: bad ranges in one message, and over two: the fault shows at the end
Deno.test("GpadlAssembler: names bad ranges when the last word is there", () => {
  const offset = listOf({ byteCount: 1, byteOffset: 0x1000, pfns: [1, 2] });
  assertEquals(new GpadlAssembler(offset.length, 1).add(offset), "offsetTooLarge");

  const list = listOf(rangeOfWords(20), { byteCount: 0, byteOffset: 0, pfns: pfnsFrom(0, 20) });
  const assembler = new GpadlAssembler(list.length, 2);
  assertEquals(assembler.add(list.subarray(0, 27 * 8)), "more");
  assertEquals(assembler.add(list.subarray(27 * 8)), "emptyByteCount");
});

// wire.md 3.1: rangeCount ranges must parse; surplus words are dropped
Deno.test("GpadlAssembler: the range count decides what is read", () => {
  const list = listOf(rangeOfWords(3), rangeOfWords(4));
  assertEquals(new GpadlAssembler(56, 3).add(list), "emptyRange");
  assertEquals(new GpadlAssembler(56, 0xffff).add(list), "emptyRange");
  const one = new GpadlAssembler(56, 1);
  assertEquals(one.add(list), "complete");
  assertEquals(one.ranges, [rangeOfWords(3)]);
});

Deno.test("GpadlAssembler: use at the wrong time is a bug", () => {
  const list = listOf(rangeOfWords(4));
  const assembler = new GpadlAssembler(32, 1);
  assertThrows(() => assembler.ranges, BrokenInvariant);
  assembler.add(list);
  assertThrows(() => assembler.add(list), BrokenInvariant);
  assertThrows(() => new GpadlAssembler(0x1_0000, 1), BrokenInvariant);
  assertThrows(() => new GpadlAssembler(8, 0x1_0000), BrokenInvariant);
});

Deno.test("GpadlAssembler: random messages end with ranges or a fault", () => {
  const bytes = fc.uint8Array({ maxLength: 240 });
  const results = new Set<string>();
  fc.assert(
    fc.property(
      fc.nat(400),
      fc.nat(3),
      fc.array(bytes, { maxLength: 6 }),
      (byteLength, count, parts) => {
        const assembler = new GpadlAssembler(byteLength, count);
        let result = "more";
        for (const part of parts) {
          if (result === "more") result = assembler.add(part);
        }
        results.add(result);
        if (result === "complete") assertEquals(assembler.ranges.length, count);
      },
    ),
    { seed: 8, numRuns: 2000 },
  );
  assert(results.size > 3, `too few kinds of results: ${[...results]}`);
});
