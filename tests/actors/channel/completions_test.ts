import { assertEquals } from "@std/assert";
import { closePair, openPair } from "../../support/connected_pair.ts";
import { runSteps } from "../../support/run_steps.ts";

// kmcl.md P1: it ends in the ring, at once; the routine that sent it has returned by then.
Deno.test("Completions: a routine that is due while others run comes in a work item of its own", async () => {
  const { vsc, client, ...pair } = await openPair();
  const log: string[] = [];
  const send = (name: string, then: () => void) => {
    const packet = vsc.VmbPacketAllocate(client);
    vsc.VmbPacketSetCompletionRoutine(packet, (done) => {
      log.push(name);
      vsc.VmbPacketFree(done);
      then();
    });
    assertEquals(vsc.VmbPacketSend(packet, null, 0, null, 0), 0);
  };
  send("first", () => send("third", () => {}));
  send("second", () => {});
  const seen: string[] = [];
  for (let steps = 0; steps < 20; steps++) {
    await runSteps(pair.fabric, 1);
    if (log.length > 0) seen.push(log.splice(0).join());
  }
  assertEquals(seen, ["first,second", "third"]);
  await closePair({ ...pair, vsc, client });
});
