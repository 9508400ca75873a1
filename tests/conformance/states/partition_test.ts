/**
 * Disable, and guests that are paused, crash or are destroyed (kmcl.md S11, S13; api.md section 3).
 *
 * @module
 */

import { assertEquals, assertGreater, assertRejects, assertThrows } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import {
  closePair,
  enablePair,
  makePair,
  openPair,
  type Pair,
} from "../../support/connected_pair.ts";
import { runSteps } from "../../support/run_steps.ts";
import { names, sendPlain, WAIT } from "../../support/sending.ts";

const SIDES = ["server", "client"] as const;

const lifecycleOf = (channel: vmbus.VMBCHANNEL) => vmbus.inspectChannel(channel).lifecycle;
const callsOf = ({ calls }: Pair, side: string) => calls.filter((call) => call.startsWith(side));

/** Whether the call has returned by now. */
function watch(call: Promise<void>): { hasReturned: boolean } {
  const watched = { hasReturned: false };
  call.then(() => watched.hasReturned = true);
  return watched;
}

// kmcl.md S11: on a Disabled channel at once
for (const side of SIDES) {
  Deno.test(`VmbChannelDisable: of a ${side} that is Disabled returns at once`, async () => {
    const pair = makePair();
    const kmcl = side === "server" ? pair.vsp : pair.vsc;
    await kmcl.VmbChannelDisable(pair[side]);
    assertEquals(vmbus.inspectChannel(pair[side]).initializing, true);
    enablePair(pair);
    await pair.fabric.settle();
    const calls = [1, 2, 3].map(() => watch(kmcl.VmbChannelDisable(pair[side])));
    await pair.fabric.settle();
    assertEquals(calls.map(({ hasReturned }) => hasReturned), [true, true, true]);
    assertEquals(callsOf(pair, side).slice(3), [`${side} Suspend`, `${side} Closed`]);
    await kmcl.VmbChannelDisable(pair[side]);
    await closePair(pair);
  });

  // kmcl.md S10: Disable of an endpoint that is closing already waits for that
  Deno.test(`VmbChannelDisable: of a ${side} that closes already waits for its end`, async () => {
    const pair = await openPair({
      [`${side}Callbacks`]: { EvtChannelClosed: () => pair.fabric.delay(3) },
    });
    const { fabric, vsp, vsc, server, client } = pair;
    if (side === "server") vsc.VmbChannelDisable(client);
    else vsp.VmbChannelDisable(server);
    await fabric.settle();
    assertEquals(callsOf(pair, side).at(-1), `${side} Closed`);
    const disabled = watch((side === "server" ? vsp : vsc).VmbChannelDisable(pair[side]));
    await fabric.advance(2);
    assertEquals([disabled.hasReturned, lifecycleOf(pair[side])], [false, "opened"]);
    await fabric.advance(1);
    assertEquals([disabled.hasReturned, lifecycleOf(pair[side])], [true, "disabled"]);
    await closePair(pair);
  });
}

// kmcl.md S11: when it has returned, the offer is gone: the instance may be offered again
Deno.test("VmbChannelDisable: of a server takes the offer back", async () => {
  const pair = await openPair();
  await pair.vsp.VmbChannelDisable(pair.server);
  const again = makePair({ within: pair });
  assertEquals(again.vsp.VmbChannelEnable(again.server), vmbus.STATUS_SUCCESS);
  await pair.fabric.settle();
  assertEquals(callsOf(pair, "client").slice(-2), ["client Suspend", "client Closed"]);
  assertEquals(lifecycleOf(pair.client), "disabled");
  await again.vsp.VmbChannelDisable(again.server);
  for (const { vsp, vsc, server, client } of [pair, again]) {
    vsc.VmbChannelCleanup(client);
    vsp.VmbChannelCleanup(server);
  }
  assertEquals(pair.fabric.leaks(), []);
});

