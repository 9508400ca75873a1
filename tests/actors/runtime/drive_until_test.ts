// docs/save-restore.md: a drive that ends at a moment, or is given up.
import { assertEquals, assertRejects } from "@std/assert";
import { FabricRuntime } from "../../../actors/fabric/fabric_runtime.ts";
import * as vmbus from "../../../mod.ts";
import { closePair, openPair, type Pair } from "../../support/connected_pair.ts";
import { post } from "../../support/driving.ts";

function worldOf(fabric: vmbus.Fabric): FabricRuntime {
  if (!(fabric instanceof FabricRuntime)) throw new TypeError("Cannot look into another's fabric");
  return fabric;
}

Deno.test("Loop.driveUntil: runs nothing where its goal is reached already", async () => {
  const pair = await openPair();
  post(pair.vsc, pair.client);
  assertEquals(await worldOf(pair.fabric).loop.driveUntil("test", () => true, 10), true);
  assertEquals(vmbus.inspectChannel(pair.client).packets.length, 1);
  await closePair(pair);
});

/** A pair with a packet on its way to each side: that to the client comes first. */
async function twoItems(): Promise<{ pair: Pair; packets: { client: number; server: number } }> {
  const packets = { client: 0, server: 0 };
  const pair = await openPair({
    onServerPacket: (_channel, packet) => {
      packets.server++;
      pair.vsp.VmbChannelPacketComplete(packet, null, 0);
    },
    onClientPacket: (_channel, packet) => {
      packets.client++;
      pair.vsc.VmbChannelPacketComplete(packet, null, 0);
    },
  });
  post(pair.vsp, pair.server);
  post(pair.vsc, pair.client);
  return { pair, packets };
}

Deno.test("Loop.driveUntil: ends between two items, and the others stay where they are", async () => {
  const { pair, packets } = await twoItems();
  const { loop } = worldOf(pair.fabric);
  assertEquals(await loop.driveUntil("test", () => packets.client > 0, 100), true);
  assertEquals(packets, { client: 1, server: 0 });
  await pair.fabric.settle();
  assertEquals(packets, { client: 1, server: 1 });
  await closePair(pair);
});

Deno.test("Loop.driveUntil: lets time pass, one timer after the other", async () => {
  const fabric = vmbus.createFabric();
  const due = [3, 1, 2].map((milliseconds) => fabric.delay(milliseconds));
  const { loop } = worldOf(fabric);
  assertEquals(await loop.driveUntil("test", () => fabric.now() >= 2, 100), true);
  assertEquals(fabric.now(), 2);
  await fabric.advance(1);
  await Promise.all(due);
});

Deno.test("Loop.driveUntil: is given up after so many steps, where the next drive continues", async () => {
  const pair = await openPair();
  for (let count = 0; count < 8; count++) {
    post(pair.vsc, pair.client);
    const { loop } = worldOf(pair.fabric);
    assertEquals(await loop.driveUntil("test", () => false, 1), false);
  }
  await pair.fabric.settle();
  assertEquals(vmbus.inspectChannel(pair.client).packets, []);
  await closePair(pair);
});

Deno.test("Loop.driveUntil: ends where nothing can ever run again", async () => {
  const fabric = vmbus.createFabric();
  const delay = fabric.delay(5);
  assertEquals(await worldOf(fabric).loop.driveUntil("test", () => false, 100), false);
  assertEquals(fabric.now(), 5);
  await delay;
});

Deno.test("Loop.driveUntil: turns with an unfinished callback alone count, and end it in time", async () => {
  let finish = () => {};
  const pair = await openPair({
    onServerPacket: (_channel, packet) => {
      if (vmbus.KeGetCurrentIrql() === 2) return pair.vsp.VmbChannelPacketDeferToPassive(packet);
      return new Promise<void>((resolve) => {
        finish = () => {
          pair.vsp.VmbChannelPacketComplete(packet, null, 0);
          resolve();
        };
      });
    },
  });
  post(pair.vsc, pair.client);
  assertEquals(await worldOf(pair.fabric).loop.driveUntil("test", () => false, 70), false);
  assertEquals(pair.fabric.inspect().callbacks.length, 1);
  finish();
  await pair.fabric.settle();
  assertEquals(pair.fabric.inspect().callbacks.length, 0);
  await closePair(pair);
});

Deno.test("Loop.driveUntil: beside another drive, who asked for a moment continues in it", async () => {
  const { pair, packets } = await twoItems();
  const run = pair.fabric.run();
  const { loop } = worldOf(pair.fabric);
  assertEquals(await loop.driveUntil("test", () => packets.client > 0, 100), true);
  assertEquals(packets, { client: 1, server: 0 });
  await run;
  assertEquals(packets, { client: 1, server: 1 });
  await closePair(pair);
});

Deno.test("Loop.driveUntil: cannot be called inside a callback", async () => {
  const failures: Promise<unknown>[] = [];
  const pair = await openPair({
    onServerPacket: (_channel, packet) => {
      const { loop } = worldOf(pair.fabric);
      failures.push(assertRejects(() => loop.driveUntil("test", () => false, 1), Error, "inside"));
      pair.vsp.VmbChannelPacketComplete(packet, null, 0);
    },
  });
  post(pair.vsc, pair.client);
  await pair.fabric.settle();
  await Promise.all(failures);
  assertEquals(failures.length, 1);
  await closePair(pair);
});
