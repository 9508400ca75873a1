// What inspect() and inspectChannel() show (api.md section 3).

import { assertEquals, assertStrictEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { closePair, enablePair, makePair, PAIR_INSTANCE } from "../../support/connected_pair.ts";
import { watch } from "../../support/driving.ts";
import { mapGpadl, openGpadlStage, shareMdl } from "../../support/gpadl_stage.ts";
import { type Ended, freeAll, notedPacket, sendPlain, WAIT } from "../../support/sending.ts";

/** Fails unless `value` is what comes back from its JSON text. */
function assertPlain(value: unknown): void {
  assertEquals(JSON.parse(JSON.stringify(value)), value);
}

/** The parts of a channel's state that kmcl.md section 3 names. */
function states(channel: vmbus.VMBCHANNEL): unknown[] {
  const { lifecycle, initializing, flow, fault } = vmbus.inspectChannel(channel);
  return [lifecycle, initializing, flow, fault];
}

Deno.test("inspectChannel: is null for whatever is no live channel", async () => {
  const pair = makePair();
  const packet = pair.vsc.VmbPacketAllocate(pair.client);
  const values = [null, undefined, 1, "channel", {}, pair.guest.device, packet];
  for (const value of values) {
    assertStrictEquals(vmbus.inspectChannel(value as vmbus.VMBCHANNEL), null);
  }
  pair.vsc.VmbPacketFree(packet);
  await closePair(pair);
  assertStrictEquals(vmbus.inspectChannel(pair.client), null);
});

Deno.test("inspectChannel: names the states of the reference through a channel's life", async () => {
  const pair = makePair(); // kmcl.md section 3
  const { fabric, vsp, vsc, server, client } = pair;
  assertEquals(states(server), ["disabled", true, "paused", null]);
  assertEquals(states(client), ["disabled", true, "active", null]); // Enable makes it Active
  vsp.VmbChannelEnable(server);
  assertEquals(states(server), ["enabled", false, "paused", null]);
  vsp.VmbChannelStart(server);
  assertEquals(states(server), ["enabled", false, "active", null]);
  vsc.VmbChannelEnable(client);
  assertEquals(states(client), ["enabled", false, "active", null]);
  await fabric.settle();
  assertEquals(states(server), ["opened", false, "active", null]);
  assertEquals(states(client), ["opened", false, "active", null]);
  await vsp.VmbChannelPause(server);
  assertEquals(states(server), ["opened", false, "paused", null]);
  await vsc.VmbChannelDisable(client);
  await fabric.settle();
  assertEquals(states(server).slice(0, 2), ["closed", false]);
  assertEquals(states(client).slice(0, 2), ["disabled", false]);
  await vsp.VmbChannelDisable(server);
  assertEquals(states(server).slice(0, 2), ["disabled", false]);
  await closePair(pair);
});

Deno.test("inspectChannel: shows what is in a channel, as plain JSON", async () => {
  const stage = await openGpadlStage({
    server: (vsp, channel) => void vsp.VmbChannelInitSetFriendlyName(channel, "store"),
    onServerPacket: "hold",
  });
  const { fabric, vsp, vsc, server, client, memory, pages } = stage;
  vsp.VmbChannelSetTransactionQuota(server, 2);
  const ends: Ended[] = [];
  const asking = notedPacket(vsc, client, ends);
  const owned = notedPacket(vsc, client, ends);
  vsc.VmbPacketSend(asking, null, 0, null, WAIT);
  sendPlain(vsc, client, Uint8Array.of(1));
  const asked = watch(vsc.VmbChannelSendSynchronousRequest(client, null, 0, null, 1, null, 0));
  const handle = shareMdl(stage, stage.mdl(10, 5000));
  mapGpadl(stage, handle);
  await fabric.settle();

  const shown = vmbus.inspectChannel(server);
  assertPlain(shown);
  assertEquals([shown.side, shown.friendlyName], ["server", "store"]);
  assertEquals([shown.outstanding, shown.quotaReached, shown.queued], [2, true, 0]);
  assertEquals(shown.held, [
    { transactionId: 0, payloadBytes: 0 },
    { transactionId: null, payloadBytes: 1 }, // nobody waits for its completion
  ]);
  assertEquals([shown.fault, shown.oppositeFault, shown.refusal], [null, null, null]);
  assertEquals(shown.instance, PAIR_INSTANCE);
  assertEquals(shown.gpadls, [{ handle, byteCount: 5000, state: "accepted", isMapped: true }]);
  assertEquals(shown.packets, []);

  const sender = vmbus.inspectChannel(client);
  assertPlain(sender);
  assertEquals(sender.channelId, shown.channelId);
  assertEquals(sender.blockedCallers, 1);
  assertEquals(sender.gpadls, [{ handle, byteCount: 5000, state: "created", isMapped: false }]);
  assertEquals(sender.packets.map(({ state, kind }) => `${kind} ${state}`), [
    "lookaside awaiting",
    "lookaside owned",
    "request awaiting",
  ]);
  assertEquals(sender.lookaside, 1); // the plain packet is back
  // The two ends show one pair of rings: the request waits in it, unread.
  assertEquals(sender.outgoingRing, shown.incomingRing);
  assertEquals(sender.incomingRing, shown.outgoingRing);
  assertEquals(shown.outgoingRing?.usedBytes, 0);
  assertEquals(shown.incomingRing!.usedBytes! > 0, true);

  stage.atServer.complete();
  await fabric.settle();
  stage.atServer.complete();
  vsp.VmbChannelUnmapGpadl(server, handle);
  await fabric.settle();
  assertEquals(asked.state, "resolved");
  await vsc.VmbChannelDeleteGpadl(client, handle);
  freeAll(vsc, [asking, owned]);
  memory.free(pages);
  await closePair(stage);
});

Deno.test("Fabric.inspect: is a plain tree of partitions, channels, callers and callbacks", async () => {
  const pair = makePair({
    serverCallbacks: {
      EvtChannelStarted: async () => {
        await pair.fabric.delay(5);
      },
    },
  });
  const { fabric, guest, vsp, server, client } = pair;
  enablePair(pair);
  await fabric.advance(2);
  const state = fabric.inspect();
  assertPlain(state);
  assertEquals(state.now, 2);
  assertEquals(state.partitions.map(({ name }) => name), ["root", "guest"]);
  assertEquals(state.callers, [
    { call: "delay", waitsFor: "5 ms to pass", inside: "EvtChannelStarted" },
  ]);
  const { id } = vmbus.inspectChannel(server);
  assertEquals(state.callbacks, [`EvtChannelStarted of channel ${id} (server)`]);
  const [root, child] = state.partitions;
  assertEquals(root?.channels, [vmbus.inspectChannel(server)]);
  assertEquals(child?.channels, [vmbus.inspectChannel(client)]);
  assertEquals([child?.state, child?.memoryPages], ["running", 512]);
  assertEquals([child?.messagesToHost, child?.messagesToGuest], [0, 0]);
  assertEquals(child?.pinnedPages, 10); // the rings: 4 + 4 pages and 2 control pages

  guest.pause();
  assertEquals(fabric.inspect().partitions[1]?.state, "paused");
  guest.postControlMessage("toGuest", new Uint8Array(3));
  assertEquals(fabric.inspect().partitions[1]?.messagesToGuest, 1);
  guest.resume();
  await fabric.settle();
  const [fault, ...others] = fabric.inspect().partitions[1]?.faults ?? [];
  assertEquals([fault?.direction, fault?.message, others], ["toGuest", null, []]);
  assertEquals(fabric.inspect().partitions[1]?.faultCount, 1);
  guest.crash();
  assertEquals(fabric.inspect().partitions[1]?.state, "crashed");
  await fabric.advance(10);
  await vsp.VmbChannelDisable(server);
  guest.destroy();
  assertEquals(fabric.inspect().partitions.map(({ name }) => name), ["root"]);
  assertPlain(fabric.inspect());
});

Deno.test("Fabric.inspect: looks only: the run is as it would be without it", async () => {
  const digests: string[] = [];
  for (const looks of [false, true]) {
    const pair = makePair({ fabric: { seed: 5, schedule: "random" } });
    const look = () => looks && vmbus.inspectChannel(pair.server) && pair.fabric.inspect();
    enablePair(pair);
    look();
    await pair.fabric.settle();
    sendPlain(pair.vsc, pair.client, Uint8Array.of(1), WAIT);
    look();
    await closePair(pair);
    digests.push(pair.fabric.traceDigest());
  }
  assertEquals(digests[0], digests[1]);
});
