/**
 * What becomes of transactions and GPADLs when their channel closes (kmcl.md S10, S15, G1).
 *
 * @module
 */

import { assertEquals, assertGreater, assertLess } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import {
  closePair,
  enablePair,
  makePair,
  openPair,
  type Pair,
} from "../../support/connected_pair.ts";
import { type Ended, freeAll, names, notedPacket, pattern, WAIT } from "../../support/sending.ts";

const SIDES = ["server", "client"] as const;
type Side = typeof SIDES[number];

const tableOf = (pair: Pair, side: Side) => side === "server" ? pair.vsp : pair.vsc;
const lifecycleOf = (channel: vmbus.VMBCHANNEL) => vmbus.inspectChannel(channel).lifecycle;

/** Small packets and rings, so that a ring is soon full. */
function small(kmcl: vmbus.KmclClientInterfaceV1, channel: vmbus.VMBCHANNEL): void {
  assertEquals(kmcl.VmbChannelInitSetMaximumPacketSize(channel, 1000), vmbus.STATUS_SUCCESS);
  assertEquals(kmcl.VmbChannelInitSetMaximumExternalData(channel, 4096, 1), vmbus.STATUS_SUCCESS);
}

/** Packets that `side` sends to an endpoint which takes none; the ring holds only some of them. */
async function fillRing(pair: Pair, side: Side, ends: Ended[]): Promise<vmbus.VMBPACKET[]> {
  const kmcl = tableOf(pair, side);
  const other = side === "server" ? "client" : "server";
  await tableOf(pair, other).VmbChannelPause(pair[other]);
  return Array.from({ length: 10 }, () => {
    const packet = notedPacket(kmcl, pair[side], ends);
    const status = kmcl.VmbPacketSend(packet, pattern(900), 900, null, WAIT);
    assertEquals(status, vmbus.STATUS_SUCCESS);
    return packet;
  });
}

// kmcl.md S15: STATUS_DEVICE_REMOVED for what was sent, STATUS_CANCELLED for what was not, each exactly once
for (const side of SIDES) {
  for (const closer of SIDES) {
    for (const schedule of ["fifo", "random"] as const) {
      const title =
        `a close by the ${closer} ends the ${side}'s packets once, in order (${schedule})`;
      Deno.test(`EvtPacketCompletionRoutine: ${title}`, async () => {
        const ends: Ended[] = [];
        const pair = await openPair({
          fabric: { schedule, seed: 5 },
          ringPages: [1, 1],
          server: small,
          client: small,
        });
        const packets = await fillRing(pair, side, ends);
        const { queued } = vmbus.inspectChannel(pair[side]);
        assertGreater(queued, 0);
        assertLess(queued, packets.length);
        await tableOf(pair, closer).VmbChannelDisable(pair[closer]);
        // Those of the endpoint that was disabled have ended when the call has returned (S10, S11).
        if (closer !== side) await pair.fabric.settle();
        assertEquals(ends.map(({ packet }) => packet), packets);
        const sent = packets.length - queued;
        const expected = packets.map((_, at) =>
          at < sent ? vmbus.STATUS_DEVICE_REMOVED : vmbus.STATUS_CANCELLED
        );
        assertEquals(names(ends.map(({ status }) => status)), names(expected));
        freeAll(tableOf(pair, side), packets);
        await closePair(pair);
        assertEquals(ends.length, packets.length);
      });
    }
  }
}

// kmcl.md S10, S15: S15 comes before the final state
Deno.test("VmbChannelDisable: of a server that was never opened cancels its packets before it returns", async () => {
  const { fabric, vsp, server } = makePair();
  assertEquals(vsp.VmbChannelEnable(server), vmbus.STATUS_SUCCESS);
  const ends: Ended[] = [];
  const packet = notedPacket(vsp, server, ends);
  assertEquals(vsp.VmbPacketSend(packet, null, 0, null, 0), vmbus.STATUS_SUCCESS);
  const disabled = vsp.VmbChannelDisable(server);
  assertEquals(ends, []); // nothing runs behind the caller's back
  await disabled;
  assertEquals(names(ends.map(({ status }) => status)), ["STATUS_CANCELLED"]);
  assertEquals(lifecycleOf(server), "disabled");
  vsp.VmbPacketFree(packet);
  vsp.VmbChannelCleanup(server);
  assertEquals(fabric.violations, []);
});

