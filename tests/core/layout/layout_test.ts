import { assertEquals, assertThrows } from "@std/assert";
import {
  array,
  bigEndian,
  bit,
  bytes,
  bytesToEnd,
  constant,
  Damage,
  fieldsOf,
  flags,
  guid,
  hex,
  type LayoutValue,
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

const GUID = "00112233-4455-6677-8899-aabbccddeeff";

const ALL = struct("everything", 80, {
  magic: [0, constant(u16, 0x5a5a)],
  small: [2, u8],
  isOdd: [3, bit(u8, 0)],
  isBig: [3, bit(u8, 7)],
  wide: [4, u32, "bytes"],
  exact: [8, u64],
  much: [16, size64],
  reserved: [24, reserved(4)],
  kind: [28, oneOf(u16, { read: 3, write: 9 })],
  status: [30, named(u16, { good: 0 })],
  bits: [32, flags(u16, { first: 1, third: 4 })],
  some: [34, within(u16, 1, 4095)],
  id: [36, guid],
  area: [52, bytes(8)],
  pair: [60, struct("pair", 4, { left: [0, u16], right: [2, u16] })],
  title: [64, text(8)],
  three: [72, array(u8, 3)],
  pad: [75, reserved(5)],
});
type All = LayoutValue<typeof ALL>;

const VALUE: All = {
  small: 0xfe,
  isOdd: true,
  isBig: true,
  wide: 0x01020304,
  exact: 2n ** 63n + 5n,
  much: 2 ** 40 + 1,
  kind: "write",
  status: 7,
  bits: 0x8005,
  some: 4095,
  id: GUID,
  area: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
  pair: { left: 1, right: 0x203 },
  title: "grün",
  three: [9, 8, 7],
};

const HEX = `5a5a fe 81 04030201 0500000000000080 0100000000010000 00000000 0900 0700 0580 ff0f
  33221100554477668899aabbccddeeff 0102030405060708 01000302 6772c3bc6e000000 090807 0000000000`;

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.fromHex(hex.replaceAll(/\s/g, ""));
}

Deno.test("struct: every type has the bytes that are written out by hand", () => {
  assertEquals(ALL.encode(VALUE).toHex(), bytesOf(HEX).toHex());
  assertEquals(ALL.decode(bytesOf(HEX)), VALUE);
});

Deno.test("struct: what is read is a copy, and does not begin its buffer", () => {
  const room = new Uint8Array(200);
  room.set(bytesOf(HEX), 33);
  const decoded = ALL.decode(room.subarray(33, 113));
  room.fill(0xff);
  assertEquals(decoded, VALUE);
});

Deno.test("struct: what is reserved, and what follows the end, is ignored", () => {
  const longer = new Uint8Array(100).fill(0xee);
  longer.set(bytesOf(HEX));
  longer.fill(0xdd, 24, 28);
  longer[3] = 0xff;
  assertEquals(ALL.decode(longer), VALUE);
});

Deno.test("struct: bytes that end before it are damage at every length", () => {
  const whole = bytesOf(HEX);
  for (let length = 0; length < whole.length; length++) {
    const damage = ALL.decode(whole.subarray(0, length));
    assertEquals(damage instanceof Damage && damage.kind, "tooShort");
  }
});

Deno.test("struct: a value that a field cannot have is damage where it lies", () => {
  const faults: readonly [number, number, Damage["kind"], string][] = [
    [0, 0x5b, "wrongValue", "magic: 23131 is not 23130"],
    [28, 4, "unknownTag", "kind: 4 is unknown"],
    [35, 0x1f, "wrongValue", "some: 8191 is not from 1 to 4095"],
    [66, 0xff, "wrongValue", "title: these bytes are no UTF-8"],
  ];
  for (const [at, byte, kind, reason] of faults) {
    const damage = ALL.decode(bytesOf(HEX).with(at, byte));
    assertEquals(damage instanceof Damage && [damage.kind, damage.reason], [kind, reason]);
  }
});

