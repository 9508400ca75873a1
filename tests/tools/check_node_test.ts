/**
 * The check for other runtimes sees what one of them lacks.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { foreignIn } from "../../tools/check_node.ts";

Deno.test("foreignIn: finds modules of Node and the name of Deno, and nothing else", () => {
  assertEquals(foreignIn(`import { inspect } from "node:util";`), `"node:util"`);
  assertEquals(foreignIn("const text = Deno.inspect(value);"), "Deno.");
  assertEquals(foreignIn("const text = Deno['inspect'](value);"), "Deno[");
  assertEquals(foreignIn("const inside = node.kind; // what Deno prints"), null);
});
