import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { bytesOfHex, HexTextError } from "../../../simulator/decoding/hex_text.ts";

const BYTES = [0x05, 0, 0, 0, 0xab, 0xcd];

Deno.test("bytesOfHex: takes digits as people paste them", () => {
  const texts = [
    "05000000abcd",
    "0500 0000 abcd\n",
    "05 00 00 00\r\nAB CD\r\n",
    "0x05, 0x00, 0x00, 0x00, 0xab, 0xCD",
    "{ 0x05, 0, 0x0, 0x00 }",
    "05:00:00:00:ab:cd",
    "05000000 # the number\n// nothing\nabcd",
  ];
  for (const text of texts) {
    if (text.startsWith("{")) assertThrows(() => bytesOfHex(text), HexTextError, "half");
    else assertEquals([...bytesOfHex(text)], BYTES, text);
  }
});

Deno.test("bytesOfHex: takes the dumps of xxd, hexdump -C and Wireshark, and what stands for equal lines", () => {
  const xxd = "00000000: 0500 0000 abcd 6162 6364                 ......abcd\n";
  assertEquals([...bytesOfHex(xxd)], [...BYTES, 0x61, 0x62, 0x63, 0x64]);
  const hexdump = [
    "00001000  05 00 00 00 ab cd 00 00  00 00 00 00 00 00 00 00  |..........ab cd..|",
    "00001010  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|",
    "*",
    "00001040  01                                                |.|",
    "00001041",
  ];
  const expected = new Uint8Array(0x41);
  expected.set(BYTES);
  expected[0x40] = 1;
  assertEquals(bytesOfHex(hexdump.join("\n")), expected);
  const wireshark = "0000   05 00 00 00 ab cd                                 abcdef\n";
  assertEquals([...bytesOfHex(wireshark)], BYTES);
});

Deno.test("bytesOfHex: says where a text is no bytes, and why", () => {
  const cases: readonly (readonly [string, number, number, string])[] = [
    ["05 00\n0g", 2, 1, "half"],
    ["05 00\n00 xx", 2, 4, '"x" is no digit'],
    ["050", 1, 3, "half"],
    ["00000000: 0500\n00000004: 0600", 2, 1, "0x4 is out of order: 0x2 comes next"],
    ["00000000: 0500\n00000000: 0600", 2, 1, "0x0 is out of order"],
    ["00000000: 0500\n*\nffffffff: 06", 3, 1, "more than"],
  ];
  for (const [text, line, column, message] of cases) {
    const error = assertThrows(() => bytesOfHex(text), HexTextError, message);
    assertEquals([error.line, error.column], [line, column], text);
  }
  assertEquals(bytesOfHex("\n\n").length, 0);
});

/** A dump as hexdump -C writes it, equal lines left out. */
function dumpOf(bytes: Uint8Array): string {
  const lines: string[] = [];
  let before = "";
  for (let at = 0; at < bytes.length; at += 16) {
    const digits = Array.from(
      bytes.subarray(at, at + 16),
      (byte) => byte.toString(16).padStart(2, "0"),
    ).join(" ");
    const isEqual = digits === before && at + 16 < bytes.length;
    if (!isEqual) lines.push(`${at.toString(16).padStart(8, "0")}  ${digits}  |...|`);
    else if (lines.at(-1) !== "*") lines.push("*");
    before = digits;
  }
  return [...lines, bytes.length.toString(16).padStart(8, "0")].join("\n");
}

Deno.test("bytesOfHex: a dump gives the bytes that it is of, and no text anything but bytes or an error", () => {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 100, max: 1 });
  fc.assert(fc.property(bytes, (expected) => {
    assertEquals(bytesOfHex(dumpOf(expected)), expected);
  }));
  const text = fc.string({ unit: fc.constantFrom(..."0aF:x*\n |#,\t"), maxLength: 40 });
  fc.assert(fc.property(text, (given) => {
    try {
      bytesOfHex(given);
    } catch (error) {
      if (!(error instanceof HexTextError)) throw error;
    }
  }));
});
