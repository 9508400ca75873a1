import { assert, assertEquals } from "@std/assert";
import { runWorld } from "../../../../simulator/worlds/run_world.ts";
import { DRIVER_CANARIES } from "../../../../tools/canaries/driver_canaries.ts";
import { times } from "../../../support/long.ts";

Deno.test("DRIVER_CANARIES: there are ten at least, each with a name of its own", () => {
  assert(DRIVER_CANARIES.length >= 10);
  assertEquals(new Set(DRIVER_CANARIES.map(({ name }) => name)).size, DRIVER_CANARIES.length);
});

/** Seeds in which a scenario without its mistake was once wrong all the same. */
const ONCE_WRONG: Readonly<Record<string, readonly number[]>> = {
  // The other guest had asked for all it wanted before what waited for it came.
  "freed-too-early": [3],
};

for (const { name, make } of DRIVER_CANARIES) {
  Deno.test(`canary ${name}: without its mistake nothing is found`, async () => {
    const right = make(false);
    const seeds = Array.from({ length: times(1, 2000) }, (_, seed) => seed);
    for (const seed of [...seeds, ...ONCE_WRONG[name] ?? []]) {
      const { findings } = await runWorld(right, { seed, trace: "off" });
      assertEquals(findings, [], `seed ${seed}`);
    }
  });
}
