// Levels at which packets are delivered (kmcl.md section 5, R1).

import { assertEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { closePair } from "../../support/connected_pair.ts";
import { openReceiver, RECEIVERS } from "../../support/receiving.ts";
import { runSteps } from "../../support/run_steps.ts";

const { KeGetCurrentIrql } = vmbus;

for (const side of RECEIVERS) {
  Deno.test(`EvtChannelProcessPacket: a ${side} is offered each packet at DISPATCH_LEVEL first`, async () => {
    const log: string[] = []; // R1
    const { pair, fabric, kmcl, send } = await openReceiver(side, {
      onPacket: (_channel, packet, buffer) => {
        log.push(`${buffer[0]}@${KeGetCurrentIrql()}`);
        kmcl.VmbChannelPacketComplete(packet, null, 0);
      },
    });
    for (const value of [1, 2, 3]) send([value]);
    assertEquals(log, []); // nothing runs behind the caller's back
    await fabric.settle();
    assertEquals(log, ["1@2", "2@2", "3@2"]);
    assertEquals(KeGetCurrentIrql(), 0);
    await closePair(pair);
  });

  Deno.test(`VmbChannelPacketDeferToPassive: a ${side} gets that packet at PASSIVE_LEVEL, the next at DISPATCH_LEVEL`, async () => {
    const log: string[] = []; // R1
    const { pair, fabric, kmcl, send } = await openReceiver(side, {
      onPacket: (_channel, packet, buffer) => {
        log.push(`${buffer[0]}@${KeGetCurrentIrql()}`);
        const mustDefer = buffer[0] === 2 || buffer[0] === 3;
        if (mustDefer && KeGetCurrentIrql() === 2) kmcl.VmbChannelPacketDeferToPassive(packet);
        else kmcl.VmbChannelPacketComplete(packet, null, 0);
      },
    });
    for (const value of [1, 2, 3, 4]) send([value]);
    await fabric.settle();
    assertEquals(log, ["1@2", "2@2", "2@0", "3@2", "3@0", "4@2"]);
    await closePair(pair);
  });

  Deno.test(`VmbChannelPacketDeferToPassive: at PASSIVE_LEVEL a ${side} gets the packet again, later`, async () => {
    const log: string[] = []; // R1
    const { pair, fabric, kmcl, send } = await openReceiver(side, {
      onPacket: (_channel, packet, buffer) => {
        log.push(`${buffer[0]}@${KeGetCurrentIrql()}`);
        if (log.length < 4) kmcl.VmbChannelPacketDeferToPassive(packet);
        else kmcl.VmbChannelPacketComplete(packet, null, 0);
      },
    });
    send([1]);
    send([2]);
    await fabric.settle();
    assertEquals(log, ["1@2", "1@0", "1@0", "1@0", "2@2"]);
    await closePair(pair);
  });

  Deno.test(`VmbChannelSetIncomingProcessingAtPassive: true has a ${side} process at PASSIVE_LEVEL alone`, async () => {
    const log: string[] = []; // R1
    const { pair, fabric, kmcl, receiver, send } = await openReceiver(side, {
      onPacket: (_channel, packet, buffer) => {
        log.push(`${buffer[0]}@${KeGetCurrentIrql()}`);
        kmcl.VmbChannelPacketComplete(packet, null, 0);
      },
      onBatch: (_channel, count) => void log.push(`batch ${count}@${KeGetCurrentIrql()}`),
    });
    kmcl.VmbChannelSetIncomingProcessingAtPassive(receiver, true);
    for (const value of [1, 2]) send([value]);
    await fabric.settle();
    assertEquals(log.splice(0), ["1@0", "2@0", "batch 2@0"]);
    kmcl.VmbChannelSetIncomingProcessingAtPassive(receiver, false);
    for (const value of [3, 4]) send([value]);
    await fabric.settle();
    assertEquals(log, ["3@2", "4@2", "batch 2@2"]);
    await closePair(pair);
  });

  Deno.test(`VmbChannelSetIncomingProcessingAtPassive: holds from the ${side}'s next packet on`, async () => {
    const log: string[] = []; // R1: called from ProcessPacket itself
    const { pair, fabric, kmcl, receiver, send } = await openReceiver(side, {
      onPacket: (_channel, packet, buffer) => {
        log.push(`${buffer[0]}@${KeGetCurrentIrql()}`);
        if (buffer[0] === 2) kmcl.VmbChannelSetIncomingProcessingAtPassive(receiver, true);
        if (buffer[0] === 4) kmcl.VmbChannelSetIncomingProcessingAtPassive(receiver, false);
        kmcl.VmbChannelPacketComplete(packet, null, 0);
      },
    });
    for (const value of [1, 2, 3, 4, 5]) send([value]);
    await fabric.settle();
    assertEquals(log, ["1@2", "2@2", "3@0", "4@0", "5@2"]);
    await closePair(pair);
  });
}

Deno.test("VmbChannelSetIncomingProcessingAtPassive: false holds for a packet that was due at PASSIVE_LEVEL", async () => {
  // R1: with false each packet is offered at DISPATCH_LEVEL first, whenever that was said.
  for (let steps = 0; steps < 6; steps++) {
    const levels: number[] = [];
    const { pair, fabric, kmcl, receiver, send } = await openReceiver("server", {
      onPacket: (_channel, packet) => {
        levels.push(KeGetCurrentIrql());
        kmcl.VmbChannelPacketComplete(packet, null, 0);
      },
    });
    kmcl.VmbChannelSetIncomingProcessingAtPassive(receiver, true);
    send([1]);
    await runSteps(fabric, steps);
    const isDelivered = levels.length > 0;
    kmcl.VmbChannelSetIncomingProcessingAtPassive(receiver, false);
    await fabric.settle();
    assertEquals(levels, [isDelivered ? 0 : 2], `after ${steps} steps`);
    await closePair(pair);
  }
});

Deno.test("KeGetCurrentIrql: is that of the synchronous part of a callback", async () => {
  const log: string[] = []; // R1, api.md section 1
  const { pair, fabric, kmcl, send } = await openReceiver("server", {
    onPacket: (_channel, packet) => {
      log.push(`begins at ${KeGetCurrentIrql()}`);
      if (KeGetCurrentIrql() === 2) return kmcl.VmbChannelPacketDeferToPassive(packet);
      return fabric.delay(1).then(() => {
        log.push(`continues at ${KeGetCurrentIrql()}`);
        kmcl.VmbChannelPacketComplete(packet, null, 0);
      });
    },
  });
  send([1]);
  await fabric.advance(1);
  assertEquals(log, ["begins at 2", "begins at 0", "continues at 0"]);
  await closePair(pair);
});

Deno.test("VmbChannelPacketGetExternalData: a packet that was pending comes again at PASSIVE_LEVEL", async () => {
  const log: string[] = []; // R1
  const { pair, fabric, kmcl } = await openReceiver("server", {
    onPacket: (_channel, packet, buffer) => {
      const { status } = kmcl.VmbChannelPacketGetExternalData(packet, 0);
      log.push(`${buffer[0]}@${KeGetCurrentIrql()} ${vmbus.ntStatusName(status)}`);
      if (status !== vmbus.STATUS_PENDING) kmcl.VmbChannelPacketComplete(packet, null, 0);
    },
  });
  const { memory } = pair.guest;
  const pages = memory.allocate(8192);
  for (const [index, isPagedOut] of [true, false].entries()) {
    const gpa = pages.gpa + index * 4096;
    if (isPagedOut) memory.pageOut(gpa, 1);
    const mdl = vmbus.IoAllocateMdl(memory, gpa, 100);
    const packet = pair.vsc.VmbPacketAllocate(pair.client);
    const payload = Uint8Array.of(index);
    assertEquals(pair.vsc.VmbPacketSend(packet, payload, 1, mdl, 1), vmbus.STATUS_SUCCESS);
  }
  await fabric.settle();
  assertEquals(log, ["0@2 STATUS_PENDING", "0@0 STATUS_SUCCESS", "1@2 STATUS_SUCCESS"]);
  memory.free(pages);
  await closePair(pair);
});