// kmcl.md S6, S15: what a routine sends again is refused by an endpoint that goes away
Deno.test("VmbPacketSend: in the completion routine of a Disabled channel is refused", async () => {
  const pair = await openPair({ onServerPacket: () => {} });
  const { vsp, vsc, server, client } = pair;
  await vsp.VmbChannelPause(server);
  const statuses: vmbus.NtStatus[] = [];
  const packet = vsc.VmbPacketAllocate(client);
  vsc.VmbPacketSetCompletionRoutine(packet, (ended, status) => {
    statuses.push(status, vsc.VmbPacketSend(ended, null, 0, null, WAIT));
    vsc.VmbPacketFree(ended);
  });
  assertEquals(vsc.VmbPacketSend(packet, null, 0, null, WAIT), vmbus.STATUS_SUCCESS);
  await vsc.VmbChannelDisable(client);
  assertEquals(names(statuses), ["STATUS_DEVICE_REMOVED", "STATUS_DEVICE_REMOVED"]);
  await closePair(pair);
});

// kmcl.md S6: what is queued after Closed has returned waits for the next open
Deno.test("VmbPacketSend: in a completion routine of a Closed server waits for the next open", async () => {
  const received: number[] = [];
  const pair = await openPair({
    onClientPacket: (_channel, packet, buffer) => {
      received.push(buffer[0] ?? -1);
      pair.vsc.VmbChannelPacketComplete(packet, null, 0);
    },
  });
  const { fabric, vsp, vsc, server, client } = pair;
  await vsc.VmbChannelPause(client);
  const statuses: vmbus.NtStatus[] = [];
  const packet = vsp.VmbPacketAllocate(server);
  vsp.VmbPacketSetCompletionRoutine(packet, (ended, status) => {
    statuses.push(status);
    if (statuses.length > 1) return vsp.VmbPacketFree(ended);
    statuses.push(vsp.VmbPacketSend(ended, Uint8Array.of(7), 1, null, WAIT));
  });
  assertEquals(vsp.VmbPacketSend(packet, null, 0, null, WAIT), vmbus.STATUS_SUCCESS);
  await vsc.VmbChannelDisable(client);
  await fabric.settle();
  assertEquals(names(statuses), ["STATUS_DEVICE_REMOVED", "STATUS_SUCCESS"]);
  assertEquals([lifecycleOf(server), vmbus.inspectChannel(server).queued], ["closed", 1]);
  assertEquals(vsc.VmbChannelEnable(client), vmbus.STATUS_SUCCESS);
  await fabric.settle();
  assertEquals(received, [7]);
  assertEquals(names(statuses.slice(2)), ["STATUS_SUCCESS"]);
  await closePair(pair);
});

// kmcl.md S10, S11: a client may await the deletion in Closed; the server keeps its mapping until its own returns
for (const closer of SIDES) {
  Deno.test(`VmbChannelDeleteGpadl: in Closed waits for the server's unmap when the ${closer} closes`, async () => {
    const log: string[] = [];
    let handle = 0;
    const pair = await openPair({
      serverCallbacks: {
        EvtChannelClosed: async (channel) => {
          await pair.fabric.delay(3);
          log.push("unmap");
          pair.vsp.VmbChannelUnmapGpadl(channel, handle);
        },
      },
      clientCallbacks: {
        EvtChannelClosed: async (channel) => {
          await pair.vsc.VmbChannelDeleteGpadl(channel, handle);
          log.push("deleted");
        },
      },
    });
    const { fabric, guest, vsp, vsc, server, client } = pair;
    const buffer = guest.memory.allocate(4096);
    handle = vmbus.expectSuccess(
      vsc.VmbChannelCreateGpadlFromBuffer(client, 0, buffer, buffer.byteCount),
    ).gpadlHandle;
    vmbus.expectSuccess(vsp.VmbChannelMapGpadl(server, 0, handle));
    tableOf(pair, closer).VmbChannelDisable(pair[closer]);
    await fabric.run();
    assertEquals(log, ["unmap", "deleted"]);
    assertEquals(lifecycleOf(client), "disabled");
    guest.memory.free(buffer); // its pages are free: a pinned one would be a violation
    await closePair(pair);
  });
}

