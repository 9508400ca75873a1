// Sub-channels, and the processor of a client (wire.md 4.2, 4.5, 6; kmcl.md section 5).

import { assertEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import {
  closePair,
  enablePair,
  makePair,
  openPair,
  type Pair,
  type PairOptions,
} from "../../support/connected_pair.ts";

const { STATUS_SUCCESS } = vmbus;

/** A pair beside `primary`, for the sub-channel of that index of the same device; not enabled. */
function subPair(primary: Pair, subchannelIndex: number, options: PairOptions = {}): Pair {
  const { fabric, guest } = primary;
  const index = (kmcl: vmbus.KmclClientInterfaceV1, channel: vmbus.VMBCHANNEL) =>
    assertEquals(vmbus.initSetSubchannelIndex(kmcl, channel, subchannelIndex), STATUS_SUCCESS);
  return makePair({ ...options, within: { fabric, guest }, server: index, client: index });
}

const stateOf = (channel: vmbus.VMBCHANNEL) => {
  const state = vmbus.inspectChannel(channel);
  return [state.lifecycle, state.channelId, state.subchannelIndex, state.targetProcessor];
};

/** Sends one packet and waits for its completion. */
async function exchange({ vsc, client, fabric }: Pair): Promise<void> {
  const packet = vsc.VmbPacketAllocate(client)!;
  const statuses: number[] = [];
  vsc.VmbPacketSetCompletionRoutine(packet, (ended, status) => {
    statuses.push(status);
    vsc.VmbPacketFree(ended);
  });
  assertEquals(vsc.VmbPacketSend(packet, Uint8Array.of(1, 2, 3), 3, null, 1), STATUS_SUCCESS);
  await fabric.settle();
  assertEquals(statuses, [STATUS_SUCCESS]);
}

// wire.md 6: same interface and instance, index > 0; ordinary open and close
Deno.test("initSetSubchannelIndex: a client opens the channel of its index, on a processor of its own", async () => {
  const primary = await openPair({ partition: { processors: 4 } });
  const one = subPair(primary, 1);
  const two = subPair(primary, 2);
  for (const pair of [two, one]) {
    enablePair(pair);
    await pair.fabric.settle();
  }
  assertEquals([primary, two, one].map(({ client }) => stateOf(client)), [
    ["opened", 1, 0, 1],
    ["opened", 2, 2, 2],
    ["opened", 3, 1, 3],
  ]);
  assertEquals(stateOf(one.server), stateOf(one.client));
  for (const pair of [primary, one, two]) await exchange(pair);
  for (const { vsc, vsp, client, server } of [one, two]) {
    await vsc.VmbChannelDisable(client);
    await vsp.VmbChannelDisable(server);
    vsc.VmbChannelCleanup(client);
    vsp.VmbChannelCleanup(server);
  }
  await closePair(primary);
});

Deno.test("initSetSubchannelIndex: a client that names none does not see sub-channels", async () => {
  const primary = await openPair();
  const { vsc, guest, fabric } = primary;
  const sub = subPair(primary, 1);
  assertEquals(sub.vsp.VmbChannelEnable(sub.server), STATUS_SUCCESS);
  const plain = makePair({ within: { fabric, guest } });
  assertEquals(vsc.VmbChannelEnable(plain.client), STATUS_SUCCESS);
  await fabric.settle();
  assertEquals(stateOf(plain.client), ["enabled", null, 0, null]);
  assertEquals(stateOf(sub.server), ["enabled", 2, 1, null]);
});

// kmcl.md section 5, wire.md 5.2: a key is offered once, and a sub-channel beside its primary
Deno.test("VmbChannelEnable: a sub-channel needs its primary, and each index is offered once", async () => {
  const primary = makePair();
  const { vsp, fabric, server } = primary;
  const [sub, same] = [subPair(primary, 1), subPair(primary, 1)];
  assertEquals(vsp.VmbChannelEnable(sub.server), vmbus.STATUS_INVALID_DEVICE_REQUEST);
  assertEquals(vsp.VmbChannelEnable(server), STATUS_SUCCESS);
  assertEquals(vsp.VmbChannelEnable(sub.server), STATUS_SUCCESS);
  assertEquals(vsp.VmbChannelEnable(same.server), vmbus.STATUS_OBJECT_NAME_COLLISION);
  await fabric.settle();
});

// wire.md 6, section 8 case 34
Deno.test("VmbChannelDisable: of a primary takes its sub-channels back before it", async () => {
  const primary = await openPair({ fabric: { trace: "full" } });
  const [one, two] = [subPair(primary, 1), subPair(primary, 2)];
  for (const pair of [one, two]) enablePair(pair);
  const { fabric, vsp, server } = primary;
  await fabric.settle();
  const began = fabric.trace.length;
  await vsp.VmbChannelDisable(server);
  await fabric.settle();
  const rescinded = fabric.trace.slice(began)
    .filter(({ event, details }) =>
      event === "messageToGuest" && details?.["message"] === "rescindChannelOffer"
    )
    .map(({ details }) => (details?.["fields"] as Record<string, unknown>)["channelId"]);
  assertEquals(rescinded, [2, 3, 1]);
  assertEquals([one, two].map(({ server }) => stateOf(server)[0]), ["closed", "closed"]);
  assertEquals([one, two].map(({ client }) => stateOf(client)[0]), ["disabled", "disabled"]);
  for (const { server } of [one, two]) await vsp.VmbChannelDisable(server);
  assertEquals(fabric.violations, []);
});

// kmcl.md section 5: statuses as of the functions of the tables (I1 to I6)
Deno.test("initSetSubchannelIndex: it and its neighbours say _1 by channel and state, _2 by value", async () => {
  const pair = makePair({ partition: { processors: 2 } });
  const { vsp, vsc, server, client } = pair;
  const name = vmbus.ntStatusName;
  const calls = {
    server: [
      (channel: vmbus.VMBCHANNEL | null, bad: boolean) =>
        vmbus.initSetOfferOrder(vsp, channel, bad ? 2 ** 32 : 3),
      (channel: vmbus.VMBCHANNEL | null, bad: boolean) =>
        vmbus.initSetOfferFlags(vsp, channel, bad ? 1 : 0xe),
    ],
    client: [
      (channel: vmbus.VMBCHANNEL | null, bad: boolean) =>
        vmbus.initSetTargetProcessor(vsc, channel, bad ? 2 : 1),
      (channel: vmbus.VMBCHANNEL | null, bad: boolean) =>
        vmbus.initSetTargetProcessor(vsc, channel, bad ? -1 : null),
    ],
    either: [
      (channel: vmbus.VMBCHANNEL | null, bad: boolean) =>
        vmbus.initSetSubchannelIndex(vsp, channel, bad ? 0x1_0000 : 0),
    ],
  };
  const expected = (isFor: boolean) => isFor ? "STATUS_SUCCESS" : "STATUS_INVALID_PARAMETER_1";
  for (const [side, functions] of Object.entries(calls)) {
    for (const call of functions) {
      assertEquals(name(call(server, false)), expected(side !== "client"));
      assertEquals(name(call(client, false)), expected(side !== "server"));
      assertEquals(name(call(null, true)), "STATUS_INVALID_PARAMETER_1");
      const own = side === "client" ? client : server;
      assertEquals(name(call(own, true)), "STATUS_INVALID_PARAMETER_2");
    }
  }
  assertEquals(vmbus.initSetTargetProcessor(vsc, client, 0), STATUS_SUCCESS);
  enablePair(pair);
  await pair.fabric.settle();
  for (const call of [...calls.server, ...calls.client, ...calls.either]) {
    for (const channel of [server, client]) {
      assertEquals(name(call(channel, false)), "STATUS_INVALID_PARAMETER_1");
    }
  }
  assertEquals(stateOf(client)[3], 0);
  await closePair(pair);
});

// wire.md 4.5: ModifyChannel, and its answer
Deno.test("setTargetProcessor: an open client is interrupted on another processor", async () => {
  const pair = await openPair({ partition: { processors: 4 } });
  const { vsc, vsp, client, server, fabric } = pair;
  const call = (channel: vmbus.VMBCHANNEL | null, processor: number) =>
    vmbus.ntStatusName(vmbus.setTargetProcessor(vsc, channel, processor));
  assertEquals(call(null, 3), "STATUS_INVALID_PARAMETER_1");
  assertEquals(vmbus.setTargetProcessor(vsp, server, 3), vmbus.STATUS_INVALID_PARAMETER_1);
  assertEquals(call(client, 4), "STATUS_INVALID_PARAMETER_2");
  assertEquals(call(client, 3), "STATUS_SUCCESS");
  assertEquals(call(client, 2), "STATUS_INVALID_DEVICE_STATE"); // the host has not answered
  await fabric.settle();
  assertEquals([stateOf(client)[3], stateOf(server)[3]], [3, 3]);
  await exchange(pair);
  await vsc.VmbChannelDisable(client);
  assertEquals(call(client, 0), "STATUS_INVALID_DEVICE_STATE");
  await closePair(pair);
});

// kmcl.md section 5: one status where several would do, in the order that the table gives them.
Deno.test("setTargetProcessor: where two statuses would do, the one that is named first is returned", async () => {
  const seen: unknown[] = [];
  for (
    const [vmbusVersion, interrupted] of [["6.0", true], ["6.0", false], ["2.4", true], [
      "2.4",
      false,
    ]] as const
  ) {
    const pair = await openPair({
      fabric: { vmbusVersion },
      partition: { processors: 4 },
      client: (vsc, channel) =>
        void (interrupted || vmbus.initSetTargetProcessor(vsc, channel, null)),
    });
    const { vsc, client, fabric } = pair;
    const call = (processor: number) =>
      vmbus.ntStatusName(vmbus.setTargetProcessor(vsc, client, processor))!.slice(7);
    const open = [call(4), call(1), call(4), call(1)]; // of a change that was begun by the second, the others hear
    await fabric.settle();
    await vsc.VmbChannelDisable(client);
    seen.push([...open, call(4)]);
    await closePair(pair);
  }
  const [state, second] = ["INVALID_DEVICE_STATE", "INVALID_PARAMETER_2"];
  const none = (status: string) => [second, status, second, status, state];
  assertEquals(seen, [
    [second, "SUCCESS", state, state, state],
    none("INVALID_DEVICE_REQUEST"),
    none("NOT_SUPPORTED"),
    none("NOT_SUPPORTED"),
  ]);
});

Deno.test("setTargetProcessor: of a client that closes meanwhile, the next open is where it would have been", async () => {
  const pair = await openPair({ partition: { processors: 4 } });
  const { vsc, client, fabric } = pair;
  vmbus.setTargetProcessor(vsc, client, 3);
  await vsc.VmbChannelDisable(client);
  assertEquals(vsc.VmbChannelEnable(client), STATUS_SUCCESS);
  await fabric.settle();
  assertEquals(stateOf(client), ["opened", 1, 0, 1]);
  await closePair(pair);
});

// wire.md 6: interrupts disabled, the host never signals
Deno.test("pollChannel: a client without interrupts gets its packets when it looks", async () => {
  const pair = await openPair({
    client: (vsc, channel) => void vmbus.initSetTargetProcessor(vsc, channel, null),
  });
  const { vsc, vsp, client, server, fabric, atClient } = pair;
  const packet = vsp.VmbPacketAllocate(server)!;
  vsp.VmbPacketSetCompletionRoutine(packet, (ended) => vsp.VmbPacketFree(ended));
  vsp.VmbPacketSend(packet, Uint8Array.of(1), 1, null, 1);
  await fabric.settle();
  assertEquals([vmbus.inspectChannel(server).interruptsSent, stateOf(client)[3]], [0, null]);
  const before = vmbus.inspectChannel(client).incomingRing!.usedBytes!;
  assertEquals(before > 0, true);
  assertEquals(vmbus.pollChannel(vsc, client), STATUS_SUCCESS);
  await fabric.settle();
  assertEquals(vmbus.inspectChannel(client).incomingRing!.usedBytes, 0);
  assertEquals(atClient.held.length, 0);
  assertEquals(vmbus.setTargetProcessor(vsc, client, 0), vmbus.STATUS_INVALID_DEVICE_REQUEST);
  assertEquals(vmbus.pollChannel(vsc, null), vmbus.STATUS_INVALID_PARAMETER_1);
  await vsc.VmbChannelDisable(client);
  assertEquals(vmbus.pollChannel(vsc, client), vmbus.STATUS_INVALID_DEVICE_STATE);
  await closePair(pair);
});

// wire.md 4.3: sub-channels and target processors came with 2.4, changes with 4.1, their answers with 5.3
Deno.test("setTargetProcessor: goes by the version that was agreed on, and so do sub-channels", async () => {
  const outcomes: unknown[] = [];
  for (const vmbusVersion of ["1.1", "2.4", "4.1", "5.3", "6.0"] as const) {
    const primary = await openPair({ fabric: { vmbusVersion }, partition: { processors: 4 } });
    const { vsc, vsp, client, fabric } = primary;
    const sub = subPair(primary, 1);
    enablePair(sub);
    await fabric.settle();
    const status = vmbus.setTargetProcessor(vsc, client, 3);
    const [, , , atOnce] = stateOf(client);
    await fabric.settle();
    outcomes.push([vmbusVersion, stateOf(sub.client)[0], status, atOnce, stateOf(client)[3]]);
    await exchange(primary);
    await vsc.VmbChannelDisable(sub.client);
    await vsp.VmbChannelDisable(sub.server);
    vsc.VmbChannelCleanup(sub.client);
    vsp.VmbChannelCleanup(sub.server);
    await closePair(primary);
  }
  const { STATUS_NOT_SUPPORTED } = vmbus;
  assertEquals(outcomes, [
    ["1.1", "enabled", STATUS_NOT_SUPPORTED, 1, 1],
    ["2.4", "opened", STATUS_NOT_SUPPORTED, 1, 1],
    ["4.1", "opened", STATUS_SUCCESS, 3, 3],
    ["5.3", "opened", STATUS_SUCCESS, 1, 3],
    ["6.0", "opened", STATUS_SUCCESS, 1, 3],
  ]);
});
