// simulator.md: the scenario contexts, in which the functions of version 2 are used (kmcl.md X2, X4, X5).

import { assert, assertEquals } from "@std/assert";
import { runWorld } from "../../../../simulator/mod.ts";
import { contexts } from "../../../../simulator/scenarios/later/scenario.ts";
import { times } from "../../../support/long.ts";

Deno.test("contexts: no world of it finds anything, and several requests are kept at once", async () => {
  let kept = 0;
  for (let seed = 0; seed < times(6, 300); seed++) {
    const { findings, reached } = await runWorld(contexts, { seed });
    assertEquals(findings.map(({ rule, message }) => `${seed} ${rule}: ${message}`), []);
    kept += reached["several are kept at once"] ?? 0;
  }
  assert(kept > 0);
});
