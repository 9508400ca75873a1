import { assertEquals } from "@std/assert";
import { defineScenario, runWorld } from "../../../simulator/mod.ts";
import { enablePair, makePair, type Pair } from "../../support/connected_pair.ts";
import { WAIT } from "../../support/sending.ts";

// kmcl.md P1: a request that its driver keeps has no other end than that of its channel.

/** What a world finds in which a server keeps a request, and `answer` is called before all is closed. */
async function findingsWhere(answer: (pair: Pair) => void, flags = WAIT): Promise<string[]> {
  const pairs: Pair[] = [];
  const scenario = defineScenario({
    name: "keeping",
    title: "a server keeps a request",
    partitions: { guest: { memoryPages: 64 } },
    workload: async (world) => {
      const pair = makePair({
        within: { fabric: world.fabric, guest: world.guest("guest") },
        onServerPacket: "hold",
        serverCallbacks: { EvtChannelSuspend: () => void pair.atServer.complete() },
      });
      pairs.push(pair);
      enablePair(pair);
      const { vsc, client, calls } = pair;
      await world.until(() => calls.includes("client PostStarted"));
      const packet = vsc.VmbPacketAllocate(client)!;
      vsc.VmbPacketSetCompletionRoutine(packet, (done) => vsc.VmbPacketFree(done));
      vsc.VmbPacketSend(packet, new Uint8Array(8), 8, null, flags);
    },
    end: async () => {
      const pair = pairs.at(-1)!;
      answer(pair);
      const { vsc, client, vsp, server } = pair;
      await vsc.VmbChannelDisable(client);
      await vsp.VmbChannelDisable(server);
      vsc.VmbChannelCleanup(client);
      vsp.VmbChannelCleanup(server);
    },
  });
  const { findings } = await runWorld(scenario, { schedule: "fifo" });
  return findings.map(({ kind, rule, place, by }) => `${kind} ${by}: ${rule}, ${place}`);
}

Deno.test("hangs: finds a request that a driver keeps until its channel closes", async () => {
  assertEquals(await findingsWhere(() => {}), [
    "liveness hangs: P1: each transaction ends, driver of server in root",
  ]);
});

Deno.test("hangs: a request that is answered at the end, or that nobody waits for, is none", async () => {
  assertEquals(await findingsWhere(({ atServer }) => void atServer.complete()), []);
  assertEquals(await findingsWhere(() => {}, 0), []);
});