// kmcl.md S11: the server never waits for the guest
Deno.test("VmbChannelDisable: of a server does not wait for a paused guest", async () => {
  const pair = await openPair({ onClientPacket: () => {} });
  const { fabric, guest, vsp, server, client } = pair;
  sendPlain(vsp, server, new Uint8Array(4), WAIT); // the guest never answers it
  await fabric.settle();
  guest.pause();
  await vsp.VmbChannelDisable(server);
  assertEquals(lifecycleOf(server), "disabled");
  assertEquals(callsOf(pair, "client").length, 3);
  assertEquals(lifecycleOf(client), "opened"); // it has not heard of it
  vsp.VmbChannelCleanup(server);
  guest.resume();
  await fabric.settle();
  assertEquals(callsOf(pair, "client").at(-1), "client Suspend"); // its driver holds a packet
  guest.destroy();
  assertEquals(fabric.leaks(), []);
  assertEquals(fabric.violations, []);
});

// kmcl.md S11: nor at any point of an open
Deno.test("VmbChannelDisable: of a server does not wait for a guest that is paused during the open", async () => {
  let isOver = false;
  for (let rounds = 1; !isOver; rounds++) {
    const pair = makePair();
    const { fabric, guest, vsp, vsc, server, client } = pair;
    enablePair(pair);
    isOver = await runSteps(fabric, rounds) > 0;
    guest.pause();
    await vsp.VmbChannelDisable(server);
    assertEquals(lifecycleOf(server), "disabled", `${rounds}`);
    vsp.VmbChannelCleanup(server);
    guest.resume();
    await fabric.settle();
    await vsc.VmbChannelDisable(client);
    vsc.VmbChannelCleanup(client);
    assertEquals(fabric.leaks(), []);
    if (isOver) assertGreater(rounds, 10);
  }
});

// kmcl.md S11: the client waits until the host has let go of its rings
Deno.test("VmbChannelDisable: of a client waits until the host has let go of its rings", async () => {
  const pair = await openPair({
    serverCallbacks: { EvtChannelClosed: () => pair.fabric.delay(7) },
  });
  const { fabric, guest, vsc, client } = pair;
  const pinned = () => fabric.inspect().partitions[1]?.pinnedPages ?? 0;
  const disabled = watch(vsc.VmbChannelDisable(client));
  await fabric.advance(6);
  assertEquals([disabled.hasReturned, lifecycleOf(client)], [false, "enabled"]);
  assertGreater(pinned(), 0);
  await fabric.advance(1);
  assertEquals([disabled.hasReturned, lifecycleOf(client)], [true, "disabled"]);
  assertEquals(pinned(), 0);
  assertEquals(guest.name, "guest");
  await closePair(pair);
});

// kmcl.md S11: not at all when its own partition crashed
Deno.test("VmbChannelDisable: of a client returns when its partition crashes", async () => {
  const pair = await openPair({
    serverCallbacks: { EvtChannelClosed: () => pair.fabric.delay(7) },
  });
  const { fabric, guest, vsc, client } = pair;
  const disabled = watch(vsc.VmbChannelDisable(client));
  const paused = watch(vsc.VmbChannelPause(client));
  await fabric.advance(1);
  assertEquals([disabled.hasReturned, paused.hasReturned], [false, true]);
  guest.crash();
  await fabric.settle();
  assertEquals(disabled.hasReturned, true);
  await closePair(pair);
});

