// Steps of a reader and a writer between which others may come.
import { assertEquals } from "@std/assert";
import {
  counting,
  createTestRing,
  inBand,
  inEachMemory,
  readPacket,
  writePacket,
} from "../../support/test_ring.ts";

// wire.md 1.8: between the two halves the writer may come, and is told to signal.
Deno.test(
  "IncomingRing: unmask and lookAgain are the two halves of rearm",
  inEachMemory((kind) => {
    const { memory, outgoing, incoming } = createTestRing(kind, 1);
    assertEquals(incoming.unmask(), null);
    assertEquals(memory.snapshot().interruptMask, 0);
    writePacket(outgoing, inBand([1]));
    assertEquals(outgoing.commit(), true);
    assertEquals(incoming.unreadBytesAsTold, 32);
    assertEquals(incoming.lookAgain(), "more");
    assertEquals(memory.snapshot().interruptMask, 1);
    assertEquals(incoming.next(), "packet");
    incoming.advance();
    incoming.commit();
    assertEquals([incoming.unmask(), incoming.lookAgain()], [null, "sleep"]);
    memory.store(0, 3);
    assertEquals([incoming.unreadBytesAsTold, incoming.fault], [0, null]);
  }),
);

// wire.md 1.7: the reader may make room between the two halves, and sees the wish.
Deno.test(
  "OutgoingRing: wishRoom and hasGotRoom are the two halves of awaitRoom",
  inEachMemory((kind) => {
    const { memory, outgoing, incoming } = createTestRing(kind, 1);
    writePacket(outgoing, inBand(counting(4056)));
    outgoing.commit();
    outgoing.wishRoom(100);
    assertEquals(memory.snapshot().pendingSendSize, 128);
    assertEquals(outgoing.hasGotRoom(100), false);
    readPacket(incoming);
    assertEquals(incoming.commit(), true);
    assertEquals([outgoing.hasGotRoom(100), memory.snapshot().pendingSendSize], [true, 0]);
  }),
);

// wire.md 1.7: a check that comes later looks at the mask and the read index as they are then.
Deno.test(
  "OutgoingRing: wantsSignal tells whether the reader still sleeps before what was shown",
  inEachMemory((kind) => {
    const { outgoing, incoming } = createTestRing(kind, 1);
    incoming.rearm();
    const before = outgoing.committed;
    writePacket(outgoing, inBand([1]));
    assertEquals([outgoing.commit(), outgoing.wantsSignal(before)], [true, true]);
    incoming.mask();
    assertEquals(outgoing.wantsSignal(before), false);
    incoming.rearm();
    readPacket(incoming);
    incoming.commit();
    incoming.rearm();
    assertEquals([outgoing.wantsSignal(before), outgoing.committed], [false, 32]);
  }),
);
