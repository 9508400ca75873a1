import { assertEquals } from "@std/assert";
import { type ArrivedFrame, PacketFields } from "../../../core/packet/packet.ts";
import { VmbusCodec } from "../../../core/packet/vmbus_codec.ts";
import {
  arrivedGpaDirect,
  arrivedOf,
  bytesOf,
  decodeWhole,
  encodeBody,
  packetOf,
  payloadOf,
  sendThrough,
  summaryOf,
} from "../../support/packet_frames.ts";

const RANGE = { byteCount: 0x2400, byteOffset: 0x10, pfns: [0x111, 0x222, 0x333] };
/** The header of wire.md 10, "Worked by hand, GPA direct". */
const HEADER = "00000000 01000000 00240000 10000000" +
  "1101000000000000 2202000000000000 3303000000000000";
const PAYLOAD = "000102030405060708090a0b0c0d0e0f";

function decoded(arrived: ArrivedFrame): PacketFields {
  const into = new PacketFields();
  assertEquals(decodeWhole(new VmbusCodec(), arrived, into), null);
  return into;
}

/** A packet with transfer pages, of which the first `headerBytes` are its header. */
function arrivedTransfer(body: Uint8Array, headerBytes: number, rangeCount: number): ArrivedFrame {
  return arrivedGpaDirect(body, headerBytes, rangeCount, { type: 7 });
}

/** The fault, after checking that the record was left alone. */
function faultOf(arrived: ArrivedFrame): string | null {
  const into = packetOf({ payload: new Uint8Array(3), transactionIdLow: 77 });
  const before = structuredClone(summaryOf(into));
  const fault = decodeWhole(new VmbusCodec(), arrived, into);
  assertEquals(summaryOf(into), before);
  return fault;
}

Deno.test("VmbusCodec: an in-band packet is its payload", () => {
  const codec = new VmbusCodec();
  const payload = bytesOf("ff 0102030405 ff");
  const packet = packetOf({ payload, payloadStart: 1, payloadBytes: 5, transactionIdLow: 9 });
  // wire.md 2.3: no header for type 6.
  assertEquals({ ...codec.frame(packet) }, {
    type: 6,
    headerBytes: 0,
    bodyBytes: 5,
    flags: 0,
    transactionIdLow: 9,
    transactionIdHigh: 0,
  });
  assertEquals(encodeBody(codec, packet), bytesOf("0102030405"));
});

Deno.test("VmbusCodec: writes a GPA direct packet as worked out by hand", () => {
  const codec = new VmbusCodec();
  const packet = packetOf({
    type: 9,
    completionRequested: true,
    transactionIdLow: 0xfedc_ba98,
    payload: bytesOf(PAYLOAD),
    ranges: [RANGE],
  });
  // wire.md 10: dataOffset8 7, so 56 - 16 bytes of header.
  assertEquals({ ...codec.frame(packet) }, {
    type: 9,
    headerBytes: 40,
    bodyBytes: 56,
    flags: 1,
    transactionIdLow: 0xfedc_ba98,
    transactionIdHigh: 0,
  });
  assertEquals(encodeBody(codec, packet), bytesOf(HEADER + PAYLOAD));
});

Deno.test("VmbusCodec: writes a packet with transfer pages as worked out by hand", () => {
  const codec = new VmbusCodec();
  const packet = packetOf({
    type: 7,
    completionRequested: true,
    transactionIdLow: 5,
    payload: bytesOf("aabb"),
    transfer: {
      pageSetId: 0xcafe,
      ranges: [{ byteCount: 1514, byteOffset: 0x1000 }, { byteCount: 1, byteOffset: 0x123_4567 }],
    },
  });
  // wire.md 2.3: dataOffset8 = 3 + rangeCount, so 24 bytes of header after the descriptor.
  assertEquals({ ...codec.frame(packet) }, {
    type: 7,
    headerBytes: 24,
    bodyBytes: 26,
    flags: 1,
    transactionIdLow: 5,
    transactionIdHigh: 0,
  });
  assertEquals(
    encodeBody(codec, packet),
    bytesOf("feca 0000 02000000 ea050000 00100000 01000000 67452301 aabb"),
  );
});

