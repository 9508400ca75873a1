// Schemas of saved state (docs/saved-state.md, "Forms").

import { assert, assertEquals } from "@std/assert";
import { STATUS_DATA_ERROR } from "../../../core/ntstatus.ts";
import { readSaved, SavedStateFault } from "../../../core/saved/fault.ts";
import {
  anyText,
  bytes,
  flag,
  gpaRange,
  guid,
  text,
  U32_MAX,
  uint,
  word,
} from "../../../core/saved/forms.ts";
import type { PlainData } from "../../../core/saved/plain_data.ts";
import { encodePlainData } from "../../../core/saved/plain_data.ts";
import { decodePlainData } from "../../../core/saved/plain_data_reader.ts";
import {
  list,
  mapped,
  optional,
  record,
  rulesOf,
  type Schema,
  type SchemaType,
} from "../../../core/saved/schema.ts";
import { tableOf } from "../../../tools/saved_state.ts";

const GUID = "6d9d9a51-5ea2-4f9a-9d0c-3f2c7f3b8f10";

/** Why `data` is refused. */
function refusal(schema: Schema<unknown>, data: PlainData): string {
  const outcome = readSaved(() => schema.read(data, () => "it"));
  assert(outcome instanceof SavedStateFault, `it takes what is not ${schema.form}`);
  assertEquals(outcome.status, STATUS_DATA_ERROR);
  return outcome.message;
}

function comesBack<T>(schema: Schema<T>, value: T): void {
  const data = decodePlainData(encodePlainData(schema.save(value)));
  assertEquals(schema.read(data, () => "it"), value);
}

const SEAT = record({
  row: [uint(40, 1), "counted from the stage"],
  name: [optional(text), "whose it is; nil while it is free"],
}, {
  "the first row is nobody's": ({ row, name }) => row > 1 || name === null,
});

Deno.test("record: a new field is one line, and is written, read, refused and documented", () => {
  const NEW = record({ ...SEAT.fields, isFolded: [flag, "whether nobody sits on it"] });
  const seat: SchemaType<typeof NEW> = { row: 3, name: "Ann", isFolded: true };
  assertEquals(NEW.save(seat), { row: 3, name: "Ann", isFolded: true });
  comesBack(NEW, seat);
  assertEquals(refusal(NEW, SEAT.save({ row: 3, name: "Ann" })), "it has no isFolded");
  assertEquals(
    refusal(NEW, { row: 3, name: null, isFolded: 1 }),
    "it, isFolded is not true or false",
  );
  assertEquals(refusal(SEAT, NEW.save(seat)), "it has a field isFolded, which is unknown");
  assert(tableOf(NEW).endsWith("| isFolded | true or false | whether nobody sits on it |"));
});

Deno.test("record: a writer that leaves out a field, or gives it another form, is no program", () => {
  // @ts-expect-error name is missing
  const save = () => SEAT.save({ row: 3 });
  // @ts-expect-error row is a number
  const saveToo = () => SEAT.save({ row: "3", name: null });
  assertEquals([typeof save, typeof saveToo], ["function", "function"]);
});

Deno.test("record: takes exactly its fields, and nothing that is no record", () => {
  for (const data of [null, 1, [], "x", Uint8Array.of(1), true]) {
    assertEquals(refusal(SEAT, data), "it is not a record");
  }
  assertEquals(
    refusal(record({ toString: [flag, "inherited"] as const }), {}),
    "it has no toString",
  );
  assertEquals(refusal(SEAT, { row: 1, name: null, toString: 1 }).includes("toString"), true);
});

Deno.test("record: its rules hold of all fields together, each by what is wrong", () => {
  assertEquals(refusal(SEAT, { row: 1, name: "Ann" }), "it: the first row is nobody's");
  const house = record({ seats: [list(SEAT), "by row"] }, {
    ...rulesOf(
      { "there is a seat too many": (count: number) => count < 3 },
      (house: { readonly seats: readonly unknown[] }) => house.seats.length,
    ),
  });
  const seats = [1, 2, 3].map((row) => ({ row, name: null }));
  assertEquals(refusal(house, { seats }), "it: there is a seat too many");
  assertEquals(
    refusal(house, { seats: [seats[1]!, { row: 41, name: null }] }),
    "it, seats 1, row is not a whole number from 1 to 40",
  );
  assertEquals(
    tableOf(house).split("\n\n").at(-1),
    "- there is a seat too many\n- `seats`: the first row is nobody's",
  );
});

Deno.test("mapped: what is read is made into something else, or refused", () => {
  const even = mapped(
    uint(10),
    (half: number) => half * 2,
    (whole) => whole % 2 === 0 ? whole / 2 : undefined,
    "it is odd",
  );
  assertEquals(even.save(3), 6);
  comesBack(even, 5);
  assertEquals(refusal(even, 3), "it: it is odd");
  assertEquals(refusal(even, 12), "it is not a whole number from 0 to 10");
});

Deno.test("Schema: each form takes what it says, and nothing else", () => {
  const ranges = [{ byteCount: 5000, byteOffset: 10, pfns: [3, 9] }];
  comesBack(uint(), Number.MAX_SAFE_INTEGER);
  comesBack(flag, false);
  comesBack(text, "x");
  comesBack(guid, GUID);
  comesBack(word(["a", "b"]), "b");
  comesBack(bytes(1), Uint8Array.of(1));
  comesBack(optional(list(uint(2))), [1, 2]);
  comesBack(optional(list(uint(2))), null);
  comesBack(list(gpaRange), ranges);
  for (const name of ["", "plain", "\ud800", "a\udc00b", "😀"]) comesBack(anyText, name);
  const page = { byteCount: 1, byteOffset: 0, pfns: [1] };
  const wrong: readonly (readonly [Schema<unknown>, string, readonly PlainData[]])[] = [
    [uint(10, 2), "a whole number from 2 to 10", [null, 1, 11, 2.5, -3, NaN, 5n, "5", [], {}]],
    [uint(U32_MAX, 1), "a u32 from 1", [0, 2 ** 32]],
    [uint(), "a whole number", [2 ** 53, -1]],
    [uint(0), "0", [1, null]],
    [flag, "true or false", [null, 0, 1, "true"]],
    [text, "a text", [null, 1, Uint8Array.of(1), []]],
    [guid, "a GUID", [null, "", GUID.toUpperCase(), `{${GUID}}`, GUID.slice(1)]],
    [word(["a", "b"]), "one of a, b", [null, "c", "", 0, ["a"]]],
    [bytes(2), "at most 2 bytes", [null, "x", [1], new Uint8Array(3)]],
    [list(flag), "a list, each true or false", [null, {}, "x", Uint8Array.of(1)]],
    [optional(flag), "true or false", [0, "nil"]],
    [anyText, "any text, in its one form", [null, 1, Uint8Array.of(1), Uint8Array.of(0x61, 0)]],
    [gpaRange, "", [
      null,
      { ...page, byteCount: 0, pfns: [] },
      { ...page, byteOffset: 4096 },
      { ...page, byteCount: 4097 },
      { ...page, pfns: [1, 2] },
      { ...page, pfns: [-1] },
      { ...page, byteCount: U32_MAX, pfns: [] },
      { ...page, more: 1 },
    ]],
  ];
  for (const [schema, form, values] of wrong) {
    for (const value of values) {
      const said = refusal(schema, value);
      if (form !== "") assertEquals(said, `it is not ${form}`);
    }
  }
  assertEquals(refusal(list(flag), [true, 1]), "it 1 is not true or false");
});
