import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { PLANTED_RULE } from "../../../support/planted_scenario.ts";
import { simulateHere } from "../../../support/simulate.ts";
import { withTree } from "../../../support/temp_tree.ts";

const PLANTED = fileURLToPath(new URL("../../../support/planted_scenario.ts", import.meta.url));

Deno.test("explore: keeps what is found where replay finds it again", async () => {
  await withTree({}, async (root) => {
    const folder = ["--artefacts", root, "--scouts", "0"];
    const { code, stdout } = await simulateHere("explore", PLANTED, ...folder);
    assertEquals(code, 1);
    assertStringIncludes(stdout, `FAIL correctness: ${PLANTED_RULE}, at planted\n`);
    assertStringIncludes(stdout, "explored planted, msgpack: something was found\n");
    const [, file = ""] = / replay (\S+)/.exec(stdout) ?? [];
    const again = await simulateHere("replay", file);
    assertStringIncludes(again.stdout, "as before");
    assertStringIncludes(again.stdout, "trace: the same\n");
  });
});

// D434: what is bounded is neither a proof nor a failure.
Deno.test("explore: tells a proof from what was not gone through, by its exit code too", async () => {
  const ring = ["explore", "--scenario", "ring-signalling", "--scouts", "1"];
  const few = await simulateHere(...ring, "--executions", "2");
  assertEquals(few.code, 3);
  assertStringIncludes(
    few.stdout,
    "not complete: nothing was found so far\nruns: 2, after 1 by chance\n",
  );
  assertStringIncludes(few.stdout, "left out: orders that more runs would have tried\n");
  const json = await simulateHere(...ring, "--time", "1ms", "--json");
  assertEquals(json.code, 3);
  const { ok, complete, bounds, failures } = JSON.parse(json.stdout);
  assertEquals([ok, complete, bounds.givenUp, failures], [false, false, true, []]);
});

Deno.test("explore: lists what can be explored, and says what it cannot do", async () => {
  const list = await simulateHere("explore", "--list", "--json");
  assertEquals(list.code, 0);
  const { scenarios } = JSON.parse(list.stdout);
  const small = scenarios.find(({ name }: { name: string }) => name === "small-echo");
  assert(small.matched);
  const cases: readonly (readonly [readonly string[], string])[] = [
    [[], "name a scenario: see"],
    [["echo", "--scenario", "echo"], "the scenario is given twice"],
    [[""], "must be a name or the path of a file"],
    [["--scenario", ""], "must be a name or the path of a file"],
    [["nothing"], "Cannot find the scenario"],
    [["--scenario", "nothing"], "Cannot find the scenario"],
    [
      ["--scenario", "echo", "--no-matching", "--verify-matching"],
      "does not go with --no-matching",
    ],
  ];
  for (const [args, reason] of cases) {
    const { code, stderr } = await simulateHere("explore", ...args);
    assertEquals(code, 2);
    assertStringIncludes(stderr, reason);
  }
});
