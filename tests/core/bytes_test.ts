import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { BrokenInvariant } from "../../core/assert.ts";
import { Copier, copyBytes, CopyRoom } from "../../core/bytes.ts";
import { pattern } from "../support/sending.ts";

/** Both ways of copying, and the lengths around the switch from one to the other. */
const LENGTHS = [0, 1, 2, 127, 128, 129, 130, 1000];

Deno.test("copyBytes: copies the bytes from start on to the beginning, and no others", () => {
  for (const byteCount of LENGTHS) {
    for (const start of [0, 3]) {
      const source = pattern(byteCount + 10, byteCount);
      const target = new Uint8Array(byteCount + 4).fill(0xcc);
      copyBytes(target, source, start, byteCount);
      assertEquals([...target], [
        ...source.subarray(start, start + byteCount),
        0xcc,
        0xcc,
        0xcc,
        0xcc,
      ]);
    }
  }
});

Deno.test("copyBytes: copies out of shared memory", () => {
  const shared = new Uint8Array(new SharedArrayBuffer(300));
  shared.set(pattern(300));
  for (const byteCount of [8, 290]) {
    const target = new Uint8Array(byteCount);
    copyBytes(target, shared, 10, byteCount);
    assertEquals([...target], [...pattern(300).subarray(10, 10 + byteCount)]);
  }
});

Deno.test("CopyRoom: gives a copy of exactly the length that was asked for", () => {
  const room = new CopyRoom();
  for (const byteCount of [...LENGTHS, ...LENGTHS.toReversed(), 5]) {
    const source = pattern(byteCount + 6, byteCount);
    const copy = room.take(source, 6, byteCount);
    assertEquals([...copy], [...source.subarray(6)]);
    source.fill(0xee);
    assertEquals(
      copy.some((byte, at) => byte !== pattern(byteCount + 6, byteCount)[at + 6]),
      false,
    );
  }
});

Deno.test("CopyRoom: copies of one length share one array: nothing is allocated again", () => {
  const room = new CopyRoom();
  const first = room.take(pattern(64), 0, 64);
  const second = room.take(pattern(64, 1), 0, 64);
  assertStrictEquals(first, second);
  assertStrictEquals(room.take(pattern(9), 0, 9).buffer, first.buffer); // room enough
  assertEquals(room.take(pattern(65), 0, 65).length, 65);
  const larger = room.take(pattern(64, 2), 0, 64);
  assertEquals([...larger], [...pattern(64, 2)]); // not in the array that was given up
});

Deno.test("Copier: copies between any two arrays in turn, views of parts and shared memory included", () => {
  const copier = new Copier();
  const shared = new Uint8Array(new SharedArrayBuffer(600));
  shared.set(pattern(600, 3));
  const sources = [pattern(600, 1), pattern(700, 2).subarray(100), shared];
  for (const byteCount of [0, 1, 7, 8, 9, 63, 64, 65, 255, 256, 257, 500]) {
    for (const source of sources) {
      for (const start of [0, 1, 600 - byteCount]) {
        const target = new Uint8Array(byteCount + 9).fill(0xcc).subarray(1);
        copier.copy(target, source, start, Math.min(byteCount, 600 - start));
        const copied = Math.min(byteCount, 600 - start);
        assertEquals(
          [...target],
          [
            ...source.subarray(start, start + copied),
            ...new Array(byteCount + 8 - copied).fill(0xcc),
          ],
        );
      }
    }
  }
});

Deno.test("Copier: reads and writes nothing outside its arrays", () => {
  const copier = new Copier();
  assertThrows(() => copier.copy(new Uint8Array(8), new Uint8Array(12), 5, 8), RangeError);
  assertThrows(() => copier.copy(new Uint8Array(7), new Uint8Array(12), 0, 8), RangeError);
  assertThrows(() => copier.copy(new Uint8Array(299), new Uint8Array(400), 0, 300), RangeError);
  const part = new Uint8Array(700).subarray(100, 500);
  assertThrows(() => copier.copy(new Uint8Array(300), part, 101, 300), BrokenInvariant, "inside");
});

Deno.test("CopyRoom: makes new room where a driver transferred the buffer that it was given", () => {
  const room = new CopyRoom();
  for (const byteCount of [64, 64, 300]) {
    const copy = room.take(pattern(byteCount + 1), 1, byteCount);
    (copy.buffer as ArrayBuffer).transfer();
    assertEquals([...room.take(pattern(byteCount + 1), 1, byteCount)], [
      ...pattern(byteCount + 1).subarray(1),
    ]);
  }
});
