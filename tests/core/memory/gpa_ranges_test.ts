import { assert, assertEquals, assertThrows } from "@std/assert";
import { BrokenInvariant } from "../../../core/assert.ts";
import {
  bytesInRanges,
  type GpaRange,
  parseRanges,
  pfnsOf,
  rangesBytes,
  writeRanges,
} from "../../../core/memory/gpa_ranges.ts";
import { pfnsFrom } from "../../support/guest_ram.ts";
import fc from "fast-check";

/** The words of a range list, from [low half, high half] pairs. */
function words(...halves: [low: number, high: number][]): Uint8Array {
  const bytes = new Uint8Array(halves.length * 8);
  const view = new DataView(bytes.buffer);
  halves.forEach(([low, high], at) => {
    view.setUint32(at * 8, low, true);
    view.setUint32(at * 8 + 4, high, true);
  });
  return bytes;
}

function parse(bytes: Uint8Array, rangeCount: number) {
  return parseRanges(bytes, 0, bytes.length, rangeCount);
}

// wire.md 10, "Worked by hand, GPA direct": header word 10 00 00 00 00 24… then 0x111 0x222 0x333.
Deno.test("writeRanges: writes header word and PFNs little-endian", () => {
  const range: GpaRange = { byteCount: 0x2400, byteOffset: 0x10, pfns: [0x111, 0x222, 0x333] };
  const target = new Uint8Array(34).fill(0xee);
  assertEquals(writeRanges(target, 1, [range]), 33);
  const expected = "ee 00240000 10000000 1101000000000000 2202000000000000 3303000000000000 ee";
  assertEquals(target.toHex(), expected.replaceAll(" ", ""));
  assertEquals(rangesBytes([range]), 32);
});

Deno.test("bytesInRanges: counts the memory, not what describes it", () => {
  assertEquals(bytesInRanges([]), 0);
  const range: GpaRange = { byteCount: 0x2400, byteOffset: 0x10, pfns: [0x111, 0x222, 0x333] };
  assertEquals(bytesInRanges([range, { ...range, byteCount: 1 }]), 0x2401);
});

// wire.md 3.1: PFNs have 64 bits; a number holds 53 of them.
Deno.test("writeRanges: writes PFNs of more than 32 bits", () => {
  const pfns = [0x1_0000_0000, Number.MAX_SAFE_INTEGER];
  const bytes = new Uint8Array(24);
  writeRanges(bytes, 0, [{ byteCount: 8192, byteOffset: 0, pfns }]);
  assertEquals(bytes.subarray(8).toHex(), "0000000001000000ffffffffffff1f00");
  assertEquals(parse(bytes, 1), [{ byteCount: 8192, byteOffset: 0, pfns }]);
});

Deno.test("writeRanges: never writes beyond its target", () => {
  const range: GpaRange = { byteCount: 1, byteOffset: 0, pfns: [1] };
  assertThrows(() => writeRanges(new Uint8Array(15), 0, [range]), BrokenInvariant);
  assertThrows(() => writeRanges(new Uint8Array(16), 1, [range]), BrokenInvariant);
});

// wire.md 8, case 8
Deno.test("parseRanges: gives back the ranges that were written", () => {
  const ranges: GpaRange[] = [
    { byteOffset: 20, byteCount: 4096, pfns: [4096, 8192] },
    { byteOffset: 0, byteCount: 200, pfns: [8192] },
  ];
  const bytes = new Uint8Array(rangesBytes(ranges));
  assertEquals(writeRanges(bytes, 0, ranges), 40);
  assertEquals(parse(bytes, 2), ranges);
});

// wire.md 3.1: surplus words at the end are allowed and dropped
Deno.test("parseRanges: ignores words after the last range", () => {
  const one = { byteCount: 1, byteOffset: 0, pfns: [7] };
  assertEquals(parse(words([1, 0], [7, 0], [0, 0], [9, 9]), 1), [one]);
  assertEquals(parse(words([0, 0]), 0), []);
});

// wire.md 3.1, the faults in the order in which they are looked for
Deno.test("parseRanges: names each fault", () => {
  assertEquals(parse(new Uint8Array(0), 1), "emptyRange");
  assertEquals(parse(new Uint8Array(7), 1), "emptyRange");
  assertEquals(parse(words([1, 0], [7, 0]), 2), "emptyRange");
  // wire.md 8, case 9: a zero-byte range
  assertEquals(parse(words([0, 0x20], [7, 0]), 1), "emptyByteCount");
  // wire.md 8, case 7: offset 0x1000
  assertEquals(parse(words([1, 0x1000], [7, 0]), 1), "offsetTooLarge");
  assertEquals(parse(words([0xffff_ffff - 4095, 1], [7, 0]), 1), "rangeOverflow");
  assertEquals(parse(words([0xffff_ffff - 4095, 0], [7, 0]), 1), "rangeTooSmall");
  assertEquals(parse(words([4096, 1], [7, 0]), 1), "rangeTooSmall");
  assertEquals(parse(words([1, 0], [7, 0]).subarray(0, 15), 1), "rangeTooSmall");
});

