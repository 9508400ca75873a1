import { assertEquals, assertThrows } from "@std/assert";
import { BrokenInvariant } from "../../../core/assert.ts";
import { createCodec } from "../../../core/packet/codec.ts";
import {
  assertEncodable,
  largestPageCount,
  largestRangeCount,
  type PacketFields,
} from "../../../core/packet/packet.ts";
import { packetOf } from "../../support/packet_frames.ts";

const RANGE = { byteCount: 1, byteOffset: 0, pfns: [0] };

Deno.test("createCodec: makes the codec of that name, a new one each time", () => {
  for (const name of ["msgpack", "vmbus"] as const) {
    assertEquals(createCodec(name).name, name);
    assertEquals(createCodec(name) === createCodec(name), false);
  }
});

Deno.test("assertEncodable: lets through every kind of packet", () => {
  assertEncodable(packetOf({}));
  assertEncodable(
    packetOf({ type: 11, transactionIdLow: 0xffff_ffff, transactionIdHigh: 0xffff_ffff }),
  );
  assertEncodable(packetOf({ type: 9, completionRequested: true, ranges: [RANGE] }));
  assertEncodable(packetOf({ payload: new Uint8Array(4), payloadStart: 1, payloadBytes: 3 }));
});

Deno.test("assertEncodable: stops packets that only a bug of the package makes", () => {
  const broken: Partial<PacketFields>[] = [
    { type: 11, completionRequested: true },
    { transactionIdLow: -1 },
    { transactionIdLow: 0x1_0000_0000 },
    { transactionIdLow: 0.5 },
    { transactionIdHigh: -1 },
    { transactionIdHigh: 0x1_0000_0000 },
    { payload: new Uint8Array(4), payloadStart: 1, payloadBytes: 4 },
    { payload: new Uint8Array(4), payloadStart: -1, payloadBytes: 4 },
    { payload: new Uint8Array(4), payloadStart: 4, payloadBytes: -1 },
    { type: 9 },
    { type: 6, ranges: [RANGE] },
    { type: 11, ranges: [RANGE] },
  ];
  for (const fields of broken) {
    assertThrows(() => assertEncodable(packetOf(fields)), BrokenInvariant);
  }
});

Deno.test("largestPageCount: two bytes across a border are worth two pages", () => {
  // wire.md 2.3: pages of a range = ceil((byteOffset + byteCount) / 4096).
  assertEquals(largestPageCount(1, 1), 1);
  assertEquals(largestPageCount(2, 1), 2);
  assertEquals(largestPageCount(2, 2), 2);
  assertEquals(largestPageCount(3, 2), 3);
  assertEquals(largestPageCount(4097, 1), 2);
  assertEquals(largestPageCount(4098, 1), 3);
  assertEquals(largestPageCount(65536, 16), 16 + 16 + 15);
});

Deno.test("largestPageCount: equals the worst of all ways to cut few bytes into ranges", () => {
  const pages = (byteCount: number) => Math.ceil((4095 + byteCount) / 4096);
  for (let externalBytes = 1; externalBytes <= 9000; externalBytes += 37) {
    let worst = pages(externalBytes);
    for (let first = 1; first < externalBytes; first++) {
      worst = Math.max(worst, pages(first) + pages(externalBytes - first));
    }
    const rangeCount = largestRangeCount(externalBytes, 2);
    assertEquals(largestPageCount(externalBytes, rangeCount), worst, `${externalBytes} bytes`);
  }
});
