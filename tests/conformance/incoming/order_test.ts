// One packet at a time, batches, and completions in ring order (kmcl.md section 5, R2, R3, R5).

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { closePair } from "../../support/connected_pair.ts";
import { hops } from "../../support/driving.ts";
import { openReceiver, RECEIVERS } from "../../support/receiving.ts";
import { request } from "../../support/requests.ts";

for (const side of RECEIVERS) {
  for (const [schedule, seed] of [["fifo", 0], ["random", 3], ["random", 4]] as const) {
    Deno.test(`EvtChannelProcessPacket: a ${side} gets one packet at a time, in ring order (${schedule} ${seed})`, async () => {
      const log: string[] = []; // R2
      let running = 0;
      const { pair, fabric, kmcl, receiver, send } = await openReceiver(side, {
        onPacket: async (_channel, packet, buffer) => {
          log.push(`${buffer[0]} of ${++running}`);
          await hops(5);
          await fabric.delay(buffer[0]! % 3);
          kmcl.VmbChannelPacketComplete(packet, null, 0);
          await fabric.delay(1);
          running--;
        },
      }, { fabric: { schedule, seed } });
      kmcl.VmbChannelSetIncomingProcessingAtPassive(receiver, true);
      const values = Array.from({ length: 9 }, (_, index) => index);
      for (const value of values) {
        send([value]);
        await fabric.advance(1);
      }
      await fabric.advance(100);
      assertEquals(log, values.map((value) => `${value} of 1`));
      await closePair(pair);
    });
  }

  Deno.test(`EvtChannelProcessingComplete: a ${side} that takes packets at PASSIVE_LEVEL hears there of them, whoever signals`, async () => {
    const levels: number[] = []; // R3
    const { pair, fabric, kmcl, receiver, send } = await openReceiver(side, {
      onPacket: async (_channel, packet) => {
        await fabric.delay(1);
        kmcl.VmbChannelPacketComplete(packet, null, 0);
        // It comes before the item in which the queue continues, and finds the ring empty.
        pair.guest.postInterrupt(side === "server" ? "toHost" : "toGuest", 1);
      },
      onBatch: () => void levels.push(vmbus.KeGetCurrentIrql()),
    });
    kmcl.VmbChannelSetIncomingProcessingAtPassive(receiver, true);
    send([1]);
    await fabric.run();
    assertEquals(levels, [0]);
    await closePair(pair);
  });

  Deno.test(`EvtChannelProcessingComplete: of a ${side} that waits keeps the next packet back`, async () => {
    const log: string[] = []; // R2, R3
    const { pair, fabric, kmcl, receiver, send } = await openReceiver(side, {
      onPacket: (_channel, packet, buffer) => {
        log.push(`packet ${buffer[0]}`);
        kmcl.VmbChannelPacketComplete(packet, null, 0);
      },
      onBatch: async (_channel, count) => {
        log.push(`batch ${count}`);
        await fabric.delay(10);
        log.push("batch ends");
      },
    });
    kmcl.VmbChannelSetIncomingProcessingAtPassive(receiver, true);
    send([1]);
    await fabric.settle();
    send([2]);
    await fabric.advance(9);
    assertEquals(log.splice(0), ["packet 1", "batch 1"]);
    await fabric.advance(1);
    assertEquals(log.splice(0), ["batch ends", "packet 2", "batch 1"]);
    await fabric.advance(10);
    assertEquals(log, ["batch ends"]);
    await closePair(pair);
  });

  Deno.test(`EvtChannelProcessingComplete: tells a ${side} how many packets came until the ring was empty`, async () => {
    const counts: number[] = []; // R3
    const { pair, fabric, kmcl, send } = await openReceiver(side, {
      onPacket: (_channel, packet) => kmcl.VmbChannelPacketComplete(packet, null, 0),
      onBatch: (_channel, count) => void counts.push(count),
    });
    await fabric.settle();
    assertEquals(counts, []); // no packet, no batch
    for (const size of [1, 5, 2]) {
      for (let i = 0; i < size; i++) send([i]);
      await fabric.settle();
    }
    assertEquals(counts, [1, 5, 2]);
    await closePair(pair);
  });

  Deno.test(`EvtChannelProcessingComplete: a ${side}'s batch ends where a packet is handed back, which does not count`, async () => {
    const log: string[] = []; // R3
    const { pair, fabric, kmcl, send } = await openReceiver(side, {
      onPacket: (_channel, packet, buffer) => {
        log.push(`packet ${buffer[0]}`);
        const mustDefer = buffer[0] === 3 && vmbus.KeGetCurrentIrql() === 2;
        if (mustDefer) kmcl.VmbChannelPacketDeferToPassive(packet);
        else kmcl.VmbChannelPacketComplete(packet, null, 0);
      },
      onBatch: (_channel, count) => void log.push(`batch ${count}`),
    });
    for (const value of [1, 2, 3]) send([value]);
    await fabric.settle();
    assertEquals(log, ["packet 1", "packet 2", "packet 3", "batch 2", "packet 3", "batch 1"]);
    await closePair(pair);
  });

  Deno.test(`EvtChannelProcessingComplete: a ${side}'s batch ends with the flow, before Suspend`, async () => {
    const log: string[] = []; // R3, S7
    const { pair, fabric, kmcl, receiver, send } = await openReceiver(side, {
      onPacket: async (_channel, packet, buffer) => {
        log.push(`packet ${buffer[0]}`);
        await fabric.delay(5);
        kmcl.VmbChannelPacketComplete(packet, null, 0);
      },
      onBatch: async (_channel, count) => {
        log.push(`batch ${count}`);
        await fabric.delay(5);
        log.push("batch ends");
      },
    });
    kmcl.VmbChannelSetIncomingProcessingAtPassive(receiver, true);
    for (const value of [1, 2, 3]) send([value]);
    await fabric.advance(7); // packet 2 is being processed
    pair.calls.length = 0;
    const paused = kmcl.VmbChannelPause(receiver).then(() => log.push(pair.calls.join()));
    await fabric.advance(20);
    await paused;
    assertEquals(log.splice(0), [
      "packet 1",
      "packet 2",
      "batch 2",
      "batch ends",
      `${side} Suspend`,
    ]);
    kmcl.VmbChannelStart(receiver);
    await fabric.advance(20);
    assertEquals(log, ["packet 3", "batch 1", "batch ends"]);
    await closePair(pair);
  });

  Deno.test(`EvtChannelProcessingComplete: a ${side}'s batch ends with a packet that failed`, async () => {
    const log: string[] = []; // R3
    const { pair, fabric, kmcl, send } = await openReceiver(side, {
      onPacket: (_channel, packet, buffer) => {
        log.push(`packet ${buffer[0]}`);
        if (buffer[0] === 2) kmcl.VmbChannelPacketFail(packet);
        else kmcl.VmbChannelPacketComplete(packet, null, 0);
      },
      onBatch: (_channel, count) => {
        log.push(`batch ${count}, ${pair.calls.at(-1)?.includes("Suspend")}`);
      },
    });
    for (const value of [1, 2, 3]) send([value]);
    await fabric.settle();
    assertEquals(log, ["packet 1", "packet 2", "batch 2, false"]);
    assertEquals(pair.calls.at(-1), `${side} Suspend`);
    await closePair(pair);
  });
}

