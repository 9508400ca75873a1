import { assert, assertEquals } from "@std/assert";
import { STATUS_DATA_ERROR } from "../../../core/ntstatus.ts";
import { readSaved, SavedStateFault } from "../../../core/saved/fault.ts";
import { readRecord, SavedFields } from "../../../core/saved/fields.ts";
import type { PlainData } from "../../../core/saved/plain_data.ts";

const GUID = "6d9d9a51-5ea2-4f9a-9d0c-3f2c7f3b8f10";

function assertFault(read: () => unknown, what: string): void {
  const outcome = readSaved(read);
  assert(outcome instanceof SavedStateFault, what);
  assertEquals(outcome.status, STATUS_DATA_ERROR);
}

Deno.test("SavedFields: reads what is there", () => {
  const ranges = [{ byteCount: 5000, byteOffset: 10, pfns: [3, 9] }];
  const fields = new SavedFields({
    number: 7,
    flag: true,
    text: "x",
    guid: GUID,
    word: "b",
    bytes: Uint8Array.of(1),
    list: [1, null],
    numbers: [1, 2],
    records: [{ a: 1 }, { a: 2 }],
    record: { a: 3 },
    nothing: null,
    ranges,
  }, "it");
  assertEquals(fields.uint("number", 7, 7), 7);
  assertEquals(fields.flag("flag"), true);
  assertEquals(fields.text("text"), "x");
  assertEquals(fields.guid("guid"), GUID);
  assertEquals(fields.word("word", ["a", "b"]), "b");
  assertEquals(fields.bytes("bytes", 1), Uint8Array.of(1));
  assertEquals(fields.list("list"), [1, null]);
  assertEquals(fields.uints("numbers", 2), [1, 2]);
  assertEquals(fields.records("records", (record) => record.uint("a", 9)), [1, 2]);
  assertEquals(fields.record("record", (record) => record.uint("a", 9)), 3);
  assertEquals(fields.orNull("nothing", () => 1), null);
  assertEquals(fields.orNull("number", () => 1), 1);
  assertEquals(fields.ranges("ranges"), ranges);
  fields.end();
});

Deno.test("SavedFields: refuses what is missing, of another kind, or out of bounds", () => {
  const read: Readonly<Record<string, (fields: SavedFields) => unknown>> = {
    number: (fields) => fields.uint("x", 10, 2),
    flag: (fields) => fields.flag("x"),
    text: (fields) => fields.text("x"),
    guid: (fields) => fields.guid("x"),
    word: (fields) => fields.word("x", ["a", "b"]),
    bytes: (fields) => fields.bytes("x", 2),
    list: (fields) => fields.list("x"),
    numbers: (fields) => fields.uints("x", 10),
    records: (fields) => fields.records("x", () => 1),
    record: (fields) => fields.record("x", () => 1),
    ranges: (fields) => fields.ranges("x"),
  };
  const wrong: Readonly<Record<string, readonly PlainData[]>> = {
    number: [null, 1, 11, 2.5, -3, NaN, 5n, "5", [], {}],
    flag: [null, 0, 1, "true"],
    text: [null, 1, Uint8Array.of(1), []],
    guid: [null, "", GUID.toUpperCase(), `{${GUID}}`, GUID.slice(1)],
    word: [null, "c", "", 0, ["a"]],
    bytes: [null, "x", [1], new Uint8Array(3)],
    list: [null, {}, "x", Uint8Array.of(1)],
    numbers: [null, [11], [-1], [1, "2"], [null], 5],
    records: [null, [1], [[]], [Uint8Array.of(1)], {}, [{ a: 1 }]],
    record: [null, 1, [], Uint8Array.of(1), { a: 1 }],
    ranges: [
      null,
      [{ byteCount: 0, byteOffset: 0, pfns: [] }],
      [{ byteCount: 1, byteOffset: 4096, pfns: [1] }],
      [{ byteCount: 4097, byteOffset: 0, pfns: [1] }],
      [{ byteCount: 1, byteOffset: 0, pfns: [1, 2] }],
      [{ byteCount: 1, byteOffset: 0, pfns: [-1] }],
      [{ byteCount: 0xffff_ffff, byteOffset: 0, pfns: [] }],
      [{ byteCount: 1, byteOffset: 0, pfns: [1], more: 1 }],
    ],
  };
  for (const [kind, values] of Object.entries(wrong)) {
    const one = read[kind]!;
    for (const value of values) {
      assertFault(() => one(new SavedFields({ x: value }, "it")), `${kind} ${String(value)}`);
    }
    assertFault(() => one(new SavedFields({ y: 1 }, "it")), `${kind} missing`);
    assertFault(() => one(new SavedFields({}, "it")), `${kind} missing`);
  }
});

Deno.test("SavedFields: a record with a field too many, or no record at all, is a fault", () => {
  const readA = (data: PlainData) => readRecord(data, "it", (fields) => fields.uint("a", 9));
  assertEquals(readA({ a: 1 }), 1);
  assertFault(() => readA({ a: 1, b: 2 }), "one too many");
  for (const data of [null, 1, [], "a", Uint8Array.of(1)]) assertFault(() => readA(data), "none");
  // What every object inherits is no field.
  assertFault(() => new SavedFields({}, "it").data("toString"), "inherited");
});
