import { assertEquals } from "@std/assert";
import {
  bufferRangesBytes,
  bufferRangesFault,
  readBufferRanges,
  resolveBufferRanges,
  writeBufferRanges,
} from "../../../core/memory/buffer_ranges.ts";
import { bytesOf } from "../../support/packet_frames.ts";

const ALL = { byteCount: 0xffff_ffff, rangeCount: 0xffff };
/** A buffer of 3 pages in one range. */
const THREE_PAGES = [{ byteCount: 0x3000, byteOffset: 0, pfns: [7, 3, 9] }];

// wire.md 8, case 10: (0x10, 0x10), (0xfff, 0x10), (0x1000, 0x10) resolve to 1, 2, 1 pages.
Deno.test("resolveBufferRanges: case 10, parts of a buffer of three pages", () => {
  const ranges = [
    { byteOffset: 0x10, byteCount: 0x10 },
    { byteOffset: 0xfff, byteCount: 0x10 },
    { byteOffset: 0x1000, byteCount: 0x10 },
  ];
  assertEquals(resolveBufferRanges(THREE_PAGES, ranges, ALL), [
    { byteCount: 0x10, byteOffset: 0x10, pfns: [7] },
    { byteCount: 0x10, byteOffset: 0xfff, pfns: [7, 3] },
    { byteCount: 0x10, byteOffset: 0, pfns: [3] },
  ]);
});

Deno.test("resolveBufferRanges: a part of a buffer in pieces is a range for each piece that it touches", () => {
  const buffer = [
    { byteCount: 100, byteOffset: 4000, pfns: [1, 2] },
    { byteCount: 8, byteOffset: 16, pfns: [5] },
    { byteCount: 4096, byteOffset: 0, pfns: [6] },
  ];
  assertEquals(resolveBufferRanges(buffer, [{ byteOffset: 96, byteCount: 14 }], ALL), [
    { byteCount: 4, byteOffset: 0, pfns: [2] },
    { byteCount: 8, byteOffset: 16, pfns: [5] },
    { byteCount: 2, byteOffset: 0, pfns: [6] },
  ]);
  assertEquals(resolveBufferRanges(buffer, [{ byteOffset: 4203, byteCount: 1 }], ALL), [
    { byteCount: 1, byteOffset: 4095, pfns: [6] },
  ]);
});

// wire.md 2.3: it fails if a range leaves the buffer.
Deno.test("bufferRangesFault: a part that leaves the buffer, by its end or whole, and one of no bytes", () => {
  const faultOf = (byteOffset: number, byteCount: number) =>
    bufferRangesFault([{ byteOffset, byteCount }], 0x3000);
  assertEquals(faultOf(0, 0x3000), null);
  assertEquals(faultOf(0x2fff, 1), null);
  assertEquals(faultOf(0x2fff, 2), "rangeOutsideBuffer");
  assertEquals(faultOf(0x3000, 1), "rangeOutsideBuffer");
  assertEquals(faultOf(0xffff_ffff, 0xffff_ffff), "rangeOutsideBuffer"); // their sum has 33 bits
  assertEquals(faultOf(0, 0), "emptyByteCount");
  assertEquals(bufferRangesFault([], 0x3000), "emptyRange");
  assertEquals(
    resolveBufferRanges([], [{ byteOffset: 0, byteCount: 1 }], ALL),
    "rangeOutsideBuffer",
  );
});

Deno.test("resolveBufferRanges: a list that names the buffer often ends once it is beyond the bounds", () => {
  const whole = { byteOffset: 0, byteCount: 0x3000 };
  const often = new Array(60_000).fill(whole);
  const byBytes = resolveBufferRanges(THREE_PAGES, often, { ...ALL, byteCount: 0x8000 });
  assertEquals(byBytes.length, 3); // 0x9000 bytes
  const byCount = resolveBufferRanges(THREE_PAGES, often, { ...ALL, rangeCount: 5 });
  assertEquals(byCount.length, 6);
  // What is wrong further on is wrong all the same.
  const bad = [...often, { byteOffset: 0x3000, byteCount: 1 }];
  assertEquals(
    resolveBufferRanges(THREE_PAGES, bad, { ...ALL, rangeCount: 5 }),
    "rangeOutsideBuffer",
  );
});

Deno.test("readBufferRanges: reads what writeBufferRanges writes, and ignores words behind the last range", () => {
  const ranges = [
    { byteCount: 1514, byteOffset: 0x1000 },
    { byteCount: 0xffff_ffff, byteOffset: 0xffff_fffe },
  ];
  const bytes = new Uint8Array(8 + bufferRangesBytes(ranges) + 8);
  writeBufferRanges(bytes, 8, ranges);
  assertEquals(
    bytes,
    bytesOf("0000000000000000 ea05000000100000 fffffffffeffffff 0000000000000000"),
  );
  assertEquals(readBufferRanges(bytes, 8, bytes.length, 2), ranges);
});

// wire.md 2.3: it fails if the header area holds fewer than rangeCount entries.
Deno.test("readBufferRanges: fewer words than ranges, or no range", () => {
  const bytes = new Uint8Array(40);
  assertEquals(readBufferRanges(bytes, 8, 24, 3), "emptyRange");
  assertEquals(readBufferRanges(bytes, 8, 31, 3), "emptyRange");
  assertEquals(readBufferRanges(bytes, 8, 24, 0xffff_ffff), "emptyRange");
  assertEquals(readBufferRanges(bytes, 8, 24, 0), "emptyRange");
  assertEquals(readBufferRanges(bytes, 8, 24, 2), [
    { byteCount: 0, byteOffset: 0 },
    { byteCount: 0, byteOffset: 0 },
  ]);
});