Deno.test("EvtChannelProcessingComplete: a batch ends where external data is pending", async () => {
  const log: string[] = []; // R3
  const { pair, fabric, kmcl, send } = await openReceiver("server", {
    onPacket: (_channel, packet, buffer) => {
      const { status } = kmcl.VmbChannelPacketGetExternalData(packet, 0);
      log.push(`packet ${buffer[0]} ${vmbus.ntStatusName(status)}`);
      if (status !== vmbus.STATUS_PENDING) kmcl.VmbChannelPacketComplete(packet, null, 0);
    },
    onBatch: (_channel, count) => void log.push(`batch ${count}`),
  });
  const { memory } = pair.guest;
  const page = memory.allocate(4096);
  memory.pageOut(page.gpa, 4096);
  send([1]);
  const mdl = vmbus.IoAllocateMdl(memory, page.gpa, 8);
  kmcl.VmbPacketSend(kmcl.VmbPacketAllocate(pair.client), Uint8Array.of(2), 1, mdl, 1);
  send([3]);
  await fabric.settle();
  assertEquals(log, [
    "packet 1 STATUS_NOT_FOUND",
    "packet 2 STATUS_PENDING",
    "batch 1",
    "packet 2 STATUS_SUCCESS",
    "packet 3 STATUS_NOT_FOUND",
    "batch 2",
  ]);
  memory.free(page);
  await closePair(pair);
});

