import { assertEquals } from "@std/assert";
import { ALL_VERSIONS, isIn, versionBelow } from "../../../core/control/dialect.ts";
import { VERSIONS } from "../../../core/control/versions.ts";

// wire.md 4.3
Deno.test("versionBelow: is the next lower version of a range", () => {
  const range = { lowest: "4.0", highest: "5.1" } as const;
  assertEquals(VERSIONS.filter((version) => isIn(range, version)), ["4.0", "4.1", "5.0", "5.1"]);
  assertEquals(versionBelow(range, "5.1"), "5.0");
  assertEquals(versionBelow(range, "4.0"), null);
  assertEquals(versionBelow(range, "6.0"), "5.1");
  assertEquals(versionBelow(ALL_VERSIONS, "1.1"), "0.13");
});
