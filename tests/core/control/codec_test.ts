import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { BrokenInvariant } from "../../../core/assert.ts";
import {
  decodeControlMessage,
  encodeControlMessage,
  isControlFault,
} from "../../../core/control/codec.ts";
import {
  CONTROL_MESSAGE_BYTES_MAX,
  type ControlMessage,
  type OfferChannel,
} from "../../../core/control/messages.ts";
import { anyControlMessage } from "../../support/control_messages.ts";

/** Bytes written by hand: spaces divide fields. */
function bytesOf(hex: string): Uint8Array {
  return Uint8Array.fromHex(hex.replaceAll(/\s/g, ""));
}

/** User data 00 01 02 … 77, and the same as hexadecimal text. */
const USER_DATA = Uint8Array.from({ length: 120 }, (_, index) => index);
const USER_DATA_HEX = USER_DATA.toHex();

// wire.md 4.4
const OFFER: OfferChannel = {
  message: "offerChannel",
  interfaceId: "f8615163-df3e-46c5-913f-f2d2f965ed0e",
  instanceId: "00112233-4455-6677-8899-aabbccddeeff",
  flags: 0x2011,
  mmioMegabytes: 0x0102,
  userData: USER_DATA,
  subchannelIndex: 0x0304,
  mmioMegabytesOptional: 0x0506,
  channelId: 0x0708090a,
  monitorId: 0xab,
  monitorAllocated: true,
  isDedicated: true,
  connectionId: 0x2001,
};
const OFFER_HEX = `01000000 00000000
      635161f8 3edf c546 913ff2d2f965ed0e
      33221100 5544 7766 8899aabbccddeeff
      00000000000000000000000000000000
      1120 0201 ${USER_DATA_HEX}
      0403 0605 0a090807 ab 01 0100 01200000`;

/** Each message, its length, and its bytes written out by hand from the tables of wire.md. */
const WRITTEN_OUT: readonly { message: ControlMessage; total: number; hex: string }[] = [
  { message: OFFER, total: 196, hex: OFFER_HEX },
  { // wire.md 4.2
    message: { message: "rescindChannelOffer", channelId: 0x01020304 },
    total: 12,
    hex: "02000000 00000000 04030201",
  },
  { // wire.md 4.2
    message: { message: "requestOffers" },
    total: 8,
    hex: "03000000 00000000",
  },
  { // wire.md 4.2
    message: { message: "allOffersDelivered" },
    total: 8,
    hex: "04000000 00000000",
  },
  { // wire.md 4.2
    message: {
      message: "openChannel",
      channelId: 1,
      openId: 0x11223344,
      ringGpadlId: 0xe1e10,
      targetVp: 0xffff_ffff,
      downstreamPageOffset: 17,
      userData: USER_DATA,
    },
    total: 148,
    hex: `05000000 00000000 01000000 44332211 101e0e00 ffffffff 11000000 ${USER_DATA_HEX}`,
  },
  { // wire.md 4.2
    message: { message: "openResult", channelId: 1, openId: 2, status: 0xc000_009a },
    total: 20,
    hex: "06000000 00000000 01000000 02000000 9a0000c0",
  },
  { // wire.md 4.2
    message: { message: "closeChannel", channelId: 2047 },
    total: 12,
    hex: "07000000 00000000 ff070000",
  },
  { // wire.md 3.2, with the read-only flag in the padding of the common header
    message: {
      message: "gpadlHeader",
      channelId: 1,
      gpadlId: 2,
      byteLength: 0x0118,
      rangeCount: 3,
      readOnly: true,
      words: bytesOf("0010000000000000 3412000000000000"),
    },
    total: 36,
    hex: `08000000 01000000 01000000 02000000 1801 0300 0010000000000000 3412000000000000`,
  },
  { // wire.md 3.2
    message: {
      message: "gpadlBody",
      messageNumber: 0x04030201,
      gpadlId: 5,
      words: bytesOf("0807060504030201"),
    },
    total: 24,
    hex: "09000000 00000000 01020304 05000000 0807060504030201",
  },
  { // wire.md 3.2
    message: { message: "gpadlCreated", channelId: 1, gpadlId: 2, status: 0x8000_ffff },
    total: 20,
    hex: "0a000000 00000000 01000000 02000000 ffff0080",
  },
  { // wire.md 3.2
    message: { message: "gpadlTeardown", channelId: 1, gpadlId: 2 },
    total: 16,
    hex: "0b000000 00000000 01000000 02000000",
  },
  { // wire.md 3.2
    message: { message: "gpadlTorndown", gpadlId: 2 },
    total: 12,
    hex: "0c000000 00000000 02000000",
  },
  { // wire.md 4.2
    message: { message: "relIdReleased", channelId: 3 },
    total: 12,
    hex: "0d000000 00000000 03000000",
  },
];

