// What a restored channel is, and how it continues (kmcl.md section 8: V7, V8, V10).

import { assertEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { closePair, type PairOptions } from "../../support/connected_pair.ts";
import {
  answerHeld,
  endpointOf,
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

Deno.test("VmbChannelEnable: a restored server is Opened and Paused, and the guest learns nothing (V10)", async () => {
  const pair = await openSavingPair();
  const { fabric, vsp, calls } = pair;
  const rings = vmbus.inspectChannel(pair.client);
  const moved = await moveServer(pair);
  assertEquals(calls.splice(0).at(-1), "server Suspend");
  const messages = fabric.inspect().partitions[1];
  assertEquals([messages?.messagesToGuest, messages?.messagesToHost], [0, 0]);
  await fabric.settle();
  assertEquals(calls.splice(0), ["server Opened"]);
  assertEquals(lifecycles(moved), ["opened paused 1", "opened active 1"]);
  assertEquals(vmbus.inspectChannel(pair.client), rings);
  vsp.VmbChannelStart(moved.server);
  await fabric.settle();
  assertEquals(calls.splice(0), ["server Started", "server PostStarted"]); // as in S4
  assertEquals(lifecycles(moved), ["opened active 1", "opened active 1"]);
  await closePair(moved);
});

Deno.test("VmbChannelRestoreFromBuffer: the channel is Disabled and not initializing, until Enable (V10)", async () => {
  const pair = await openSavingPair();
  const { vsp, guest } = pair;
  guest.pause();
  const bytes = await vmbus.saveServerChannel(vsp, pair.server);
  orphanServer(pair);
  const { server } = newServer(pair);
  assertEquals(vmbus.restoreServerChannel(vsp, server, bytes), STATUS_SUCCESS);
  const state = vmbus.inspectChannel(server);
  assertEquals([state?.lifecycle, state?.initializing, state?.channelId], [
    "disabled",
    false,
    null,
  ]);
  assertEquals(vsp.VmbChannelEnable(server), STATUS_SUCCESS);
  assertEquals(vsp.VmbChannelEnable(server), vmbus.STATUS_INVALID_DEVICE_STATE);
  guest.resume();
  await pair.fabric.settle();
  await closePair({ ...pair, server });
});

Deno.test("VmbChannelStart: a restored server may be started while Opened runs, or before (V10)", async () => {
  const pair = await openSavingPair();
  send(pair, "before");
  await pair.fabric.settle();
  const moved = await moveServer(pair);
  moved.vsp.VmbChannelStart(moved.server);
  send(moved, "after");
  await finishSaving(moved);
  assertEquals(moved.calls.slice(-3), ["server Opened", "server Started", "server PostStarted"]);
  assertEquals(moved.ends, [
    "before STATUS_SUCCESS re before",
    "after STATUS_SUCCESS re after",
  ]);
  await closePair(moved);
});

/** Traffic of every kind, in both directions, more than the rings hold. */
async function fill(pair: SavingPair): Promise<number[]> {
  const { fabric, vsp, vsc, server, client } = pair;
  vsp.VmbChannelSetTransactionQuota(server, 5);
  const wants = vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION;
  const clientEnds: number[] = [];
  for (let index = 0; index < 40; index++) {
    send(pair, `${index}`.repeat(60), index % 3 === 0 ? 0 : wants);
    const packet = vsc.VmbPacketAllocate(client);
    vsc.VmbPacketSetCompletionRoutine(packet, (done, status, answer, length) => {
      const text = new TextDecoder().decode(answer.subarray(0, length));
      clientEnds.push(status, length === 0 ? -1 : Number(text));
      vsc.VmbPacketFree(done);
    });
    const payload = new TextEncoder().encode(String(index).padStart(900));
    const flags = index % 4 === 0 ? 0 : wants;
    vsc.VmbPacketSend(packet, payload, payload.length, null, flags);
    if (index % 10 === 5) await fabric.settle();
  }
  return clientEnds;
}

const SMALL: PairOptions = {
  ringPages: [1, 1],
  server: (vsp, channel) => void vsp.VmbChannelInitSetMaximumPacketSize(channel, 1000),
  client: (vsc, channel) => {
    vsc.VmbChannelInitSetMaximumPacketSize(channel, 1000);
    vsc.VmbChannelInitSetMaximumExternalData(channel, 1, 1);
  },
};

/** Outcome of the traffic on both sides where the server is moved `moves` times on the way. */
async function outcomeOf(moves: number, fabric: vmbus.FabricOptions = {}): Promise<unknown> {
  const arrived: string[] = [];
  const first = await openSavingPair({
    ...SMALL,
    fabric,
    onServerPacket: (_channel, packet, buffer, length) => {
      arrived.push(new TextDecoder().decode(buffer.subarray(0, length)).trim());
      first.vsp.VmbChannelPacketComplete(packet, buffer, length);
    },
  });
  const clientEnds = await fill(first);
  let pair = first;
  for (let move = 0; move < moves; move++) {
    pair = await moveServer(pair);
    await pair.fabric.settle();
    if (move % 2 === 0) {
      pair.vsp.VmbChannelStart(pair.server);
      await pair.fabric.settle();
      answerHeld(pair);
    }
  }
  pair.vsp.VmbChannelStart(pair.server);
  await finishSaving(pair);
  assertEquals(vmbus.inspectChannel(pair.server)?.packets, []);
  const { ends } = pair;
  await closePair(pair);
  return { ends, clientEnds, arrived };
}

Deno.test("VmbChannelRestoreFromBuffer: a channel that is moved ends every transaction as one that stays (V7)", async () => {
  const undisturbed = await outcomeOf(0) as { ends: string[]; clientEnds: number[] };
  assertEquals(undisturbed.ends.length, 40);
  assertEquals(undisturbed.clientEnds.length, 80);
  for (const moves of [1, 2, 5]) assertEquals(await outcomeOf(moves), undisturbed);
  const others: readonly vmbus.FabricOptions[] = [
    { interpreter: "stock" },
    { verifier: "off", trace: "off" },
    { codec: "vmbus" },
    { schedule: "random", seed: 3 },
  ];
  for (const options of others) {
    assertEquals(await outcomeOf(3, options), await outcomeOf(0, options));
  }
});

Deno.test("VmbChannelRestoreFromBuffer: queue, order, quota and level are as they were (V7)", async () => {
  const pair = await openSavingPair();
  const { vsp, fabric } = pair;
  vsp.VmbChannelSetTransactionQuota(pair.server, 7);
  vsp.VmbChannelSetIncomingProcessingAtPassive(pair.server, true);
  send(pair, "sent");
  await fabric.settle();
  await vsp.VmbChannelPause(pair.server);
  const moved = await moveServer(pair);
  await fabric.settle();
  send(moved, "queued 1"); // Paused, and never Suspended: it queues, and is no violation
  send(moved, "queued 2");
  const again = await moveServer(moved);
  await fabric.settle();
  const state = vmbus.inspectChannel(again.server);
  assertEquals(state?.queued, 2);
  assertEquals(state?.packets.map((packet) => packet.state), ["awaiting", "queued", "queued"]);
  const { incoming } = endpointOf(again.server);
  assertEquals([incoming.outstandingPackets.quota, incoming.isAlwaysPassive], [7, true]);
  vsp.VmbChannelStart(again.server);
  await finishSaving(again);
  assertEquals(again.ends, [
    "sent STATUS_SUCCESS re sent",
    "queued 1 STATUS_SUCCESS re queued 1",
    "queued 2 STATUS_SUCCESS re queued 2",
  ]);
  await closePair(again);
});

Deno.test("saveServerChannel: save, restore, save gives the same bytes (V7)", async () => {
  const first = await openSavingPair(SMALL);
  await fill(first);
  const { vsp, guest, fabric } = first;
  guest.pause();
  const bytes = await vmbus.saveServerChannel(vsp, first.server);
  const moved = await moveServer(first);
  guest.pause();
  await fabric.settle();
  assertEquals(await vmbus.saveServerChannel(vsp, moved.server), bytes);
  guest.resume();
  vsp.VmbChannelStart(moved.server);
  await finishSaving(moved);
  await closePair(moved);
});

Deno.test("VmbChannelRestoreFromBuffer: a faulted channel is faulted again, and reads nothing (V7)", async () => {
  let failed = 0;
  const pair = await openSavingPair({
    onServerPacket: (_channel, packet) => {
      failed++;
      pair.vsp.VmbChannelPacketFail(packet);
    },
  });
  const { fabric, vsc } = pair;
  const say = () => vsc.VmbPacketSend(vsc.VmbPacketAllocate(pair.client), null, 0, null, 0);
  say();
  await fabric.settle();
  say();
  const moved = await moveServer(pair);
  moved.vsp.VmbChannelStart(moved.server);
  await fabric.settle();
  assertEquals(failed, 1);
  assertEquals(vmbus.inspectChannel(moved.server)?.fault, "packetFailed");
  await closePair(moved);
});

Deno.test("VmbChannelEnable: completions that waited for room leave also where the room came unheard (V7)", async () => {
  const pair = await openSavingPair({ ...SMALL, onServerPacket: "hold" });
  const { fabric, vsp, vsc, guest, client } = pair;
  const wants = vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION;
  let ended = 0;
  for (let count = 0; count < 8; count++) {
    const packet = vsc.VmbPacketAllocate(client);
    vsc.VmbPacketSetCompletionRoutine(packet, (done) => {
      ended++;
      vsc.VmbPacketFree(done);
    });
    vsc.VmbPacketSend(packet, null, 0, null, wants);
  }
  await fabric.settle();
  guest.pause();
  for (const packet of pair.atServer.held) {
    vsp.VmbChannelPacketComplete(packet, new Uint8Array(900), 900);
  }
  const bytes = await vmbus.saveServerChannel(vsp, pair.server);
  orphanServer(pair);
  guest.resume(); // it reads, and signals where nobody is
  await fabric.settle();
  assertEquals(ended, 4);
  const { server } = newServer(pair);
  assertEquals(vmbus.restoreServerChannel(vsp, server, bytes), STATUS_SUCCESS);
  assertEquals(vsp.VmbChannelEnable(server), STATUS_SUCCESS);
  await fabric.settle();
  assertEquals(ended, 8);
  await closePair({ ...pair, server });
});
