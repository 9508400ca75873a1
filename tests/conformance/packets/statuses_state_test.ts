// kmcl.md P5: what a send says of the packet's own state (first) and of its channel's (last).

import { assertEquals, assertExists } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { closePair, makePair, openPair, type Pair } from "../../support/connected_pair.ts";
import { type Ended, notedPacket, pattern, unchangedBy, WAIT } from "../../support/sending.ts";

const BAD_PACKET = vmbus.STATUS_INVALID_PARAMETER_1;
const REMOVED = vmbus.STATUS_DEVICE_REMOVED;

/** The statuses of the three send functions, which must change nothing. */
function refusals(pair: Pair, packet: unknown): vmbus.NtStatus[] {
  const handle = packet as vmbus.VMBPACKET;
  const mdl = vmbus.IoAllocateMdl(pair.guest.memory, 0, 8);
  return [
    () => pair.vsc.VmbPacketSend(handle, null, 0, null, 0),
    () => pair.vsc.VmbPacketSendWithExternalMdl(handle, null, 0, mdl, 0, 0, WAIT),
    () => pair.vsc.VmbPacketSendWithExternalPfns(handle, null, 0, [1], 1, WAIT),
  ].map((send) => unchangedBy(pair.fabric, send));
}

/** One status for each of the three functions. */
function three(status: vmbus.NtStatus): vmbus.NtStatus[] {
  return [status, status, status];
}

Deno.test("VmbPacketSend: what is no packet is _1 (P5)", async () => {
  const pair = await openPair({
    onServerPacket: "hold",
  });
  const { held: contexts } = pair.atServer;
  const { vsc, vsp, client, server, guest, fabric } = pair;
  const packet = vsc.VmbPacketAllocate(client);
  assertEquals(vsc.VmbPacketSend(packet, null, 0, null, 0), vmbus.STATUS_SUCCESS);
  await fabric.settle();
  assertEquals(contexts.length, 1);
  const other = await openPair();
  const foreign = other.vsc.VmbPacketAllocate(other.client);
  const wrong: unknown[] = [
    null,
    undefined,
    0,
    "packet",
    {},
    () => {},
    client,
    server,
    contexts[0],
    guest.device,
    guest.vmbusHandle,
    foreign,
    packet, // its default routine freed it
  ];
  for (const value of wrong) assertEquals(refusals(pair, value), three(BAD_PACKET));
  vsp.VmbChannelPacketComplete(contexts[0]!, null, 0);
  other.vsc.VmbPacketFree(foreign);
  await closePair(other);
  await closePair(pair);
});

Deno.test("VmbPacketSend: a freed packet is _1 in every verifier mode (P5)", () => {
  for (const verifier of ["throw", "record", "off"] as const) {
    const pair = makePair({ fabric: { verifier } });
    const packet = pair.vsc.VmbPacketAllocate(pair.client);
    pair.vsc.VmbPacketFree(packet);
    assertEquals(refusals(pair, packet), three(BAD_PACKET));
    assertEquals(pair.fabric.violations, []); // it has a status: no violation
    pair.vsc.VmbChannelCleanup(pair.client);
    pair.vsp.VmbChannelCleanup(pair.server);
    assertEquals(pair.fabric.leaks(), []);
  }
});

Deno.test("VmbPacketSend: a packet of a freed channel is _1 (P5, S12)", () => {
  for (const verifier of ["throw", "record", "off"] as const) {
    const pair = makePair({ fabric: { verifier } });
    const { vsc, vsp, client, server } = pair;
    const buffer = new Uint8Array(vsc.VmbChannelSizeofPacket(client));
    const made = vsc.VmbPacketInitialize(client, buffer, buffer.length);
    const freed = vsc.VmbPacketAllocate(client);
    vsc.VmbPacketFree(freed);
    vsc.VmbChannelCleanup(client);
    assertEquals(refusals(pair, made.packet), three(BAD_PACKET));
    assertEquals(refusals(pair, freed), three(BAD_PACKET));
    vsp.VmbChannelCleanup(server);
    assertEquals(pair.fabric.leaks(), []);
    assertEquals(pair.fabric.violations, []);
  }
});

