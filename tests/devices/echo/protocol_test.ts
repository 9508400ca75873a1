import { assertEquals, assertThrows } from "@std/assert";
import { readMessage, writeHeader } from "../../../devices/echo/mod.ts";
import { message } from "../../support/echo_stage.ts";

Deno.test("writeHeader: lays out kind, length and sequence as documented", () => {
  const bytes = new Uint8Array(18).fill(0xee);
  writeHeader(bytes, "datagram", 0x1_0203_0405_0607, 0x0a0b);
  // deno-fmt-ignore
  assertEquals(bytes, Uint8Array.of(
    3, 0, 0, 0, 0x0b, 0x0a, 0, 0, 0x07, 0x06, 0x05, 0x04, 0x03, 0x02, 0x01, 0, 0xee, 0xee,
  ));
  assertThrows(() => writeHeader(new Uint8Array(15), "hello", 0, 0), RangeError);
});

// wire.md 2.1
Deno.test("readMessage: takes the exact payload out of a length that was rounded up", () => {
  for (let rounding = 0; rounding < 8; rounding++) {
    const bytes = new Uint8Array(64).fill(7);
    bytes.set(message("beside", 42, 5));
    const read = readMessage(bytes, 16 + 5 + rounding);
    assertEquals(read, { kind: "beside", sequence: 42, payload: new Uint8Array(5) });
  }
});

Deno.test("readMessage: names why bytes are no message", () => {
  const valid = message("transaction", 1, 8);
  const changed = (offset: number, byte: number) => {
    const bytes = valid.slice();
    bytes[offset] = byte;
    return bytes;
  };
  assertEquals(readMessage(valid, 15), "tooShort");
  assertEquals(readMessage(new Uint8Array(0), 0), "tooShort");
  assertEquals(readMessage(changed(0, 0), 24), "unknownKind");
  assertEquals(readMessage(changed(0, 5), 24), "unknownKind");
  assertEquals(readMessage(changed(3, 1), 24), "unknownKind");
  assertEquals(readMessage(changed(4, 9), 24), "wrongLength");
  assertEquals(readMessage(changed(4, 0), 24), "wrongLength");
  assertEquals(readMessage(changed(7, 0xff), 24), "wrongLength");
  assertEquals(readMessage(changed(15, 0x20), 24), "wrongSequence");
  assertEquals(readMessage(changed(14, 0x1f), 24), {
    kind: "transaction",
    sequence: 0x1f_0000_0000_0001,
    payload: new Uint8Array(8),
  });
});
