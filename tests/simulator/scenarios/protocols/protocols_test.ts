import { assertEquals } from "@std/assert";
import type { Schedule } from "../../../../mod.ts";
import { PROTOCOLS } from "../../../../simulator/scenarios/protocols/all.ts";
import { hunt } from "../../../../simulator/worlds/hunt.ts";
import { runWorld } from "../../../../simulator/worlds/run_world.ts";
import { times } from "../../../support/long.ts";

/** What each planted mistake breaks, and a schedule that finds it in few seeds. */
const PLANTED: readonly (readonly [string, string, Schedule])[] = [
  ["uneven", "a session is sealed with its key", { name: "pct", depth: 2 }],
  ["bounded-buffer", "everybody has his turn", "random"],
  ["two-phase-commit", "every transaction has an outcome", "pos"],
];

for (const [name, make] of Object.entries(PROTOCOLS)) {
  Deno.test(`scenario ${name}: nothing is wrong without its mistake, in any order`, async () => {
    const right = make(false);
    for (const schedule of ["fifo", "portfolio"] as const) {
      for (let seed = 0; seed < times(5, 2000); seed++) {
        const { findings } = await runWorld(right, { seed, schedule, trace: "off" });
        assertEquals(findings, [], `seed ${seed}, ${schedule}`);
      }
    }
  });
}

for (const [name, rule, schedule] of PLANTED) {
  Deno.test(`scenario ${name}: its mistake is found, and named`, async () => {
    const { findings } = await hunt(PROTOCOLS[name]!(true), { schedule, hunt: 0, seedsMax: 400 });
    assertEquals(findings.map((finding) => finding.rule), [rule]);
  });
}
