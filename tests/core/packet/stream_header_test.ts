import { assertEquals, assertThrows } from "@std/assert";
import { BrokenInvariant } from "../../../core/assert.ts";
import { Chance } from "../../../core/chance.ts";
import { PIPE_DATA_MAX, StreamHeader, writePartlyTaken } from "../../../core/packet/pipe.ts";
import { times } from "../../support/long.ts";
import { bytesOf } from "../../support/packet_frames.ts";

function read(hex: string, payloadBytes: number, start = 0) {
  const header = new StreamHeader();
  const fault = header.read(bytesOf(hex), start, payloadBytes);
  return fault ?? [header.dataBytes, header.takenBytes];
}

// wire.md 2.4
Deno.test("StreamHeader: reads data, the end, and what was partly taken", () => {
  assertEquals(read("01000000 03000000", 16), [3, 0]);
  assertEquals(read("ffff 01000000 00000000", 8, 2), [0, 0]);
  assertEquals(read("02000000 0500 0200", 16), [5, 2]);
  assertEquals(read("02000000 0040 ff3f", 16_392), [16_384, 16_383]);
  assertEquals(read("01000000 00400000", 16_392), [16_384, 0]);
});

// wire.md 2.4: "consumed >= length in a type-2 packet = corruption"
Deno.test("StreamHeader: refuses what no writer and no reader writes", () => {
  assertEquals(read("02000000 0500 0500", 16), "badPipeLength");
  assertEquals(read("02000000 0000 0000", 16), "badPipeLength");
  assertEquals(read("02000000 0500 ffff", 16), "badPipeLength");
  assertEquals(read("01000000 09000000", 16), "badPipeLength");
  assertEquals(read("01000000 01400000", 20_000), "badPipeLength");
  assertEquals(read("01000000 05000200", 200_000), "badPipeLength"); // type 1 has a length of 32 bits
  assertEquals(read("01000000", 7), "badPipeLength");
  for (const type of ["00000000", "03000000", "04000000", "01000001", "02010000"]) {
    assertEquals(read(`${type} 00000000`, 8), "badPipePacketType");
  }
});

// wire.md 1.9: whatever the peer writes, what counts lies inside the packet.
Deno.test("StreamHeader: whatever the bytes are, what is left lies inside the packet", () => {
  const chance = Chance.fromSeed(2);
  const header = new StreamHeader();
  for (let run = 0; run < times(20_000, 1_000_000); run++) {
    const bytes = chance.bytes(8);
    if (chance.below(2) === 0) bytes.set([1 + chance.below(2), 0, 0, 0]);
    if (chance.below(2) === 0) bytes[5] = chance.below(0x42);
    const payloadBytes = chance.below(20_000);
    const fault = header.read(bytes, 0, payloadBytes);
    if (fault !== null) continue;
    const { dataBytes, takenBytes } = header;
    const isInside = dataBytes <= PIPE_DATA_MAX && dataBytes + 8 <= payloadBytes;
    assertEquals([isInside, takenBytes === 0 || takenBytes < dataBytes], [true, true]);
  }
});

Deno.test("writePartlyTaken: writes type 2, the length and what was taken of it", () => {
  const target = new Uint8Array(8);
  writePartlyTaken(target, 0x1234, 0x0201);
  assertEquals(target, bytesOf("02000000 3412 0102"));
  assertThrows(() => writePartlyTaken(target, 5, 5), BrokenInvariant); // it is passed instead
});
