// What an endpoint keeps of its last open is nothing to the next (kmcl.md S3, S11, section 5).

import { assert, assertEquals } from "@std/assert";
import type { PartitionObject } from "../../../actors/partition/partition_object.ts";
import * as vmbus from "../../../mod.ts";
import { closePair, enablePair, makePair, openPair } from "../../support/connected_pair.ts";
import { runSteps } from "../../support/run_steps.ts";
import { endpointOf } from "../../support/saving_server.ts";

/** Refuses its first open; the client disables after so many steps of the loop. What happened, in order. */
async function refusedOnce(steps: number): Promise<string[]> {
  let opens = 0;
  const refuse = () => opens++ === 0 ? vmbus.STATUS_UNSUCCESSFUL : vmbus.STATUS_SUCCESS;
  const pair = makePair({ serverCallbacks: { EvtChannelOpened: refuse } });
  const { fabric, vsc, client, calls } = pair;
  enablePair(pair);
  await runSteps(fabric, steps);
  const disabled = vsc.VmbChannelDisable(client).then(() => {
    calls.push("client disabled");
    vmbus.expectSuccess(vsc.VmbChannelEnable(client));
  });
  await fabric.settle();
  await disabled;
  await fabric.settle();
  await closePair(pair);
  return calls.slice(0, 3);
}

// kmcl.md S3, S11: who enables again once Disable has resolved must not take the old refusal for a new one.
Deno.test("VmbChannelDisable: resolves after the EvtChannelPnpFailure that is due", async () => {
  let told = 0;
  for (let steps = 8; steps < 20; steps++) {
    const [first, second, third] = await refusedOnce(steps);
    if (first !== "server Opened") continue; // disabled before the server was asked
    if (second === "client PnpFailure STATUS_UNSUCCESSFUL") told++;
    else assertEquals([second, third], ["client disabled", "server Opened"]); // the client withdrew
  }
  assert(told > 3, `${told} refusals were told`);
});

Deno.test("VmbChannelDisable: resolves inside EvtChannelPnpFailure, and when Cleanup leaves that out", async () => {
  const told: string[] = [];
  const pair = makePair({
    serverCallbacks: { EvtChannelOpened: () => vmbus.STATUS_UNSUCCESSFUL },
    onPnpFailure: async (client) => {
      await pair.vsc.VmbChannelDisable(client);
      told.push("disabled inside");
    },
  });
  const { fabric, vsc, vsp, server, client } = pair;
  enablePair(pair);
  await fabric.settle();
  assertEquals(told, ["disabled inside"]);
  vmbus.expectSuccess(vsc.VmbChannelEnable(client));
  while (vmbus.inspectChannel(client).lifecycle !== "disabled") await runSteps(fabric, 1);
  const disabled = vsc.VmbChannelDisable(client).then(() => told.push("disabled by Cleanup"));
  vsc.VmbChannelCleanup(client);
  await fabric.settle();
  await disabled;
  assertEquals(told, ["disabled inside", "disabled by Cleanup"]);
  await vsp.VmbChannelDisable(server);
  vsp.VmbChannelCleanup(server);
  assertEquals(fabric.leaks(), []);
});

// api.md section 3: work that was due when the channel had another processor keeps nothing there.
Deno.test("ChannelWork.setProcessor: work that is scheduled does not hold the channel to its old processor", async () => {
  const pair = await openPair({ partition: { processors: 2 } });
  const { work, id } = endpointOf(pair.client);
  const partition = pair.guest as PartitionObject;
  const busy = () =>
    [0, 1].filter((index) =>
      partition.processor(index).list().some(({ worker }) => worker.traceId === id)
    );
  work.setProcessor(0);
  work.scheduleInterrupt();
  work.setProcessor(1);
  assertEquals(busy(), [0]);
  await pair.fabric.settle();
  work.scheduleInterrupt();
  assertEquals(busy(), [1]);
  await closePair(pair);
});
