// Interrupts: latency and target processors (kmcl.md section 5, VmbChannelSetInterruptLatency; api.md section 3).

import { assertEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { closePair, enablePair, makePair, openPair } from "../../support/connected_pair.ts";
import { lastMessage } from "../../support/gpadl_stage.ts";
import { runSteps } from "../../support/run_steps.ts";
import { sendPlain } from "../../support/sending.ts";

Deno.test("VmbChannelSetInterruptLatency: statuses, in their order", async () => {
  const log: string[] = [];
  const pair = makePair({
    clientCallbacks: {
      EvtChannelOpened: () => (note("Opened", 7), vmbus.STATUS_SUCCESS),
      EvtChannelClosed: () => note("Closed", 9),
    },
  });
  const { fabric, vsc, vsp, server, client } = pair;
  const set = (channel: unknown, latency: unknown) => {
    const result = vsc.VmbChannelSetInterruptLatency(
      channel as vmbus.VMBCHANNEL,
      latency as number,
    );
    return `${vmbus.ntStatusName(result.status)} ${result.originalLatency}`;
  };
  const note = (when: string, latency: number) => void log.push(`${when}: ${set(client, latency)}`);
  assertEquals(set(null, -1), "STATUS_INVALID_PARAMETER_1 null");
  assertEquals(set(server, -1), "STATUS_INVALID_PARAMETER_1 null");
  assertEquals(set(client, -1), "STATUS_INVALID_DEVICE_STATE null");
  enablePair(pair);
  assertEquals(set(client, 1), "STATUS_INVALID_DEVICE_STATE null");
  await fabric.settle();
  assertEquals(set(server, 1), "STATUS_INVALID_PARAMETER_1 null");
  for (const latency of [-1, 65536, 0.5, NaN, "1", null, undefined]) {
    assertEquals(set(client, latency), "STATUS_INVALID_PARAMETER_2 null");
  }
  assertEquals(set(client, 8), "STATUS_SUCCESS 7"); // the one before
  await vsc.VmbChannelDisable(client);
  assertEquals(set(client, 1), "STATUS_INVALID_DEVICE_STATE null");
  vsc.VmbChannelEnable(client);
  await fabric.settle();
  await vsp.VmbChannelDisable(server);
  await closePair(pair);
  const life = ["Opened: STATUS_SUCCESS 0", "Closed: STATUS_SUCCESS 8"];
  assertEquals(log, [...life, "Opened: STATUS_SUCCESS 0", "Closed: STATUS_SUCCESS 7"]);
});

Deno.test("VmbChannelSetInterruptLatency: delays the client's signals, and makes several one", async () => {
  const log: string[] = [];
  const pair = await openPair({
    onServerPacket: (_channel, packet, buffer) => {
      log.push(`${buffer[0]} at ${pair.fabric.now()}`);
      pair.vsp.VmbChannelPacketComplete(packet, null, 0);
    },
    onServerBatch: (_channel, count) => void log.push(`batch ${count}`),
    onClientPacket: (_channel, packet, buffer) => {
      log.push(`client ${buffer[0]} at ${pair.fabric.now()}`);
      pair.vsc.VmbChannelPacketComplete(packet, null, 0);
    },
  });
  const { fabric, vsp, vsc, server, client } = pair;
  const send = (value: number) => sendPlain(vsc, client, Uint8Array.of(value));
  vmbus.expectSuccess(vsc.VmbChannelSetInterruptLatency(client, 50_000)); // 5 ms
  const begin = fabric.now();
  send(1);
  await fabric.advance(2);
  send(2);
  await fabric.advance(2.9999);
  assertEquals(log, []);
  await fabric.advance(0.0001);
  assertEquals(log.splice(0), [`1 at ${begin + 5}`, `2 at ${begin + 5}`, "batch 2"]);
  send(3); // the next signal has a delay of its own
  await fabric.advance(4.9999);
  assertEquals(log, []);
  await fabric.settle();
  assertEquals(log, []); // settle lets no time pass
  await fabric.advance(1);
  assertEquals(log.splice(0), [`3 at ${begin + 10}`, "batch 1"]);

  sendPlain(vsp, server, Uint8Array.of(4)); // the server's signals are as they were
  await fabric.settle();
  assertEquals(log.splice(0), [`client 4 at ${fabric.now()}`]);

  const { originalLatency } = vsc.VmbChannelSetInterruptLatency(client, 0);
  assertEquals(originalLatency, 50_000);
  send(5);
  await fabric.settle();
  assertEquals(log, [`5 at ${fabric.now()}`, "batch 1"]);
  await closePair(pair);
});

Deno.test("VmbChannelSetInterruptLatency: a signal that is due stands for those that follow", async () => {
  const log: string[] = [];
  const pair = await openPair({
    fabric: { trace: "full" },
    onServerPacket: (_channel, packet, buffer) => {
      log.push(`${buffer[0]} at ${pair.fabric.now()}`);
      pair.vsp.VmbChannelPacketComplete(packet, null, 0);
    },
  });
  const { fabric, guest, vsc, client } = pair;
  const { channelId } = vmbus.inspectChannel(client);
  vmbus.expectSuccess(vsc.VmbChannelSetInterruptLatency(client, 50_000));
  const begin = fabric.now();
  sendPlain(vsc, client, Uint8Array.of(1));
  guest.postInterrupt("toHost", channelId ?? 0); // the server looks by itself: the ring is empty again
  await fabric.advance(2);
  sendPlain(vsc, client, Uint8Array.of(2)); // so that this packet has a signal, too
  await fabric.advance(20);
  assertEquals(log, [`1 at ${begin}`, `2 at ${begin + 5}`]);
  const armed = fabric.trace.filter(({ event }) => event === "timerArmed");
  assertEquals(armed.length, 1);
  await closePair(pair);
});

Deno.test("VmbChannelSetInterruptLatency: a waiting call lets the delay pass", async () => {
  const pair = await openPair();
  const { fabric, vsc, client } = pair;
  vmbus.expectSuccess(vsc.VmbChannelSetInterruptLatency(client, 65_535));
  const { status } = await vsc.VmbChannelSendSynchronousRequest(
    client,
    Uint8Array.of(1),
    1,
    null,
    vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION,
    null,
    0,
  );
  assertEquals(status, vmbus.STATUS_SUCCESS);
  assertEquals(fabric.now(), 6.5535);
  await closePair(pair);
});

Deno.test("VmbChannelSetInterruptLatency: a signal that is due when the channel is gone does nothing", async () => {
  const pair = await openPair();
  const { fabric, vsc, client } = pair;
  vmbus.expectSuccess(vsc.VmbChannelSetInterruptLatency(client, 50_000));
  sendPlain(vsc, client, Uint8Array.of(1));
  await closePair(pair);
  const digest = fabric.inspect();
  await fabric.advance(10);
  assertEquals({ ...fabric.inspect(), now: 0 }, { ...digest, now: 0 });
  assertEquals(fabric.violations, []);
});

for (const processors of [1, 2]) {
  Deno.test(`OpenChannel: interrupts of a channel go to its processor, of ${processors}`, async () => {
    // Two channels of one guest. What is due at PASSIVE_LEVEL on a processor waits for what is due at
    // DISPATCH_LEVEL there, and for nothing of another processor.
    const log: string[] = [];
    const options = { fabric: { trace: "full" as const }, partition: { processors } };
    const first = await openPair({
      ...options,
      onClientPacket: (_channel, packet) => {
        const irql = vmbus.KeGetCurrentIrql();
        log.push(`first@${irql}`);
        if (irql === 2) first.vsc.VmbChannelPacketDeferToPassive(packet);
        else first.vsc.VmbChannelPacketComplete(packet, null, 0);
      },
    });
    const targetVp = () => new DataView(lastMessage(first, 5).buffer).getUint32(20, true);
    const firstVp = targetVp();
    const second = await openPair({
      within: first,
      instance: "0c7e1f4e-2f52-4c57-8a1e-0d7b4f1c2a44",
      onClientPacket: (_channel, packet) => {
        log.push(`second@${vmbus.KeGetCurrentIrql()}`);
        first.vsc.VmbChannelPacketComplete(packet, null, 0);
      },
    });
    assertEquals([firstVp, targetVp()], processors === 1 ? [0, 0] : [1, 0]); // wire.md 4.2
    sendPlain(first.vsp, first.server, Uint8Array.of(1));
    while (log.length === 0) await runSteps(first.fabric, 1); // it is deferred, and due again
    sendPlain(second.vsp, second.server, Uint8Array.of(2));
    await first.fabric.settle();
    const order = processors === 1 ? ["second@2", "first@0"] : ["first@0", "second@2"];
    assertEquals(log, ["first@2", ...order]);
    await second.vsc.VmbChannelDisable(second.client);
    await second.vsp.VmbChannelDisable(second.server);
    second.vsc.VmbChannelCleanup(second.client);
    second.vsp.VmbChannelCleanup(second.server);
    await closePair(first);
  });
}

// wire.md section 6: what was due when a channel closed is nothing to the next open, nor to anybody else.
Deno.test("VmbChannelSetInterruptLatency: a signal that was due at the close does not delay the next open's", async () => {
  for (const latency of [100, 0]) {
    let opens = 0;
    const pair = makePair({
      clientCallbacks: {
        EvtChannelOpened: (channel) => {
          pair.vsc.VmbChannelSetInterruptLatency(channel, opens++ === 0 ? 65_535 : latency);
          return vmbus.STATUS_SUCCESS;
        },
      },
    });
    const { fabric, vsc, client, server } = pair;
    enablePair(pair);
    await fabric.settle();
    sendPlain(vsc, client, Uint8Array.of(1)); // its signal is due in 6.5535 ms
    await vsc.VmbChannelDisable(client); // no time passes
    vsc.VmbChannelEnable(client);
    await fabric.settle();
    sendPlain(vsc, client, Uint8Array.of(2));
    const read = () => vmbus.inspectChannel(server).incomingRing?.usedBytes === 0;
    await fabric.settle();
    assertEquals(read(), latency === 0);
    await fabric.advance(latency / 10_000);
    assertEquals(read(), true);
    const { interruptsSent } = vmbus.inspectChannel(client);
    await fabric.advance(10); // nothing is left to be signalled
    assertEquals(vmbus.inspectChannel(client).interruptsSent, interruptsSent);
    await closePair(pair);
  }
});

Deno.test("VmbChannelSetInterruptLatency: a shorter one holds for the next signal, though one is due later", async () => {
  for (const latency of [100, 0]) {
    const pair = await openPair();
    const { fabric, vsc, client, server } = pair;
    const unread = () => vmbus.inspectChannel(server).incomingRing?.usedBytes;
    vmbus.expectSuccess(vsc.VmbChannelSetInterruptLatency(client, 65_535));
    sendPlain(vsc, client, Uint8Array.of(1));
    vmbus.expectSuccess(vsc.VmbChannelSetInterruptLatency(client, latency));
    pair.guest.postInterrupt("toHost", vmbus.inspectChannel(client).channelId ?? 0);
    await fabric.settle(); // the server looks by itself: the ring is empty again
    sendPlain(vsc, client, Uint8Array.of(2));
    await fabric.advance(latency / 10_000);
    assertEquals(unread(), 0);
    const { interruptsSent } = vmbus.inspectChannel(client);
    assertEquals(interruptsSent, 1);
    await fabric.advance(10);
    assertEquals(vmbus.inspectChannel(client).interruptsSent, interruptsSent);
    await closePair(pair);
  }
});

Deno.test("VmbChannelSetInterruptLatency: no timer outlives the open that it was for", async () => {
  const pair = await openPair();
  const { fabric, guest, vsc, client } = pair;
  vmbus.expectSuccess(vsc.VmbChannelSetInterruptLatency(client, 65_535));
  sendPlain(vsc, client, Uint8Array.of(1));
  guest.crash();
  await fabric.run();
  assertEquals(fabric.now(), 0);
});
