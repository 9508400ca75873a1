import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { Damage } from "../../../core/layout/mod.ts";
import {
  type GpaRange,
  parseRanges,
  rangesBytes,
  writeRanges,
} from "../../../core/memory/gpa_ranges.ts";
import { GPA_RANGE, rangeList } from "../../../core/memory/layouts.ts";

const ranges: fc.Arbitrary<GpaRange[]> = fc.array(
  fc.tuple(fc.integer({ min: 1, max: 30_000 }), fc.nat({ max: 4095 }), fc.nat({ max: 2 ** 40 }))
    .map(([byteCount, byteOffset, first]) => ({
      byteCount,
      byteOffset,
      pfns: Array.from(
        { length: Math.ceil((byteCount + byteOffset) / 4096) },
        (_, at) => first + at,
      ),
    })),
  { minLength: 1, maxLength: 6 },
);

// wire.md 3.1. Ranges are written and read by hand where packets go by.
Deno.test("GPA_RANGE: writes what writeRanges writes, and reads what parseRanges reads", () => {
  fc.assert(
    fc.property(ranges, (ranges) => {
      const byHand = new Uint8Array(rangesBytes(ranges));
      writeRanges(byHand, 0, ranges);
      assertEquals(rangeList(ranges.length).encode({ ranges }), byHand);
      assertEquals(rangeList(ranges.length).decode(byHand), { ranges });
      assertEquals(parseRanges(byHand, 0, byHand.length, ranges.length), ranges);
    }),
    { seed: 22, numRuns: 100 },
  );
});

// wire.md 3.1: an overflow is a range that has too few PFNs, as there are never so many.
Deno.test("GPA_RANGE: finds damage where parseRanges finds a fault, and nowhere else", () => {
  const small = fc.constantFrom(0, 1, 8, 4095, 4096, 4097, 8192, 0xffff_ffff);
  fc.assert(
    fc.property(fc.nat({ max: 3 }), fc.array(small, { maxLength: 12 }), (rangeCount, numbers) => {
      const bytes = new Uint8Array(Uint32Array.from(numbers).buffer);
      const byHand = parseRanges(bytes, 0, bytes.length, rangeCount);
      const decoded = rangeList(rangeCount).decode(bytes);
      assertEquals(decoded instanceof Damage, typeof byHand === "string");
    }),
    { seed: 23, numRuns: 300 },
  );
});

Deno.test("GPA_RANGE: a PFN that is no exact number is kept as it is", () => {
  const bytes = new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0, ...new Array(8).fill(0xff)]);
  const decoded = GPA_RANGE.decode(bytes);
  assertEquals(decoded instanceof Damage || decoded.pfns, [2n ** 64n - 1n]);
  assertEquals(parseRanges(bytes, 0, 16, 1), [
    { byteCount: 1, byteOffset: 0, pfns: [Number.MAX_SAFE_INTEGER] },
  ]);
});
