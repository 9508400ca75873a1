import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { encodeControlMessage } from "../../../core/control/codec.ts";
import type { DecodedField } from "../../../core/layout/mod.ts";
import { fieldsOfControlMessage } from "../../../simulator/decoding/control_message.ts";
import { anyControlMessage } from "../../support/control_messages.ts";
import { fromHex, linesOf } from "../../support/decoded_lines.ts";

/** The value that the field shows, made of the one that the message has. */
function shown(value: unknown): DecodedField["value"] {
  if (typeof value === "bigint") return String(value);
  return value instanceof Uint8Array ? value.toHex() : value as DecodedField["value"];
}

// wire.md 3.2, 4.2
Deno.test("fieldsOfControlMessage: shows each field of each message that is encoded", () => {
  fc.assert(
    fc.property(anyControlMessage, (message) => {
      const bytes = encodeControlMessage(message);
      const { fields, byteCount, damage } = fieldsOfControlMessage(bytes);
      assertEquals([byteCount, damage], [bytes.length, null]);
      const values = Object.fromEntries(fields.map(({ name, value }) => [name, value]));
      for (const [name, value] of Object.entries(message)) {
        assertEquals(values[name], shown(value), name);
      }
      assertEquals(fields.reduce((sum, field) => sum + field.byteCount, 0), bytes.length);
    }),
    { seed: 14, numRuns: 200 },
  );
});

Deno.test("fieldsOfControlMessage: names statuses, flags and what has no number", () => {
  const result = fromHex("06000000 00000000 01000000 02000000 9a0000c0 ee");
  assertEquals(linesOf(fieldsOfControlMessage(result, 32).fields), [
    "32+4 message: 6 (openResult)",
    "36+4 padding: 4 bytes of 0",
    "40+4 channelId: 1",
    "44+4 openId: 2",
    "48+4 status: 0xc000009a (STATUS_INSUFFICIENT_RESOURCES)",
    "52+1 tail: 1 byte: ee",
  ]);
});

// wire.md 4.2, 4.3: told apart by size, newest first
Deno.test("fieldsOfControlMessage: shows the form of a message that its size says", () => {
  const contact = `0e000000 00000000 00000600 00000000 0200000008000000 0010000000000000
    0020000000000000 33221100554477668899aabbccddeeff`;
  const shown = linesOf(fieldsOfControlMessage(fromHex(contact)).fields);
  assertEquals([shown[0], shown[2], shown.at(-1)], [
    "0+4 message: 14 (initiateContact)",
    "8+4 version: 0x60000 (6.0)",
    "40+16 clientId: 00112233-4455-6677-8899-aabbccddeeff",
  ]);
  const response = (rest: string) =>
    linesOf(fieldsOfControlMessage(fromHex(`0f000000 00000000 0100 0000 04000000 ${rest}`)).fields);
  assertEquals(response("").at(-1), "12+4 selected: 0x4");
  assertEquals(
    response("03000000").at(-1),
    "16+4 supportedFeatures: 0x3 (guestSpecifiedSignalParameters, channelInterruptRedirection)",
  );
});

Deno.test("fieldsOfControlMessage: goes as far as the bytes do, and says where they are wrong", () => {
  const cut = fieldsOfControlMessage(fromHex("07000000 00000000 0500"), 100);
  assertEquals(linesOf(cut.fields), [
    "100+4 message: 7 (closeChannel)",
    "104+4 padding: 4 bytes of 0",
    "108+2 rest: 2 bytes: 05 00",
  ]);
  assertEquals(cut.damage, { offset: 108, reason: "channelId takes 4 bytes, 2 are there" });
  const unknown = fieldsOfControlMessage(fromHex("ff000000 00000000"));
  assertEquals(unknown.damage, { offset: 0, reason: "message: 255 is unknown" });
  assertEquals(fieldsOfControlMessage(new Uint8Array(0)).damage?.offset, 0);
  const long = new Uint8Array(241);
  long[0] = 3;
  assertEquals(fieldsOfControlMessage(long).damage?.offset, 240);
});

Deno.test("fieldsOfControlMessage: never throws", () => {
  const anyBytes = fc.tuple(fc.nat({ max: 31 }), fc.uint8Array({ maxLength: 250 }))
    .map(([number, rest]) => Uint8Array.of(number, 0, 0, 0, ...rest));
  fc.assert(
    fc.property(anyBytes, (bytes) => {
      const { fields } = fieldsOfControlMessage(bytes);
      assertEquals(fields.reduce((sum, field) => sum + field.byteCount, 0), bytes.length);
    }),
    { seed: 15, numRuns: 300 },
  );
});
