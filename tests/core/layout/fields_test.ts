import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  array,
  bit,
  byField,
  bySize,
  bytes,
  bytesToEnd,
  constant,
  Damage,
  fieldsOf,
  flags,
  guid,
  hex,
  named,
  oneOf,
  reserved,
  size64,
  struct,
  text,
  u16,
  u32,
  u64,
  u8,
  within,
} from "../../../core/layout/mod.ts";
import { fromHex, linesOf } from "../../support/decoded_lines.ts";

const RANGE = struct("range", 8, {
  byteCount: [0, within(u32, 1, 0xffff), "bytes"],
  byteOffset: [4, u32, "bytes"],
  pfns: [
    8,
    array(hex(u64), {
      formula: "ceil((byteOffset + byteCount) / 4096)",
      of: ({ byteOffset, byteCount }) =>
        Math.ceil((byteOffset as number + (byteCount as number)) / 4096),
    }),
  ],
});

/** Every type, in fields that follow from each other. */
const EVERY = byField(
  "every",
  "kind",
  { kind: [0, oneOf(u8, { plain: 1, ranged: 2, sized: 3 })] },
  {
    plain: [48, {
      isOdd: [1, bit(u8, 0)],
      state: [2, named(u16, { closed: 0, open: 1 })],
      flags: [4, flags(u16, { loopback: 0x100, pipe: 0x10 })],
      reserved: [6, reserved(2)],
      id: [8, guid],
      much: [24, hex(size64)],
      magic: [32, constant(hex(u32), 0x4b534944)],
      title: [36, text(4)],
      area: [40, bytes(4)],
      pair: [44, struct("pair", 4, { left: [0, u16], right: [2, u16] })],
      rest: [48, bytesToEnd(2)],
    }],
    ranged: [3, { rangeCount: [1, u16], ranges: [3, array(RANGE, { field: "rangeCount" })] }],
    sized: { bySize: [[9, { long: [1, u64] }], [3, { short: [1, array(u8, 2)] }]] },
  },
);

const PLAIN = fromHex(`01 01 0100 1001 0000 33221100554477668899aabbccddeeff
  0010000000000080 4449534b 61620000 00000000 0100 0200 0102 0304 05`);

Deno.test("fieldsOf: every type as people read it, with its offset", () => {
  const { fields, byteCount, damage } = fieldsOf(EVERY, PLAIN);
  assertEquals(linesOf(fields), [
    "0+1 kind: 1 (plain)",
    "1+1 isOdd: yes",
    "2+2 state: 1 (open)",
    "4+2 flags: 0x110 (loopback, pipe)",
    "6+2 reserved: 2 bytes of 0",
    "8+16 id: 00112233-4455-6677-8899-aabbccddeeff",
    "24+8 much: 0x8000000000001000",
    "32+4 magic: 0x4b534944",
    '36+4 title: "ab"',
    "40+4 area: 4 bytes of 0",
    "44+4 pair: pair",
    "  44+2 left: 1",
    "  46+2 right: 2",
    "48+4 rest: 4 bytes: 01 02 03 04",
  ]);
  assertEquals([byteCount, damage], [52, null]);
  assertEquals(fields.map(({ value }) => value).slice(0, 5), ["plain", true, 1, 0x110, "0000"]);
  assertEquals(JSON.parse(JSON.stringify(fields)), fields);
});

Deno.test("fieldsOf: arrays in the elements of an array, at the offset of the whole", () => {
  const bytes = fromHex("02 0100 00100000 ff0f0000 0500000000000000 ffffffffffffffff");
  assertEquals(linesOf(fieldsOf(EVERY, bytes, 100).fields), [
    "100+1 kind: 2 (ranged)",
    "101+2 rangeCount: 1",
    "103+24 ranges: 1 element",
    "  103+24 [0]: range",
    "    103+4 byteCount: 4096 bytes",
    "    107+4 byteOffset: 4095 bytes",
    "    111+16 pfns: 2 elements",
    "      111+8 [0]: 0x5",
    "      119+8 [1]: 0xffffffffffffffff",
  ]);
});

Deno.test("fieldsOf: bytes that end too early give what is there, and where they end", () => {
  const { fields, byteCount, damage } = fieldsOf(EVERY, PLAIN.subarray(0, 33), 10);
  assertEquals(fields.at(-1)?.name, "much");
  assertEquals([byteCount, damage], [32, {
    offset: 42,
    reason: "magic takes 4 bytes, 1 are there",
  }]);
  const ranged = fieldsOf(EVERY, fromHex("02 ffff 01000000 00000000 0500000000000000 010000"));
  assertEquals(linesOf(ranged.fields).slice(2), [
    "3+16 ranges: 2 elements",
    "  3+16 [0]: range",
    "    3+4 byteCount: 1 byte",
    "    7+4 byteOffset: 0 bytes",
    "    11+8 pfns: 1 element",
    "      11+8 [0]: 0x5",
    "  19+0 [1]: range",
  ]);
  assertEquals(ranged.damage, { offset: 19, reason: "byteCount takes 4 bytes, 3 are there" });
  const announced = fieldsOf(EVERY, fromHex("02 0300 01000000 00000000 0500000000000000"));
  const reason = "ranges: 3 elements are announced, 1 are there";
  assertEquals(announced.damage, { offset: 19, reason });
});

