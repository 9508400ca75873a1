import { assertEquals, assertStringIncludes } from "@std/assert";
import { placeOutside, sourceLine } from "../../../actors/runtime/source_line.ts";

const INSIDE = ["file:///p/core/", "file:///p/kmcl/"];

Deno.test("sourceLine: is the line that called, outside of the package's own folders", () => {
  assertStringIncludes(sourceLine() ?? "", "source_line_test.ts:7:");
});

Deno.test("placeOutside: reads the stacks of all engines, and skips what is inside", () => {
  const v8 = "Error\n    at f (file:///p/kmcl/a.ts:1:2)\n    at async g (file:///d/vsp.ts:3:4)";
  const others = "f@file:///p/kmcl/a.ts:1:2\ng@https://d.example/vsp.ts:3:4\n";
  assertEquals(placeOutside(v8, INSIDE), "file:///d/vsp.ts:3:4");
  assertEquals(placeOutside(others, INSIDE), "https://d.example/vsp.ts:3:4");
});

Deno.test("placeOutside: is null where all is inside, in a bundle, and without a stack", () => {
  assertEquals(placeOutside("Error\n    at f (file:///p/kmcl/a.ts:1:2)", INSIDE), null);
  assertEquals(placeOutside("Error\n    at f (file:///d/all.js:1:2)", INSIDE), null);
  assertEquals(placeOutside("", INSIDE), null);
});