Deno.test("u64: a number where that is exact, else a bigint; size64 is never more than exact", () => {
  const layout = struct("numbers", 16, { exact: [0, u64], much: [8, size64] });
  const read = (value: bigint) => {
    const view = new DataView(new ArrayBuffer(16));
    view.setBigUint64(0, value, true);
    view.setBigUint64(8, value, true);
    return layout.decode(new Uint8Array(view.buffer));
  };
  const max = Number.MAX_SAFE_INTEGER;
  assertEquals(read(2n ** 53n - 1n), { exact: max, much: max });
  assertEquals(read(2n ** 53n), { exact: 2n ** 53n, much: max });
  assertEquals(read(2n ** 64n - 1n), { exact: 2n ** 64n - 1n, much: max });
  assertThrows(() => layout.encode({ exact: 2n ** 64n, much: 0 }), RangeError, "exact");
  assertThrows(() => layout.encode({ exact: 2 ** 53, much: 0 }), RangeError, "exact");
  assertThrows(() => layout.encode({ exact: -1n, much: 0 }), RangeError, "exact");
});

Deno.test("bigEndian: a number's highest byte comes first, however it is shown", () => {
  const layout = struct("numbers", 30, {
    small: [0, hex(bigEndian(u16))],
    wide: [2, bigEndian(named(u32, { last: 0x01020304 }))],
    exact: [6, bigEndian(u64)],
    huge: [14, bigEndian(hex(u64))],
    much: [22, bigEndian(size64)],
  });
  const value = { small: 0xabcd, wide: 0x01020304, exact: 2 ** 40 + 5, huge: 2n ** 63n, much: 6 };
  const bytes = bytesOf("abcd 01020304 0000010000000005 8000000000000000 0000000000000006");
  assertEquals(layout.encode(value).toHex(), bytes.toHex());
  assertEquals(layout.decode(bytes), value);
  assertEquals(layout.fields.wide.read(new DataView(bytes.buffer)), 0x01020304);
  assertEquals(fieldsOf(layout, bytes).fields.map(({ text }) => text), [
    "0xabcd",
    "16909060 (last)",
    "1099511627781",
    "0x8000000000000000",
    "6",
  ]);
});

Deno.test("encode: refuses what a field cannot hold, by its name", () => {
  const wrong: Readonly<Record<string, unknown>> = {
    small: 256,
    isOdd: 1,
    wide: 0.5,
    kind: "none",
    some: 0,
    id: GUID.toUpperCase(),
    area: new Uint8Array(7),
    title: "nine byte",
    three: [1, 2],
  };
  for (const [name, value] of Object.entries(wrong)) {
    const change = { ...VALUE, [name]: value } as All;
    assertThrows(() => ALL.encode(change), RangeError, `a everything: ${name} must be`.slice(2));
    const { [name]: _, ...rest } = VALUE as unknown as Record<string, unknown>;
    assertThrows(() => ALL.encode(rest as unknown as All), TypeError, `it has no ${name}`);
  }
  assertThrows(() => ALL.encode(null as unknown as All), TypeError, "must be an object");
  const title = "a\0b";
  assertThrows(() => ALL.encode({ ...VALUE, title }), RangeError, "title");
});

Deno.test("Field: reads and writes one field alone, and leaves the bits beside it", () => {
  const whole = bytesOf(HEX);
  const view = new DataView(whole.buffer);
  assertEquals(ALL.fields.wide.read(view), 0x01020304);
  ALL.fields.wide.write(view, 5);
  ALL.fields.isBig.write(view, false);
  assertEquals(ALL.decode(whole), { ...VALUE, wide: 5, isBig: false });
  assertEquals(ALL.fields.small.read(new DataView(new Uint8Array(30).fill(3).buffer), 20), 3);
});

Deno.test("struct: what its offsets do not say is refused when it is defined", () => {
  const refusals: readonly [() => unknown, string][] = [
    [() => struct("a", 4, { b: [1, u8], c: [2, u16] }), "b must lie at 0, not at 1"],
    [() => struct("a", 4, { b: [0, u32], c: [2, u16] }), "c must lie at 4, not at 2"],
    [() => struct("a", 8, { b: [0, u8], c: [4, u32] }), "c must lie at 1, not at 4"],
    [() => struct("a", 4, { b: [0, u16] }), "its fields end at 2, not at 4"],
    [() => struct("a", 1, { b: [0, bit(u8, 1)], c: [0, bit(u8, 1)] }), "c must lie at 1"],
    [() => struct("a", 1, { b: [0, bytesToEnd()], c: [0, u8] }), "nothing can follow b"],
    [() => struct("a", 1, { b: [0, u8], c: [1, array(u8, { field: "d" })] }), "d, which counts c"],
    [() => array(struct("a", 0, {}), "toTheEnd"), "must have bytes"],
  ];
  for (const [define, reason] of refusals) assertThrows(define, RangeError, reason);
});
