import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { planted } from "../../../../tools/canaries/canary.ts";
import { DRIVER_CANARIES } from "../../../../tools/canaries/driver_canaries.ts";
import { SCENARIOS } from "../../../../tools/canaries/scenarios.ts";
import { SOURCE_CANARIES } from "../../../../tools/canaries/source_canaries.ts";

// A canary that cannot be planted any more finds nothing, and nobody would notice.
for (const canary of SOURCE_CANARIES) {
  Deno.test(`canary ${canary.name}: it can be planted, and its scenario is there`, async () => {
    const source = await Deno.readTextFile(canary.file);
    const changed = planted(canary, source);
    assertEquals(changed.split("\n").length, source.split("\n").length);
    assert(Object.hasOwn(SCENARIOS, canary.scenario), canary.scenario);
  });
}

Deno.test("SOURCE_CANARIES: each has a name of its own, and says what it breaks with the rule", () => {
  const names = [...SOURCE_CANARIES, ...DRIVER_CANARIES].map(({ name }) => name);
  assertEquals(new Set(names).size, names.length);
  for (const { breaks } of SOURCE_CANARIES) {
    assertMatch(breaks, /\((?:kmcl|storage|wire)\.md [^)]+\)$/);
  }
});

Deno.test("planted: what does not stand there once, or would change nothing, is refused", () => {
  const canary = { ...SOURCE_CANARIES[0]!, text: "one", replacement: "two" };
  assertEquals(planted(canary, "a one b"), "a two b");
  for (const source of ["a", "one one"]) {
    assertThrows(() => planted(canary, source), Error, `stands ${source === "a" ? 0 : 2} times`);
  }
  assertThrows(
    () => planted({ ...canary, replacement: "one" }, "a one b"),
    Error,
    "stands 1 times",
  );
});
