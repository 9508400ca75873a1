import { assertEquals } from "@std/assert";
import { folded, grouped, tableText } from "../../simulator/layout.ts";

Deno.test("grouped: thousands are told apart by spaces, digits behind the point are not", () => {
  const cases: [value: number | bigint, text: string][] = [
    [0, "0"],
    [999, "999"],
    [1000, "1 000"],
    [-1_234_567, "-1 234 567"],
    [1234.56789, "1 234.56789"],
    [2n ** 64n, "18 446 744 073 709 551 616"],
  ];
  for (const [value, text] of cases) assertEquals(grouped(value), text);
});

Deno.test("folded: folds between words, never in a grouped number", () => {
  assertEquals(folded("one two three", 80), "one two three");
  assertEquals(folded("one two three", 7), "one two\n  three");
  assertEquals(folded("one two three", 7, ""), "one two\nthree");
  assertEquals(folded("all 1 234 567 bytes", 9), "all\n  1 234 567\n  bytes");
  assertEquals(folded("incomprehensibilities", 5), "incomprehensibilities");
  // Colours take no room.
  assertEquals(folded("\x1b[31mone\x1b[0m two", 7), "\x1b[31mone\x1b[0m two");
});

const TABLE = {
  head: ["", "there", "and back"],
  rows: [["packets", "1 234 567", "3"], ["bytes", "0", "999"]],
};

Deno.test("tableText: a table loses its frame, and then its form, where there is no room", () => {
  assertEquals(
    tableText(TABLE, { columns: 36 }),
    `
┌─────────┬───────────┬──────────┐
│         │     there │ and back │
├─────────┼───────────┼──────────┤
│ packets │ 1 234 567 │        3 │
│ bytes   │         0 │      999 │
└─────────┴───────────┴──────────┘`.slice(1),
  );
  assertEquals(
    tableText(TABLE, { columns: 30 }),
    `
             there  and back
packets  1 234 567         3
bytes            0       999`.slice(1),
  );
  assertEquals(
    tableText(TABLE, { columns: 24 }),
    `
packets:
  there 1 234 567,
  and back 3
bytes: there 0,
  and back 999`.slice(1),
  );
});

Deno.test("tableText: a column without a name goes with the one before, an empty cell with none", () => {
  const rows = [["64 B", "ring", "77 ns", "", "2"]];
  const head = ["work", "ours", "", "beside", "ratio"];
  assertEquals(
    tableText({ head, rows }, { columns: 10 }).replaceAll(/\n */g, " "),
    "64 B: ours ring 77 ns, ratio 2",
  );
  assertEquals(tableText({ head: [], rows: [["leaks", "0"]] }, { columns: 10 }), "leaks  0");
});

Deno.test("tableText: columns that are empty go before the frame does", () => {
  const table = { head: ["", "a", "empty", "b"], rows: [["x", "1", "", "2"], ["y", "3", "", "4"]] };
  assertEquals(tableText(table, { columns: 30 }).includes("empty"), true);
  assertEquals(
    tableText(table, { columns: 15 }),
    `
┌───┬───┬───┐
│   │ a │ b │
├───┼───┼───┤
│ x │ 1 │ 2 │
│ y │ 3 │ 4 │
└───┴───┴───┘`.slice(1),
  );
});
