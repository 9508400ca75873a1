/** The ring cases of wire.md 8, numbered as there. */
import { assertEquals, assertNotEquals } from "@std/assert";
import { type GpaRange, parseRanges, writeRanges } from "../../../core/memory/gpa_ranges.ts";
import { PAGE_BYTES, pagesSpanned } from "../../../core/units.ts";
import {
  counting,
  createTestRing,
  inBand,
  inEachMemory,
  type MemoryKind,
  readPacket,
  type TestRing,
  writePacket,
} from "../../support/test_ring.ts";

/** Sends one packet; whether the reader is to be signalled, or why nothing was sent. */
function send(ring: TestRing, payloadBytes: number): boolean | string {
  const result = writePacket(ring.outgoing, inBand(counting(payloadBytes)));
  return result === "ok" ? ring.outgoing.commit() : result;
}

/** Receives one packet; whether the writer is to be signalled. */
function receive(ring: TestRing, payloadBytes: number): boolean {
  assertEquals(readPacket(ring.incoming), inBand(counting(payloadBytes)));
  return ring.incoming.commit();
}

/** A ring with a GPA-direct or transfer-page packet in it, whose header was written by hand. */
function ringWithHeader(kind: MemoryKind, type: number, header: readonly number[]): TestRing {
  const ring = createTestRing(kind, 1);
  const packet = { type, flags: 1, transactionId: [1, 0], header, payload: counting(8) } as const;
  assertEquals(writePacket(ring.outgoing, packet), "ok");
  ring.outgoing.commit();
  return ring;
}

/** A GPA-direct header: reserved u32, count u32, ranges. */
function gpaHeader(ranges: readonly GpaRange[]): number[] {
  const header = new Uint8Array(256);
  header[4] = ranges.length;
  const end = writeRanges(header, 8, ranges);
  return [...header.subarray(0, end)];
}

/** What a codec makes of the ranges of the packet that the ring shows. */
function parseShownRanges({ incoming }: TestRing): ReturnType<typeof parseRanges> {
  const { bytes, start, payloadStart, rangeCount } = incoming;
  return parseRanges(bytes, start + 8, payloadStart, rangeCount);
}

// wire.md 8, case 1
Deno.test(
  "OutgoingRing: case 1, a write into an empty unmasked ring signals",
  inEachMemory((kind) => {
    const ring = createTestRing(kind, 4);
    assertEquals(ring.incoming.rearm(), "sleep");
    assertEquals(send(ring, 8), true);
    assertEquals(receive(ring, 8), false);
  }),
);

// wire.md 8, case 2
Deno.test(
  "OutgoingRing: case 2, no signal while the initial mask stands",
  inEachMemory((kind) => {
    const ring = createTestRing(kind, 4);
    assertEquals(send(ring, 8), false);
    assertEquals(receive(ring, 8), false);
    assertEquals(ring.incoming.rearm(), "sleep");
    assertEquals(send(ring, 8), true);
  }),
);

// wire.md 8, case 3
Deno.test(
  "OutgoingRing: case 3, four packets of 4000 bytes fill 16 KiB",
  inEachMemory((kind) => {
    const ring = createTestRing(kind, 4);
    for (let i = 0; i < 4; i++) assertEquals(send(ring, 4000), false);
    assertEquals(send(ring, 4000), "full");
    assertEquals(receive(ring, 4000), false);
  }),
);

// wire.md 8, case 4
Deno.test(
  "IncomingRing: case 4, the read that makes enough room signals",
  inEachMemory((kind) => {
    const ring = createTestRing(kind, 4);
    for (let i = 0; i < 4; i++) send(ring, 4000);
    receive(ring, 4000);
    send(ring, 4000);
    ring.memory.store(12, 2 * 4024);
    assertEquals([1, 2, 3].map(() => receive(ring, 4000)), [false, true, false]);
  }),
);

// wire.md 8, cases 5 and 6
Deno.test(
  "IncomingRing: cases 5 and 6, ranges need a header to stand in",
  inEachMemory((kind) => {
    for (const type of [9, 7]) {
      const ring = ringWithHeader(kind, type, []);
      assertEquals(ring.incoming.next(), "invalidDescriptorLengths");
    }
  }),
);

// wire.md 8, case 7
Deno.test(
  "IncomingRing: case 7, a range offset of a page is for the codec to refuse",
  inEachMemory((kind) => {
    const header = gpaHeader([{ byteCount: 8, byteOffset: 0x1000, pfns: [1] }]);
    const ring = ringWithHeader(kind, 9, header);
    assertEquals(ring.incoming.next(), "packet");
    assertEquals(parseShownRanges(ring), "offsetTooLarge");
  }),
);

// wire.md 8, case 8
Deno.test(
  "IncomingRing: case 8, GPA ranges come out as they went in",
  inEachMemory((kind) => {
    const ranges = [
      { byteCount: 4096, byteOffset: 20, pfns: [4096, 8192] },
      { byteCount: 200, byteOffset: 0, pfns: [8192] },
    ];
    const ring = ringWithHeader(kind, 9, gpaHeader(ranges));
    assertEquals(ring.incoming.next(), "packet");
    assertEquals(parseShownRanges(ring), ranges);
  }),
);

// wire.md 8, case 9
Deno.test(
  "IncomingRing: case 9, a range of no bytes is for the codec to refuse",
  inEachMemory((kind) => {
    const ring = ringWithHeader(kind, 9, gpaHeader([{ byteCount: 0, byteOffset: 0, pfns: [] }]));
    assertEquals(ring.incoming.next(), "packet");
    assertEquals(parseShownRanges(ring), "emptyByteCount");
  }),
);

// wire.md 8, case 10
Deno.test(
  "IncomingRing: case 10, transfer pages come out as they went in",
  inEachMemory((kind) => {
    const header = new Uint8Array(32);
    const view = new DataView(header.buffer);
    const ranges = [[0x10, 0x10], [0x10, 0xfff], [0x10, 0x1000]] as const;
    view.setUint16(0, 13, true);
    view.setUint32(4, ranges.length, true);
    ranges.forEach(([byteCount, byteOffset], index) => {
      view.setUint32(8 + 8 * index, byteCount, true);
      view.setUint32(12 + 8 * index, byteOffset, true);
    });
    const { incoming } = ringWithHeader(kind, 7, [...header]);
    assertEquals(incoming.next(), "packet");
    assertEquals(incoming.rangeCount, 3);
    const arrived = incoming.bytes.slice(incoming.start, incoming.payloadStart);
    assertEquals([...arrived], [...header]);
    const words = new DataView(arrived.buffer);
    const pages = [8, 16, 24].map((at) =>
      pagesSpanned(words.getUint32(at + 4, true) % PAGE_BYTES, words.getUint32(at, true))
    );
    assertEquals(pages, [1, 2, 1]);
  }),
);

// wire.md 8, case 11
Deno.test(
  "OutgoingRing: case 11, a blocked writer continues after the read",
  inEachMemory((kind) => {
    const ring = createTestRing(kind, 1);
    assertNotEquals(send(ring, 4000), "full");
    assertEquals(send(ring, 4000), "full");
    assertEquals(ring.outgoing.awaitRoom(4000), false);
    assertEquals(receive(ring, 4000), true);
    ring.outgoing.clearAwaitRoom();
    assertNotEquals(send(ring, 4000), "full");
    assertEquals(receive(ring, 4000), false);
  }),
);