Deno.test("EvtChannelProcessingComplete: a batch has no upper bound", async () => {
  const counts: number[] = []; // R3: more packets than one work item takes, in the ring at once
  const { pair, fabric, kmcl, send } = await openReceiver("server", {
    onPacket: (_channel, packet) => kmcl.VmbChannelPacketComplete(packet, null, 0),
    onBatch: (_channel, count) => void counts.push(count),
  }, { fabric: { codec: "vmbus" }, ringPages: [4, 32] });
  for (let i = 0; i < 1500; i++) send([1]);
  assertEquals(vmbus.inspectChannel(pair.client).queued, 0);
  await fabric.settle();
  assertEquals(counts, [1500]);
  await closePair(pair);
});

Deno.test("VmbChannelSendSynchronousRequest: inside a PASSIVE_LEVEL ProcessPacket of its own channel it waits for ever (R5)", async () => {
  let answered: vmbus.NtStatus | null = null;
  const { pair, fabric, kmcl, receiver, send } = await openReceiver("client", {
    onPacket: async (_channel, packet) => {
      const wait = vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION;
      const result = await request(kmcl, pair.client, { flags: wait });
      answered = result.status;
      kmcl.VmbChannelPacketComplete(packet, null, 0);
    },
  }, { fabric: { verifier: "record" } });
  kmcl.VmbChannelSetIncomingProcessingAtPassive(receiver, true);
  send([1]);
  await fabric.settle(); // the callback is blocked in a function that the fabric knows
  assertEquals(answered, null);
  // Its completion is in the ring, and stays there.
  const { incomingRing } = vmbus.inspectChannel(receiver);
  assertEquals(incomingRing!.usedBytes! > 0, true);
  const [caller] = fabric.inspect().callers;
  assertEquals(caller?.call, "VmbChannelSendSynchronousRequest");
  assertEquals(caller?.inside, "EvtChannelProcessPacket");

  // A caller outside callbacks that waits behind it is told who waits for what.
  const error = await assertRejects(() => kmcl.VmbChannelPause(receiver), vmbus.VerifierError);
  assertEquals(error.violation.rule, "wait that nothing can end");
  assertEquals(error.violation.call, "VmbChannelPause");
  const blocked = "VmbChannelSendSynchronousRequest inside EvtChannelProcessPacket waits for";
  assertStringIncludes(error.message, blocked);
  assertStringIncludes(error.message, "VmbChannelPause waits for");
  assertEquals(fabric.violations.map(({ rule }) => rule), [
    "selfWait",
    "wait that nothing can end",
  ]);

  // The close lets the caller go (S10).
  await kmcl.VmbChannelDisable(receiver);
  assertEquals(answered, vmbus.STATUS_DEVICE_REMOVED);
  await kmcl.VmbChannelDisable(pair.server);
  kmcl.VmbChannelCleanup(receiver);
  kmcl.VmbChannelCleanup(pair.server);
  assertEquals(fabric.leaks(), []);
});

Deno.test("EvtPacketCompletionRoutine: completions come in ring order with the packets around them (R5)", async () => {
  const log: string[] = [];
  const { pair, fabric, kmcl, send } = await openReceiver("client", {
    onPacket: (_channel, packet, buffer) => {
      log.push(`packet ${buffer[0]}`);
      kmcl.VmbChannelPacketComplete(packet, null, 0);
    },
  });
  const packet = kmcl.VmbPacketAllocate(pair.client);
  kmcl.VmbPacketSetCompletionRoutine(packet, (ended) => {
    log.push("completion");
    kmcl.VmbPacketFree(ended);
  });
  // The client's interrupt is held up, so that all three are in its ring when it looks.
  pair.guest.pause();
  send([1]);
  kmcl.VmbPacketSend(packet, null, 0, null, 1);
  await fabric.settle();
  send([2]);
  await fabric.settle();
  assertEquals(log, []);
  pair.guest.resume();
  await fabric.settle();
  assertEquals(log, ["packet 1", "completion", "packet 2"]);
  await closePair(pair);
});
