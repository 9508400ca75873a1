import { assertEquals } from "@std/assert";
import { pack } from "msgpackr/pack";
import { MsgpackCodec } from "../../../core/packet/msgpack_codec.ts";
import { type ArrivedFrame, PacketFields } from "../../../core/packet/packet.ts";
import { TupleCodec } from "../../../core/packet/tuple_codec.ts";
import { showU64 } from "../../../core/units.ts";
import {
  arrivedOf,
  bodySpace,
  bytesOf,
  decodeWhole,
  encodeBody,
  packetOf,
  payloadOf,
  sendThrough,
  summaryOf,
} from "../../support/packet_frames.ts";

function decoded(body: Uint8Array): PacketFields {
  const into = new PacketFields();
  assertEquals(decodeWhole(new MsgpackCodec(), arrivedOf(body), into), null);
  return into;
}

/** The fault, after checking that the record was left alone. */
function faultOf(arrived: ArrivedFrame): string | null {
  const into = packetOf({ payload: new Uint8Array(3), transactionIdLow: 77 });
  const before = structuredClone(summaryOf(into));
  const fault = decodeWhole(new MsgpackCodec(), arrived, into);
  assertEquals(summaryOf(into), before);
  return fault;
}

function faultOfBody(hex: string): string | null {
  return faultOf(arrivedOf(bytesOf(hex)));
}

Deno.test("MsgpackCodec: frames every packet as in-band, without flags or id", () => {
  const codec = new MsgpackCodec();
  const packet = packetOf({ type: 11, transactionIdLow: 300, payload: bytesOf("aabb") });
  // wire.md 2.3: type 6 has no header.
  assertEquals({ ...codec.frame(packet) }, {
    type: 6,
    headerBytes: 0,
    bodyBytes: 11,
    flags: 0,
    transactionIdLow: 0,
    transactionIdHigh: 0,
  });
});

Deno.test("MsgpackCodec: writes the tuple in its smallest form", () => {
  const codec = new MsgpackCodec();
  const body = (fields: Partial<PacketFields>) => encodeBody(codec, packetOf(fields));
  assertEquals(body({}), bytesOf("95 06 00 00 c400 c0"));
  assertEquals(
    body({ completionRequested: true, transactionIdLow: 127, payload: bytesOf("0102") }),
    bytesOf("95 06 01 7f c402 0102 c0"),
  );
  assertEquals(body({ type: 11, transactionIdLow: 128 }), bytesOf("95 0b 00 cc80 c400 c0"));
  assertEquals(body({ type: 11, transactionIdLow: 256 }), bytesOf("95 0b 00 cd0100 c400 c0"));
  assertEquals(
    body({ type: 11, transactionIdLow: 0xffff_ffff }),
    bytesOf("95 0b 00 ceffffffff c400 c0"),
  );
  assertEquals(
    body({ type: 11, transactionIdHigh: 1 }),
    bytesOf("95 0b 00 cf0000000100000000 c400 c0"),
  );
  assertEquals(
    body({ type: 11, transactionIdLow: 0xffff_fffd, transactionIdHigh: 0xffff_ffff }),
    bytesOf("95 0b 00 cffffffffffffffffd c400 c0"),
  );
  assertEquals(
    body({
      type: 9,
      completionRequested: true,
      ranges: [
        { byteCount: 0x2400, byteOffset: 0x10, pfns: [0x111, 0x22, 0x1_0000] },
        { byteCount: 1, byteOffset: 0, pfns: [2 ** 32] },
      ],
    }),
    bytesOf(
      "95 09 01 00 c400 92 93 cd2400 10 93 cd0111 22 ce00010000 93 01 00 91 cb41f0000000000000",
    ),
  );
});

Deno.test("MsgpackCodec: encodes only the named part of the payload's array", () => {
  const codec = new MsgpackCodec();
  // The array is in turn a part of a buffer.
  const payload = bytesOf("eeee ff 0102 ff").subarray(2);
  assertEquals(
    encodeBody(codec, packetOf({ payload, payloadStart: 1, payloadBytes: 2 })),
    bytesOf("95 06 00 00 c402 0102 c0"),
  );
});

Deno.test("MsgpackCodec: a subclass of Uint8Array is written as its bytes", () => {
  class Odd extends Uint8Array {
    toJSON(): string {
      return "odd";
    }
  }
  const codec = new MsgpackCodec();
  assertEquals(
    encodeBody(codec, packetOf({ payload: Odd.of(1, 2) })),
    bytesOf("95 06 00 00 c402 0102 c0"),
  );
});

