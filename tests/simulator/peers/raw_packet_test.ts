import { assertEquals, assertThrows } from "@std/assert";
import {
  bytesPacket,
  type Codec,
  emptyPacket,
  encodePacket,
  type PlainPacket,
  rangedPacket,
  type RawPacket,
  rawPacketBytes,
  u32Bytes,
  wholePages,
} from "../../../simulator/peers/mod.ts";

// wire.md 2.1
Deno.test("rawPacketBytes: a descriptor says what it is told to, true or not", () => {
  const packet = {
    type: 0xffff,
    dataOffset: 8,
    length: 0x7_fff8,
    flags: 0x8001,
    transactionId: 0xffff_ffff_ffff_fffdn,
    body: new Uint8Array(8).fill(7),
  };
  const view = new DataView(rawPacketBytes(packet).buffer);
  assertEquals([0, 2, 4, 6].map((at) => view.getUint16(at, true)), [0xffff, 1, 0xffff, 0x8001]);
  assertEquals([view.getBigUint64(8, true), view.getUint8(16)], [packet.transactionId, 7]);
});

Deno.test("rawPacketBytes: what is left out is as in an empty in-band packet", () => {
  const expected = new Uint8Array(24);
  expected.set([6, 0, 2, 0, 3]);
  assertEquals(rawPacketBytes({}), expected);
});

const WRONG: readonly [RawPacket, string][] = [
  [{ type: 0x1_0000 }, "type must be a whole number from 0 to 65535, not 65536"],
  [{ type: 6.5 }, "type must be a whole number from 0 to 65535, not 6.5"],
  [{ dataOffset: 12 }, "dataOffset must be a multiple of 8, not 12"],
  [{ length: 0x8_0000 }, "length must be a whole number from 0 to 524280, not 524288"],
  [{ flags: -1 }, "flags must be a whole number from 0 to 65535, not -1"],
  [{ transactionId: 1n << 64n }, `transactionId must be a bigint of 64 bits, not ${1n << 64n}`],
  [{ transactionId: 7 as never }, "transactionId must be a bigint of 64 bits, not 7"],
  [{ body: new Uint8Array(12) }, "its bytes must be a multiple of 8, not 12"],
  [{ body: new Uint8Array(2 ** 19) }, "its bytes must be 524264 at most, not 524288"],
  [{ body: "12345678" as never }, "a value of type string is no ArrayBufferView"],
];

for (const [packet, reason] of WRONG) {
  Deno.test(`rawPacketBytes: refuses a packet as ${reason}`, () => {
    const { message } = assertThrows(() => rawPacketBytes(packet), Error);
    assertEquals(message, `Cannot write a packet: ${reason}`);
  });
}

Deno.test("u32Bytes: little-endian, and of 32 bits", () => {
  assertEquals(u32Bytes(1, 0xffff_fffe), Uint8Array.of(1, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff));
  assertThrows(
    () => u32Bytes(0, -1),
    RangeError,
    "Cannot write numbers of 32 bits: number 1 must be a whole number from 0 to 4294967295, not -1",
  );
});

// wire.md 9.1
Deno.test("emptyPacket: is what encodePacket writes, where that writes it", () => {
  const transactionId = 0xffff_ffff_ffff_fffdn; // takes all 64 bits
  for (const codec of ["vmbus", "msgpack"] as const) {
    const plain = encodePacket(codec, { completionRequested: true, transactionId });
    const empty = emptyPacket(codec, 6, 1, transactionId);
    assertEquals(rawPacketBytes(empty), rawPacketBytes(plain));
  }
});

const NO_PACKETS: readonly [PlainPacket, string][] = [
  [{ type: 8 as never }, "type must be one of 6, 7, 9, 11, not 8"],
  [{ type: 7 }, "one of type 7 has transferPages"],
  [
    { type: 6, transferPages: { pageSetId: 1, ranges: [] } },
    "one of type 6 has no transferPages",
  ],
  [
    { transferPages: { pageSetId: 1, ranges: [{ byteCount: -1, byteOffset: 0 }] } },
    "byteCount must be a whole number from 0 to 4294967295, not -1",
  ],
  [{ type: 11, completionRequested: true }, "a completion asks for no completion"],
  [{ type: 9 }, "one of type 9 has at least one range, not 0"],
  [{ type: 6, ranges: [wholePages([1])] }, "one of type 6 has no ranges, not 1"],
  [
    { ranges: [{ byteCount: 0, byteOffset: 0, pfns: [1] }] },
    "range 0 is wrong: emptyByteCount",
  ],
  [
    { ranges: [wholePages([1]), { byteCount: 4097, byteOffset: 0, pfns: [1] }] },
    "range 1 is wrong: 1 PFNs for 2 pages",
  ],
  [
    { ranges: [wholePages([-1])] },
    "a PFN of range 0 must be a whole number from 0 to 9007199254740991, not -1",
  ],
];

for (const [packet, reason] of NO_PACKETS) {
  Deno.test(`encodePacket: refuses what no honest peer sends: ${reason}`, () => {
    const { message } = assertThrows(() => encodePacket("vmbus", packet), Error);
    assertEquals(message, `Cannot encode a packet: ${reason}`);
  });
}

Deno.test("encodePacket: there is no tuple for transfer pages", () => {
  const transferPages = { pageSetId: 1, ranges: [{ byteCount: 1, byteOffset: 0 }] };
  const { message } = assertThrows(() => encodePacket("msgpack", { transferPages }), RangeError);
  assertEquals(message, "Cannot encode a packet: msgpack has no transfer pages");
});

Deno.test("encodePacket: refuses a codec that there is not", () => {
  assertThrows(
    () => encodePacket("json" as Codec),
    TypeError,
    'Cannot encode a packet: codec must be one of "vmbus", "msgpack", not json',
  );
  assertThrows(() => emptyPacket("json" as Codec, 6, 0, 0n), TypeError, "codec must be one of");
});

// wire.md 2.3
Deno.test("rangedPacket: the payload begins behind the words that follow the count", () => {
  const { type, dataOffset, body } = rangedPacket(3, 8, 0, 1, 0);
  assertEquals([type, dataOffset, body], [9, 40, u32Bytes(0, 3, 8, 0, 1, 0)]);
});

Deno.test("bytesPacket: pads with zeros", () => {
  assertEquals(bytesPacket(1, 2, 3).body, Uint8Array.of(1, 2, 3, 0, 0, 0, 0, 0));
  assertThrows(
    () => bytesPacket(1, 256),
    RangeError,
    "byte 1 must be a whole number from 0 to 255",
  );
});
