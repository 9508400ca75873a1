import { assertEquals } from "@std/assert";
import { crashOf } from "../../../simulator/fuzzing/finding.ts";

// What the engine throws begins with a line that is in no file, and would make all of its errors one failure.
Deno.test("crashOf: its place is the innermost line in a file, also where the engine throws", () => {
  const view = new DataView(new ArrayBuffer(2));
  let failure = null;
  try {
    view.getUint32(0);
  } catch (error) {
    failure = crashOf(error);
  }
  assertEquals(failure?.place.replace(/:\d+:\d+\)?$/, ""), "fuzzing/finding_test.ts");
  assertEquals(failure?.message, "RangeError: Offset is outside the bounds of the DataView");
});
