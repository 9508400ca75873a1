import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import {
  array,
  bit,
  byField,
  flags,
  hex,
  named,
  oneOf,
  struct,
  u16,
  u32,
  u64,
  u8,
  within,
} from "../../../core/layout/mod.ts";
import { GPA_RANGE } from "../../../core/memory/layouts.ts";
import { dissectorText, HAND_WRITTEN } from "../../../tools/dissector/dissector.ts";
import { FilterFields, filterWord } from "../../../tools/dissector/fields.ts";
import { LayoutTables } from "../../../tools/dissector/layouts.ts";

Deno.test("filterWord: words of filters are in small letters", () => {
  assertEquals(filterWord("parentToChildMonitorGpa"), "parent_to_child_monitor_gpa");
  assertEquals(filterWord("length8"), "length8");
});

Deno.test("FilterFields: fields that are alike are one, and others say whose they are", () => {
  const fields = new FilterFields();
  const filter = (owner: string, type: Parameters<FilterFields["filterOf"]>[3]) =>
    fields.filterOf("", owner, "gpadlId", type, "");
  assertEquals(filter("one", u32), "vmbus.gpadl_id");
  assertEquals(filter("two", u32), "vmbus.gpadl_id");
  assertEquals(filter("theThird", u16), "vmbus.the_third.gpadl_id");
  assertThrows(() => filter("theThird", u8), Error, "vmbus.the_third.gpadl_id is two fields");
  assertEquals(fields.all.map(({ filter }) => filter), [
    "vmbus.gpadl_id",
    "vmbus.the_third.gpadl_id",
  ]);
});

Deno.test("LayoutTables: each kind of field, with what is checked of it", () => {
  const fields = new FilterFields();
  const layout = byField("message", "kind", { kind: [0, oneOf(u8, { one: 1 })] }, {
    one: [8, {
      isUrgent: [1, bit(u8, 2)],
      size: [2, within(u16, 4, 8), "bytes"],
      mode: [4, flags(u32, { fast: 1 })],
      parts: [8, array(u64, { formula: "ceil((size + 1) / 4)", of: () => 0 }), "pages"],
    }],
  });
  const text = new LayoutTables(fields, "test").tableOf(layout);
  for (
    const line of [
      `{ name = "kind", at = 0, bytes = 1, kind = "number", is_choice = true, names = names["vmbus.test.kind"], field = F["vmbus.test.kind"] },`,
      `{ name = "isUrgent", at = 1, bytes = 1, kind = "bit", field = F["vmbus.test.is_urgent"] },`,
      `{ name = "size", at = 2, bytes = 2, kind = "number", min = 4, max = 8, field = F["vmbus.test.size"] },`,
      `flags = { { name = "fast", mask = 1, field = F["vmbus.test.mode.fast"] } }`,
      `count = function(values) return math.ceil((values.size + 1) / 4) end`,
      `unit = "pages"`,
      `[1] = {`,
    ]
  ) {
    assert(text.includes(line), `${line} in ${text}`);
  }
  const made = Object.fromEntries(fields.all.map((field) => [field.filter, field.made]));
  assertEquals(
    made["vmbus.test.size"],
    `ProtoField.uint16("vmbus.test.size", "size", base.UNIT_STRING, { " byte", " bytes" })`,
  );
  assertEquals(
    made["vmbus.test.is_urgent"],
    `ProtoField.bool("vmbus.test.is_urgent", "isUrgent", 8, nil, 4)`,
  );
  assertEquals(made["vmbus.test.mode"], `ProtoField.uint32("vmbus.test.mode", "mode", base.HEX)`);
});

Deno.test("LayoutTables: a name of one value alone follows the number, as others have none", () => {
  const tables = (type: Parameters<FilterFields["filterOf"]>[3]) => {
    const fields = new FilterFields();
    const text = new LayoutTables(fields, "").tableOf(struct("one", 4, { vp: [0, type] }));
    return [text.includes("is_name_behind"), fields.all[0]!.made.includes("names[")];
  };
  assertEquals(tables(named(u32, { none: 7 })), [true, false]);
  assertEquals(tables(named(hex(u32), { none: 7, some: 8 })), [false, true]);
});

Deno.test("LayoutTables: what Lua cannot say is no formula", () => {
  for (const formula of ["os['exit']", "count ** 2", "count > 1 ? 2 : 3"]) {
    const layout = struct("one", 0, { parts: [0, array(u8, { formula, of: () => 0 })] });
    const tables = new LayoutTables(new FilterFields(), "");
    assertThrows(() => tables.tableOf(layout), Error, `Cannot say in Lua: ${formula}`);
  }
});

// A formula is text for people and for Lua; the function beside it is what decodes.
Deno.test("GPA_RANGE: its formula says what its function does", () => {
  const pfns = (GPA_RANGE as unknown as { fields: Record<string, { type: unknown }> }).fields.pfns!;
  const { count } = pfns.type as { count: { formula: string; of: (values: object) => number } };
  const formula = new Function("ceil", "byteCount", "byteOffset", `return ${count.formula}`);
  for (
    const [byteCount, byteOffset] of [[1, 0], [4096, 0], [4096, 1], [5000, 4095], [0xffff_ffff, 0]]
  ) {
    assertEquals(formula(Math.ceil, byteCount, byteOffset), count.of({ byteCount, byteOffset }));
  }
});

Deno.test("vmbus.lua: it is what the layouts and the part by hand make, and says so", async () => {
  const parts = await Promise.all(HAND_WRITTEN.map((path) => Deno.readTextFile(path)));
  const text = await Deno.readTextFile("tools/vmbus.lua");
  assertEquals(text, dissectorText(parts));
  assertMatch(
    text,
    /^-- Hyper-V VMBus for Wireshark and tshark\.\n--\n-- Made by "deno task dissector"/,
  );
});
