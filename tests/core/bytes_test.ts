import { assertEquals, assertStrictEquals } from "@std/assert";
import { copyBytes, CopyRoom } from "../../core/bytes.ts";
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
