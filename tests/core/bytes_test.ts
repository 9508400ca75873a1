import { assertEquals } from "@std/assert";
import {
  copyBytes,
  firstBytes,
  isBytes,
  isDetached,
  lengthOf,
  partOf,
  wholeOf,
} from "../../core/bytes.ts";
import { EIGHT, EMPTIED_ARRAYS, HOSTILE_ARRAYS, NO_ARRAYS } from "../support/hostile_values.ts";
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

Deno.test("isBytes: knows an array by what it is, whatever it says of itself", () => {
  for (const [what, make] of Object.entries({ ...HOSTILE_ARRAYS, ...EMPTIED_ARRAYS })) {
    assertEquals(isBytes(make()), true, what);
  }
  for (const [what, make] of Object.entries(NO_ARRAYS)) assertEquals(isBytes(make()), false, what);
  for (const value of [null, undefined, 8, "8", new Uint16Array(8), new ArrayBuffer(8), [1]]) {
    assertEquals(isBytes(value), false);
  }
});

Deno.test("copyBytes: asks an array nothing, nor do lengthOf, partOf and wholeOf", () => {
  for (const [what, make] of Object.entries(HOSTILE_ARRAYS)) {
    assertEquals(lengthOf(make()), 8, what);
    assertEquals([...partOf(make(), 2, 3)], [3, 4, 5], what);
    assertEquals([...wholeOf(make())], [...EIGHT], what);
    for (const byteCount of [8, 5]) {
      const target = new Uint8Array(8);
      copyBytes(target, make(), 0, byteCount);
      assertEquals([...target.subarray(0, byteCount)], EIGHT.slice(0, byteCount), what);
    }
  }
  for (const [what, make] of Object.entries(EMPTIED_ARRAYS)) {
    assertEquals([lengthOf(make()), wholeOf(make()).length], [0, 0], what);
  }
});

Deno.test("isDetached: tells an array that was transferred from one that has become too long", () => {
  const made = Object.entries(EMPTIED_ARRAYS).map(([what, make]) => [what, isDetached(make())]);
  assertEquals(made, [["that was transferred", true], ["beyond the end of its buffer", false]]);
  assertEquals(isDetached(new Uint8Array(0)), false);
  assertEquals(isDetached(new Uint8Array(new SharedArrayBuffer(8))), false);
});