Deno.test("VmbPacketSend: a packet in flight is _1 until its routine begins (P4, P5)", async () => {
  const pair = await openPair({
    onServerPacket: "hold",
  });
  const { held: contexts } = pair.atServer;
  const { vsc, vsp, client, fabric } = pair;
  const ends: Ended[] = [];
  const packet = notedPacket(vsc, client, ends);

  // Queued: the flow is paused.
  await vsc.VmbChannelPause(client);
  vsc.VmbChannelStart(client);
  assertEquals(vmbus.inspectChannel(client).flow, "active");
  assertEquals(vsc.VmbPacketSend(packet, null, 0, null, WAIT), vmbus.STATUS_SUCCESS);
  assertEquals(vmbus.inspectChannel(client).packets[0]?.state, "queued");
  assertEquals(refusals(pair, packet), three(BAD_PACKET));

  // In the ring, its completion awaited: by the server's grace.
  await fabric.settle();
  assertEquals(vmbus.inspectChannel(client).packets[0]?.state, "awaiting");
  assertEquals(refusals(pair, packet), three(BAD_PACKET));

  // The completion is in the ring, but not taken yet.
  vsp.VmbChannelPacketComplete(contexts[0]!, null, 0);
  assertEquals(refusals(pair, packet), three(BAD_PACKET));
  await fabric.settle();
  assertEquals(ends.length, 1);

  // Sent without a completion: in the ring, but its routine has not begun.
  assertEquals(vsc.VmbPacketSend(packet, null, 0, null, 0), vmbus.STATUS_SUCCESS);
  assertEquals(refusals(pair, packet), three(BAD_PACKET));
  await fabric.settle();
  assertEquals(ends.length, 2);
  vsp.VmbChannelPacketComplete(contexts[1]!, null, 0);
  vsc.VmbPacketFree(packet);
  await closePair(pair);
});

Deno.test("VmbPacketSend: both kinds of Disabled are STATUS_DEVICE_REMOVED (P5, S6)", async () => {
  const pair = makePair();
  const { vsc, vsp, client, server } = pair;
  const packets = [
    vsc.VmbPacketAllocate(client),
    vsp.VmbPacketAllocate(server),
  ] as const;
  const buffer = pattern(8);
  for (const expected of ["initializing", "torn down"]) {
    const { initializing, lifecycle } = vmbus.inspectChannel(client);
    assertEquals([initializing, lifecycle], [expected === "initializing", "disabled"]);
    assertEquals(refusals(pair, packets[0]), three(REMOVED));
    const status = unchangedBy(
      pair.fabric,
      () => vsp.VmbPacketSend(packets[1], buffer, 8, null, WAIT),
    );
    assertEquals(status, REMOVED);
    if (expected === "torn down") break;
    vsc.VmbChannelEnable(client);
    vsp.VmbChannelEnable(server);
    await pair.fabric.settle();
    await vsc.VmbChannelDisable(client);
    await vsp.VmbChannelDisable(server);
  }
  vsc.VmbPacketFree(packets[0]);
  vsp.VmbPacketFree(packets[1]);
  await closePair(pair);
});

Deno.test("VmbPacketSend: a faulted channel is STATUS_DEVICE_REMOVED (P5)", async () => {
  // kmcl.md section 5, VmbChannelPacketFail: sends return STATUS_DEVICE_REMOVED.
  const pair = await openPair({
    onClientPacket: (_channel, context) => pair.vsc.VmbChannelPacketFail(context),
  });
  const { vsc, vsp, client, server, fabric } = pair;
  const ends: Ended[] = [];
  const packet = notedPacket(vsc, client, ends);
  const trigger = vsp.VmbPacketAllocate(server);
  assertExists(trigger);
  assertEquals(vsp.VmbPacketSend(trigger, null, 0, null, 0), vmbus.STATUS_SUCCESS);
  await fabric.settle();
  assertEquals(vmbus.inspectChannel(client).fault, "packetFailed");
  assertEquals(refusals(pair, packet), three(REMOVED));
  const result = await vsc.VmbChannelSendSynchronousRequest(client, null, 0, null, 0, null, 0);
  assertEquals(result, { status: REMOVED, completionBufferSize: null });
  assertEquals(ends, []);
  vsc.VmbPacketFree(packet);
  await closePair(pair);
});
