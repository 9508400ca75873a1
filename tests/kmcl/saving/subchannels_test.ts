// Sub-channels and processors of a guest that is saved and restored (kmcl.md section 5, wire.md 5.5, 6).

import { assertEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { clientTable } from "../../support/connected_pair.ts";
import { type Life, lifeGuestDriver, lifeHostDriver } from "../../support/life_drivers.ts";

/** What is seen of each channel. */
const statesOf = (lives: readonly Life[]): (readonly unknown[])[] =>
  lives.map(({ channel }) => {
    const { lifecycle, channelId, subchannelIndex, targetProcessor } = vmbus.inspectChannel(
      channel,
    );
    return [lifecycle, channelId, subchannelIndex, targetProcessor];
  });

/** A guest with a primary and two sub-channels, all open; the second one's client has moved to processor 3. */
async function begin(): Promise<{ guest: vmbus.Partition; lives: readonly Life[] }> {
  const fabric = vmbus.createFabric();
  const guest = fabric.createPartition({ name: "guest", memoryPages: 32, processors: 4 });
  const lives = [0, 1, 2].flatMap((subchannelIndex) => [
    vmbus.loadHostDriver(guest, lifeHostDriver, { subchannelIndex }),
    vmbus.loadGuestDriver(guest, lifeGuestDriver, { subchannelIndex }),
  ]);
  await fabric.settle();
  const status = vmbus.setTargetProcessor(clientTable(guest), lives[3]!.channel, 0);
  assertEquals(status, vmbus.STATUS_SUCCESS);
  return { guest, lives };
}

const SERVERS_AND_CLIENTS: readonly unknown[] = [
  ["opened", 1, 0, 1],
  ["opened", 1, 0, 1],
  ["opened", 2, 1, 0],
  ["opened", 2, 1, 0],
  ["opened", 3, 2, 3],
  ["opened", 3, 2, 3],
];

Deno.test("savePartition: sub-channels come back with their primary, each with its processor", async () => {
  const { guest, lives } = await begin(); // the host has not answered the change of processors
  const { bytes, reason } = await vmbus.savePartition(guest);
  assertEquals(reason, null);
  const fabric = vmbus.createFabric({ seed: 2 });
  const restored = vmbus.restorePartition(fabric, bytes!, {
    guestDrivers: [lifeGuestDriver],
    hostDrivers: [lifeHostDriver],
  });
  assertEquals(restored.reason, null);
  restored.partition!.resume();
  await fabric.settle();
  const again = restored.loaded.map(({ instance }) => instance as unknown as Life);
  assertEquals(statesOf(again), SERVERS_AND_CLIENTS);
  assertEquals(statesOf(lives).map(([lifecycle]) => lifecycle), Array(6).fill("opened"));
  assertEquals(fabric.violations, []);
});

// wire.md 5.2, 6: nobody resumes the primary, so its sub-channels go first, though one is resumed
Deno.test("restorePartition: the sub-channels of a primary that nobody resumes go before it", async () => {
  const fabric = vmbus.createFabric({ trace: "full" });
  const guest = fabric.createPartition({ name: "guest", memoryPages: 32, processors: 4 });
  for (const subchannelIndex of [0, 1, 2]) {
    const forceNew = subchannelIndex === 0;
    vmbus.loadHostDriver(guest, lifeHostDriver, { subchannelIndex, forceNew });
    vmbus.loadGuestDriver(guest, lifeGuestDriver, { subchannelIndex });
  }
  await fabric.settle();
  const { bytes } = await vmbus.savePartition(guest);
  const to = vmbus.createFabric({ trace: "full" });
  const { reason, partition } = vmbus.restorePartition(to, bytes!, {
    guestDrivers: [lifeGuestDriver],
    hostDrivers: [lifeHostDriver],
  });
  assertEquals(reason, null);
  partition!.resume();
  await to.settle();
  const rescinded = to.trace
    .filter(({ event, details }) =>
      event === "messageToGuest" && details?.["message"] === "rescindChannelOffer"
    )
    .map(({ details }) => (details?.["fields"] as Record<string, unknown>)["channelId"]);
  assertEquals(rescinded, [2, 3, 1]);
  assertEquals(to.violations, []);
});
