import { assertEquals } from "@std/assert";
import { scanValue } from "../../../core/packet/msgpack_scan.ts";
import { bytesOf } from "../../support/packet_frames.ts";

/** Bytes of the value at the front, with a few more of another value behind it. */
function scan(hex: string, depth = 4): number | null {
  return scanValue(bytesOf(`93 ${hex} 0102`), 1, 1 + bytesOf(hex).length, depth);
}

Deno.test("scanValue: finds the end of each form that packets are made of", () => {
  const forms = [
    "00",
    "7f",
    "c0",
    "cc ff",
    "cd ffff",
    "ce ffffffff",
    "cb 41f0000000000000",
    "cf fffffffffffffffd",
    "c4 00",
    "c4 03 010203",
    "c5 0002 0102",
    "c6 00000001 ff",
    "90",
    "93 01c0 c40155",
    "dc 0002 01 02",
    "dd 00000001 90",
  ];
  for (const form of forms) {
    assertEquals(scan(form), 1 + bytesOf(form).length, form);
    // What follows belongs to somebody else.
    assertEquals(scanValue(bytesOf(`${form} 00`), 0, bytesOf(form).length + 1, 4), scan(form)! - 1);
  }
});

Deno.test("scanValue: lets no other form through", () => {
  const refused: [string, string][] = [
    ["fixmap", "80"],
    ["fixstr", "a0"],
    ["unused", "c1"],
    ["false", "c2"],
    ["true", "c3"],
    ["ext 8", "c7 01 01 00"],
    ["ext 16", "c8 0001 01 00"],
    ["ext 32", "c9 00000001 01 00"],
    ["float 32", "ca 3f800000"],
    ["int 8", "d0 01"],
    ["int 16", "d1 0001"],
    ["int 32", "d2 00000001"],
    ["int 64", "d3 0000000000000001"],
    ["fixext 1", "d4 01 00"],
    ["record definition", "d4 72 40 90"],
    ["fixext 2", "d5 01 0000"],
    ["fixext 4", "d6 01 00000000"],
    ["fixext 8", "d7 01 0000000000000000"],
    ["fixext 16", "d8 01 00000000000000000000000000000000"],
    ["str 8", "d9 00"],
    ["str 16", "da 0000"],
    ["str 32", "db 00000000"],
    ["map 16", "de 0000"],
    ["map 32", "df 00000000"],
    ["negative fixint", "ff"],
  ];
  for (const [name, form] of refused) {
    assertEquals(scan(form), null, name);
    assertEquals(scan(`91 ${form}`), null, `${name} in an array`);
  }
});

Deno.test("scanValue: refuses what does not end in time", () => {
  for (
    const form of [
      "cc",
      "cd ff",
      "ce ffffff",
      "cb 41f00000000000",
      "cf 00000000000000",
      "c4",
      "c4 02 01",
      "dc 00",
    ]
  ) {
    assertEquals(scan(form), null, form);
  }
  for (const form of ["c6 ffffffff 00", "92 01", "dc 0003 0102", "dd ffffffff 0102", ""]) {
    assertEquals(scan(form), null, form);
  }
});

Deno.test("scanValue: follows arrays to the given depth and no further", () => {
  assertEquals(scan("91 91 91 91 01", 4), 6);
  assertEquals(scan("91 91 91 91 01", 3), null);
  assertEquals(scan("91 91 91 90", 4), 5);
  assertEquals(scan("91 91 91 90", 3), null);
  // A ring full of them must not fill the stack.
  const deep = new Uint8Array(500_000).fill(0x91);
  assertEquals(scanValue(deep, 0, deep.length, 4), null);
});