// api.md section 3: crash
Deno.test("Partition.crash: its endpoints read Disabled, its callbacks never run again, its callers go on", async () => {
  const pair = await openPair({ onServerPacket: () => {} });
  const { fabric, guest, vsc, client, calls } = pair;
  const idle = makePair({ within: pair, instance: "11111111-2f52-4c57-8a1e-0d7b4f1c2a33" });
  const answers: vmbus.NtStatus[] = [];
  vsc.VmbChannelSendSynchronousRequest(client, null, 0, null, WAIT, null, 0).then(({ status }) => {
    answers.push(status);
  });
  const routines: vmbus.NtStatus[] = [];
  const packet = vsc.VmbPacketAllocate(client);
  vsc.VmbPacketSetCompletionRoutine(packet, (_packet, status) => void routines.push(status));
  assertEquals(vsc.VmbPacketSend(packet, null, 0, null, WAIT), vmbus.STATUS_SUCCESS);
  await fabric.settle();
  calls.length = 0;
  guest.crash();
  const { lifecycle, initializing, incomingRing, blockedCallers } = vmbus.inspectChannel(client);
  assertEquals([lifecycle, initializing, incomingRing, blockedCallers], [
    "disabled",
    false,
    null,
    0,
  ]);
  assertEquals(vmbus.inspectChannel(idle.client).initializing, false);
  await fabric.settle();
  assertEquals(names(answers), ["STATUS_DEVICE_REMOVED"]);
  assertEquals([routines, callsOf(pair, "client")], [[], []]);
  // Disable, Cleanup, Start and Pause do nothing; what has a status refuses.
  await vsc.VmbChannelDisable(client);
  await vsc.VmbChannelPause(client);
  vsc.VmbChannelStart(client);
  vsc.VmbChannelCleanup(client);
  assertEquals(lifecycleOf(client), "disabled");
  assertEquals(vsc.VmbChannelEnable(client), vmbus.STATUS_INVALID_DEVICE_STATE);
  assertEquals(vsc.VmbChannelInitSetFlags(client, 0), vmbus.STATUS_INVALID_PARAMETER_1);
  const later = await vsc.VmbChannelSendSynchronousRequest(client, null, 0, null, WAIT, null, 0);
  assertEquals(later.status, vmbus.STATUS_DEVICE_REMOVED);
  assertEquals(fabric.violations, []);
});

// api.md section 3: its server sides close; S13: outstanding packets are the server's to retire
Deno.test("Partition.crash: a server that never opened stays Enabled, and may be disabled", async () => {
  const pair = makePair();
  const { fabric, guest, vsp, server } = pair;
  vsp.VmbChannelEnable(server);
  await fabric.settle();
  guest.crash();
  await fabric.settle();
  assertEquals([lifecycleOf(server), pair.calls], ["enabled", []]);
  await vsp.VmbChannelDisable(server);
  // A guest that crashed is still there to be offered something; nobody will take it.
  assertEquals(vsp.VmbChannelEnable(server), vmbus.STATUS_SUCCESS);
  await vsp.VmbChannelDisable(server);
  guest.destroy();
  assertEquals(vsp.VmbChannelEnable(server), vmbus.STATUS_INVALID_DEVICE_REQUEST);
  await closePair(pair);
});

// api.md section 3: destroy
Deno.test("Partition.destroy: its handles die, and it is no partition of the fabric any more", async () => {
  const pair = await openPair();
  const { fabric, guest, vsp, server } = pair;
  const { kernelHandle } = vsp.VmbConvertVmbusHandleToKernelHandle(guest.vmbusHandle);
  guest.destroy();
  assertEquals(fabric.partitions, [fabric.root]);
  const { status } = vsp.VmbChannelAllocate(guest.device, false);
  assertEquals(status, vmbus.STATUS_INVALID_PARAMETER_1);
  assertEquals(
    vsp.VmbConvertVmbusHandleToKernelHandle(guest.vmbusHandle).status,
    vmbus.STATUS_INVALID_HANDLE,
  );
  assertEquals(vmbus.ZwClose(kernelHandle), vmbus.STATUS_INVALID_HANDLE);
  const query = vmbus.WdfFdoQueryForInterface(
    guest.device,
    vmbus.KMCL_CLIENT_INTERFACE_TYPE,
    vmbus.KMCL_CLIENT_INTERFACE_V1_SIZE,
    1,
  );
  assertEquals(query.status, vmbus.STATUS_NOT_FOUND);
  await fabric.settle();
  assertEquals(callsOf(pair, "server").slice(3), ["server Suspend", "server Closed"]);
  await vsp.VmbChannelDisable(server);
  vsp.VmbChannelCleanup(server);
  assertEquals(fabric.leaks(), []);
  assertEquals(fabric.violations, []);
});

