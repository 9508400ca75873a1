// Ends of a ring that go on from where earlier ones stood (docs/saved-state.md).

import { assertEquals } from "@std/assert";
import { IncomingRing } from "../../../core/ring/incoming.ts";
import { OutgoingRing } from "../../../core/ring/outgoing.ts";
import {
  counting,
  createTestRing,
  inBand,
  inEachMemory,
  readPacket,
  type TestRing,
  writePacket,
} from "../../support/test_ring.ts";

/** The same ring with new ends in the places of the old ones. */
function replaceEnds({ pages, memory, outgoing, incoming }: TestRing): TestRing {
  const before = pages.copy();
  const ends = {
    outgoing: new OutgoingRing(memory, outgoing.position),
    incoming: new IncomingRing(memory, incoming.position),
  };
  assertEquals(pages.copy(), before); // they store nothing
  return { pages, memory, ...ends };
}

Deno.test(
  "IncomingRing: new ends in the places of old ones go on as those would have",
  inEachMemory((kind) => {
    let ring = createTestRing(kind, 1, 4000);
    let written = 0;
    let read = 0;
    for (let round = 0; round < 300; round++) {
      const id = written;
      if (writePacket(ring.outgoing, inBand(counting(round * 7 % 500, round), id)) === "ok") {
        written++;
      }
      ring.outgoing.commit();
      ring = replaceEnds(ring);
      while (round % 3 === 0) {
        const packet = readPacket(ring.incoming);
        if (typeof packet === "string") break;
        assertEquals(packet.transactionId[0], read++);
        ring.incoming.commit();
        ring = replaceEnds(ring);
      }
    }
    assertEquals(written - read < 12, true);
  }),
);

Deno.test("IncomingRing: keeps to its own index and mask, whatever the control page says", () => {
  const ring = createTestRing("plain", 1);
  for (let id = 0; id < 3; id++) writePacket(ring.outgoing, inBand([id], id));
  ring.outgoing.commit();
  readPacket(ring.incoming);
  ring.incoming.commit();
  assertEquals(ring.incoming.position, { index: 32, consumedBytes: 0, isMasked: true });
  ring.memory.store(4, 0); // the read index, by a writer that has no business with it
  const next = new IncomingRing(ring.memory, ring.incoming.position);
  const packet = readPacket(next);
  assertEquals(typeof packet === "object" && packet.transactionId[0], 1);
  readPacket(next);
  next.commit();
  assertEquals(next.rearm(), "sleep");
  assertEquals(next.position, { index: 96, consumedBytes: 0, isMasked: false });
  // wire.md 1.9: a reader that sleeps finds out that somebody else masked it, also after a restore.
  const asleep = new IncomingRing(ring.memory, next.position);
  ring.memory.store(8, 1);
  assertEquals(asleep.rearm(), "interruptsExternallyMasked");
});

Deno.test("OutgoingRing: keeps to its own index and wish, whatever the control page says", () => {
  const ring = createTestRing("plain", 1);
  while (writePacket(ring.outgoing, inBand(counting(400))) === "ok");
  ring.outgoing.commit();
  assertEquals(ring.outgoing.awaitRoom(400), false);
  const { position } = ring.outgoing;
  assertEquals(position.awaitsRoom, true);
  ring.memory.store(0, 8); // the write index
  const next = new OutgoingRing(ring.memory, position);
  assertEquals(next.position, position);
  assertEquals(writePacket(next, inBand(counting(400))), "full");
  ring.memory.store(0, position.index);
  readPacket(ring.incoming);
  ring.incoming.commit();
  next.clearAwaitRoom(); // the wish of the earlier end is this one's to take back
  assertEquals(ring.memory.load(12), 0);
  assertEquals(writePacket(next, inBand(counting(400))), "ok");
});

Deno.test("OutgoingRing: a position outside the ring is a fault from the start", () => {
  const { memory } = createTestRing("plain", 1);
  const outgoing = new OutgoingRing(memory, { index: 4096, awaitsRoom: false });
  const incoming = new IncomingRing(memory, { index: 4, consumedBytes: 0, isMasked: true });
  assertEquals([outgoing.fault, incoming.fault], ["invalidWriteIndex", "invalidReadIndex"]);
});