Deno.test("MsgpackCodec: nobody else who packs disturbs a framed packet", () => {
  const codec = new MsgpackCodec();
  const other = new MsgpackCodec();
  const packet = packetOf({ payload: bytesOf("0102") });
  const users = pack([1, 2, 3]);
  const { bodyBytes } = codec.frame(packet);
  for (let round = 0; round < 50; round++) {
    other.frame(packetOf({ payload: new Uint8Array(1000).fill(0xff) }));
  }
  const target = new Uint8Array(bodyBytes);
  codec.encode(packet, bodySpace(target, 0));
  assertEquals(target, bytesOf("95 06 00 00 c402 0102 c0"));
  assertEquals(new Uint8Array(users), bytesOf("93 01 02 03"));
});

Deno.test("MsgpackCodec: reads a packet of each type", () => {
  assertEquals(summaryOf(decoded(bytesOf("95 06 01 cd0100 c402 0102 c0"))), {
    type: 6,
    completionRequested: true,
    transactionId: 256,
    payload: bytesOf("0102"),
    ranges: [],
  });
  assertEquals(summaryOf(decoded(bytesOf("95 0b 00 05 c401 aa c0"))), {
    type: 11,
    completionRequested: false,
    transactionId: 5,
    payload: bytesOf("aa"),
    ranges: [],
  });
  assertEquals(
    summaryOf(decoded(bytesOf("95 09 01 05 c400 91 93 cd2400 10 93 01 00 cb41f0000000000000"))),
    {
      type: 9,
      completionRequested: true,
      transactionId: 5,
      payload: bytesOf(""),
      ranges: [{ byteCount: 0x2400, byteOffset: 0x10, pfns: [1, 0, 2 ** 32] }],
    },
  );
});

Deno.test("MsgpackCodec: the payload is a part of the ring, of its exact length", () => {
  const arrived = arrivedOf(bytesOf("95 06 00 00 c403 010203 c0"));
  const into = new PacketFields();
  assertEquals(decodeWhole(new MsgpackCodec(), arrived, into), null);
  assertEquals(into.payloadStart, arrived.start + 6);
  assertEquals(payloadOf(into), bytesOf("010203"));
});

Deno.test("MsgpackCodec: finds the payload where the array is itself a part of memory", () => {
  const arrived = arrivedOf(bytesOf("95 06 00 00 c403 010203 c0"));
  const memory = new SharedArrayBuffer(4096);
  const bytes = new Uint8Array(memory, 1000, arrived.bytes.length);
  bytes.set(arrived.bytes);
  const into = new PacketFields();
  assertEquals(decodeWhole(new MsgpackCodec(), { ...arrived, bytes }, into), null);
  assertEquals(payloadOf(into), bytesOf("010203"));
});

Deno.test("MsgpackCodec: drops the id of a packet that asks for no completion", () => {
  // wire.md 2.1: meaningless there.
  assertEquals(decoded(bytesOf("95 06 00 05 c400 c0")).transactionIdLow, 0);
  assertEquals(decoded(bytesOf("95 06 00 cf0000000500000005 c400 c0")).transactionIdHigh, 0);
});

Deno.test("MsgpackCodec: forgets the ranges of the packet before", () => {
  const codec = new MsgpackCodec();
  const into = new PacketFields();
  decodeWhole(codec, arrivedOf(bytesOf("95 09 01 05 c400 91 93 01 00 91 07")), into);
  assertEquals(into.ranges.length, 1);
  assertEquals(decodeWhole(codec, arrivedOf(bytesOf("95 06 00 00 c400 c0")), into), null);
  assertEquals(into.ranges, []);
});

Deno.test("MsgpackCodec: takes the longer forms of a number, a bin and an array", () => {
  const long = "dc0005 cc06 ce00000001 cb4014000000000000 c600000001 aa c0";
  assertEquals(summaryOf(decoded(bytesOf(long))), {
    type: 6,
    completionRequested: true,
    transactionId: 5,
    payload: bytesOf("aa"),
    ranges: [],
  });
});

// wire.md 9.1, case 1
Deno.test("MsgpackCodec: takes every id of 64 bits, in whichever form it is exact", () => {
  const table: [form: string, id: number | string][] = [
    ["cf0000000000000005", 5],
    ["cb41efffffffe00000", 0xffff_ffff],
    ["cb41f0000000000000", 2 ** 32],
    ["cf0000000100000000", 2 ** 32],
    ["cb433fffffffffffff", Number.MAX_SAFE_INTEGER],
    ["cf0020000000000000", "9007199254740992"],
    ["cf7fffffffffffffff", "9223372036854775807"],
    ["cffffffffffffffffd", "18446744073709551613"],
    ["cfffffffffffffffff", "18446744073709551615"],
  ];
  for (const codec of [new MsgpackCodec(), new TupleCodec()]) {
    for (const [form, id] of table) {
      const into = new PacketFields();
      const arrived = arrivedOf(bytesOf(`95 0b 00 ${form} c400 c0`));
      assertEquals(decodeWhole(codec, arrived, into), null);
      assertEquals(showU64(into.transactionIdLow, into.transactionIdHigh), id, form);
    }
  }
});

