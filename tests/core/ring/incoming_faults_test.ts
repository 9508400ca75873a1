/** What a reader makes of each thing that a hostile writer can do. */
import { assertEquals, assertThrows } from "@std/assert";
import { BrokenInvariant } from "../../../core/assert.ts";
import { IncomingRing } from "../../../core/ring/incoming.ts";
import type { RingFault } from "../../../core/ring/ring_memory.ts";
import {
  createTestRing,
  hostileRing,
  inBand,
  inEachMemory,
  MEMORY_KINDS,
  writePacket,
} from "../../support/test_ring.ts";

/** The words of a transaction id and a type header. */
const NO_ID = [0, 0, 0, 0];
const ONE_RANGE = [0, 0, 1, 0];

// wire.md 1.9, and length8 * 8 + 8 <= avail
const FAULTS: readonly [
  why: string,
  words: readonly number[],
  available: number,
  fault: RingFault,
][] = [
  ["8 bytes available", [6, 2, 2, 0], 8, "invalidDataAvailable"],
  ["16 bytes available", [6, 2, 2, 0], 16, "invalidDescriptorLengths"],
  ["data offset 0", [6, 0, 3, 0], 32, "invalidDescriptorLengths"],
  ["data offset 1", [6, 1, 3, 0], 32, "invalidDescriptorLengths"],
  ["data offset over length", [6, 4, 3, 0], 32, "invalidDescriptorLengths"],
  ["data offset 65535", [6, 0xffff, 3, 0], 32, "invalidDescriptorLengths"],
  ["length 0", [6, 2, 0, 0], 32, "invalidDescriptorLengths"],
  ["length over what is available", [6, 2, 100, 0], 32, "invalidDescriptorLengths"],
  ["length 65535", [6, 2, 0xffff, 0], 4088, "invalidDescriptorLengths"],
  ["no room for the trailer", [6, 2, 4, 0], 32, "invalidDescriptorLengths"],
  ["flag bit 1", [6, 2, 3, 2], 32, "invalidDescriptorFlags"],
  ["flag bits 0 and 15", [6, 2, 3, 0x8001], 32, "invalidDescriptorFlags"],
  ["type 0", [0, 2, 3, 0], 32, "invalidDescriptorType"],
  ["type 8", [8, 2, 3, 0], 32, "invalidDescriptorType"],
  ["type 10", [10, 2, 3, 0], 32, "invalidDescriptorType"],
  ["type 0x106", [0x106, 2, 3, 0], 32, "invalidDescriptorType"],
  [
    "GPA direct without header",
    [9, 2, 3, 0, ...NO_ID, ...ONE_RANGE],
    32,
    "invalidDescriptorLengths",
  ],
  [
    "GPA direct without ranges",
    [9, 3, 3, 0, ...NO_ID, 9, 9, 0, 0],
    32,
    "invalidGpaDirectRangeCount",
  ],
  [
    "transfer pages without header",
    [7, 2, 3, 0, ...NO_ID, ...ONE_RANGE],
    32,
    "invalidDescriptorLengths",
  ],
];

/** The descriptor in one run, and split by the wrap. */
const KINDS_AND_PLACES = MEMORY_KINDS.flatMap((kind) =>
  [0, 4080, 4088].map((at) => [kind, at] as const)
);

for (const [why, words, available, fault] of FAULTS) {
  Deno.test(`IncomingRing: ${why} is ${fault}`, () => {
    for (const [kind, at] of KINDS_AND_PLACES) {
      const { memory, incoming } = hostileRing(kind, words, available, at);
      const control = memory.snapshot();
      assertEquals(incoming.next(), fault);
      assertEquals(incoming.fault, fault);
      memory.store(0, at);
      assertEquals(incoming.next(), fault, "a corrupt ring stays dead");
      assertEquals(incoming.rearm(), fault);
      assertEquals(incoming.usedBytes(), fault);
      assertEquals(incoming.commit(), false);
      assertThrows(() => incoming.advance(), BrokenInvariant, "shown before");
      assertEquals({ ...memory.snapshot(), writeIndex: control.writeIndex }, control);
    }
  });
}

// wire.md 1.9
Deno.test(
  "IncomingRing: a bad write index is told by its value",
  inEachMemory((kind) => {
    for (const index of [4, 28, 4092, 4096, 4104, 0x8000_0000, 0xffff_fff8]) {
      const { memory, incoming } = createTestRing(kind, 1);
      memory.store(0, index);
      assertEquals(incoming.next(), "invalidWriteIndex");
    }
  }),
);

// wire.md 1.9: its own index may have been written by a hostile guest before the host attaches
Deno.test(
  "IncomingRing: a read index that cannot be is a fault of every call",
  inEachMemory((kind) => {
    const { memory } = createTestRing(kind, 1);
    memory.store(4, 4100);
    const incoming = new IncomingRing(memory);
    assertEquals(incoming.fault, "invalidReadIndex");
    assertEquals(incoming.next(), "invalidReadIndex");
    assertEquals(incoming.rearm(), "invalidReadIndex");
    memory.store(4, 8);
    assertEquals(incoming.commit(), false, "nothing was passed");
    assertEquals(memory.snapshot().readIndex, 8);
    assertEquals(incoming.position, { index: 4100, consumedBytes: 0, isMasked: true });
  }),
);

// wire.md 1.9: whoever looks at the ring may be the one that finds the fault, while a driver has a packet
Deno.test(
  "IncomingRing: a fault that is found while a packet is shown leaves that packet to be passed",
  inEachMemory((kind) => {
    const { memory, outgoing, incoming } = createTestRing(kind, 1);
    for (const byte of [1, 2]) writePacket(outgoing, inBand([byte]));
    outgoing.commit();
    assertEquals(incoming.next(), "packet");
    memory.store(0, 4100);
    assertEquals(incoming.usedBytes(), "invalidWriteIndex");
    incoming.advance();
    assertEquals(incoming.commit(), false);
    assertEquals(memory.snapshot().readIndex, 32);
    assertEquals(incoming.next(), "invalidWriteIndex");
    assertEquals(incoming.fault, "invalidWriteIndex");
  }),
);
