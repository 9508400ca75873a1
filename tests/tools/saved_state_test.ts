import { assert, assertStringIncludes, assertThrows } from "@std/assert";
import { withTables } from "../../tools/saved_state.ts";

const DOCUMENT = await Deno.readTextFile("docs/saved-state.md");

Deno.test("withTables: docs/saved-state.md is what the schemas say", () => {
  assert(withTables(DOCUMENT) === DOCUMENT, "docs/saved-state.md is not current: deno task schema");
});

Deno.test("withTables: writes a table anew, and leaves the text around it", () => {
  const old = DOCUMENT.replace("| quota | a u32 from 1 |", "| quota | any |");
  assert(old !== DOCUMENT);
  assert(withTables(old) === DOCUMENT);
  assertStringIncludes(DOCUMENT, "| incoming.isHeadPassive | true or false |");
});

Deno.test("withTables: each table has one place", () => {
  const mark = "<!-- table: packet -->";
  assertThrows(() => withTables(DOCUMENT.replace(mark, "")), Error, "packet");
  assertThrows(() => withTables(DOCUMENT.replace(mark, "<!-- table: pocket -->")), Error, "pocket");
  const twice = `${DOCUMENT}\n${mark}\n<!-- end -->\n`;
  assertThrows(() => withTables(twice), Error, "stands twice");
});
