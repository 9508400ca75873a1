// Rings without a pending send size: before version 2.4 (wire.md 1.7, 4.3).

import { assertEquals } from "@std/assert";
import { IncomingRing } from "../../../core/ring/incoming.ts";
import {
  FEATURE_BITS_OFFSET,
  PENDING_SEND_SIZE_OFFSET,
  READ_INDEX_OFFSET,
} from "../../../core/ring/layout.ts";
import { OutgoingRing } from "../../../core/ring/outgoing.ts";
import { RingMemory } from "../../../core/ring/ring_memory.ts";
import { counting, inBand, readPacket, TestPages, writePacket } from "../../support/test_ring.ts";

/** A ring of one page as a guest hands it over before version 2.4, with both ends. */
function oldRing() {
  const pages = new TestPages("plain", 1);
  const memory = new RingMemory(pages.pieces, "exclusive");
  memory.initialize(false);
  const outgoing = new OutgoingRing(memory, null, false);
  const incoming = new IncomingRing(memory, null, false);
  return { memory, outgoing, incoming };
}

/** Fills the ring: the writer waits for room for one more. */
function fill({ outgoing }: ReturnType<typeof oldRing>): void {
  while (writePacket(outgoing, inBand(counting(1000))) === "ok");
  outgoing.commit();
  assertEquals(outgoing.awaitRoom(1000), false);
}

Deno.test("OutgoingRing: without a pending send size it writes neither that word nor its feature bit", () => {
  const ring = oldRing();
  const { memory, outgoing } = ring;
  const words = () => [memory.load(FEATURE_BITS_OFFSET), memory.load(PENDING_SEND_SIZE_OFFSET)];
  memory.store(PENDING_SEND_SIZE_OFFSET, 77); // somebody's; it is not the writer's to change
  fill(ring);
  assertEquals(words(), [0, 77]);
  assertEquals(outgoing.position.awaitsRoom, true);
  outgoing.clearAwaitRoom();
  assertEquals(outgoing.awaitPassed(outgoing.position.index), false);
  assertEquals(words(), [0, 77]);
  const next = new OutgoingRing(memory, outgoing.position, false);
  assertEquals(next.position.awaitsRoom, true);
  assertEquals(words(), [0, 77]);
});

Deno.test("IncomingRing: without a pending send size it signals no writer, whatever the words say", () => {
  const ring = oldRing();
  fill(ring);
  ring.memory.store(FEATURE_BITS_OFFSET, 1);
  ring.memory.store(PENDING_SEND_SIZE_OFFSET, 1024);
  assertEquals(ring.incoming.advertisesPendingSendSize, false);
  readPacket(ring.incoming);
  assertEquals(ring.incoming.commit(), false);
  const asFrom24 = new IncomingRing(ring.memory, ring.incoming.position);
  assertEquals(asFrom24.advertisesPendingSendSize, true);
  readPacket(asFrom24);
  assertEquals(asFrom24.commit(), false); // it has room already
});

Deno.test("OutgoingRing.readerHasMoved: only while it waits, and only once the reader is elsewhere", () => {
  const ring = oldRing();
  const { outgoing, incoming, memory } = ring;
  assertEquals(outgoing.readerHasMoved, false); // it waits for nothing
  fill(ring);
  assertEquals(outgoing.readerHasMoved, false);
  readPacket(incoming);
  assertEquals(outgoing.readerHasMoved, false); // nobody was shown it
  incoming.commit();
  assertEquals(outgoing.readerHasMoved, true);
  outgoing.seeReader();
  assertEquals(outgoing.readerHasMoved, false);
  memory.store(READ_INDEX_OFFSET, 3); // no index: a look finds the fault
  assertEquals(outgoing.readerHasMoved, true);
  assertEquals(outgoing.hasGotRoom(1000), "invalidReadIndex");
  assertEquals(outgoing.readerHasMoved, false);
});

Deno.test("OutgoingRing.readerHasMoved: one in the place of another has not looked yet", () => {
  const ring = oldRing();
  fill(ring);
  const next = new OutgoingRing(ring.memory, ring.outgoing.position, false);
  assertEquals(next.readerHasMoved, true);
  assertEquals(next.hasGotRoom(1000), false);
  assertEquals(next.readerHasMoved, false);
});
