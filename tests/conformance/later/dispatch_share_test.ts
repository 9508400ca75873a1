// kmcl.md X12: which part of a flood is taken at DISPATCH_LEVEL; X16: a client's processor.

import { assertEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { closePair, makePair, openPair } from "../../support/connected_pair.ts";
import { serverTableV5 } from "../../support/later_tables.ts";
import { openReceiver, RECEIVERS } from "../../support/receiving.ts";

/** The levels at which `count` packets are taken at once, as `level × how many`, and the sizes of batches. */
async function levelsOf(
  side: typeof RECEIVERS[number],
  share: number | null,
  count: number,
): Promise<readonly string[]> {
  const levels: number[] = [];
  const batches: number[] = [];
  const { pair, fabric, kmcl, receiver, send } = await openReceiver(side, {
    onPacket: (_channel, packet) => {
      levels.push(vmbus.KeGetCurrentIrql());
      kmcl.VmbChannelPacketComplete(packet, null, 0);
    },
    onBatch: (_channel, packets) => void batches.push(packets),
  });
  if (share !== null) serverTableV5(fabric).VmbChannelSetAllowableDpcCpuUsage(receiver, share);
  for (let at = 0; at < count; at++) send([1]);
  await fabric.settle();
  await closePair(pair);
  assertEquals(levels.length, count);
  assertEquals(batches.reduce((sum, packets) => sum + packets, 0), count);
  const runs: string[] = [];
  for (let at = 0; at < levels.length;) {
    let end = at;
    while (levels[end] === levels[at]) end++;
    runs.push(`${levels[at]} × ${end - at}`);
    at = end;
  }
  return [...runs, `${batches.length} batches`];
}

for (const side of RECEIVERS) {
  Deno.test(`VmbChannelSetAllowableDpcCpuUsage: a ${side} has that share of each hundred at DISPATCH_LEVEL (X12)`, async () => {
    const whole = ["2 × 250", "1 batches"];
    assertEquals(await levelsOf(side, null, 250), whole);
    assertEquals(await levelsOf(side, 100, 250), whole);
    assertEquals(await levelsOf(side, 30, 250), [
      "2 × 30",
      "0 × 70",
      "2 × 30",
      "0 × 70",
      "2 × 30",
      "0 × 20",
      "1 batches",
    ]);
    assertEquals(await levelsOf(side, 30, 20), ["2 × 20", "1 batches"]); // no flood
    assertEquals(await levelsOf(side, 0, 150), ["0 × 150", "1 batches"]);
  });
}

Deno.test("VmbChannelSetAllowableDpcCpuUsage: what is no percentage, or no channel, is a violation (X12)", async () => {
  const pair = await openPair({ fabric: { verifier: "record" } });
  const { VmbChannelSetAllowableDpcCpuUsage: set } = serverTableV5(pair.fabric);
  const values: readonly unknown[] = [101, -1, 0.5, NaN, "50", null, undefined];
  for (const value of values) set(pair.server, value as number);
  set(null, 50);
  const call = "VmbChannelSetAllowableDpcCpuUsage";
  assertEquals(pair.fabric.violations.map((violation) => [violation.rule, violation.call]), [
    ...values.map(() => ["invalid argument", call]),
    ["invalid handle", call],
  ]);
});

Deno.test("VmbClientChannelInitSetTargetProcessorIndex: is where the client is interrupted, in each open (X16)", async () => {
  const { fabric, guest } = makePair({ partition: { processors: 4 } });
  const later = serverTableV5(fabric);
  const pair = await openPair({
    within: { fabric, guest },
    client: (_vsc, channel) => {
      const status = later.VmbClientChannelInitSetTargetProcessorIndex(channel, 3);
      assertEquals(status, vmbus.STATUS_SUCCESS);
      const beyond = later.VmbClientChannelInitSetTargetProcessorIndex(channel, 4);
      assertEquals(beyond, vmbus.STATUS_INVALID_PARAMETER_2);
    },
  });
  assertEquals(vmbus.inspectChannel(pair.client).targetProcessor, 3);
  await pair.vsc.VmbChannelDisable(pair.client);
  pair.vsc.VmbChannelEnable(pair.client);
  await fabric.settle();
  assertEquals(vmbus.inspectChannel(pair.client).targetProcessor, 3);
});