Deno.test("MsgpackCodec: ignores up to 7 bytes of padding, whatever they hold", () => {
  // wire.md 1.4: readers must ignore them.
  const body = bytesOf("95 06 00 00 c400 c0");
  for (let padding = 0; padding <= 9; padding++) {
    const arrived = arrivedOf(new Uint8Array([...body, ...new Uint8Array(padding).fill(0xc1)]));
    const fault = decodeWhole(new MsgpackCodec(), {
      ...arrived,
      end: arrived.start + body.length + padding,
    }, new PacketFields());
    assertEquals(fault, padding <= 7 ? null : "surplusBytes", `${padding} bytes`);
  }
});

Deno.test("MsgpackCodec: refuses other descriptors than plain in-band ones", () => {
  const body = bytesOf("95 06 00 00 c400 c0");
  for (const type of [0, 7, 9, 11]) {
    assertEquals(faultOf(arrivedOf(body, { type })), "unexpectedPacketType");
  }
  assertEquals(faultOf(arrivedOf(body, { flags: 1 })), "unexpectedFlags");
});

Deno.test("MsgpackCodec: refuses a body that is no tuple of five", () => {
  const bodies = [
    "",
    "05",
    "c0",
    "c403 010203",
    "90",
    "94 06 00 00 c400",
    "96 06 00 00 c400 c0 c0",
    "95 06 00 00 c400",
    "85 0006 0100 0200 03c400 04c0",
    "dd ffffffff 06 00 00 c400 c0",
  ];
  for (const body of bodies) assertEquals(faultOfBody(body), "malformedMsgpack", body);
});

Deno.test("MsgpackCodec: refuses a member of the wrong kind", () => {
  const table: [string, string][] = [
    ["95 07 00 00 c400 c0", "unexpectedPacketType"],
    ["95 00 00 00 c400 c0", "unexpectedPacketType"],
    ["95 c0 00 00 c400 c0", "unexpectedPacketType"],
    ["95 06 02 00 c400 c0", "unexpectedFlags"],
    ["95 06 c0 00 c400 c0", "unexpectedFlags"],
    ["95 06 c3 00 c400 c0", "malformedMsgpack"],
    ["95 0b 01 00 c400 c0", "unexpectedFlags"],
    ["95 06 01 c0 c400 c0", "badTransactionId"],
    ["95 06 01 cb3fe0000000000000 c400 c0", "badTransactionId"],
    ["95 06 01 cb4340000000000000 c400 c0", "badTransactionId"],
    ["95 06 01 cbbff0000000000000 c400 c0", "badTransactionId"],
    ["95 06 01 d30000000000000001 c400 c0", "malformedMsgpack"],
    ["95 06 01 cf00000000000001 c400 c0", "malformedMsgpack"],
    ["95 cf0000000000000006 01 00 c400 c0", "unexpectedPacketType"],
    ["95 06 cf0000000000000001 00 c400 c0", "unexpectedFlags"],
    ["95 09 01 00 c400 91 93 cf0000000000000008 00 91 07", "malformedMsgpack"],
    ["95 09 01 00 c400 91 93 08 00 91 cf0000000000000007", "malformedMsgpack"],
    ["95 06 00 00 c0 c0", "malformedMsgpack"],
    ["95 06 00 00 90 c0", "malformedMsgpack"],
    ["95 06 00 00 a0 c0", "malformedMsgpack"],
    ["95 06 00 00 c702 74 0107 c0", "malformedMsgpack"],
    ["95 06 00 00 c400 90", "malformedMsgpack"],
    ["95 06 00 00 c400 00", "malformedMsgpack"],
    ["95 0b 00 00 c400 91 93 01 00 91 07", "malformedMsgpack"],
    ["95 09 01 00 c400 c0", "malformedMsgpack"],
    ["95 09 01 00 c400 05", "malformedMsgpack"],
  ];
  for (const [body, fault] of table) assertEquals(faultOfBody(body), fault, body);
});

