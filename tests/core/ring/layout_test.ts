import { assertEquals } from "@std/assert";
import {
  advanceIndex,
  isRingIndex,
  packetTotalBytes,
  usedBetween,
} from "../../../core/ring/layout.ts";

const RING_BYTES = 64;

// wire.md 1.3
Deno.test("usedBetween: counts the steps from read index to write index", () => {
  for (let readIndex = 0; readIndex < RING_BYTES; readIndex += 8) {
    for (let usedBytes = 0; usedBytes < RING_BYTES; usedBytes += 8) {
      const writeIndex = (readIndex + usedBytes) % RING_BYTES;
      assertEquals(usedBetween(writeIndex, readIndex, RING_BYTES), usedBytes);
    }
  }
});

// wire.md 1.3
Deno.test("advanceIndex: wraps by subtraction, so also where the size is no power of two", () => {
  assertEquals(advanceIndex(12_280, 0, 12_288), 12_280);
  assertEquals(advanceIndex(12_280, 8, 12_288), 0);
  assertEquals(advanceIndex(12_280, 48, 12_288), 40);
  assertEquals(advanceIndex(0, 12_280, 12_288), 12_280);
});

// wire.md 1.9
Deno.test("isRingIndex: takes multiples of 8 inside the data area and nothing else", () => {
  assertEquals([0, 8, 4088].map((index) => isRingIndex(index, 4096)), [true, true, true]);
  for (const index of [4, 7, 4087, 4095, 4096, 4104, 0x8000_0000, 0xffff_fff8, 0xffff_ffff]) {
    assertEquals(isRingIndex(index, 4096), false);
  }
});

// wire.md 1.4
Deno.test("packetTotalBytes: descriptor, padded body, trailer", () => {
  assertEquals([0, 1, 8, 9, 4056].map(packetTotalBytes), [24, 32, 32, 40, 4080]);
});
