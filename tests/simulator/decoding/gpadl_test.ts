import { assertEquals } from "@std/assert";
import { encodeControlMessage } from "../../../core/control/codec.ts";
import { fieldsOfGpadl } from "../../../simulator/decoding/gpadl.ts";
import { gpadlMessages } from "../../../simulator/peers/mod.ts";

const RANGES = [
  { byteCount: 4096 * 40, byteOffset: 0, pfns: Array.from({ length: 40 }, (_, at) => at + 100) },
  { byteCount: 10, byteOffset: 20, pfns: [3] },
];
const MESSAGES = gpadlMessages(1, 2, RANGES).map(encodeControlMessage);

// wire.md 3.3: ranges straddle the messages
Deno.test("fieldsOfGpadl: the ranges that the words of all messages are together", () => {
  const { messages, ranges, fault } = fieldsOfGpadl(MESSAGES);
  assertEquals([messages.length, fault, ranges.damage], [2, null, null]);
  const [list] = ranges.fields;
  assertEquals([list?.text, list?.byteCount], ["2 ranges", 43 * 8]);
  const [first, second] = list!.fields!;
  assertEquals(first?.fields?.[2]?.fields?.at(-1)?.text, "0x8b");
  assertEquals(second?.fields?.map(({ text }) => text), ["10 bytes", "20 bytes", "1 page"]);
});

Deno.test("fieldsOfGpadl: shows what is there, and says what is missing", () => {
  const cut = fieldsOfGpadl(MESSAGES.slice(0, 1));
  assertEquals(cut.fault, "344 bytes of ranges are announced, 216 are there");
  assertEquals(cut.ranges.damage, {
    offset: 216,
    reason: "pfns: 40 elements are announced, 26 are there",
  });
  assertEquals(fieldsOfGpadl([]).fault, "the first message describes no GPADL");
  assertEquals(fieldsOfGpadl([MESSAGES[1]!]).fault, "the first message describes no GPADL");
  const other = MESSAGES[1]!.with(12, 9);
  assertEquals(fieldsOfGpadl([MESSAGES[0]!, other]).fault, "message 1 continues no GPADL 2");
});
