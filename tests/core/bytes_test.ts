import { assertEquals } from "@std/assert";
import { copyBytes, firstBytes } from "../../core/bytes.ts";
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

Deno.test("copyBytes: nothing can be copied between arrays that were transferred", () => {
  const gone = new Uint8Array(4);
  gone.buffer.transfer();
  copyBytes(new Uint8Array(4), gone, 0, 0, 2);
  copyBytes(gone, new Uint8Array(0), 0, 0);
  copyBytes(gone, pattern(4), 0, 0);
});

Deno.test("firstBytes: gives the beginning of an array, and nothing of one that was transferred", () => {
  const bytes = pattern(8);
  assertEquals(firstBytes(bytes, 3), pattern(8).slice(0, 3));
  assertEquals(firstBytes(bytes, 0).length, 0);
  (bytes.buffer as ArrayBuffer).transfer();
  assertEquals(firstBytes(bytes, 0).length, 0);
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
