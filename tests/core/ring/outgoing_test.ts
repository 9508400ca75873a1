import { assert, assertEquals, assertThrows } from "@std/assert";
import { BrokenInvariant } from "../../../core/assert.ts";
import { OutgoingRing } from "../../../core/ring/outgoing.ts";
import { RingMemory } from "../../../core/ring/ring_memory.ts";
import { PAGE_BYTES } from "../../../core/units.ts";
import {
  counting,
  createTestRing,
  inBand,
  inEachMemory,
  readPacket,
  TestPages,
  writePacket,
} from "../../support/test_ring.ts";

/** Hexadecimal digits of a part of the data area. */
function dataHex(pages: TestPages, offset: number, bytes: number): string {
  const at = PAGE_BYTES + offset;
  return [...pages.copy().subarray(at, at + bytes)]
    .map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// wire.md 10, first example worked by hand
Deno.test(
  "OutgoingRing: a packet that wraps in its payload, byte for byte",
  inEachMemory((kind) => {
    const { pages, memory, outgoing } = createTestRing(kind, 1, 4072);
    memory.store(8, 0);
    pages.poke(0, new Array(64).fill(0xee));
    assertEquals(writePacket(outgoing, inBand(counting(13), 5)), "ok");
    assertEquals(outgoing.commit(), true);
    assertEquals(dataHex(pages, 4072, 24), "0600020004000000050000000000000001080f161d242b32");
    assertEquals(dataHex(pages, 0, 24), "3940474e5500000000000000e80f0000eeeeeeeeeeeeeeee");
    assertEquals(memory.snapshot().writeIndex, 16);
    assert(pages.guardsHold());
  }),
);

// wire.md 10, second example worked by hand
Deno.test(
  "OutgoingRing: a GPA-direct packet, byte for byte",
  inEachMemory((kind) => {
    const { pages, memory, outgoing } = createTestRing(kind, 1);
    const header = new Uint8Array(40);
    const view = new DataView(header.buffer);
    view.setUint32(4, 1, true);
    view.setUint32(8, 0x2400, true);
    view.setUint32(12, 0x10, true);
    [0x111n, 0x222n, 0x333n].forEach((pfn, index) => view.setBigUint64(16 + 8 * index, pfn, true));
    const packet = { type: 9, flags: 1, transactionId: [79, 0], payload: counting(16) } as const;
    assertEquals(writePacket(outgoing, { ...packet, header: [...header] }), "ok");
    outgoing.commit();
    assertEquals(dataHex(pages, 0, 16), "09000700090001004f00000000000000");
    assertEquals(dataHex(pages, 16, 24), "000000000100000000240000100000001101000000000000");
    assertEquals(memory.snapshot().writeIndex, 80);
  }),
);

// wire.md 1.4, 9 (padding bytes)
Deno.test(
  "OutgoingRing: padding is zero whatever lay there",
  inEachMemory((kind) => {
    for (let bytes = 0; bytes < 8; bytes++) {
      const { pages, outgoing } = createTestRing(kind, 1);
      pages.poke(0, new Array(64).fill(0xee));
      writePacket(outgoing, inBand(counting(bytes, 0x11)));
      const padding = "00".repeat((8 - bytes) % 8);
      assertEquals(dataHex(pages, 16 + bytes, (8 - bytes) % 8 + 8), `${padding}${"00".repeat(8)}`);
    }
  }),
);

// wire.md 1.2, 9 (attaching a ring)
Deno.test(
  "OutgoingRing: attaching sets its own words and keeps the indices",
  inEachMemory((kind) => {
    const pages = new TestPages(kind, 1);
    const memory = new RingMemory(pages.pieces);
    memory.store(0, 48);
    memory.store(4, 16);
    memory.store(8, 5);
    memory.store(12, 77);
    new OutgoingRing(memory);
    assertEquals(memory.snapshot(), {
      writeIndex: 48,
      readIndex: 16,
      interruptMask: 5,
      pendingSendSize: 0,
      featureBits: 1,
    });
  }),
);

// wire.md 1.9: its own index may have been written by a hostile guest before the host attaches
Deno.test(
  "OutgoingRing: a write index that cannot be is a fault of every call",
  inEachMemory((kind) => {
    for (const index of [4, 4096, 0xffff_fff8]) {
      const { memory } = createTestRing(kind, 1);
      memory.store(0, index);
      const outgoing = new OutgoingRing(memory);
      assertEquals(outgoing.fault, "invalidWriteIndex");
      assertEquals(outgoing.reserve(8), "invalidWriteIndex");
      assertEquals(outgoing.awaitRoom(8), "invalidWriteIndex");
      assertEquals(outgoing.freeBytes(), "invalidWriteIndex");
      assertEquals(outgoing.commit(), false);
    }
  }),
);

// wire.md 1.3: as a writer, use S - 16
Deno.test("OutgoingRing: refuses a packet that can never fit", () => {
  const { outgoing } = createTestRing("plain", 1);
  assertEquals(outgoing.reserve(4056), "ok");
  assertEquals(outgoing.reserve(4057), "tooLarge");
  assertEquals(outgoing.reserve(0xffff_ffff), "tooLarge");
});

// wire.md 2.1: refuse what the 16-bit length cannot say
Deno.test("OutgoingRing: refuses a packet over 65535 words however large the ring", () => {
  const { outgoing, incoming } = createTestRing("plain", 200);
  assertEquals(outgoing.reserve(524_265), "tooLarge");
  assertEquals(writePacket(outgoing, inBand(counting(524_264))), "ok");
  outgoing.commit();
  assertEquals(incoming.next(), "packet");
  assertEquals(incoming.end - incoming.payloadStart, 524_264);
});

// wire.md 1.3: a packet of total size T fits if and only if the raw free bytes are more than T
Deno.test(
  "OutgoingRing: fills all but 8 bytes, wherever it starts",
  inEachMemory((kind) => {
    for (const index of [0, 8, 2048, 4072, 4080, 4088]) {
      const { outgoing, incoming } = createTestRing(kind, 1, index);
      assertEquals(writePacket(outgoing, inBand(counting(4032))), "ok");
      assertEquals(outgoing.reserve(9), "full");
      assertEquals(writePacket(outgoing, inBand([1, 2, 3, 4, 5, 6, 7, 8])), "ok");
      assertEquals(outgoing.freeBytes(), 8);
      assertEquals(outgoing.reserve(0), "full");
      outgoing.commit();
      assertEquals(readPacket(incoming), inBand(counting(4032)));
      assertEquals(readPacket(incoming), inBand([1, 2, 3, 4, 5, 6, 7, 8]));
    }
  }),
);

// wire.md 1.5: the reader's index is loaded again only when room is short, and then once
Deno.test(
  "OutgoingRing: a bad read index is found when room is short",
  inEachMemory((kind) => {
    const { memory, outgoing } = createTestRing(kind, 1);
    assertEquals(writePacket(outgoing, inBand(counting(2000))), "ok");
    memory.store(4, 12);
    assertEquals(writePacket(outgoing, inBand(counting(1000))), "ok");
    assertEquals(outgoing.reserve(2000), "invalidReadIndex");
    memory.store(4, 0);
    assertEquals(outgoing.fault, "invalidReadIndex", "a corrupt ring stays dead");
    assertEquals(outgoing.reserve(8), "invalidReadIndex");
  }),
);

// wire.md 1.9: indices are checked by range and alignment
Deno.test(
  "OutgoingRing: tells a bad read index by its value",
  inEachMemory((kind) => {
    for (const index of [4, 4092, 4096, 4104, 0x8000_0000, 0xffff_fff8]) {
      const { memory, outgoing } = createTestRing(kind, 1);
      memory.store(4, index);
      assertEquals(outgoing.freeBytes(), "invalidReadIndex");
    }
  }),
);

// wire.md 1.5: packets are visible to the reader after the commit and not before
Deno.test(
  "OutgoingRing: a reader cannot have read what it was not shown",
  inEachMemory((kind) => {
    const { memory, outgoing } = createTestRing(kind, 1, 4080);
    assertEquals(outgoing.written, false);
    writePacket(outgoing, inBand(counting(100)));
    assertEquals(outgoing.written, true);
    memory.store(4, 32);
    assertEquals(outgoing.freeBytes(), "invalidReadIndex");
  }),
);

// wire.md 1.7
Deno.test(
  "OutgoingRing: commit signals when the ring was empty and the mask clear",
  inEachMemory((kind) => {
    const { memory, outgoing } = createTestRing(kind, 1);
    assertEquals(outgoing.commit(), false, "no packet, no signal");
    for (const mask of [1, 2, 0x8000_0000]) {
      memory.store(8, mask);
      writePacket(outgoing, inBand([1]));
      assertEquals(outgoing.commit(), false, "any mask but 0 suppresses it");
      memory.store(4, memory.snapshot().writeIndex);
    }
    memory.store(8, 0);
    writePacket(outgoing, inBand([2]));
    writePacket(outgoing, inBand([3]));
    assertEquals(outgoing.commit(), true, "one signal for a batch");
    assertEquals(outgoing.written, false);
    writePacket(outgoing, inBand([4]));
    assertEquals(outgoing.commit(), false, "the ring was not empty");
  }),
);

// wire.md 1.5: commit is one store of the final index
Deno.test(
  "OutgoingRing: the write index moves at commit only",
  inEachMemory((kind) => {
    const { memory, outgoing, incoming } = createTestRing(kind, 1);
    writePacket(outgoing, inBand([1]));
    writePacket(outgoing, inBand([2]));
    assertEquals(memory.snapshot().writeIndex, 0);
    assertEquals(incoming.next(), "empty");
    outgoing.commit();
    assertEquals(memory.snapshot().writeIndex, 64);
  }),
);

// wire.md 1.9: the peer may rewrite the index, the private copy counts
Deno.test(
  "OutgoingRing: a peer that rewrites the write index changes nothing",
  inEachMemory((kind) => {
    const { memory, outgoing } = createTestRing(kind, 1);
    writePacket(outgoing, inBand([1]));
    outgoing.commit();
    memory.store(0, 0xdead_beef);
    writePacket(outgoing, inBand([2]));
    outgoing.commit();
    assertEquals(memory.snapshot().writeIndex, 64);
  }),
);

// wire.md 1.7 (blocked writer)
Deno.test(
  "OutgoingRing: awaitRoom asks for the packet's size, and looks again",
  inEachMemory((kind) => {
    const { memory, outgoing } = createTestRing(kind, 1);
    writePacket(outgoing, inBand(counting(4056)));
    outgoing.commit();
    assertEquals(outgoing.reserve(100), "full");
    assertEquals(outgoing.awaitRoom(100), false);
    assertEquals(memory.snapshot().pendingSendSize, 128);
    outgoing.clearAwaitRoom();
    assertEquals(memory.snapshot().pendingSendSize, 0);
    memory.store(4, 112);
    assertEquals(outgoing.awaitRoom(100), false, "128 free bytes are not more than 128");
    memory.store(4, 120);
    assertEquals(outgoing.awaitRoom(100), true);
    assertEquals(memory.snapshot().pendingSendSize, 0);
    memory.store(4, 4);
    assertEquals(outgoing.awaitRoom(100), "invalidReadIndex");
  }),
);

// wire.md 1.7: only the writer stores the pending send size, so a test's value may stand
Deno.test(
  "OutgoingRing: clearAwaitRoom leaves the word alone when it did not ask",
  inEachMemory((kind) => {
    const { memory, outgoing } = createTestRing(kind, 1);
    memory.store(12, 7);
    outgoing.clearAwaitRoom();
    assertEquals(memory.snapshot().pendingSendSize, 7);
  }),
);

// A dropped reservation must not leave a trace in what the reader sees.
Deno.test(
  "OutgoingRing: reserving anew drops the packet that was not finished",
  inEachMemory((kind) => {
    const { outgoing, incoming } = createTestRing(kind, 1);
    outgoing.reserve(100);
    outgoing.body.fill(0xee, outgoing.bodyStart, outgoing.bodyStart + 100);
    writePacket(outgoing, inBand(counting(8)));
    outgoing.commit();
    assertEquals(readPacket(incoming), inBand(counting(8)));
    assertEquals(readPacket(incoming), "empty");
  }),
);

// wire.md 1.9: whoever looks at the ring may be the one that finds the fault, while a packet is written
Deno.test(
  "OutgoingRing: a fault that is found while a packet is reserved does not change what it becomes",
  inEachMemory((kind) => {
    const [sound, dead] = [0, 4].map((readIndex) => {
      const { pages, memory, outgoing } = createTestRing(kind, 1);
      writePacket(outgoing, inBand(counting(24)));
      outgoing.commit();
      assertEquals(outgoing.reserve(12), "ok");
      outgoing.body.set(counting(12), outgoing.bodyStart);
      memory.store(4, readIndex);
      outgoing.freeBytes();
      outgoing.finish(6, 8, 1, 0xffff_ffff, 0x8000_0000);
      assertEquals(outgoing.reserve(12), readIndex === 0 ? "ok" : "invalidReadIndex");
      return dataHex(pages, 48, 40);
    });
    assertEquals(dead, sound);
    assertEquals(dead!.slice(0, 32), "0600030004000100ffffffff00000080");
  }),
);

// wire.md 1.3: 8 bytes stay free, also where the writer looked while others were unread
Deno.test(
  "OutgoingRing: room that came in a ring with unread packets is taken up to the last 8 bytes",
  inEachMemory((kind) => {
    const { outgoing, incoming } = createTestRing(kind, 1, 2048);
    const packet = inBand(counting(8));
    let written = 0;
    while (written < 200 && writePacket(outgoing, packet) === "ok") written++;
    outgoing.commit();
    assertEquals(written, 127);
    for (const _ of "ab") assertEquals(readPacket(incoming), packet);
    incoming.commit();
    const outcomes = [1, 2, 3].map(() => writePacket(outgoing, packet));
    assertEquals(outcomes, ["ok", "ok", "full"]);
  }),
);

// wire.md 1.4: a packet that the run is too short for is put together, and goes around the end
Deno.test(
  "OutgoingRing: a packet that is longer than what is left of a run wraps",
  inEachMemory((kind) => {
    const { outgoing, incoming } = createTestRing(kind, 1, 4096 - 72);
    const packets = [8, 40, 8].map((bytes) => inBand(counting(bytes)));
    for (const packet of packets) assertEquals(writePacket(outgoing, packet), "ok");
    outgoing.commit();
    assertEquals(packets.map(() => readPacket(incoming)), packets);
    assertEquals(readPacket(incoming), "empty");
  }),
);

// A runway is what is left of one run: the packet that takes the last of it, and the one after it.
Deno.test(
  "OutgoingRing: packets that end where the ring does follow each other around it",
  inEachMemory((kind) => {
    const { memory, outgoing, incoming } = createTestRing(kind, 1, 4096 - 64);
    for (const [turn, writeIndex] of [4096 - 32, 0, 32].entries()) {
      assertEquals(writePacket(outgoing, inBand(counting(8, turn))), "ok");
      outgoing.commit();
      assertEquals(memory.snapshot().writeIndex, writeIndex);
    }
    for (const turn of [0, 1, 2]) {
      assertEquals(readPacket(incoming), inBand(counting(8, turn)));
    }
    assertEquals(readPacket(incoming), "empty");
  }),
);

Deno.test("OutgoingRing: calls out of order break its promises", () => {
  const { outgoing } = createTestRing("plain", 1);
  assertThrows(() => outgoing.finish(6, 0, 0, 0, 0), BrokenInvariant, "reserved before");
  for (const bytes of [-1, 1.5, NaN, 2 ** 32]) {
    assertThrows(() => outgoing.reserve(bytes), BrokenInvariant, "u32");
  }
  outgoing.reserve(20);
  outgoing.reserve(4057);
  assertThrows(() => outgoing.finish(6, 0, 0, 0, 0), BrokenInvariant, "reserved before");
  outgoing.reserve(20);
  for (const headerBytes of [4, 24, -8]) {
    assertThrows(() => outgoing.finish(9, headerBytes, 0, 0, 0), BrokenInvariant, "type header");
  }
  assertThrows(() => outgoing.finish(0x1_0006, 0, 0, 0, 0), BrokenInvariant, "type is a u16");
  assertThrows(() => outgoing.finish(6, 0, 0x1_0000, 0, 0), BrokenInvariant, "flags are a u16");
  outgoing.finish(6, 0, 0, 0, 0);
  assertThrows(() => outgoing.finish(6, 0, 0, 0, 0), BrokenInvariant, "reserved before");
  assertThrows(() => outgoing.awaitRoom(8), BrokenInvariant, "shows what it wrote");
  outgoing.commit();
  assertThrows(() => outgoing.awaitRoom(4057), BrokenInvariant, "can fit");
});
