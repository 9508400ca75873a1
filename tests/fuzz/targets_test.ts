// Each target of the package, briefly; `deno task fuzz` runs them for longer (docs/simulator.md, Fuzzing).

import { assert, assertEquals } from "@std/assert";
import { fuzz } from "../../simulator/fuzzing/mod.ts";
import { targets } from "../../tools/fuzz/targets.ts";
import { times } from "../support/long.ts";

const SEED = 14;
/** Targets whose inputs are small and quick are run so often; those that make a fabric for each, less. */
const CASES = times(512, 100_000);
const SCRIPTS = times(16, 1000);

for (const target of targets) {
  Deno.test(`fuzz ${target.name}: no input of ${target.title} does harm`, async () => {
    const isQuick = target.batchCases === undefined;
    const cases = isQuick ? CASES : SCRIPTS;
    const { failed, outcomes } = await fuzz({ ...target, batchCases: Math.min(cases, 4096) }, {
      seed: SEED,
      cases,
    });
    assertEquals(failed && { ...failed, input: failed.input.toHex() }, null);
    // It would prove little if all of them came to the same.
    assert(outcomes.size > 1, [...outcomes.keys()].join());
  });
}

/** What was found once, by the target. */
const FOUND: Readonly<Record<string, readonly string[]>> = {
  // A guest that reads nothing: echoes queue, and the server holds what they are echoes of (kmcl.md S10).
  "echo-server": ["0000800105000001000001"],
};

for (const [name, inputs] of Object.entries(FOUND)) {
  Deno.test(`fuzz ${name}: what did harm once does none any more`, async () => {
    const target = targets.find((each) => each.name === name)!;
    for (const input of inputs) await target.run(Uint8Array.fromHex(input), () => {});
  });
}
