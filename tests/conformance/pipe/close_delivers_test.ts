// What was sent on a pipe before its sender closes (kmcl.md S7, S10 and S11, section 7).

import { assertEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { closePair, openPair, type PairOptions } from "../../support/connected_pair.ts";
import { PIPE_OPTIONS } from "../../support/send_stage.ts";
import { times } from "../../support/long.ts";
import { sendPlain } from "../../support/sending.ts";

const COUNT = 12;

/** A pipe on whose other end something is sent before its sender disables it: what comes of each. */
async function closeAfterSending(
  side: "server" | "client",
  fabric: vmbus.FabricOptions,
  options: PairOptions = {},
): Promise<{ readonly sent: number; readonly came: number; readonly calls: readonly string[] }> {
  const pair = await openPair({
    ...PIPE_OPTIONS,
    ...options,
    fabric,
    [side === "server" ? "onClientPacket" : "onServerPacket"]: (
      _channel: unknown,
      packet: vmbus.VMBPACKETCOMPLETION,
    ) => {
      came++;
      pair.calls.push("packet");
      pair.vsc.VmbChannelPacketComplete(packet, null, 0);
    },
  });
  let [sent, came] = [0, 0];
  const [kmcl, channel] = side === "server" ? [pair.vsp, pair.server] : [pair.vsc, pair.client];
  pair.calls.length = 0;
  for (let count = 0; count < COUNT; count++) {
    const packet = kmcl.VmbPacketAllocate(channel)!;
    kmcl.VmbPacketSetCompletionRoutine(packet, (done, status) => {
      if (status === vmbus.STATUS_SUCCESS) sent++;
      kmcl.VmbPacketFree(done);
    });
    assertEquals(kmcl.VmbPacketSend(packet, new Uint8Array(5), 5, null, 0), vmbus.STATUS_SUCCESS);
  }
  await kmcl.VmbChannelDisable(channel);
  await pair.fabric.settle();
  await closePair(pair);
  return { sent, came, calls: pair.calls };
}

for (const side of ["server", "client"] as const) {
  Deno.test(`VmbChannelDisable: datagrams that a ${side} sent before are delivered, whatever the order`, async () => {
    for (let seed = 0; seed < times(12, 300); seed++) {
      for (const schedule of ["fifo", "random"] as const) {
        const { sent, came } = await closeAfterSending(side, { seed, schedule });
        assertEquals([sent, came], [COUNT, COUNT]);
      }
    }
  });

  Deno.test(`EvtChannelSuspend: comes after the last datagram of a ${side} that closed`, async () => {
    const receiver = side === "server" ? "client" : "server";
    const packets = Array(COUNT).fill("packet");
    for (let seed = 0; seed < 12; seed++) {
      const { calls } = await closeAfterSending(side, { seed, schedule: "random" });
      const seen = calls.filter((call) => call === "packet" || call.startsWith(receiver));
      assertEquals(seen, [...packets, `${receiver} Suspend`, `${receiver} Closed`]);
    }
  });
}

// kmcl.md section 7: the receiver itself may end it; the memory of a guest that is gone is not read.
Deno.test("Partition.crash: nothing of the guest's pipes is delivered after it", async () => {
  let came = 0;
  const pair = await openPair({
    ...PIPE_OPTIONS,
    onServerPacket: (_channel, packet) => {
      came++;
      pair.vsp.VmbChannelPacketComplete(packet, null, 0);
    },
  });
  assertEquals(sendPlain(pair.vsc, pair.client, new Uint8Array(5)), vmbus.STATUS_SUCCESS);
  pair.guest.destroy();
  await pair.fabric.settle();
  assertEquals(came, 0);
  await pair.vsp.VmbChannelDisable(pair.server);
  pair.vsp.VmbChannelCleanup(pair.server);
  assertEquals(pair.fabric.leaks(), []);
});

Deno.test("VmbChannelPause: of the receiver ends the reading of what was sent before the close", async () => {
  const held: vmbus.VMBPACKETCOMPLETION[] = [];
  const pair = await openPair({
    ...PIPE_OPTIONS,
    onServerPacket: (_channel, packet) => void held.push(packet),
  });
  pair.vsp.VmbChannelSetTransactionQuota(pair.server, 1);
  for (let count = 0; count < 3; count++) {
    sendPlain(pair.vsc, pair.client, new Uint8Array(5));
  }
  const disabling = pair.vsc.VmbChannelDisable(pair.client);
  await pair.fabric.settle();
  assertEquals(pair.calls.includes("server Suspend"), false); // it waits for the quota
  const pausing = pair.vsp.VmbChannelPause(pair.server);
  await pair.fabric.settle();
  pair.vsp.VmbChannelPacketComplete(held[0]!, null, 0);
  await Promise.all([disabling, pausing]);
  assertEquals([held.length, pair.calls.includes("server Closed")], [1, true]);
  await closePair(pair);
});