// wire.md 3.1: "in this order"
Deno.test("parseRanges: names the first of several faults", () => {
  assertEquals(parse(words([0, 0x1000]), 1), "emptyByteCount");
  assertEquals(parse(words([0xffff_ffff, 0x1000]), 1), "offsetTooLarge");
  assertEquals(parse(words([0xffff_ffff, 4095]), 1), "rangeOverflow");
});

Deno.test("parseRanges: accepts offset 4095", () => {
  const range = { byteCount: 2, byteOffset: 4095, pfns: [3, 1] };
  assertEquals(parse(words([2, 4095], [3, 0], [1, 0]), 1), [range]);
});

Deno.test("parseRanges: a PFN beyond 2^53 becomes the largest safe integer", () => {
  const far = parse(words([8192, 0], [0, 0x20_0000], [0xffff_ffff, 0xffff_ffff]), 1);
  assert(typeof far !== "string");
  assertEquals(far[0]?.pfns, [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]);
});

Deno.test("parseRanges: stays between start and end", () => {
  const bytes = words([1, 0], [7, 0], [1, 0], [8, 0]);
  assertEquals(parseRanges(bytes, 0, 16, 2), "emptyRange");
  assertEquals(parseRanges(bytes, 16, 32, 1), [{ byteCount: 1, byteOffset: 0, pfns: [8] }]);
  assertThrows(() => parseRanges(bytes, 0, 33, 1), BrokenInvariant);
});

// The peer may change shared bytes between two loads; a byte that is loaded once cannot differ.
Deno.test("parseRanges: loads each byte once", () => {
  const loads = new Map<string, number>();
  const watched = new Proxy(words([4097, 0], [7, 0], [8, 0]), {
    get(target, key) {
      if (typeof key === "string" && /^\d+$/.test(key)) loads.set(key, (loads.get(key) ?? 0) + 1);
      return Reflect.get(target, key, target);
    },
  });
  assertEquals(parse(watched, 1), [{ byteCount: 4097, byteOffset: 0, pfns: [7, 8] }]);
  assertEquals(loads.size, 24);
  assertEquals(Math.max(...loads.values()), 1);
});

// A rangeCount of 2^32 - 1 over few words must end with the words.
Deno.test("parseRanges: bounds its work by the bytes", () => {
  const list = words(
    ...pfnsFrom(0, 8192).map((at): [number, number] => [at % 2 === 0 ? 1 : at, 0]),
  );
  assertEquals(parse(list, 0xffff_ffff), "emptyRange");
});

Deno.test("parseRanges: random words never throw, and what parses is sound", () => {
  const half = fc.oneof(fc.constantFrom(0, 1, 4095, 4096, 4097, 0xffff_ffff), fc.nat(0xffff_ffff));
  const list = fc.array(fc.tuple(half, fc.oneof(fc.nat(4200), half)), { maxLength: 40 });
  let parsed = 0;
  fc.assert(
    fc.property(list, fc.nat(4), fc.nat(7), (halves, rangeCount, cut) => {
      const whole = words(...halves);
      const bytes = whole.subarray(0, Math.max(0, whole.length - cut));
      const ranges = parse(bytes, rangeCount);
      if (typeof ranges === "string") return;
      parsed++;
      assertEquals(ranges.length, rangeCount);
      assert(rangesBytes(ranges) <= bytes.length);
      for (const { byteCount, byteOffset, pfns } of ranges) {
        assert(byteCount > 0 && byteOffset < 4096);
        assertEquals(pfns.length, Math.ceil((byteOffset + byteCount) / 4096));
        assert(pfns.every(Number.isSafeInteger));
      }
    }),
    { seed: 31, numRuns: 5000 },
  );
  assert(parsed > 200, `too few lists parse to mean anything: ${parsed}`);
});

Deno.test("pfnsOf: lists the pages that the bytes touch", () => {
  assertEquals(pfnsOf(0, 4096), [0]);
  assertEquals(pfnsOf(4095, 2), [0, 1]);
  assertEquals(pfnsOf(0x5000, 8193), [5, 6, 7]);
  assertEquals([pfnsOf(0x5000, 0), pfnsOf(0x5001, 0)], [[], []]);
});
