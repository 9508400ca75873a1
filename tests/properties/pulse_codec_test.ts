// kmcl.md V7; docs/save-restore.md: a transaction begun before a save ends as if there had been none.
import { pulseAll } from "../support/pulse.ts";

Deno.test("savePartition: a talk comes out the same when it is saved and restored after each item, in Hyper-V's own encoding", async () => {
  await pulseAll([
    { from: { codec: "vmbus" }, to: { codec: "vmbus", seed: 31, schedule: "random" } },
    { from: { codec: "vmbus", seed: 32, schedule: "random" }, to: { codec: "vmbus" } },
    {
      from: { codec: "vmbus", verifier: "off" },
      to: { codec: "vmbus", verifier: "off", trace: "off" },
    },
    { from: { codec: "vmbus" }, to: { codec: "vmbus" }, processors: 2 },
  ], { runs: 500, inFlight: 400 });
});
