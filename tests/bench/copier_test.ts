import { assertEquals, assertThrows } from "@std/assert";
import { Copier } from "../../bench/copier.ts";
import { BrokenInvariant } from "../../core/assert.ts";
import { pattern } from "../support/sending.ts";

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
