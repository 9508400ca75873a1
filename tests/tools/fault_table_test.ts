import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { FAULTS } from "../../simulator/faults/table.ts";
import { faultTable, withFaultTable } from "../../tools/fault_table.ts";

const DOCUMENT = await Deno.readTextFile("docs/simulator.md");

Deno.test("withFaultTable: docs/simulator.md has the faults as they are", () => {
  assert(
    withFaultTable(DOCUMENT) === DOCUMENT,
    "docs/simulator.md is not current: deno task faults",
  );
});

Deno.test("withFaultTable: writes the table anew, and leaves the text around it", () => {
  const old = DOCUMENT.replace("| `guestPaused` |", "| `guestStopped` |");
  assert(old !== DOCUMENT);
  assertEquals(withFaultTable(old), DOCUMENT);
  assertThrows(() => withFaultTable("no table"), Error, "must have <!-- faults -->");
});

Deno.test("faultTable: a line a fault, with its parameters", () => {
  const lines = faultTable(FAULTS).split("\n");
  assertEquals(lines.length, Object.keys(FAULTS).length + 2);
  const paused = lines.find((line) => line.includes("`guestPaused`"));
  assertStringIncludes(paused ?? "", "`ms` for how long, in virtual ms (5)");
});
