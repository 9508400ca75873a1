// The wish of a writer that waits for room.

import { assertEquals } from "@std/assert";
import {
  FEATURE_BITS_OFFSET,
  PENDING_SEND_SIZE_OFFSET,
  READ_INDEX_OFFSET,
} from "../../../core/ring/layout.ts";
import { RingMemory } from "../../../core/ring/ring_memory.ts";
import { RoomWish } from "../../../core/ring/room_wish.ts";

/** A ring in whose control page another has left these words. */
function usedRing(): RingMemory {
  const memory = new RingMemory([new Uint8Array(2 * 4096)]);
  memory.store(PENDING_SEND_SIZE_OFFSET, 77);
  return memory;
}

const wordsOf = (memory: RingMemory): readonly number[] => [
  memory.load(FEATURE_BITS_OFFSET),
  memory.load(PENDING_SEND_SIZE_OFFSET),
];

// wire.md 1.7
Deno.test("RoomWish: is said by the pending send size, from its making until it is taken back", () => {
  const memory = usedRing();
  const wish = new RoomWish(memory, true);
  wish.begin();
  assertEquals([wish.isMade, ...wordsOf(memory)], [false, 1, 0]);
  wish.make(64);
  assertEquals([wish.isMade, ...wordsOf(memory)], [true, 1, 64]);
  wish.takeBack();
  assertEquals([wish.isMade, ...wordsOf(memory)], [false, 1, 0]);
});

// wire.md 4.3: before version 2.4 neither the word nor the bit is written.
Deno.test("RoomWish: before version 2.4 the control page stays as it is", () => {
  const memory = usedRing();
  const wish = new RoomWish(memory, false);
  wish.begin();
  wish.make(64);
  assertEquals([wish.isMade, ...wordsOf(memory)], [true, 0, 77]);
  wish.takeBack();
  assertEquals([wish.isMade, ...wordsOf(memory)], [false, 0, 77]);
});

// wire.md 1.7
Deno.test("RoomWish: a writer that waits sees a reader move, one that does not wait does not look", () => {
  const memory = usedRing();
  const wish = new RoomWish(memory, true);
  wish.seenReadIndex = 0;
  memory.store(READ_INDEX_OFFSET, 8);
  assertEquals(wish.readerHasMoved, false);
  wish.make(64);
  assertEquals(wish.readerHasMoved, true);
  wish.seenReadIndex = 8;
  assertEquals(wish.readerHasMoved, false);
});
