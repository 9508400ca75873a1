// kmcl.md V7; docs/save-restore.md: a transaction begun before a save ends as if there had been none.
import { pulseAll } from "../support/pulse.ts";

Deno.test("savePartition: a talk comes out the same when it is saved and restored after each item, with one of its servers Paused", async () => {
  await pulseAll([{ isPaused: true }, { isPaused: true, from: { seed: 41, schedule: "random" } }, {
    isPaused: true,
    to: { seed: 42, schedule: "random" },
    processors: 2,
  }, { isPaused: true, from: { seed: 43, schedule: "random" }, to: { seed: 44 } }], {
    runs: 500,
    inFlight: 400,
  });
});
