import { assertEquals } from "@std/assert";
import { INTERFACE_TYPES } from "../../../core/control/interface_types.ts";

// wire.md 7
Deno.test("INTERFACE_TYPES: those of wire.md", async () => {
  const wire = await Deno.readTextFile("docs/wire.md");
  const section = wire.slice(wire.indexOf("## 7. "), wire.indexOf("## 8. "));
  const rows = [...section.matchAll(/^\| ([^|]+) \| ([0-9a-f-]{36}) \|/gm)];
  assertEquals(Object.entries(INTERFACE_TYPES), rows.map(([, name, id]) => [name, id]));
});