// wire.md 2.3: senderOwnsSet and the byte after it may hold anything.
Deno.test("VmbusCodec: reads a packet with transfer pages, whatever its reserved bytes hold", () => {
  const body = bytesOf("0d00 ffff 01000000 10000000 ff0f0000 0102030405060708");
  const into = decoded(arrivedTransfer(body, 16, 1));
  assertEquals([into.type, into.completionRequested, into.ranges], [7, true, []]);
  assertEquals(into.transfer, { pageSetId: 13, ranges: [{ byteCount: 0x10, byteOffset: 0xfff }] });
  assertEquals(payloadOf(into), bytesOf("0102030405060708"));
  assertEquals(decoded(arrivedOf(bytesOf(PAYLOAD))).transfer, null);
});

Deno.test("VmbusCodec: refuses transfer pages whose header holds fewer ranges than it says, or none", () => {
  const body = bytesOf("0d00 0000 02000000 10000000 ff0f0000 0102030405060708");
  for (const rangeCount of [0, 2, 0xffff_ffff]) {
    assertEquals(faultOf(arrivedTransfer(body, 16, rangeCount)), "emptyRange");
  }
  assertEquals(faultOf(arrivedTransfer(body, 8, 1)), "emptyRange"); // the payload is no range
});

Deno.test("VmbusCodec: a completion carries the request's id and no flag", () => {
  const codec = new VmbusCodec();
  const packet = packetOf({ type: 11, transactionIdLow: 3, payload: bytesOf("aa") });
  // wire.md 2.3, 2.5
  const { type, flags, headerBytes, transactionIdLow } = codec.frame(packet);
  assertEquals([type, flags, headerBytes, transactionIdLow], [11, 0, 0, 3]);
});

Deno.test("VmbusCodec: the reused frame forgets the header of the packet before", () => {
  const codec = new VmbusCodec();
  codec.frame(packetOf({ type: 9, completionRequested: true, ranges: [RANGE] }));
  const { headerBytes, bodyBytes, flags } = codec.frame(packetOf({}));
  assertEquals([headerBytes, bodyBytes, flags], [0, 0, 0]);
});

Deno.test("VmbusCodec: copies short and long payloads alike", () => {
  const codec = new VmbusCodec();
  for (const byteCount of [0, 1, 63, 64, 65, 5000]) {
    const payload = Uint8Array.from({ length: byteCount + 2 }, (_, at) => at * 7);
    const packet = packetOf({ payload, payloadStart: 1, payloadBytes: byteCount });
    assertEquals(encodeBody(codec, packet), payload.slice(1, 1 + byteCount));
  }
});

Deno.test("VmbusCodec: a payload arrives rounded up to 8, as a part of the ring", () => {
  const arrived = arrivedOf(bytesOf("0102030405"));
  const into = decoded(arrived);
  // wire.md 2.1: the exact length is lost.
  assertEquals(payloadOf(into), bytesOf("0102030405 eeeeee"));
});

Deno.test("VmbusCodec: a payload begins where the descriptor says", () => {
  const body = bytesOf("1111111111111111 2222222222222222");
  const arrived = arrivedOf(body);
  const into = decoded({ ...arrived, payloadStart: arrived.start + 8 });
  assertEquals(payloadOf(into), bytesOf("2222222222222222"));
});

Deno.test("VmbusCodec: reads a GPA direct packet", () => {
  // wire.md 2.3: the reserved word may hold garbage.
  const body = bytesOf(HEADER.replace("00000000", "deadbeef") + PAYLOAD);
  const into = decoded(arrivedGpaDirect(body, 40, 1, { transactionIdLow: 5 }));
  assertEquals(summaryOf(into), {
    type: 9,
    completionRequested: true,
    transactionId: 5,
    payload: bytesOf(PAYLOAD),
    ranges: [RANGE],
  });
});

Deno.test("VmbusCodec: takes the range count from the reader, not again from the ring", () => {
  // wire.md 1.9, change of descriptor after check: the peer has rewritten the count meanwhile.
  const body = bytesOf(HEADER.replace("01000000", "ffffffff") + PAYLOAD);
  assertEquals(decoded(arrivedGpaDirect(body, 40, 1)).ranges, [RANGE]);
});

Deno.test("VmbusCodec: forgets the ranges of the packet before", () => {
  const codec = new VmbusCodec();
  const into = new PacketFields();
  decodeWhole(codec, arrivedGpaDirect(bytesOf(HEADER), 40, 1), into);
  assertEquals(into.ranges.length, 1);
  assertEquals(decodeWhole(codec, arrivedOf(bytesOf(PAYLOAD)), into), null);
  assertEquals(into.ranges, []);
});

