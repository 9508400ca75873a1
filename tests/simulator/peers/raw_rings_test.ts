import { assertEquals, assertThrows } from "@std/assert";
import { createFabric } from "../../support/fabric.ts";
import {
  emptyPacket,
  encodePacket,
  foreseenRings,
  RawHost,
  RawRings,
  wholePages,
} from "../../../simulator/peers/mod.ts";
import { makePair, PAIR_INSTANCE, PAIR_TYPE } from "../../support/connected_pair.ts";

const PAGE_BYTES = 4096;

/** Rings on pages in no order. */
function scatteredRings(): RawRings {
  const { memory } = createFabric().createPartition({ name: "guest", memoryPages: 16 });
  const rings = new RawRings(memory, [9, 3, 12, 5, 7, 2], 3);
  rings.reset();
  return rings;
}

// wire.md 1.1, 1.2
Deno.test("RawRings: words and bytes lie where the wire has them", () => {
  const rings = scatteredRings();
  assertEquals([rings.dataBytes("upstream"), rings.dataBytes("downstream")], [8192, 8192]);
  rings.store("downstream", "pendingSendSize", 0xffff_ffff);
  assertEquals(rings.load("downstream", "pendingSendSize"), 0xffff_ffff);
  assertEquals(rings.memory.read(5 * PAGE_BYTES + 12, 4), new Uint8Array(4).fill(0xff));
  rings.poke("upstream", 4094, Uint8Array.of(1, 2, 3, 4)); // on two pages
  assertEquals(rings.memory.read(3 * PAGE_BYTES + 4094, 2), Uint8Array.of(1, 2));
  assertEquals(rings.memory.read(12 * PAGE_BYTES, 2), Uint8Array.of(3, 4));
  rings.poke("upstream", 8191, Uint8Array.of(5, 6)); // around the end
  assertEquals(rings.copy("upstream").subarray(PAGE_BYTES, PAGE_BYTES + 1), Uint8Array.of(6));
  assertEquals(rings.copy("upstream").at(-1), 5);
  rings.pokeControl("upstream", 4095, Uint8Array.of(9));
  assertEquals(rings.memory.read(9 * PAGE_BYTES + 4095, 1), Uint8Array.of(9));
});

Deno.test("RawRings: what was put is read, in both encodings and around the end", () => {
  for (const codec of ["vmbus", "msgpack"] as const) {
    const rings = scatteredRings();
    rings.reset(8192 - 32);
    const sent = [
      { type: 6, completionRequested: false, transactionId: 0n, ranges: [] },
      { type: 6, completionRequested: true, transactionId: 1n << 63n, ranges: [] },
      { type: 9, completionRequested: true, transactionId: 7n, ranges: [wholePages([4, 2])] },
      { type: 11, completionRequested: false, transactionId: 7n, ranges: [] },
    ] as const;
    const packets = sent.map((packet, at) => ({ ...packet, payload: new Uint8Array(8).fill(at) }));
    rings.put("upstream", ...packets.map((packet) => encodePacket(codec, packet)));
    assertEquals(rings.read("upstream", codec), { packets, fault: null });
    assertEquals(rings.read("upstream", codec).packets.length, 4); // it changes nothing
    assertEquals(rings.take("upstream", codec).packets, packets);
    assertEquals(rings.load("upstream", "readIndex"), rings.load("upstream", "writeIndex"));
    assertEquals(rings.read("upstream", codec), { packets: [], fault: null });
  }
});

Deno.test("RawRings: reading ends at a lie, and names it", () => {
  const rings = scatteredRings();
  rings.put("upstream", emptyPacket("vmbus", 6, 0, 0n), { flags: 2 });
  const { packets, fault } = rings.take("upstream", "vmbus");
  assertEquals([packets.length, fault], [1, "invalidDescriptorFlags"]);
  assertEquals(rings.load("upstream", "readIndex"), 24); // what is sound was taken
  rings.put("downstream", emptyPacket("vmbus", 11, 1, 0n));
  assertEquals(rings.read("downstream", "vmbus").fault, "unexpectedFlags");
});

const MISUSES: readonly [string, (rings: RawRings) => unknown][] = [
  [
    'Cannot load a word: ring must be one of "upstream", "downstream", not up',
    (rings) => rings.load("up" as never, "readIndex"),
  ],
  [
    'Cannot store a word: field must be one of "writeIndex", "readIndex", "interruptMask", "pendingSendSize", "featureBits", not in',
    (rings) => rings.store("upstream", "in" as never, 1),
  ],
  [
    "Cannot store a word: readIndex must be a whole number from 0 to 4294967295, not -8",
    (rings) => rings.store("upstream", "readIndex", -8),
  ],
  [
    "Cannot write into a control page: offset must be a whole number from 0 to 4092, not 4093",
    (rings) => rings.pokeControl("upstream", 4093, new Uint8Array(4)),
  ],
  [
    "Cannot write into a ring: its bytes must be 8192 at most, not 8193",
    (rings) => rings.poke("upstream", 0, new Uint8Array(8193)),
  ],
  [
    'Cannot read a ring: codec must be one of "vmbus", "msgpack", not undefined',
    (rings) => rings.read("upstream", undefined as never),
  ],
  [
    "Cannot look at rings: memory must be that of a partition, not an object",
    () => new RawRings({} as never, [1, 2, 3, 4], 2),
  ],
  [
    "Cannot look at rings: pfns must be an array, not 7",
    ({ memory }) => new RawRings(memory, 7 as never, 2),
  ],
  [
    "Cannot foresee rings: memory must be that of a partition, not undefined",
    () => foreseenRings(undefined as never, 1, 1),
  ],
  [
    "Cannot make rings: memory must be that of a partition, not null",
    () => RawRings.allocate(null as never, 1, 1),
  ],
  [
    "Cannot look at rings: the number of pages must be a whole number from 4 to 4294967295, not 3",
    ({ memory }) => new RawRings(memory, [1, 2, 3], 2),
  ],
  [
    "Cannot look at rings: downstreamPageOffset must be a whole number from 2 to 2, not 3",
    ({ memory }) => new RawRings(memory, [1, 2, 3, 4], 3),
  ],
  [
    "Cannot look at rings: a PFN must be a whole number from 0 to 15, not 16",
    ({ memory }) => new RawRings(memory, [1, 2, 3, 16], 2),
  ],
  [
    "Cannot make rings: downstreamDataPages must be a whole number from 1 to 8187, not 0",
    ({ memory }) => RawRings.allocate(memory, 1, 0),
  ],
];

for (const [message, misuse] of MISUSES) {
  Deno.test(`RawRings: misuse: ${message}`, () => {
    const rings = scatteredRings();
    const before = rings.copyAll();
    assertEquals(assertThrows(() => misuse(rings), Error).message, message);
    assertEquals(rings.copyAll(), before);
  });
}

Deno.test("foreseenRings: a client takes the pages that are foreseen", async () => {
  const { fabric, guest, vsc, client } = makePair({ ringPages: [2, 3] });
  const foreseen = foreseenRings(guest.memory, 2, 3);
  const host = new RawHost(guest);
  host.offer(PAIR_TYPE, PAIR_INSTANCE);
  vsc.VmbChannelEnable(client);
  await fabric.settle();
  const rings = host.ringsOf();
  assertEquals(
    [rings?.pfns, rings?.downstreamPageOffset],
    [foreseen.pfns, foreseen.downstreamPageOffset],
  );
});
