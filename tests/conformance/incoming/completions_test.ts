// Completions that find the ring full (kmcl.md section 5, R6).

import { assertEquals, assertGreater } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { closePair } from "../../support/connected_pair.ts";
import { openReceiver, RECEIVERS } from "../../support/receiving.ts";
import { type Ended, freeAll, notedPacket, pattern, WAIT } from "../../support/sending.ts";

const ANSWER_BYTES = 900;
const COUNT = 24;

for (const side of RECEIVERS) {
  Deno.test(`VmbChannelPacketComplete: completions of a ${side} queue while the ring is full, and none is lost`, async () => {
    const answer = new Uint8Array(ANSWER_BYTES); // R6, P8
    const { pair, fabric, kmcl, receiver, sender } = await openReceiver(side, {
      onPacket: (_channel, packet, buffer) => {
        answer.set(pattern(ANSWER_BYTES, buffer[0]));
        kmcl.VmbChannelPacketComplete(packet, answer, ANSWER_BYTES);
        answer.fill(0); // it was copied
      },
    }, { ringPages: [2, 2] });
    const ends: Ended[] = [];
    const packets = Array.from({ length: COUNT }, () => notedPacket(kmcl, sender, ends));
    for (const [index, packet] of packets.entries()) {
      kmcl.VmbPacketSend(packet, Uint8Array.of(index), 1, null, WAIT);
    }
    await kmcl.VmbChannelPause(sender); // from now on it reads nothing
    await fabric.settle();
    assertGreater(vmbus.inspectChannel(receiver).queued, 0);
    assertEquals(vmbus.inspectChannel(receiver).outstanding, 0);
    kmcl.VmbChannelStart(sender);
    await fabric.settle();
    assertEquals(ends.map(({ packet }) => packets.indexOf(packet)), packets.map((_, at) => at));
    for (const [index, { status, answer }] of ends.entries()) {
      assertEquals(status, vmbus.STATUS_SUCCESS);
      assertEquals(answer, [...pattern(ANSWER_BYTES, index)]);
    }
    assertEquals(vmbus.inspectChannel(receiver).queued, 0);
    freeAll(kmcl, packets);
    await closePair(pair);
  });

  Deno.test(`VmbChannelPacketComplete: completions and packets of a ${side} leave in the order of the calls`, async () => {
    const held: vmbus.VMBPACKETCOMPLETION[] = []; // R6, P3
    const log: string[] = [];
    const options = {
      ringPages: [1, 1] as const,
      [side === "server" ? "onClientPacket" : "onServerPacket"]: (
        _channel: vmbus.VMBCHANNEL,
        packet: vmbus.VMBPACKETCOMPLETION,
        buffer: Uint8Array,
      ) => {
        log.push(`packet ${buffer[0]}`);
        kmcl.VmbChannelPacketComplete(packet, null, 0);
      },
    };
    const { pair, fabric, kmcl, receiver, sender } = await openReceiver(side, {
      onPacket: (_channel, packet) => void held.push(packet),
    }, options);
    for (let i = 0; i < COUNT; i++) {
      const packet = kmcl.VmbPacketAllocate(sender);
      kmcl.VmbPacketSetCompletionRoutine(packet, (ended, _status, buffer) => {
        log.push(`answer ${buffer[0]}`);
        kmcl.VmbPacketFree(ended);
      });
      kmcl.VmbPacketSend(packet, Uint8Array.of(i), 1, null, WAIT);
    }
    await fabric.settle();
    assertEquals(held.length, COUNT);
    for (const [index, context] of held.entries()) {
      kmcl.VmbChannelPacketComplete(context, pattern(ANSWER_BYTES).fill(index), ANSWER_BYTES);
      const payload = pattern(ANSWER_BYTES).fill(index);
      kmcl.VmbPacketSend(kmcl.VmbPacketAllocate(receiver), payload, ANSWER_BYTES, null, 0);
    }
    assertGreater(vmbus.inspectChannel(receiver).queued, COUNT);
    await fabric.settle();
    const order = held.flatMap((_, index) => [`answer ${index}`, `packet ${index}`]);
    assertEquals(log, order);
    await closePair(pair);
  });

  Deno.test(`VmbChannelPacketComplete: a ${side}'s completion that waits counts for the quota, not for Pause`, async () => {
    let delivered = 0; // R6
    const { pair, fabric, kmcl, receiver, sender } = await openReceiver(side, {
      onPacket: (_channel, packet) => {
        delivered++;
        kmcl.VmbChannelPacketComplete(packet, new Uint8Array(ANSWER_BYTES), ANSWER_BYTES);
      },
    }, { ringPages: [2, 2] });
    const quota = 3;
    kmcl.VmbChannelSetTransactionQuota(receiver, quota);
    const ends: Ended[] = [];
    const packets = Array.from({ length: COUNT }, () => notedPacket(kmcl, sender, ends));
    for (const packet of packets) kmcl.VmbPacketSend(packet, Uint8Array.of(1), 1, null, WAIT);
    await kmcl.VmbChannelPause(sender); // what it sent is in the ring; it never reads
    await fabric.settle();
    const { outstanding, queued, quotaReached } = vmbus.inspectChannel(receiver);
    assertEquals([outstanding, queued, quotaReached], [0, quota, true]);
    assertGreater(COUNT, delivered); // the host does not queue without end
    assertEquals(ends.length, 0);

    await kmcl.VmbChannelPause(receiver); // every packet is retired
    kmcl.VmbChannelStart(receiver);
    await fabric.settle();
    kmcl.VmbChannelStart(sender);
    await fabric.settle();
    assertEquals(ends.map(({ status }) => status), packets.map(() => vmbus.STATUS_SUCCESS));
    assertEquals(delivered, COUNT);
    freeAll(kmcl, packets);
    await closePair(pair);
  });
}
