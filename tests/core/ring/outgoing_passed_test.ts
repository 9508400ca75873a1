import { assertEquals } from "@std/assert";
import {
  counting,
  createTestRing,
  inBand,
  inEachMemory,
  writePacket,
} from "../../support/test_ring.ts";

// wire.md 1.7: a writer may wait for less room than is free when all is read, too
Deno.test(
  "OutgoingRing: awaitPassed asks for a signal when the reader is past a place, and looks again",
  inEachMemory((kind) => {
    const { memory, outgoing, incoming } = createTestRing(kind, 1, 4000);
    const write = (bytes: number) => {
      assertEquals(writePacket(outgoing, inBand(counting(bytes))), "ok");
      outgoing.commit();
    };
    const read = () => {
      incoming.next();
      incoming.advance();
      return incoming.commit();
    };
    assertEquals(outgoing.hasPassed(4000), true); // the ring is empty
    write(104); // 128 bytes each
    write(104);
    const place = outgoing.position.index;
    assertEquals(outgoing.hasPassed(place), false);
    write(104);
    assertEquals(outgoing.awaitPassed(place), false);
    assertEquals(memory.snapshot().pendingSendSize, 4096 - 128 - 8);
    assertEquals(read(), false);
    assertEquals(outgoing.hasPassed(place), false);
    assertEquals(read(), true, "it is there: signal");
    assertEquals(outgoing.hasPassed(place), true);
    assertEquals(outgoing.awaitPassed(place), true);
    read();
    for (let round = 0; round < 40; round++) { // several times round the ring
      write(104);
      const end = outgoing.position.index;
      assertEquals(outgoing.awaitPassed(end), false);
      assertEquals(memory.snapshot().pendingSendSize, 4096 - 8);
      assertEquals(read(), true);
      assertEquals(outgoing.awaitPassed(end), true);
    }
    memory.store(4, 5);
    assertEquals(outgoing.awaitPassed(place), "invalidReadIndex");
    assertEquals(outgoing.hasPassed(place), "invalidReadIndex");
  }),
);
