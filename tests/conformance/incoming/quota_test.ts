// The transaction quota (kmcl.md section 5, R4).

import { assertEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { closePair, makePair, type PairOptions } from "../../support/connected_pair.ts";
import { openReceiver, type Receiver, RECEIVERS, type Receiving } from "../../support/receiving.ts";

/** A receiver that holds its packets, and what was delivered to it. */
interface Holding extends Receiving {
  readonly delivered: number[];
  readonly batches: number[];
  readonly held: vmbus.VMBPACKETCOMPLETION[];
  /** Completes the oldest `count` packets that are held. */
  readonly complete: (count: number) => void;
}

async function openHolding(side: Receiver, options: PairOptions = {}): Promise<Holding> {
  const delivered: number[] = [];
  const batches: number[] = [];
  const held: vmbus.VMBPACKETCOMPLETION[] = [];
  const receiving = await openReceiver(side, {
    onPacket: (_channel, packet, buffer) => {
      delivered.push(buffer[0]!);
      held.push(packet);
    },
    onBatch: (_channel, count) => void batches.push(count),
  }, options);
  const complete = (count: number) => {
    for (const packet of held.splice(0, count)) {
      receiving.kmcl.VmbChannelPacketComplete(packet, null, 0);
    }
  };
  return { ...receiving, delivered, batches, held, complete };
}

for (const side of RECEIVERS) {
  Deno.test(`VmbChannelSetTransactionQuota: bounds what a ${side} has out at once`, async () => {
    const { pair, fabric, kmcl, receiver, send, delivered, batches, complete } = await openHolding(
      side,
    ); // R4
    kmcl.VmbChannelSetTransactionQuota(receiver, 2);
    for (const value of [1, 2, 3, 4, 5]) send([value]);
    await fabric.settle();
    assertEquals(delivered, [1, 2]);
    assertEquals(batches, [2]); // reaching the quota ends the batch
    const { outstanding, quotaReached } = vmbus.inspectChannel(receiver);
    assertEquals([outstanding, quotaReached], [2, true]);
    complete(1);
    assertEquals(delivered, [1, 2]); // a call schedules work, and does none
    await fabric.settle();
    assertEquals(delivered, [1, 2, 3]);
    complete(2);
    await fabric.settle();
    assertEquals(delivered, [1, 2, 3, 4, 5]);
    assertEquals(batches, [2, 1, 2]);
    complete(2);
    await fabric.settle();
    assertEquals(vmbus.inspectChannel(receiver).quotaReached, false);
    await closePair(pair);
  });

  Deno.test(`VmbChannelSetTransactionQuota: a ${side} that is blocked stays so when it is raised, and when packets come`, async () => {
    const { pair, fabric, kmcl, receiver, send, delivered, complete } = await openHolding(side); // R4
    kmcl.VmbChannelSetTransactionQuota(receiver, 1);
    send([1]);
    send([2]);
    await fabric.settle();
    kmcl.VmbChannelSetTransactionQuota(receiver, 3);
    await fabric.settle();
    for (const value of [3, 4, 5]) send([value]);
    const { channelId } = vmbus.inspectChannel(receiver);
    pair.guest.postInterrupt(side === "server" ? "toHost" : "toGuest", channelId ?? 0);
    await fabric.settle();
    assertEquals(delivered, [1]);
    assertEquals(vmbus.inspectChannel(receiver).quotaReached, true);
    complete(1);
    await fabric.settle();
    assertEquals(delivered, [1, 2, 3, 4]); // now up to the new quota
    complete(4);
    await fabric.settle();
    complete(1);
    assertEquals(delivered, [1, 2, 3, 4, 5]);
    await closePair(pair);
  });

  Deno.test(`VmbChannelSetTransactionQuota: may be set below what a ${side} has out`, async () => {
    const { pair, fabric, kmcl, receiver, send, delivered, complete } = await openHolding(side); // R4
    for (const value of [1, 2, 3, 4]) send([value]);
    await fabric.settle();
    kmcl.VmbChannelSetTransactionQuota(receiver, 2);
    send([5]);
    await fabric.settle();
    for (const _ of [1, 2]) {
      complete(1);
      await fabric.settle();
      assertEquals(delivered, [1, 2, 3, 4]);
    }
    complete(1); // one is left: fewer than the quota
    await fabric.settle();
    assertEquals(delivered, [1, 2, 3, 4, 5]);
    complete(2);
    await closePair(pair);
  });

  Deno.test(`VmbChannelSetTransactionQuota: with it reached a ${side}'s ring fills, and the sender queues`, async () => {
    const { pair, fabric, kmcl, receiver, sender, send, delivered, held, complete } =
      await openHolding(side, { ringPages: [1, 1] }); // R4, P2
    kmcl.VmbChannelSetTransactionQuota(receiver, 3);
    const values = Array.from({ length: 40 }, (_, index) => index);
    for (const value of values) send([value, ...new Uint8Array(999)]);
    await fabric.settle();
    assertEquals(delivered, [0, 1, 2]);
    const { queued } = vmbus.inspectChannel(sender);
    assertEquals(queued > 0 && queued < 40, true);
    while (held.length > 0) {
      assertEquals(held.length <= 3, true);
      complete(1);
      await fabric.settle();
    }
    assertEquals(delivered, values);
    assertEquals(vmbus.inspectChannel(sender).queued, 0);
    await closePair(pair);
  });

  Deno.test(`VmbChannelSetTransactionQuota: a ${side} that completes inside ProcessPacket never reaches it`, async () => {
    const counts: number[] = []; // R4: outstanding ends with PacketComplete
    const { pair, fabric, kmcl, receiver, send } = await openReceiver(side, {
      onPacket: (_channel, packet) => kmcl.VmbChannelPacketComplete(packet, null, 0),
      onBatch: (_channel, count) => void counts.push(count),
    });
    kmcl.VmbChannelSetTransactionQuota(receiver, 1);
    for (const value of [1, 2, 3]) send([value]);
    await fabric.settle();
    assertEquals(counts, [3]);
    assertEquals(vmbus.inspectChannel(receiver).quotaReached, false);
    await closePair(pair);
  });

  Deno.test(`VmbChannelSetTransactionQuota: what a ${side} hands back is not out`, async () => {
    const log: string[] = []; // R4
    const { pair, fabric, kmcl, receiver, send } = await openReceiver(side, {
      onPacket: (_channel, packet, buffer) => {
        const irql = vmbus.KeGetCurrentIrql();
        log.push(`${buffer[0]}@${irql} of ${vmbus.inspectChannel(receiver).outstanding}`);
        if (irql === 2) kmcl.VmbChannelPacketDeferToPassive(packet);
        else kmcl.VmbChannelPacketComplete(packet, null, 0);
      },
    });
    kmcl.VmbChannelSetTransactionQuota(receiver, 1);
    for (const value of [1, 2]) send([value]);
    await fabric.settle();
    assertEquals(log, ["1@2 of 1", "1@0 of 1", "2@2 of 1", "2@0 of 1"]);
    assertEquals(vmbus.inspectChannel(receiver).outstanding, 0);
    await closePair(pair);
  });

  Deno.test(`VmbChannelSetTransactionQuota: a blocked ${side} takes no completion of its own either`, async () => {
    const { pair, fabric, kmcl, receiver, send, complete } = await openHolding(side); // R4, R5
    kmcl.VmbChannelSetTransactionQuota(receiver, 1);
    send([1]);
    await fabric.settle();
    const packet = kmcl.VmbPacketAllocate(receiver);
    let hasEnded = false;
    kmcl.VmbPacketSetCompletionRoutine(packet, (ended) => {
      hasEnded = true;
      kmcl.VmbPacketFree(ended);
    });
    kmcl.VmbPacketSend(packet, null, 0, null, 1);
    await fabric.settle();
    assertEquals(hasEnded, false);
    complete(1);
    await fabric.settle();
    assertEquals(hasEnded, true);
    await closePair(pair);
  });

  Deno.test(`VmbChannelSetTransactionQuota: blocks a ${side} afresh after each open`, async () => {
    const retireAll = { EvtChannelSuspend: () => complete(9) };
    const { pair, fabric, kmcl, receiver, sender, send, delivered, complete } = await openHolding(
      side,
      side === "server" ? { serverCallbacks: retireAll } : { clientCallbacks: retireAll },
    ); // R4
    kmcl.VmbChannelSetTransactionQuota(receiver, 1);
    send([1]);
    send([2]);
    await fabric.settle();
    await kmcl.VmbChannelDisable(pair.client);
    await fabric.settle();
    assertEquals(delivered, [1]);
    assertEquals(kmcl.VmbChannelEnable(pair.client), vmbus.STATUS_SUCCESS);
    await fabric.settle();
    assertEquals(vmbus.inspectChannel(receiver).quotaReached, false);
    assertEquals(vmbus.inspectChannel(sender).lifecycle, "opened");
    send([3]);
    send([4]);
    await fabric.settle();
    assertEquals(delivered, [1, 3]); // the quota outlives the close, and 2 died with the ring
    complete(1);
    await fabric.settle();
    complete(1);
    assertEquals(delivered, [1, 3, 4]);
    await closePair(pair);
  });
}

Deno.test("VmbChannelSetTransactionQuota: may be set on any live channel, and holds from the open on", async () => {
  const delivered: number[] = []; // R4, kmcl.md section 5
  const held: vmbus.VMBPACKETCOMPLETION[] = [];
  const pair = makePair({
    onServerPacket: (_channel, packet, buffer) => {
      delivered.push(buffer[0]!);
      held.push(packet);
    },
  });
  const { fabric, vsp, vsc, server, client } = pair;
  vsp.VmbChannelSetTransactionQuota(server, 2); // Disabled and initializing
  vsp.VmbChannelEnable(server);
  vsp.VmbChannelSetTransactionQuota(server, 1); // Enabled
  vsp.VmbChannelStart(server);
  vsc.VmbChannelEnable(client);
  for (const value of [1, 2]) {
    vsc.VmbPacketSend(vsc.VmbPacketAllocate(client), Uint8Array.of(value), 1, null, 0);
  }
  await fabric.settle();
  assertEquals(delivered, [1]);
  vsp.VmbChannelPacketComplete(held.pop()!, null, 0);
  await fabric.settle();
  assertEquals(delivered, [1, 2]);
  vsp.VmbChannelPacketComplete(held.pop()!, null, 0);
  await closePair(pair);
});
