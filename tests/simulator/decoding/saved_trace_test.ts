import { assertEquals } from "@std/assert";
import { readSavedTrace } from "../../../simulator/decoding/saved_trace.ts";
import { EntryTexts } from "../../../simulator/words/entry_text.ts";
import { linesOfEntry } from "../../../simulator/decoded_steps/text.ts";

const ENTRIES = [
  { at100ns: 0, event: "call", subject: "root", values: ["A"], details: { call: 'A "{[' } },
  {
    at100ns: 10_000,
    event: "messageToHost",
    subject: "guest",
    values: ["0300000000000000"],
    details: { bytes: "0300000000000000" },
  },
];

Deno.test("readSavedTrace: takes a list, an object that has one, and lines", () => {
  const texts = [
    JSON.stringify(ENTRIES),
    JSON.stringify(ENTRIES, null, 2),
    JSON.stringify({ traceDigest: "", trace: ENTRIES }),
    ENTRIES.map((entry) => JSON.stringify(entry)).join("\n"),
    JSON.stringify(ENTRIES[0]),
  ];
  for (const [at, text] of texts.entries()) {
    const expected = at === 4 ? ENTRIES.slice(0, 1) : ENTRIES;
    assertEquals(readSavedTrace(text), { entries: expected, damage: null }, text);
  }
});

Deno.test("readSavedTrace: of a trace that is cut or damaged it gives what comes before, and why", () => {
  const text = JSON.stringify(ENTRIES);
  for (let length = 1; length < text.length - 1; length++) {
    const { entries, damage } = readSavedTrace(text.slice(0, length));
    const whole = length > JSON.stringify(ENTRIES[0]).length ? 1 : 0;
    assertEquals([entries.length, damage?.entry], [whole, whole]);
  }
  const odd: readonly (readonly [unknown, string])[] = [
    [3, "an entry is an object, not 3"],
    [{ ...ENTRIES[0], at100ns: "now" }, "at100ns must be a whole number, not now"],
    [
      { ...ENTRIES[0], values: [JSON.parse(`${"[".repeat(100)}${"]".repeat(100)}`)] },
      "it has more than 64 levels",
    ],
    [{ ...ENTRIES[0], details: [] }, "details must be an object, not an object"],
    [{ ...ENTRIES[0], source: 1 }, "source must be a text, not 1"],
  ];
  for (const [entry, reason] of odd) {
    const { entries, damage } = readSavedTrace(JSON.stringify([ENTRIES[0], entry]));
    assertEquals([entries.length, damage], [1, { entry: 1, reason }]);
  }
});

Deno.test("linesOfEntry: a control message has its fields below it", () => {
  assertEquals(linesOfEntry(ENTRIES[1]!, new EntryTexts(), {}), [
    "    1.0000  guest: requestOffers → the host",
    "            0x0000 4  message             3 (requestOffers)",
    "            0x0004 4  padding             4 bytes of 0",
  ]);
});
