import { assertEquals } from "@std/assert";
import type { Schedule } from "../../../../mod.ts";
import { PROTOCOLS } from "../../../../simulator/scenarios/protocols/all.ts";
import { hunt } from "../../../../simulator/worlds/hunt.ts";
import { runWorld } from "../../../../simulator/worlds/run_world.ts";
import { times } from "../../../support/long.ts";

/** What each planted mistake breaks, and a schedule and a hunt in which few seeds find it. */
const PLANTED: readonly (readonly [string, string, Schedule, number])[] = [
  ["ring-signalling", "every packet is read", "random", 0],
  ["burst", "a request's memory is its own", "random", 0],
  ["teardown", "a device in use is there", "urw", 8],
  ["uneven", "a session is sealed with its key", { name: "pct", depth: 2 }, 0],
  ["bounded-buffer", "everybody has his turn", "random", 0],
  ["byte-streams", "bytes come once, and in order", "random", 0],
  ["two-phase-commit", "every transaction has an outcome", { name: "pct", depth: 3 }, 2],
];

for (const [name, make] of Object.entries(PROTOCOLS)) {
  Deno.test(`scenario ${name}: nothing is wrong without its mistake, in any order`, async () => {
    const right = make(false);
    for (let seed = 0; seed < times(4, 2000); seed++) {
      const schedule = seed === 0 ? "fifo" : "portfolio";
      const { findings } = await runWorld(right, { seed, schedule, trace: "off" });
      assertEquals(findings, [], `seed ${seed}, ${schedule}`);
    }
  });
}

for (const [name, rule, schedule, number] of PLANTED) {
  Deno.test(`scenario ${name}: its mistake is found, and named`, async () => {
    const options = { schedule, hunt: number, seedsMax: 400 };
    const { findings } = await hunt(PROTOCOLS[name]!(true), options);
    // Who is never woken up keeps a request, which is found as well (kmcl.md P1).
    const rules = findings.map((finding) => finding.rule);
    assertEquals(rules.filter((each) => each !== "P1: each transaction ends"), [rule]);
  });
}
