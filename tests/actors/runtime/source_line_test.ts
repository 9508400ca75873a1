import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  placeOutside,
  placesOutside,
  sourceLine,
  sourceLines,
} from "../../../actors/runtime/source_line.ts";

const INSIDE = ["file:///p/core/", "file:///p/kmcl/"];

Deno.test("sourceLine: is the line that called, outside of the package's own folders", () => {
  assertStringIncludes(sourceLine() ?? "", "source_line_test.ts:12:");
});

Deno.test("sourceLine: leaves what programs make of stacks as it was", () => {
  const before = Object.getOwnPropertyDescriptor(Error, "prepareStackTrace");
  sourceLine();
  assertEquals(Object.getOwnPropertyDescriptor(Error, "prepareStackTrace"), before);
});

function outer(): readonly string[] {
  return sourceLines();
}

Deno.test("sourceLines: all lines of the driver that have led there", () => {
  const [first, second] = outer();
  assertEquals(first?.slice(0, first.lastIndexOf("/")), second?.slice(0, second.lastIndexOf("/")));
  assertStringIncludes(first ?? "", "source_line_test.ts:");
});

Deno.test("placesOutside: ends where the package is again", () => {
  const at = (place: string) => `    at f (${place})`;
  const stack = [
    "Error",
    at("file:///p/kmcl/a.ts:1:2"),
    at("file:///d/vsp.ts:3:4"),
    at("file:///d/vsp.ts:30:4"),
    at("file:///p/kmcl/b.ts:5:6"),
    at("file:///d/main.ts:7:8"),
  ].join("\n");
  assertEquals(placesOutside(stack, INSIDE), ["file:///d/vsp.ts:3:4", "file:///d/vsp.ts:30:4"]);
  assertEquals(placesOutside(at("file:///p/kmcl/a.ts:1:2"), INSIDE), []);
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
