import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { BrokenInvariant } from "../../core/assert.ts";
import { BLOCK_BYTES, Blocks, CopyRoom, poison, RestingRooms } from "../../core/blocks.ts";
import { pattern } from "../support/sending.ts";

/** All ways of copying, and the lengths around the switch from one to the other. */
const LENGTHS = [
  0,
  1,
  7,
  8,
  9,
  31,
  32,
  33,
  64,
  255,
  256,
  257,
  2047,
  2048,
  2049,
  5000,
  8192,
  8193,
  9000,
];
/** Where a part begins, relative to the blocks of its array. */
const STARTS = [0, 1, 8, BLOCK_BYTES - 8, BLOCK_BYTES, BLOCK_BYTES + 1000];
const LONGEST = Math.max(...LENGTHS);
const ARRAY_BYTES = LONGEST + Math.max(...STARTS) + 5; // ends within a block

/** Arrays of each kind: whole, a part of a buffer, shared. */
function arrays(): Uint8Array[] {
  const shared = new Uint8Array(new SharedArrayBuffer(ARRAY_BYTES));
  shared.set(pattern(ARRAY_BYTES, 3));
  return [pattern(ARRAY_BYTES, 1), pattern(ARRAY_BYTES + 100, 2).subarray(100), shared];
}

Deno.test("Blocks: copy any part to any place, and free copies touch a block around it at most", () => {
  for (const array of arrays()) {
    const source = new Blocks(array);
    for (const byteCount of LENGTHS) {
      for (const start of STARTS) {
        const targetStart = BLOCK_BYTES + (start & 8) + 3;
        const target = new Uint8Array(targetStart + byteCount + 2 * BLOCK_BYTES).fill(0xcc);
        source.copyFreely(new Blocks(target), targetStart, start, byteCount);
        const end = targetStart + byteCount;
        const part = array.slice(start, start + byteCount);
        assertEquals(target.slice(targetStart, end), part);
        const outside = [
          ...target.slice(0, targetStart - BLOCK_BYTES + 1),
          ...target.slice(end + BLOCK_BYTES),
        ];
        assertEquals(outside.every((byte) => byte === 0xcc), true);
      }
    }
  }
});

Deno.test("Blocks: a piece of a long copy brings nothing along, whatever its own length", () => {
  for (const array of arrays()) {
    const source = new Blocks(array);
    for (const byteCount of LENGTHS) {
      const target = new Uint8Array(byteCount + 6).fill(0xcc);
      source.copyFreely(new Blocks(target), 3, 5, byteCount, LONGEST);
      assertEquals(target.slice(3, 3 + byteCount), array.slice(5, 5 + byteCount));
      assertEquals(
        [...target.slice(0, 3), ...target.slice(3 + byteCount)],
        new Array(6).fill(0xcc),
      );
    }
  }
});

Deno.test("Blocks: exact copies touch nothing else, up to both ends of the target", () => {
  for (const array of arrays()) {
    const source = new Blocks(array);
    for (const byteCount of LENGTHS) {
      for (const start of STARTS) {
        const target = new Uint8Array(byteCount + 6).fill(0xcc);
        source.copyExactly(new Blocks(target), 3, start, byteCount);
        assertEquals(target.slice(3, 3 + byteCount), array.slice(start, start + byteCount));
        assertEquals(
          [...target.slice(0, 3), ...target.slice(3 + byteCount)],
          new Array(6).fill(0xcc),
        );
        const whole = new Uint8Array(byteCount);
        source.copyExactly(new Blocks(whole), 0, start, byteCount);
        assertEquals(whole, array.slice(start, start + byteCount));
      }
    }
  }
});

Deno.test("Blocks: copy nothing from outside their array", () => {
  for (const byteCount of [1, 8, 300, 9000]) {
    const source = new Blocks(pattern(byteCount + 20).subarray(10, byteCount + 10));
    const target = new Blocks(new Uint8Array(byteCount + 2 * BLOCK_BYTES));
    source.copyFreely(target, BLOCK_BYTES, 0, byteCount);
    source.copyExactly(target, BLOCK_BYTES, 0, byteCount);
    const failure = byteCount <= 256 ? RangeError : BrokenInvariant; // words tell by themselves
    assertThrows(() => source.copyFreely(target, BLOCK_BYTES, 1, byteCount), failure);
    assertThrows(() => source.copyExactly(target, BLOCK_BYTES, 1, byteCount), BrokenInvariant);
  }
});

function take(room: CopyRoom, bytes: Uint8Array, start: number, byteCount: number): Uint8Array {
  room.reserve(byteCount);
  new Blocks(bytes).copyFreely(room.blocks, room.start, start, byteCount);
  return room.copy;
}

Deno.test("CopyRoom: gives a private copy of exactly the length that was asked for", () => {
  const room = new CopyRoom();
  for (const byteCount of [...LENGTHS, ...LENGTHS.toReversed(), 5]) {
    const source = pattern(byteCount + 6, byteCount);
    const copy = take(room, source, 6, byteCount);
    const expected = source.slice(6);
    source.fill(0xee);
    assertEquals(copy, expected);
  }
});

Deno.test("CopyRoom: copies of one length share one array: nothing is allocated again", () => {
  const room = new CopyRoom();
  const first = take(room, pattern(64), 0, 64);
  const second = take(room, pattern(64, 1), 0, 64);
  assertStrictEquals(first, second);
  assertStrictEquals(take(room, pattern(9), 0, 9).buffer, first.buffer); // room enough
  assertEquals(take(room, pattern(65), 0, 65).length, 65);
  const larger = take(room, pattern(64, 2), 0, 64);
  assertEquals([...larger], [...pattern(64, 2)]); // not in the array that was given up
});

Deno.test("CopyRoom: makes new room where a driver transferred the buffer that it was given", () => {
  const room = new CopyRoom();
  for (const byteCount of [0, 64, 64, 300, 0]) {
    const copy = take(room, pattern(byteCount + 1), 1, byteCount);
    (copy.buffer as ArrayBuffer).transfer();
    assertEquals(take(room, pattern(9), 0, 0).slice(), new Uint8Array(0)); // a transferred one throws
    assertEquals([...take(room, pattern(byteCount + 1), 1, byteCount)], [
      ...pattern(byteCount + 1).subarray(1),
    ]);
  }
});

Deno.test("RestingRooms: a room is poisoned, and used again after sixteen others", () => {
  const resting = new RestingRooms();
  const rooms = new Set<CopyRoom>();
  const first = new CopyRoom();
  first.reserve(300);
  first.copy.fill(1);
  let room = resting.exchange(first);
  assertEquals(first.copy, new Uint8Array(300).fill(0xdd));
  let others = 0;
  for (; room !== first; others++) {
    rooms.add(room);
    room = resting.exchange(room);
  }
  assertEquals([others, rooms.size], [16, 16]);
});

Deno.test("CopyRoom.poison: of a copy that was transferred nothing is touched", () => {
  const room = new CopyRoom();
  room.reserve(8);
  room.copy.fill(1);
  const taken = new Uint8Array((room.copy.buffer as ArrayBuffer).transfer());
  room.poison();
  poison(room.copy);
  assertEquals(taken[0], 1);
  room.reserve(8);
  assertEquals(room.copy.length, 8);
});

Deno.test("CopyRoom.poison: overwrites the whole copy, whatever its length", () => {
  for (const byteCount of [0, 1, 7, 8, 255, 256, 257, 9000]) {
    const room = new CopyRoom();
    room.reserve(byteCount);
    room.poison();
    assertEquals(room.copy, new Uint8Array(byteCount).fill(0xdd));
  }
});
