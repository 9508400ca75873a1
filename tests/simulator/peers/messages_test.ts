import { assertEquals, assertThrows } from "@std/assert";
import { decodeControlMessage } from "../../../core/control/codec.ts";
import {
  Chance,
  type ControlMessage,
  controlMessageBytes,
  drawControlMessage,
  gpadlMessages,
  offerMessage,
  openMessage,
  wholePages,
} from "../../../simulator/peers/mod.ts";
import { PAIR_INSTANCE, PAIR_TYPE } from "../../support/connected_pair.ts";

// wire.md 4.1, 4.2
Deno.test("drawControlMessage: draws each message, and whatever it draws can be said", () => {
  const chance = Chance.fromSeed(3);
  const drawn = new Set<string>();
  for (let draws = 0; draws < 500; draws++) {
    const message = drawControlMessage(chance);
    drawn.add(message.message);
    assertEquals(decodeControlMessage(controlMessageBytes(message)), message);
  }
  assertEquals(drawn.size, 29);
  assertEquals(drawControlMessage(Chance.fromSeed(4)), drawControlMessage(Chance.fromSeed(4)));
});

const OFFER = offerMessage(PAIR_TYPE, PAIR_INSTANCE);
const [HEADER] = gpadlMessages(1, 2, [wholePages([3])]);

const WRONG: readonly [unknown, string][] = [
  [null, "encode a control message: there is no message undefined"],
  [{ message: "hello" }, "encode a control message: there is no message hello"],
  [
    { message: "closeChannel" },
    "encode closeChannel: channelId must be a whole number from 0 to 4294967295, not undefined",
  ],
  [
    { ...OFFER, flags: 0x1_0000 },
    "encode offerChannel: flags must be a whole number from 0 to 65535, not 65536",
  ],
  [
    { ...OFFER, monitorId: 256 },
    "encode offerChannel: monitorId must be a whole number from 0 to 255, not 256",
  ],
  [{ ...OFFER, isDedicated: 1 }, "encode offerChannel: isDedicated must be a boolean, not 1"],
  [
    { ...OFFER, interfaceId: PAIR_TYPE.toUpperCase() },
    `encode offerChannel: interfaceId must be a lower-case GUID without braces, not ${PAIR_TYPE.toUpperCase()}`,
  ],
  [
    { ...OFFER, userData: new Uint8Array(8) },
    "encode offerChannel: the bytes of userData must be a whole number from 120 to 120, not 8",
  ],
  [
    { ...HEADER!, words: new Uint8Array(12) },
    "encode gpadlHeader: its bytes must be a multiple of 8, not 12",
  ],
  [
    { ...HEADER!, words: new Uint8Array(224) },
    "encode gpadlHeader: its bytes must be 216 at most, not 224",
  ],
];

for (const [message, reason] of WRONG) {
  Deno.test(`controlMessageBytes: cannot ${reason}`, () => {
    const thrown = assertThrows(() => controlMessageBytes(message as ControlMessage), Error);
    assertEquals(thrown.message, `Cannot ${reason}`);
  });
}

// wire.md 3.3
Deno.test("gpadlMessages: a header and bodies have all words, whatever these say", () => {
  const wrong = { byteCount: 0, byteOffset: 5000, pfns: Array.from({ length: 60 }, (_, at) => at) };
  const messages = gpadlMessages(1, 2, [wrong]);
  assertEquals(messages.map(({ message }) => message), ["gpadlHeader", "gpadlBody", "gpadlBody"]);
  const words = messages.map((message) => "words" in message ? message.words.length : 0);
  assertEquals(words, [27 * 8, 28 * 8, 6 * 8]);
});

Deno.test("gpadlMessages: refuses more words than a GPADL has", () => {
  const pfns = new Array(8191).fill(1);
  const { message } = assertThrows(() => gpadlMessages(1, 2, [wholePages(pfns)]), RangeError);
  assertEquals(
    message,
    "Cannot describe a GPADL: the number of its words must be a whole number from 0 to 8191, not 8192",
  );
});

Deno.test("openMessage: changes take the place of what is usual", () => {
  const { targetVp, openId, channelId } = openMessage(4, 5, 6, { targetVp: 9, openId: 1 });
  assertEquals([targetVp, openId, channelId], [9, 1, 4]);
  assertEquals(offerMessage(PAIR_TYPE, PAIR_INSTANCE, { channelId: 7 }).connectionId, 0x2007);
});
