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

// kmcl.md S3, S11: an open that came to nothing is told before the next one is.
Deno.test("EvtChannelPnpFailure: comes before the callbacks of an open that was asked for meanwhile", async () => {
  let isFirst = true;
  const pair = makePair({
    partition: { memoryPages: 32 },
    onPnpFailure: async () => {
      if (isFirst) await fabric.delay(5);
      isFirst = false;
    },
  });
  const { fabric, guest, vsc, client, calls } = pair;
  const isRefused = () => vmbus.inspectChannel(client)?.refusal !== null;
  const all = guest.memory.allocate(32 * 4096); // no page is left for the rings: the open is refused at once
  enablePair(pair);
  await fabric.settle(); // the first refusal is being told
  vmbus.expectSuccess(vsc.VmbChannelEnable(client));
  assert(await fabric.runUntil(isRefused));
  guest.memory.free(all);
  vmbus.expectSuccess(vsc.VmbChannelEnable(client));
  await fabric.run();
  const failure = "client PnpFailure STATUS_INSUFFICIENT_RESOURCES";
  const ofClient = calls.filter((call) => call.startsWith("client"));
  assertEquals(ofClient.slice(0, 3), [failure, failure, "client Opened"]);
  await closePair(pair);
});

for (const where of ["before", "inside"] as const) {
  // kmcl.md S11, S16: who waits for the last life of a channel is answered, whatever becomes of it meanwhile.
  Deno.test(`VmbChannelDisable: resolves after EvtChannelPnpFailure though the channel is enabled anew ${where} it`, async () => {
    const answered: string[] = [];
    const enable = () => vmbus.expectSuccess(vsc.VmbChannelEnable(client));
    const pair = makePair({
      partition: { memoryPages: 32 },
      onPnpFailure: () => {
        assertEquals(answered, []);
        if (where === "inside") enable();
      },
    });
    const { fabric, guest, vsc, client } = pair;
    const all = guest.memory.allocate(32 * 4096); // no page is left for the rings: the open is refused at once
    enablePair(pair);
    await fabric.runUntil(() => vmbus.inspectChannel(client)?.refusal !== null);
    guest.memory.free(all);
    void vsc.VmbChannelDisable(client).then(() => answered.push("disabled"));
    void vmbus.drainAndDisable(vsc, client, { timeout100ns: 0 }).then(() =>
      answered.push("drained")
    );
    if (where === "before") enable();
    await fabric.settle();
    assertEquals(answered.sort(), ["disabled", "drained"]);
    assertEquals(vmbus.inspectChannel(client)?.lifecycle, "opened");
    await closePair(pair);
  });
}

// kmcl.md S11: who waited when the callback was called waits for its return, though nothing is left of the channel.
Deno.test("VmbChannelDisable: resolves when an EvtChannelPnpFailure that takes its time has returned", async () => {
  const told: string[] = [];
  const pair = makePair({
    serverCallbacks: { EvtChannelOpened: () => vmbus.STATUS_UNSUCCESSFUL },
    onPnpFailure: async () => {
      await fabric.delay(5);
      told.push("told");
    },
  });
  const { fabric, vsc, client } = pair;
  enablePair(pair);
  await fabric.runUntil(() => vmbus.inspectChannel(client)?.refusal !== null);
  void vsc.VmbChannelDisable(client).then(() => told.push("disabled"));
  void vmbus.drainAndDisable(vsc, client, { timeout100ns: 0 }).then(() => told.push("drained"));
  await fabric.run();
  assertEquals([told[0], told.slice(1).sort()], ["told", ["disabled", "drained"]]);
  await closePair(pair);
});

// kmcl.md S11: the next life's refusal is not waited for.
Deno.test("VmbChannelDisable: resolves when its own EvtChannelPnpFailure has returned, though another is due", async () => {
  const at: number[] = [];
  const pair = makePair({
    partition: { memoryPages: 32 },
    onPnpFailure: () => fabric.delay(5),
  });
  const { fabric, guest, vsc, client } = pair;
  const isRefused = () => vmbus.inspectChannel(client)?.refusal !== null;
  const all = guest.memory.allocate(32 * 4096); // no page is left for the rings: the open is refused at once
  enablePair(pair);
  await fabric.runUntil(isRefused);
  void vsc.VmbChannelDisable(client).then(() => at.push(fabric.now()));
  await fabric.settle(); // the first refusal is being told
  vmbus.expectSuccess(vsc.VmbChannelEnable(client));
  assert(await fabric.runUntil(isRefused));
  guest.memory.free(all);
  await fabric.run();
  assertEquals([at, fabric.now()], [[5], 10]);
  await closePair(pair);
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

// kmcl.md S11: what tells of a refused open does not hold its teardown up, whichever of the two is first.
Deno.test("VmbChannelDisable: resolves inside EvtChannelPnpFailure while the rings are still the host's", async () => {
  const told = new Set<string>();
  for (let seed = 0; seed < 8; seed++) {
    const pair = makePair({
      fabric: { schedule: "random", seed },
      serverCallbacks: { EvtChannelOpened: () => vmbus.STATUS_UNSUCCESSFUL },
      onPnpFailure: async (client) => {
        const { lifecycle } = vmbus.inspectChannel(client);
        const disabled = pair.vsc.VmbChannelDisable(client);
        await null; // from here on the callback is known as unfinished
        for (const { heldUpBy, selfWait } of pair.fabric.inspect().callers) {
          assertEquals([heldUpBy, selfWait], [
            "channel 1 (server) has not released channel 2 (client)",
            undefined,
          ]);
        }
        await disabled;
        told.add(`${lifecycle}, then ${vmbus.inspectChannel(client).lifecycle}`);
      },
    });
    enablePair(pair);
    await pair.fabric.settle();
  }
  assertEquals([...told].sort(), ["disabled, then disabled", "enabled, then disabled"]);
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
