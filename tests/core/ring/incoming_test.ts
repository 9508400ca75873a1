import { assertEquals, assertNotEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { BrokenInvariant } from "../../../core/assert.ts";
import type { ArrivedFrame } from "../../../core/packet/packet.ts";
import { IncomingRing } from "../../../core/ring/incoming.ts";
import { RingMemory } from "../../../core/ring/ring_memory.ts";
import {
  counting,
  createTestRing,
  hostileRing,
  inBand,
  inEachMemory,
  readPacket,
  shownPacket,
  TestPages,
  writePacket,
} from "../../support/test_ring.ts";

// wire.md 1.2, 9 (attaching a ring)
Deno.test(
  "IncomingRing: attaching sets the mask and keeps the rest",
  inEachMemory((kind) => {
    const memory = new RingMemory(new TestPages(kind, 1).pieces);
    memory.store(0, 48);
    memory.store(4, 16);
    memory.store(12, 77);
    new IncomingRing(memory);
    assertEquals(memory.snapshot(), {
      writeIndex: 48,
      readIndex: 16,
      interruptMask: 1,
      pendingSendSize: 77,
      featureBits: 0,
    });
  }),
);

// wire.md 1.3: accept S - 8 as a reader
Deno.test(
  "IncomingRing: reads the largest packet that another writer may send",
  inEachMemory((kind) => {
    const { incoming } = hostileRing(kind, [6, 2, 510, 1, 7, 0, 0, 0x8000], 4088, 4088);
    assertEquals(incoming.next(), "packet");
    assertEquals(incoming.end - incoming.payloadStart, 4064);
    assertEquals([incoming.transactionIdLow, incoming.transactionIdHigh], [7, 0x8000_0000]);
  }),
);

// wire.md 1.6: read in place, or from one copy where the packet wraps
Deno.test(
  "IncomingRing: gives back what was written at every position of the wrap",
  inEachMemory((kind) => {
    const packet = {
      type: 9,
      flags: 1,
      transactionId: [0xffff_ffff, 0x8765_4321],
      header: [...counting(4), 2, 0, 0, 0, ...counting(16)],
      payload: counting(40),
    } as const;
    for (let index = 4096 - 96; index < 4096; index += 8) {
      const { memory, outgoing, incoming } = createTestRing(kind, 1, index);
      writePacket(outgoing, packet);
      outgoing.commit();
      assertEquals(incoming.next(), "packet");
      assertEquals(shownPacket(incoming), packet);
      assertEquals(incoming.rangeCount, 2);
      const copy = incoming.packetBytes();
      assertEquals([...copy.subarray(0, 8)], [9, 0, 5, 0, 10, 0, 1, 0]);
      assertEquals([...copy.subarray(8, 16)], [255, 255, 255, 255, 0x21, 0x43, 0x65, 0x87]);
      assertEquals([...copy.subarray(16)], [...packet.header, ...packet.payload]);
      incoming.advance();
      incoming.commit();
      assertEquals(memory.snapshot().readIndex, memory.snapshot().writeIndex);
    }
  }),
);

// performance.md is kept by reading in place where the packet lies in one run
Deno.test("IncomingRing: a packet that does not wrap is not copied", () => {
  const { memory, outgoing, incoming } = createTestRing("plain", 1);
  writePacket(outgoing, inBand(counting(100)));
  outgoing.commit();
  incoming.next();
  assertStrictEquals(incoming.bytes, memory.data);
});

// wire.md 1.9 (change of descriptor after the check)
Deno.test(
  "IncomingRing: changes of the descriptor after the look count for nothing",
  inEachMemory((kind) => {
    const { pages, memory, outgoing, incoming } = createTestRing(kind, 1);
    writePacket(outgoing, {
      ...inBand(counting(16), 3),
      type: 9,
      header: [0, 0, 0, 0, 1, 0, 0, 0],
    });
    writePacket(outgoing, inBand([1]));
    outgoing.commit();
    incoming.next();
    pages.poke(0, new Array(24).fill(0xff));
    assertEquals([incoming.type, incoming.flags, incoming.transactionIdLow], [9, 0, 3]);
    assertEquals(incoming.rangeCount, 1);
    assertEquals([...incoming.packetBytes().subarray(0, 8)], [9, 0, 3, 0, 5, 0, 0, 0]);
    incoming.advance();
    incoming.commit();
    assertEquals(memory.snapshot().readIndex, 48);
    assertEquals(readPacket(incoming), inBand([1, 0, 0, 0, 0, 0, 0, 0]));
  }),
);

// wire.md 1.6: a reader can look and not move; everything is checked again then
Deno.test(
  "IncomingRing: next alone does not move, and checks anew each time",
  inEachMemory((kind) => {
    const { pages, outgoing, incoming } = createTestRing(kind, 1);
    writePacket(outgoing, inBand(counting(8)));
    outgoing.commit();
    assertEquals([incoming.next(), incoming.next()], ["packet", "packet"]);
    pages.poke(0, [12]);
    assertEquals(incoming.next(), "invalidDescriptorType");
    assertThrows(() => incoming.advance(), BrokenInvariant, "shown before");
  }),
);

// wire.md 2.3
Deno.test(
  "IncomingRing: only packets with ranges have a range count",
  inEachMemory((kind) => {
    const { outgoing, incoming } = createTestRing(kind, 1);
    writePacket(outgoing, { ...inBand([]), type: 7, header: [0, 0, 0, 0, 5, 0, 0, 0] });
    writePacket(outgoing, inBand([]));
    outgoing.commit();
    incoming.next();
    assertEquals(incoming.rangeCount, 5);
    incoming.advance();
    incoming.next();
    assertEquals(incoming.rangeCount, 0);
  }),
);

// wire.md 1.6, step 5
Deno.test(
  "IncomingRing: the read index moves at commit only, once for a batch",
  inEachMemory((kind) => {
    const { memory, outgoing, incoming } = createTestRing(kind, 1);
    for (const byte of [1, 2, 3]) writePacket(outgoing, inBand(counting(8, byte), byte));
    outgoing.commit();
    for (const byte of [1, 2, 3]) {
      assertEquals(readPacket(incoming), inBand(counting(8, byte), byte));
    }
    assertEquals(readPacket(incoming), "empty");
    assertEquals(memory.snapshot().readIndex, 0);
    memory.store(4, 0xdead_beef);
    incoming.commit();
    assertEquals(memory.snapshot().readIndex, 96, "the private copy counts, not what a peer wrote");
  }),
);

// A batch is bounded: an honest writer stays behind the read index that it was shown.
Deno.test(
  "IncomingRing: a writer that laps an open batch is a fault",
  inEachMemory((kind) => {
    for (const index of [0, 8, 2016]) {
      const { memory, outgoing, incoming } = createTestRing(kind, 1);
      writePacket(outgoing, inBand(counting(2000)));
      outgoing.commit();
      readPacket(incoming);
      memory.store(0, index);
      assertEquals(incoming.next(), "invalidWriteIndex");
    }
  }),
);

// wire.md 1.7 (reader, after commit), both forms of the condition
Deno.test(
  "IncomingRing: commit signals a writer that has just got enough room",
  inEachMemory((kind) => {
    // Three packets of 1008 bytes leave 1072 bytes free; one packet less leaves 2080.
    const cases: [pending: number, features: number, signal: boolean][] = [
      [0, 1, false],
      [1, 1, false],
      [1071, 1, false], // it had more than that before
      [1072, 1, true],
      [2079, 1, true],
      [2080, 1, false], // it has no more than that now
      [4095, 1, false],
      [1072, 0, false], // the writer does not use the pending send size
      [1072, 0xffff_fffe, false],
      [1072, 3, true],
    ];
    for (const [pending, features, signal] of cases) {
      const { memory, outgoing, incoming } = createTestRing(kind, 1);
      for (let i = 0; i < 3; i++) writePacket(outgoing, inBand(counting(984)));
      outgoing.commit();
      memory.store(12, pending);
      memory.store(64, features);
      readPacket(incoming);
      assertEquals(incoming.commit(), signal, `pending ${pending}, features ${features}`);
    }
  }),
);

// wire.md 1.7: a bad write index is no signal; it is found by the next look
Deno.test(
  "IncomingRing: commit does not signal on a bad write index",
  inEachMemory((kind) => {
    const { memory, outgoing, incoming } = createTestRing(kind, 1);
    writePacket(outgoing, inBand(counting(4000)));
    outgoing.commit();
    readPacket(incoming);
    memory.store(12, 4024);
    memory.store(0, 4028);
    assertEquals(incoming.commit(), false);
    assertEquals(incoming.next(), "invalidWriteIndex");
  }),
);

// wire.md 1.8
Deno.test(
  "IncomingRing: masks at the first commit after it slept",
  inEachMemory((kind) => {
    const { memory, outgoing, incoming } = createTestRing(kind, 1);
    assertEquals(incoming.rearm(), "sleep");
    assertEquals(memory.snapshot().interruptMask, 0);
    writePacket(outgoing, inBand([1]));
    assertEquals(outgoing.commit(), true);
    readPacket(incoming);
    assertEquals(memory.snapshot().interruptMask, 0);
    incoming.commit();
    assertEquals(memory.snapshot().interruptMask, 1);
    memory.store(8, 0);
    writePacket(outgoing, inBand([1]));
    outgoing.commit();
    readPacket(incoming);
    incoming.commit();
    assertEquals(memory.snapshot().interruptMask, 0, "set once, not at each commit");
  }),
);

// wire.md 1.8 (before sleeping)
Deno.test(
  "IncomingRing: rearm finds what came while the mask was set",
  inEachMemory((kind) => {
    const { memory, outgoing, incoming } = createTestRing(kind, 1);
    writePacket(outgoing, inBand([1]));
    assertEquals(outgoing.commit(), false);
    assertEquals(incoming.rearm(), "more");
    assertEquals(memory.snapshot().interruptMask, 1);
    readPacket(incoming);
    incoming.commit();
    assertEquals(incoming.rearm(), "sleep");
  }),
);

// wire.md 1.8, 1.9 (mask set by the peer)
Deno.test(
  "IncomingRing: rearm finds a mask that somebody else set",
  inEachMemory((kind) => {
    const { memory, incoming } = createTestRing(kind, 1);
    incoming.rearm();
    memory.store(8, 0x8000_0000);
    assertEquals(incoming.rearm(), "interruptsExternallyMasked");
    assertEquals(incoming.fault, "interruptsExternallyMasked");
    const own = createTestRing(kind, 1);
    own.incoming.rearm();
    own.incoming.mask();
    assertEquals(own.memory.snapshot().interruptMask, 1);
    assertEquals(own.incoming.rearm(), "sleep", "its own mask is no fault");
  }),
);

// wire.md 1.3
Deno.test(
  "IncomingRing: usedBytes counts what is not passed, and does not disturb",
  inEachMemory((kind) => {
    const { memory, outgoing, incoming } = createTestRing(kind, 1, 4080);
    assertEquals(incoming.usedBytes(), 0);
    writePacket(outgoing, inBand(counting(8)));
    writePacket(outgoing, inBand(counting(16)));
    outgoing.commit();
    assertEquals(incoming.usedBytes(), 72);
    incoming.next();
    memory.store(0, 4088);
    assertEquals(incoming.usedBytes(), 8);
    memory.store(0, 56);
    incoming.advance();
    assertEquals(readPacket(incoming), inBand(counting(16)));
    assertEquals(incoming.next(), "empty", "the index that was checked at the look still counted");
    memory.store(0, 5);
    assertEquals(incoming.usedBytes(), "invalidWriteIndex");
  }),
);

Deno.test("IncomingRing: calls out of order break its promises", () => {
  const { outgoing, incoming } = createTestRing("plain", 1);
  assertThrows(() => incoming.advance(), BrokenInvariant, "shown before");
  assertThrows(() => incoming.packetBytes(), BrokenInvariant, "shown before");
  assertEquals(incoming.commit(), false);
  writePacket(outgoing, inBand([1]));
  outgoing.commit();
  readPacket(incoming);
  assertThrows(() => incoming.advance(), BrokenInvariant, "shown before");
  assertThrows(() => incoming.rearm(), BrokenInvariant, "gives room back");
});

// The codec reads packets through this interface and knows no ring.
Deno.test("IncomingRing: is the frame that a codec decodes", () => {
  const { outgoing, incoming } = createTestRing("plain", 1);
  writePacket(outgoing, inBand([5]));
  outgoing.commit();
  incoming.next();
  const frame: ArrivedFrame = incoming;
  assertNotEquals(frame.start, frame.end);
});