Deno.test("MsgpackCodec: names each fault in a description of memory", () => {
  const table: [string, string | null][] = [
    ["91 93 01 00 91 07", null],
    // wire.md 3.1
    ["90", "emptyRange"],
    ["91 93 00 00 90", "emptyByteCount"],
    ["91 93 01 cd1000 91 07", "offsetTooLarge"],
    ["91 93 cefffff000 00 91 07", "rangeTooSmall"],
    ["91 93 cefffff001 00 91 07", "rangeOverflow"],
    ["91 93 cefffff0ff cd0fff 91 07", "rangeOverflow"],
    ["91 93 02 cd0fff 91 07", "rangeTooSmall"],
    ["92 93 01 00 91 07 93 00 00 90", "emptyByteCount"],
    // More PFNs than pages: the vmbus form cannot say that.
    ["91 93 01 00 92 07 08", "malformedMsgpack"],
    ["91 92 01 00", "malformedMsgpack"],
    ["91 94 01 00 91 07 c0", "malformedMsgpack"],
    ["91 c0", "malformedMsgpack"],
    ["91 93 c0 00 91 07", "malformedMsgpack"],
    ["91 93 01 c0 91 07", "malformedMsgpack"],
    ["91 93 cb41f0000000000000 00 91 07", "malformedMsgpack"],
    ["91 93 01 cbbff0000000000000 90", "malformedMsgpack"],
    ["91 93 01 00 c40107", "malformedMsgpack"],
    ["91 93 01 00 91 c0", "malformedMsgpack"],
    ["91 93 01 00 91 90", "malformedMsgpack"],
    // -1, 0.5, 2^53, NaN
    ["91 93 01 00 91 cbbff0000000000000", "malformedMsgpack"],
    ["91 93 01 00 91 cb3fe0000000000000", "malformedMsgpack"],
    ["91 93 01 00 91 cb4340000000000000", "malformedMsgpack"],
    ["91 93 01 00 91 cb7ff8000000000000", "malformedMsgpack"],
  ];
  for (const [ranges, fault] of table) {
    const arrived = arrivedOf(bytesOf(`95 09 01 00 c400 ${ranges}`));
    assertEquals(decodeWhole(new MsgpackCodec(), arrived, new PacketFields()), fault, ranges);
  }
});

/** An array that shows other bytes at these indexes from the second load on. */
function rewritten(bytes: Uint8Array, changes: ReadonlyMap<PropertyKey, number>): Uint8Array {
  const loaded = new Set<PropertyKey>();
  return new Proxy(bytes, {
    get(target, key) {
      const change = changes.get(key);
      if (change !== undefined && loaded.has(key)) return change;
      loaded.add(key);
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

Deno.test("MsgpackCodec: a peer that rewrites the body while it is read is found out", () => {
  // After the scan, the payload's bin becomes: no form at all, an array of more members than
  // there are bytes, a string; and an extension that makes a Uint8Array of its own.
  for (const tokens of [[0xc1], [0xdd], [0xdb], [0xd4, 0x74]]) {
    const arrived = arrivedOf(bytesOf("95 06 00 00 c401 01 c0"));
    const changes = new Map(tokens.map((token, at) => [String(arrived.start + 4 + at), token]));
    const bytes = rewritten(arrived.bytes, changes);
    assertEquals(faultOf({ ...arrived, bytes }), "malformedMsgpack", `tokens ${tokens}`);
    assertEquals(decodeWhole(new MsgpackCodec(), arrived, new PacketFields()), null);
  }
});

Deno.test("MsgpackCodec: is as good as new after a hostile packet", () => {
  const codec = new MsgpackCodec();
  const into = new PacketFields();
  assertEquals(decodeWhole(codec, arrivedOf(bytesOf("95 d47240 9100")), into), "malformedMsgpack");
  const packet = packetOf({ payload: bytesOf("0102") });
  assertEquals(decodeWhole(codec, sendThrough(codec, packet), into), null);
  assertEquals(summaryOf(into), summaryOf(packet));
});

Deno.test("MsgpackCodec: largestBodyBytes adds up the longest form of each member", () => {
  const codec = new MsgpackCodec();
  // Array, type, flags, id; bin header and payload; nil.
  assertEquals(codec.largestBodyBytes(255, 0, 16), 1 + 1 + 1 + 9 + 2 + 255 + 1);
  assertEquals(codec.largestBodyBytes(256, 65536, 0), 1 + 1 + 1 + 9 + 3 + 256 + 1);
  // kmcl.md S1, the defaults: 16 ranges on 47 pages.
  assertEquals(
    codec.largestBodyBytes(4096, 65536, 16),
    12 + 3 + 4096 + 3 + 16 * (1 + 5 + 3 + 3) + 47 * 9,
  );
});
