// kmcl.md V7; docs/save-restore.md: a transaction begun before a save ends as if there had been none.
import { pulseAll } from "../support/pulse.ts";

Deno.test("savePartition: a talk comes out the same when it is saved and restored after each item, in an order by chance", async () => {
  await pulseAll([
    { from: { seed: 21, schedule: "random" } },
    { from: { seed: 22, schedule: "random" }, to: { seed: 5, schedule: "random" } },
    { from: { seed: 23, schedule: "random" }, processors: 3 },
    { from: { seed: 24, schedule: "random" }, talk: { channels: 3, count: 15 } },
  ], { runs: 500, inFlight: 400 });
});
