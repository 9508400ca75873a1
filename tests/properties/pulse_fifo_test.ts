// kmcl.md V7; docs/save-restore.md: a transaction begun before a save ends as if there had been none.
import { pulseAll } from "../support/pulse.ts";

Deno.test("savePartition: a talk comes out the same when it is saved and restored after each item, in scheduling order, into another schedule", async () => {
  await pulseAll([
    { to: { seed: 11, schedule: "random" } },
    { talk: { channels: 3, count: 14 }, to: { seed: 12, schedule: "random" } },
    { processors: 2, to: { seed: 13, schedule: "random" } },
    { talk: { channels: 1, count: 40 } },
  ], { runs: 500, inFlight: 400 });
});
