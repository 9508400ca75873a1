import { assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { fieldsOfPacket } from "../../../simulator/decoding/packet.ts";
import { encodePacket, rawPacketBytes } from "../../../simulator/peers/mod.ts";
import { fromHex, linesOf } from "../../support/decoded_lines.ts";

const RANGES = [{ byteCount: 5000, byteOffset: 100, pfns: [7, 9] }];
const PAYLOAD = Uint8Array.of(1, 2, 3, 4, 5);
const MEMORY = { completionRequested: true, transactionId: 5n, payload: PAYLOAD, ranges: RANGES };

// wire.md 2.1, 2.3, 1.4
Deno.test("fieldsOfPacket: a GPA direct packet with its trailer", () => {
  const bytes = rawPacketBytes(encodePacket("vmbus", MEMORY));
  const { fields, damage, text } = fieldsOfPacket(
    Uint8Array.of(...bytes, 0, 0, 0, 0, 64, 0, 0, 0),
    {},
    1000,
  );
  assertEquals(damage, null);
  assertEquals(text, "gpaDirect, transaction 5, completion requested");
  assertEquals(linesOf(fields), [
    "1000+16 descriptor: descriptor",
    "  1000+2 type: 9 (gpaDirect)",
    "  1002+2 dataOffset8: 6 words of 8 bytes",
    "  1004+2 length8: 7 words of 8 bytes",
    "  1006+2 flags: 0x1 (completionRequested)",
    "  1008+8 transactionId: 5",
    "1016+32 header: GPA direct header",
    "  1016+4 reserved: 4 bytes of 0",
    "  1020+4 rangeCount: 1 range",
    "  1024+24 ranges: 1 range",
    "    1024+24 [0]: range",
    "      1024+4 byteCount: 5000 bytes",
    "      1028+4 byteOffset: 100 bytes",
    "      1032+16 pfns: 2 pages",
    "        1032+8 [0]: 0x7",
    "        1040+8 [1]: 0x9",
    "1048+8 payload: 8 bytes: 01 02 03 04 05 00 00 00",
    "1056+8 trailer: trailer",
    "  1056+4 reserved: 4 bytes of 0",
    "  1060+4 descriptorOffset: 64 bytes",
  ]);
});

Deno.test("fieldsOfPacket: the tuple of the codec msgpack, member by member", () => {
  const bytes = rawPacketBytes(encodePacket("msgpack", MEMORY));
  const { fields, damage, text } = fieldsOfPacket(bytes, { codec: "msgpack" });
  assertEquals(damage, null);
  // The descriptor of every packet says type 6, flags 0, id 0 (wire.md 9.1).
  assertEquals(text, "gpaDirect, transaction 5, completion requested");
  assertEquals(
    linesOf(fields).slice(6),
    [
      "16+20 tuple: 5 elements",
      "  17+1 type: 9",
      "  18+1 flags: 1",
      "  19+1 transactionId: 5",
      "  20+7 payload: 5 bytes: 01 02 03 04 05",
      "  27+9 ranges: 1 element",
      "    28+8 [0]: 3 elements",
      "      29+3 byteCount: 5000",
      "      32+1 byteOffset: 100",
      "      33+3 pfns: 2 elements",
      "        34+1 [0]: 7",
      "        35+1 [1]: 9",
      "36+4 padding: 4 bytes of 0",
    ],
  );
});

// wire.md 2.4
Deno.test("fieldsOfPacket: the header of a pipe, and its data", () => {
  const payload = fromHex("01000000 03000000 aabbcc 0000000000");
  const bytes = rawPacketBytes({ body: payload });
  assertEquals(linesOf(fieldsOfPacket(bytes, { isPipe: true }).fields).slice(6), [
    "16+8 pipeHeader: pipe header",
    "  16+4 packetType: 1 (data)",
    "  20+4 length: 3 bytes",
    "24+3 data: 3 bytes: aa bb cc",
    "27+5 padding: 5 bytes of 0",
  ]);
  const lie = fieldsOfPacket(rawPacketBytes({ body: payload.with(4, 9) }), { isPipe: true });
  assertEquals(lie.damage, { offset: 20, reason: "length: 9 bytes are announced, 8 are there" });
});

// wire.md 2.3
Deno.test("fieldsOfPacket: ranges in transfer pages", () => {
  const body = fromHex("0700 0000 01000000 10000000 20000000 1122334455667788");
  const bytes = rawPacketBytes({ type: 7, dataOffset: 32, body });
  const { fields, damage } = fieldsOfPacket(bytes);
  assertEquals(damage, null);
  assertEquals(linesOf(fields).slice(6, 12), [
    "16+16 header: transfer pages header",
    "  16+2 pageSetId: 7",
    "  18+2 reserved: 2 bytes of 0",
    "  20+4 rangeCount: 1 range",
    "  24+8 ranges: 1 range",
    "    24+8 [0]: range",
  ]);
});

// wire.md 1.9, 3.1
Deno.test("fieldsOfPacket: says what a receiver refuses, and where it lies", () => {
  const body = new Uint8Array(16);
  const lies: readonly [Parameters<typeof rawPacketBytes>[0], number, string][] = [
    [{ type: 3, body }, 0, "nobody sends packets of type 3"],
    [{ dataOffset: 8, body }, 2, "dataOffset8: 1 is less than"],
    [{ dataOffset: 64, body }, 2, "dataOffset8: 8 is more than"],
    [{ length: 64, body }, 4, "length8: the packet has 64 bytes, 32 are there"],
    [{ flags: 2, body }, 6, "flags"],
    [{ type: 9, dataOffset: 16, body }, 2, "dataOffset8: 2 is less than the 3"],
    [{ type: 9, dataOffset: 24, body }, 16, "a receiver refuses this packet: emptyRange"],
    [{ type: 11, flags: 1, body }, 16, "unexpectedFlags"],
    [{ type: 7, dataOffset: 24, body }, 16, "a receiver refuses this packet: emptyRange"],
    [
      { type: 9, dataOffset: 32, body: fromHex("00000000 01000000 00000000 00000000") },
      24,
      "byteCount: 0 is not from 1",
    ],
    [
      { type: 9, dataOffset: 32, body: fromHex("00000000 01000000 01000000 00000000") },
      32,
      "pfns: 1 elements are announced, 0 are there",
    ],
  ];
  for (const [packet, offset, reason] of lies) {
    const { damage, fields } = fieldsOfPacket(rawPacketBytes(packet));
    assertEquals(damage?.offset, offset, reason);
    assertStringIncludes(damage?.reason ?? "", reason);
    assertEquals(fields[0]?.fields?.length, 5);
  }
  const tuple = (hex: string) =>
    fieldsOfPacket(rawPacketBytes({ body: fromHex(hex) }), { codec: "msgpack" }).damage;
  assertEquals(tuple("9506 00 00 c409 c000"), {
    offset: 22,
    reason: "payload: 9 bytes are announced, 2 are there",
  });
  assertEquals(tuple("9506 00 00 a161 c000")?.reason, "payload: no packet has the form 0xa1");
  assertEquals(
    tuple("9506 03 00 c400 c000")?.reason,
    "a receiver refuses this packet: unexpectedFlags",
  );
  assertEquals(fieldsOfPacket(new Uint8Array(9)).damage?.offset, 8);
});

Deno.test("fieldsOfPacket: never throws", () => {
  const anyBytes = fc.tuple(fc.constantFrom(6, 7, 9, 11, 3), fc.nat(9), fc.nat(20), fc.uint8Array())
    .map(([type, dataOffset, length, rest]) =>
      Uint8Array.of(type, 0, dataOffset, 0, length, 0, 0, 0, ...rest)
    );
  const forms = fc.constantFrom<"vmbus" | "msgpack">("vmbus", "msgpack");
  const anyTuple = fc.uint8Array({ maxLength: 40 }).map((rest) =>
    rawPacketBytes({
      body: new Uint8Array([0x95, 6, 0, 1, ...rest, ...new Array(-(rest.length + 4) & 7)]),
    })
  );
  fc.assert(
    fc.property(fc.oneof(anyBytes, anyTuple), forms, fc.boolean(), (bytes, codec, isPipe) => {
      const { byteCount } = fieldsOfPacket(bytes, { codec, isPipe });
      assertEquals(byteCount <= bytes.length, true);
    }),
    { seed: 16, numRuns: 500 },
  );
});