for (const { message, total, hex } of WRITTEN_OUT) {
  Deno.test(`encodeControlMessage: ${message.message} has the bytes of the table`, () => {
    assertEquals(encodeControlMessage(message).toHex(), bytesOf(hex).toHex());
    assertEquals(bytesOf(hex).length, total);
  });

  Deno.test(`decodeControlMessage: ${message.message} is read from the bytes of the table`, () => {
    assertEquals(decodeControlMessage(bytesOf(hex)), message);
  });

  // wire.md 4.1. Words may be missing: byteLength says how many there should be.
  Deno.test(`decodeControlMessage: ${message.message} is refused at every shorter length`, () => {
    const bytes = bytesOf(hex);
    const fixedBytes = total - ("words" in message ? message.words.length : 0);
    for (let length = 0; length < fixedBytes; length++) {
      assertEquals(decodeControlMessage(bytes.subarray(0, length)), "messageTooSmall");
    }
    for (let length = fixedBytes; length <= total; length++) {
      assertEquals(isControlFault(decodeControlMessage(bytes.subarray(0, length))), false);
    }
  });
}

// wire.md 4.2
Deno.test("encodeControlMessage: the numbers of messages about channels are 1 to 13", () => {
  const numbers = WRITTEN_OUT.map(({ message }) => encodeControlMessage(message)[0]);
  assertEquals(numbers, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
});

// wire.md 3.3: at most 27 words go into a header, 28 into a body.
Deno.test("encodeControlMessage: GPADL messages take as many words as fit into 240 bytes", () => {
  const header = (words: number): ControlMessage => ({
    message: "gpadlHeader",
    channelId: 1,
    gpadlId: 1,
    byteLength: 8 * words,
    rangeCount: 1,
    readOnly: false,
    words: new Uint8Array(8 * words),
  });
  const body = (words: number): ControlMessage => ({
    message: "gpadlBody",
    messageNumber: 0,
    gpadlId: 1,
    words: new Uint8Array(8 * words),
  });
  assertEquals(encodeControlMessage(header(27)).length, 236);
  assertEquals(encodeControlMessage(body(28)).length, CONTROL_MESSAGE_BYTES_MAX);
  assertThrows(() => encodeControlMessage(header(28)), BrokenInvariant, "240 bytes");
  assertThrows(() => encodeControlMessage(body(29)), BrokenInvariant, "240 bytes");
});

Deno.test("encodeControlMessage: refuses a field that its C type cannot hold", () => {
  const wrong: readonly [Record<string, unknown>, string][] = [
    [{ monitorId: 0x100 }, "monitorId must be a u8"],
    [{ flags: -1 }, "flags must be a u16"],
    [{ mmioMegabytes: 0x1_0000 }, "mmioMegabytes must be a u16"],
    [{ channelId: 2 ** 32 }, "channelId must be a u32"],
    [{ connectionId: 0.5 }, "connectionId must be a u32"],
    [
      { interfaceId: "F8615163-DF3E-46C5-913F-F2D2F965ED0E" },
      "interfaceId must be a lower-case GUID",
    ],
    [{ instanceId: "no guid" }, "instanceId must be a lower-case GUID"],
    [{ userData: new Uint8Array(119) }, "userData must be 120 bytes"],
  ];
  const encode = (fields: Record<string, unknown>) => () =>
    encodeControlMessage({ ...OFFER, ...fields } as ControlMessage);
  for (const [fields, reason] of wrong) assertThrows(encode(fields), RangeError, reason);
  assertThrows(encode({ connectionId: undefined }), TypeError, "it has no connectionId");
  assertThrows(
    () =>
      encodeControlMessage({
        message: "gpadlBody",
        messageNumber: 0,
        gpadlId: 1,
        words: new Uint8Array(12),
      }),
    RangeError,
    "words must be whole words of 8 bytes",
  );
});

// wire.md 4.1
Deno.test("decodeControlMessage: ignores the tail of a longer message", () => {
  const bytes = new Uint8Array(CONTROL_MESSAGE_BYTES_MAX).fill(0xee);
  bytes.set(bytesOf("06000000 00000000 01000000 02000000 03000000"));
  assertEquals(decodeControlMessage(bytes), {
    message: "openResult",
    channelId: 1,
    openId: 2,
    status: 3,
  });
});

// wire.md 4.1
Deno.test("decodeControlMessage: refuses more than 240 bytes", () => {
  const bytes = new Uint8Array(CONTROL_MESSAGE_BYTES_MAX + 1);
  bytes[0] = 3;
  assertEquals(decodeControlMessage(bytes), "messageTooLarge");
  assertEquals(decodeControlMessage(bytes.subarray(0, 240)), { message: "requestOffers" });
});

// wire.md 4.2
Deno.test("decodeControlMessage: refuses a number that stands for no message", () => {
  for (const number of [0, 30, 0x100, 0x8000_0001, 0xffff_ffff]) {
    const bytes = new Uint8Array(CONTROL_MESSAGE_BYTES_MAX);
    new DataView(bytes.buffer).setUint32(0, number, true);
    assertEquals(decodeControlMessage(bytes), "unknownMessageType", `number ${number}`);
  }
});

// wire.md 3.2: bit 0 alone is the read-only flag.
Deno.test("decodeControlMessage: ignores the other bits beside the read-only flag", () => {
  const decoded = decodeControlMessage(bytesOf("08000000 feffffff 01000000 02000000 0000 0000"));
  assertEquals(decoded, {
    message: "gpadlHeader",
    channelId: 1,
    gpadlId: 2,
    byteLength: 0,
    rangeCount: 0,
    readOnly: false,
    words: new Uint8Array(0),
  });
});

// wire.md 4.4: bit 0 of monitorAllocated and of isDedicated counts.
Deno.test("decodeControlMessage: ignores the reserved bits and bytes of an offer", () => {
  const bytes = bytesOf(OFFER_HEX);
  bytes.fill(0xff, 40, 56);
  bytes[189] = 0xfe;
  bytes[190] = 0xfe;
  bytes[191] = 0xff;
  assertEquals(decodeControlMessage(bytes), {
    ...OFFER,
    monitorAllocated: false,
    isDedicated: false,
  });
});

// wire.md 3.3: UEFI always sends 240 bytes, so a header may end in the middle of a word.
Deno.test("decodeControlMessage: rounds the words of a GPADL message down to whole ones", () => {
  const bytes = new Uint8Array(CONTROL_MESSAGE_BYTES_MAX);
  bytes[0] = 8;
  const decoded = decodeControlMessage(bytes);
  assertEquals(
    !isControlFault(decoded) && decoded.message === "gpadlHeader" && decoded.words.length,
    27 * 8,
  );
});

Deno.test("decodeControlMessage: keeps no view of the received bytes", () => {
  for (const { message, hex } of WRITTEN_OUT) {
    const bytes = bytesOf(hex);
    const decoded = decodeControlMessage(bytes);
    bytes.fill(0xff);
    assertEquals(decoded, message);
  }
});

Deno.test("decodeControlMessage: reads a message that does not begin its buffer", () => {
  const room = new Uint8Array(100);
  room.set(bytesOf("07000000 00000000 05000000"), 33);
  assertEquals(decodeControlMessage(room.subarray(33, 45)), {
    message: "closeChannel",
    channelId: 5,
  });
});

Deno.test("decodeControlMessage: gives back every message that was encoded", () => {
  fc.assert(
    fc.property(anyControlMessage, (message) => {
      assertEquals(decodeControlMessage(encodeControlMessage(message)), message);
    }),
    { seed: 41, numRuns: 2000 },
  );
});