// kmcl.md S10: a GPADL that Closed left is removed, and is a violation of that side's driver
for (const side of SIDES) {
  Deno.test(`EvtChannelClosed: a GPADL that the ${side} leaves is removed, and a violation`, async () => {
    const pair = await openPair({ fabric: { verifier: "record" } });
    const { fabric, guest, vsp, vsc, server, client } = pair;
    const buffer = guest.memory.allocate(4096);
    const { gpadlHandle } = vmbus.expectSuccess(
      vsc.VmbChannelCreateGpadlFromBuffer(client, 0, buffer, 4096),
    );
    const { mdl } = vmbus.expectSuccess(vsp.VmbChannelMapGpadl(server, 0, gpadlHandle));
    if (side === "client") vsp.VmbChannelUnmapGpadl(server, gpadlHandle);
    else vsc.VmbChannelDeleteGpadl(client, gpadlHandle);
    await vsc.VmbChannelDisable(client);
    await fabric.settle();
    assertEquals(fabric.violations.map(({ rule, call }) => [rule, call]), [
      ["GPADL not deleted or still mapped when Closed returns", "EvtChannelClosed"],
    ]);
    assertEquals(vmbus.inspectChannel(server).gpadls, []);
    assertEquals(fabric.inspect().partitions[1]?.pinnedPages, 0);
    assertEquals(vmbus.mdlSegments(mdl), []);
  });
}

// kmcl.md S13, api.md section 3: callers of a crashed guest's driver go on, and its server sides keep nothing
Deno.test("Partition.crash: a caller that waits for a deletion continues, and no GPADL is left", async () => {
  let handle = 0;
  const pair = await openPair({
    serverCallbacks: {
      EvtChannelClosed: (channel) => pair.vsp.VmbChannelUnmapGpadl(channel, handle),
    },
  });
  const { fabric, guest, vsp, vsc, server, client } = pair;
  const buffer = guest.memory.allocate(4096);
  handle = vmbus.expectSuccess(
    vsc.VmbChannelCreateGpadlFromBuffer(client, 0, buffer, 4096),
  ).gpadlHandle;
  vmbus.expectSuccess(vsp.VmbChannelMapGpadl(server, 0, handle));
  let hasReturned = false;
  const deleted = vsc.VmbChannelDeleteGpadl(client, handle).then(() => hasReturned = true);
  await fabric.settle();
  assertEquals(hasReturned, false);
  guest.crash();
  await deleted;
  await fabric.settle();
  assertEquals(lifecycleOf(server), "closed");
  assertEquals(vmbus.inspectChannel(server).gpadls, []);
  assertEquals(vmbus.inspectChannel(client).gpadls, []);
  await closePair(pair);
});

// kmcl.md S10: in Closed the rings are there for nobody: a packet of the opposite side is not delivered
Deno.test("EvtChannelClosed: nothing that the opposite side sent is delivered any more", async () => {
  const log: string[] = [];
  const pair = makePair({
    onServerPacket: (_channel, packet) => {
      log.push("packet");
      pair.vsp.VmbChannelPacketComplete(packet, null, 0);
    },
    serverCallbacks: {
      EvtChannelSuspend: async () => {
        log.push("Suspend");
        const packet = pair.vsc.VmbPacketAllocate(pair.client);
        assertEquals(pair.vsc.VmbPacketSend(packet, null, 0, null, 0), vmbus.STATUS_SUCCESS);
        await pair.fabric.delay(5);
      },
      EvtChannelClosed: () => void log.push("Closed"),
    },
  });
  enablePair(pair);
  await pair.fabric.settle();
  await pair.vsp.VmbChannelDisable(pair.server);
  assertEquals(log, ["Suspend", "Closed"]);
  await closePair(pair);
});