// api.md section 3: pause, crash and destroy again, and resume after them, change nothing
Deno.test("Partition.resume: brings nothing back after a crash", async () => {
  const pair = await openPair();
  const { fabric, guest } = pair;
  guest.crash();
  await fabric.settle();
  const before = fabric.inspect();
  guest.crash();
  guest.pause();
  guest.resume();
  await fabric.settle();
  assertEquals(fabric.inspect(), before);
  guest.destroy();
  guest.destroy();
  guest.resume();
  assertEquals(fabric.partitions.length, 1);
  assertThrows(() => fabric.root.crash(), Error, "root");
  assertThrows(() => fabric.root.destroy(), Error, "root");
  await pair.vsp.VmbChannelDisable(pair.server);
});

// api.md section 3: paused at any round of an open and a close, a guest continues where it stood
for (const schedule of ["fifo", "random"] as const) {
  Deno.test(`Partition.pause: at any point only delays what the guest does (${schedule})`, async () => {
    let isOver = false;
    for (let rounds = 1; !isOver; rounds += 2) {
      const fabricOptions: vmbus.FabricOptions = { schedule, seed: rounds, trace: "off" };
      const pair = makePair({ fabric: fabricOptions });
      const { fabric, guest, vsc, client } = pair;
      enablePair(pair);
      let left = await runSteps(fabric, rounds);
      if (left > 0) {
        vsc.VmbChannelDisable(client);
        left = await runSteps(fabric, left);
      }
      guest.pause();
      const seen = callsOf(pair, "client").length;
      await fabric.run();
      assertEquals(callsOf(pair, "client").length, seen);
      guest.resume();
      await fabric.run();
      assertEquals(callsOf(pair, "client").slice(0, 3), [
        "client Opened",
        "client Started",
        "client PostStarted",
      ]);
      isOver = left > 0;
      await closePair(pair);
    }
  });
}

// kmcl.md S13, api.md section 3: at any round of an open a guest may be paused and then crash
Deno.test("Partition.crash: of a paused guest lets the server open no more, and close", async () => {
  let isOver = false;
  for (let rounds = 1; !isOver; rounds++) {
    const pair = makePair();
    const { fabric, guest, vsp, vsc, server, client } = pair;
    enablePair(pair);
    isOver = await runSteps(fabric, rounds) > 0;
    guest.pause();
    await fabric.run();
    guest.crash();
    await fabric.run();
    assertEquals(["enabled", "closed"].includes(lifecycleOf(server)), true);
    assertEquals(
      callsOf(pair, "server").filter((call) => call.endsWith("Opened")).length,
      callsOf(pair, "server").filter((call) => call.endsWith("Closed")).length,
    );
    await vsp.VmbChannelDisable(server);
    await vsc.VmbChannelDisable(client);
    vsp.VmbChannelCleanup(server);
    assertEquals(fabric.leaks(), []);
  }
});

// api.md section 1, kmcl.md S11: a client that waits for a host which says nothing waits in vain, and hears so
Deno.test("VmbChannelDisable: of a client whose host is paused rejects as a wait that nothing can end", async () => {
  const pair = await openPair();
  pair.fabric.root.pause();
  await assertRejects(
    () => pair.vsc.VmbChannelDisable(pair.client),
    vmbus.VerifierError,
    "VmbChannelDisable",
  );
  pair.fabric.root.resume();
  await pair.fabric.settle();
  assertEquals(lifecycleOf(pair.client), "disabled");
});