Deno.test("fieldsOf: a wrong value is named, and what follows it is read all the same", () => {
  const wrong = fieldsOf(EVERY, PLAIN.with(32, 0xff));
  assertEquals(wrong.damage, { offset: 32, reason: "magic: 0x4b5349ff is not 0x4b534944" });
  assertEquals(wrong.fields.length, 12);
  const unknown = fieldsOf(EVERY, PLAIN.with(0, 9));
  assertEquals(linesOf(unknown.fields), ["0+1 kind: 9 is unknown"]);
  assertEquals(unknown.damage, { offset: 0, reason: "kind: 9 is unknown" });
  const text = fieldsOf(EVERY, PLAIN.with(36, 0xff));
  assertEquals(linesOf(text.fields)[8], "36+4 title: 4 bytes: ff 62 00 00");
  assertEquals(
    linesOf(fieldsOf(EVERY, PLAIN.with(6, 1)).fields)[4],
    "6+2 reserved: 2 bytes: 01 00",
  );
  const flag = fieldsOf(EVERY, PLAIN.with(4, 0x14));
  assertEquals(linesOf(flag.fields)[3], "4+2 flags: 0x114 (loopback, pipe, 0x4 unknown)");
});

Deno.test("flags: bits beyond 32, and beyond what is exact, have their names", () => {
  const wide = flags(u64, { low: 1, high: 2 ** 40 });
  assertEquals(wide.textOf(2 ** 40 + 2), "0x10000000002 (high, 0x2 unknown)");
  assertEquals(wide.textOf(2n ** 63n + 1n), "0x8000000000000001 (low, 0x8000000000000000 unknown)");
});

const u16s = fc.nat({ max: 0xffff });
const values = fc.oneof(
  fc.record({
    kind: fc.constant("plain" as const),
    isOdd: fc.boolean(),
    state: u16s,
    flags: u16s,
    id: fc.uuid(),
    much: fc.maxSafeNat(),
    title: fc.string({ maxLength: 4 }).filter((text) => !text.includes("\0")),
    area: fc.uint8Array({ minLength: 4, maxLength: 4 }),
    pair: fc.record({ left: u16s, right: u16s }),
    rest: fc.uint8Array({ maxLength: 9 }).map((all) => all.slice(0, all.length & ~1)),
  }),
  fc.array(fc.record({
    byteCount: fc.integer({ min: 1, max: 0xffff }),
    byteOffset: fc.nat({ max: 4095 }),
  })).map((ranges) => ({
    kind: "ranged" as const,
    rangeCount: ranges.length,
    ranges: ranges.map(({ byteCount, byteOffset }) => ({
      byteCount,
      byteOffset,
      pfns: Array.from({ length: Math.ceil((byteCount + byteOffset) / 4096) }, (_, at) => at * 3),
    })),
  })),
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n })
    .map((long) => ({ kind: "sized" as const, long })),
  fc.tuple(fc.nat({ max: 255 }), fc.nat({ max: 255 }))
    .map((short) => ({ kind: "sized" as const, short })),
);

Deno.test("Layout: gives back what was encoded, and its fields cover all bytes", () => {
  fc.assert(
    fc.property(values, (value) => {
      const bytes = EVERY.encode(value);
      assertEquals(EVERY.decode(bytes), value);
      const { fields, byteCount, damage } = fieldsOf(EVERY, bytes);
      assertEquals([byteCount, damage], [bytes.length, null]);
      assertEquals(fields.reduce((sum, field) => sum + field.byteCount, 0), bytes.length);
    }),
    { seed: 3, numRuns: 200 },
  );
});

// The peer is hostile: whatever it writes, fields and decoder agree on whether it is whole.
Deno.test("Layout: reads any bytes without a throw, and fieldsOf finds damage where decode does", () => {
  const anyBytes = fc.oneof(
    fc.tuple(fc.constantFrom(1, 2, 3), fc.uint8Array({ maxLength: 60 }))
      .map(([kind, rest]) => Uint8Array.of(kind, ...rest)),
    fc.uint8Array({ maxLength: 10 }),
    fc.tuple(values, fc.nat(), fc.nat({ max: 255 })).map(([value, at, byte]) => {
      const bytes = EVERY.encode(value);
      return bytes.with(at % bytes.length, byte);
    }),
    fc.tuple(values, fc.nat({ max: 80 })).map(([value, end]) =>
      EVERY.encode(value).subarray(0, end)
    ),
  );
  const short = bySize("short", [[2, { a: [0, u16] }], [1, { b: [0, u8] }]]);
  fc.assert(
    fc.property(anyBytes, (bytes) => {
      const { fields, byteCount, damage } = fieldsOf(EVERY, bytes);
      const decoded = EVERY.decode(bytes);
      assertEquals(decoded instanceof Damage, damage !== null);
      assertEquals(byteCount <= bytes.length && (damage?.offset ?? 0) <= bytes.length, true);
      assertEquals(fields.reduce((sum, field) => sum + field.byteCount, 0), byteCount);
      assertEquals(fieldsOf(short, bytes).damage === null, bytes.length > 0);
    }),
    { seed: 4, numRuns: 500 },
  );
});
