// How a restored channel ends, or begins anew (kmcl.md section 8: V8, V10; S15).

import { assertEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { closePair } from "../../support/connected_pair.ts";
import {
  answerHeld,
  finishSaving,
  lifecycles,
  moveServer,
  newServer,
  openSavingPair,
  orphanServer,
  type SavingPair,
  send,
} from "../../support/saving_server.ts";

const { STATUS_SUCCESS } = vmbus;

Deno.test("EvtChannelOpened: a restored server that refuses is Enabled, and offered anew (V10)", async () => {
  const refusals = [vmbus.STATUS_INSUFFICIENT_RESOURCES, STATUS_SUCCESS];
  const pair = await openSavingPair();
  send(pair, "sent");
  await pair.fabric.settle();
  const moved = await moveServer(pair, {
    serverCallbacks: { EvtChannelOpened: () => refusals.shift() ?? STATUS_SUCCESS },
  });
  const { fabric, vsp, vsc, client, server, calls, ends } = moved;
  send(moved, "queued");
  calls.length = 0;
  await fabric.settle();
  // The guest believed it open: to it, the server has gone; it is offered the channel again once it has released it.
  assertEquals(calls, ["server Opened", "client Suspend"]);
  answerHeld(moved); // a completion that nobody awaits any more
  await fabric.settle();
  assertEquals(calls.slice(2), ["client Closed"]);
  assertEquals(lifecycles(moved), ["enabled paused 1", "disabled active null"]);
  assertEquals(ends, ["sent STATUS_DEVICE_REMOVED"]); // kmcl.md S15
  assertEquals(vmbus.inspectChannel(server)?.queued, 1); // kmcl.md S3: it waits for the next open
  assertEquals(vsc.VmbChannelEnable(client), STATUS_SUCCESS);
  vsp.VmbChannelStart(server);
  await finishSaving(moved);
  assertEquals(lifecycles(moved), ["opened active 1", "opened active 1"]);
  assertEquals(ends.slice(1), ["queued STATUS_SUCCESS re queued"]);
  await closePair(moved);
});

/** A pair with a packet in flight; the restored server takes a millisecond to `answer` its second Opened. */
async function moveToSlowServer(answer: vmbus.NtStatus): Promise<SavingPair> {
  const pair = await openSavingPair();
  send(pair, "sent");
  await pair.fabric.settle();
  const EvtChannelOpened = () => pair.fabric.delay(1).then(() => answer);
  return moveServer(pair, { serverCallbacks: { EvtChannelOpened } });
}

Deno.test("VmbChannelDisable: of a restored server, while its second Opened runs, ends it for good (V10, S15)", async () => {
  for (const answer of [STATUS_SUCCESS, vmbus.STATUS_UNSUCCESSFUL]) {
    const moved = await moveToSlowServer(answer);
    const { fabric, vsp, server, ends } = moved;
    await vsp.VmbChannelDisable(server);
    assertEquals(ends, ["sent STATUS_DEVICE_REMOVED"]);
    await fabric.settle();
    answerHeld(moved);
    await closePair(moved);
  }
});

Deno.test("VmbChannelRestoreFromBuffer: a guest that closes while the second Opened runs is heard (V10, S15)", async () => {
  for (const answer of [STATUS_SUCCESS, vmbus.STATUS_UNSUCCESSFUL]) {
    const moved = await moveToSlowServer(answer);
    const { fabric, vsc, client, ends, calls } = moved;
    answerHeld(moved);
    calls.length = 0;
    await vsc.VmbChannelDisable(client);
    await fabric.settle();
    assertEquals(ends, ["sent STATUS_DEVICE_REMOVED"]);
    assertEquals(calls.includes("server Closed"), answer === STATUS_SUCCESS);
    await closePair(moved);
  }
});

for (const state of ["Enabled", "Closed"] as const) {
  Deno.test(`VmbChannelEnable: a server that was saved ${state} is so again, and may be opened (V10)`, async () => {
    const pair = await openSavingPair();
    const { fabric, vsp, vsc, client, calls } = pair;
    await vsc.VmbChannelDisable(client);
    await fabric.settle();
    let first = pair;
    if (state === "Enabled") {
      await vsp.VmbChannelDisable(pair.server);
      vsp.VmbChannelCleanup(pair.server);
      first = newServer(pair);
      vsp.VmbChannelEnable(first.server);
      await fabric.settle();
    }
    await vsp.VmbChannelPause(first.server);
    send(first, "queued");
    calls.length = 0;
    const { channelId } = vmbus.inspectChannel(first.server)!;
    const moved = await moveServer(first);
    await fabric.settle();
    assertEquals(lifecycles(moved)[0], `${state.toLowerCase()} paused ${channelId}`);
    assertEquals(calls, []);
    vsp.VmbChannelStart(moved.server);
    vsc.VmbChannelEnable(client);
    await finishSaving(moved);
    assertEquals(calls.filter((call) => call.endsWith("Opened")), [
      "server Opened",
      "client Opened",
    ]);
    assertEquals(moved.ends, ["queued STATUS_SUCCESS re queued"]);
    await closePair(moved);
  });
}

Deno.test("VmbChannelEnable: with FORCE_NEW_CHANNEL the old channel is rescinded, a new one offered (V8)", async () => {
  const force = vmbus.VMBUS_SERVER_CHANNEL_INIT_FLAG_FORCE_NEW_CHANNEL;
  const pair = await openSavingPair({
    server: (vsp, channel) => void vsp.VmbServerChannelInitSetFlags(channel, force),
  });
  const { fabric, vsp, vsc, client, calls } = pair;
  send(pair, "sent");
  await fabric.settle();
  calls.length = 0;
  const moved = await moveServer(pair);
  send(moved, "queued");
  await fabric.settle();
  answerHeld(moved);
  await fabric.settle();
  assertEquals(calls, ["server Suspend", "client Suspend", "client Closed"]);
  assertEquals(lifecycles(moved), ["enabled paused 1", "disabled active null"]);
  assertEquals(moved.ends, ["sent STATUS_DEVICE_REMOVED"]);
  vsp.VmbChannelStart(moved.server);
  vsc.VmbChannelEnable(client);
  await finishSaving(moved);
  assertEquals(lifecycles(moved), ["opened active 1", "opened active 1"]);
  assertEquals(moved.ends.slice(1), ["queued STATUS_SUCCESS re queued"]);
  await closePair(moved);
});

Deno.test("VmbChannelEnable: a guest that has no such channel gets a new offer (V10, S15)", async () => {
  const pair = await openSavingPair();
  const { fabric, vsp } = pair;
  send(pair, "sent");
  await fabric.settle();
  await vsp.VmbChannelPause(pair.server);
  const moved = await moveServer(pair);
  await fabric.settle();
  send(moved, "queued");
  const bytes = await vmbus.saveServerChannel(vsp, moved.server);
  await vsp.VmbChannelDisable(moved.server);
  vsp.VmbChannelCleanup(moved.server);
  assertEquals(moved.ends.splice(0).sort(), [
    "queued STATUS_CANCELLED",
    "sent STATUS_DEVICE_REMOVED",
  ]);
  // Restored into a guest that never heard of it.
  const other = fabric.createPartition({ name: "other", memoryPages: 64 });
  const again = newServer({ ...moved, guest: other });
  assertEquals(vmbus.restoreServerChannel(vsp, again.server, bytes), STATUS_SUCCESS);
  assertEquals(vsp.VmbChannelEnable(again.server), STATUS_SUCCESS);
  await fabric.settle();
  assertEquals(vmbus.inspectChannel(again.server)?.lifecycle, "enabled");
  assertEquals(moved.ends, ["sent STATUS_DEVICE_REMOVED", "queued STATUS_CANCELLED"]);
  await vsp.VmbChannelDisable(again.server);
  vsp.VmbChannelCleanup(again.server);
});

Deno.test("VmbChannelDisable: of a server that was restored and never enabled ends its packets (S15)", async () => {
  const pair = await openSavingPair();
  const { fabric, vsp, guest } = pair;
  send(pair, "sent");
  await fabric.settle();
  guest.pause();
  const bytes = await vmbus.saveServerChannel(vsp, pair.server);
  orphanServer(pair);
  const { server } = newServer(pair);
  assertEquals(vmbus.restoreServerChannel(vsp, server, bytes), STATUS_SUCCESS);
  await vsp.VmbChannelDisable(server);
  await fabric.settle();
  assertEquals(pair.ends, ["sent STATUS_DEVICE_REMOVED"]);
  vsp.VmbChannelCleanup(server);
  assertEquals(fabric.violations, []);
});

Deno.test("VmbChannelEnable: a server that is not restored takes the place of an orphan (V10)", async () => {
  const pair = await openSavingPair();
  const { fabric, vsp, guest, calls } = pair;
  guest.pause();
  await vsp.VmbChannelPause(pair.server);
  orphanServer(pair);
  const fresh = newServer(pair);
  assertEquals(vsp.VmbChannelEnable(fresh.server), STATUS_SUCCESS);
  guest.resume();
  await fabric.settle();
  assertEquals(calls.slice(-2), ["client Suspend", "client Closed"]);
  assertEquals(lifecycles(fresh), ["enabled paused 1", "disabled active null"]);
  await closePair(fresh);
});