Deno.test("VmbusCodec: names each fault in a description of memory", () => {
  const gpaDirect = (header: string, rangeCount: number) => {
    const body = bytesOf("00000000 01000000" + header);
    return faultOf(arrivedGpaDirect(body, body.length, rangeCount));
  };
  // wire.md 3.1, and 1.9 for a count of 0.
  assertEquals(gpaDirect("01000000 00000000 0000000000000000", 0), "emptyRange");
  assertEquals(gpaDirect("01000000 00000000 0000000000000000", 2), "emptyRange");
  assertEquals(gpaDirect("", 1), "emptyRange");
  assertEquals(gpaDirect("00000000 00000000 0000000000000000", 1), "emptyByteCount");
  assertEquals(gpaDirect("01000000 00100000 0000000000000000", 1), "offsetTooLarge");
  assertEquals(gpaDirect("fff0ffff ff0f0000 0000000000000000", 1), "rangeOverflow");
  assertEquals(gpaDirect("02000000 ff0f0000 0000000000000000", 1), "rangeTooSmall");
});

Deno.test("VmbusCodec: ranges end where the payload begins", () => {
  // wire.md 1.9, ranges longer than the header area: the only PFN would be the payload's.
  const body = bytesOf("00000000 01000000 01000000 00000000 0700000000000000");
  assertEquals(faultOf(arrivedGpaDirect(body, 16, 1)), "rangeTooSmall");
});

Deno.test("VmbusCodec: counts more ranges than a byte or two can hold", () => {
  const codec = new VmbusCodec();
  const ranges = new Array(0x1_0203).fill({ byteCount: 1, byteOffset: 0, pfns: [7] });
  const body = encodeBody(codec, packetOf({ type: 9, ranges }));
  assertEquals(body.slice(0, 8), bytesOf("00000000 03020100"));
});

Deno.test("VmbusCodec: refuses the types that it never sends", () => {
  // wire.md 2.2
  for (const type of [0, 1, 2, 3, 4, 5, 8, 10, 12, 13, 0xffff]) {
    assertEquals(faultOf(arrivedOf(bytesOf(PAYLOAD), { type })), "unexpectedPacketType");
  }
});

Deno.test("VmbusCodec: refuses flags without meaning, and a completion that asks for one", () => {
  // wire.md 2.1, 2.3
  for (const flags of [2, 3, 0x8001]) {
    assertEquals(faultOf(arrivedOf(bytesOf(PAYLOAD), { flags })), "unexpectedFlags");
  }
  const completion = arrivedOf(bytesOf(PAYLOAD), { type: 11, flags: 1 });
  assertEquals(faultOf(completion), "unexpectedFlags");
});

Deno.test("VmbusCodec: drops the id of a packet that asks for no completion", () => {
  // wire.md 2.1: meaningless there.
  const arrived = arrivedOf(bytesOf(PAYLOAD), { transactionIdLow: 5, transactionIdHigh: 6 });
  const { transactionIdLow, transactionIdHigh } = decoded(arrived);
  assertEquals([transactionIdLow, transactionIdHigh], [0, 0]);
});

// wire.md 9.1, case 1
Deno.test("VmbusCodec: any 64 bits are an id, and come out as they went in", () => {
  const codec = new VmbusCodec();
  for (const [low, high] of [[0xffff_ffff, 0], [0, 1], [0xffff_fffd, 0xffff_ffff]] as const) {
    const packet = packetOf({ type: 11, transactionIdLow: low, transactionIdHigh: high });
    const { transactionIdLow, transactionIdHigh } = decoded(sendThrough(codec, packet));
    assertEquals([transactionIdLow, transactionIdHigh], [low, high]);
  }
});

Deno.test("VmbusCodec: largestBodyBytes counts the words of the worst chain", () => {
  const codec = new VmbusCodec();
  assertEquals(codec.largestBodyBytes(100, 0, 16), 100);
  assertEquals(codec.largestBodyBytes(100, 65536, 0), 100);
  // kmcl.md S1, the defaults: 16 ranges on 47 pages.
  assertEquals(codec.largestBodyBytes(4096, 65536, 16), 8 + (16 + 47) * 8 + 4096);
});
