/** What crosses on the bus while a host takes its offers back: nobody's fault, and all of it is answered. */
import { assert, assertEquals } from "@std/assert";
import type { PartitionObject } from "../../actors/partition/partition_object.ts";
import { Chance } from "../../core/chance.ts";
import * as vmbus from "../../mod.ts";
import { serverTable } from "../support/connected_pair.ts";
import { makeCrossingServer } from "../support/crossing_server.ts";
import { createFabric } from "../support/fabric.ts";
import { HonestGuest } from "../support/honest_guest.ts";

const SEEDS = 60;
const ROUNDS = 40;
const SERVERS = 3;

/** One guest and its servers; what came about, in numbers. */
async function live(seed: number): Promise<HonestGuest["counts"]> {
  const chance = Chance.fromSeed(seed);
  const fabric = createFabric({ trace: "off", schedule: "random", seed, codec: "vmbus" });
  const guest = new HonestGuest(fabric, chance);
  const { partition } = guest.raw;
  const { bus } = partition as PartitionObject;
  const vsp = serverTable(fabric);
  const servers = Array.from(
    { length: SERVERS },
    (_, index) => makeCrossingServer(vsp, fabric, partition, chance, index),
  );
  const disabling = new Map<vmbus.VMBCHANNEL, Promise<void>>();
  for (let round = 0; round < ROUNDS; round++) {
    for (const server of servers) {
      const { lifecycle } = vmbus.inspectChannel(server);
      if (lifecycle === "disabled") {
        if (chance.below(2) > 0) continue;
        disabling.delete(server);
        assertEquals(vsp.VmbChannelEnable(server), vmbus.STATUS_SUCCESS);
        vsp.VmbChannelStart(server);
      } else if (!disabling.has(server) && chance.below(20) === 0) {
        disabling.set(server, vsp.VmbChannelDisable(server));
      }
    }
    for (let said = chance.below(14); said > 0; said--) guest.speak();
    if (chance.below(3) > 0) await fabric.settle();
    else await fabric.advance(0.5);
  }
  for (const server of servers) await vsp.VmbChannelDisable(server);
  for (let last = 0; last < 8 && guest.channelCount > 0; last++) {
    guest.finish();
    await fabric.settle();
  }
  assertEquals(bus.faults, [], `seed ${seed}`);
  assertEquals([guest.channelCount, bus.host.known.length], [0, 0]);
  assertEquals(bus.host.gpadls.all, []);
  const { counts } = guest;
  assertEquals([counts.created, counts.torndown], [counts.headers, counts.teardowns]);
  for (const server of servers) vsp.VmbChannelCleanup(server);
  partition.destroy();
  assertEquals(fabric.leaks(), []);
  return counts;
}

// wire.md 3.4, 4.5, 5.2, 5.3
Deno.test("bus: what an honest guest says while its channels are rescinded is answered, and no fault", async () => {
  const sums = { headers: 0, created: 0, teardowns: 0, torndown: 0, opens: 0, releases: 0 };
  for (let seed = 1; seed <= SEEDS; seed++) {
    const counts = await live(seed);
    for (const key of Object.keys(sums) as (keyof typeof sums)[]) sums[key] += counts[key];
  }
  // It would prove little if nothing came about.
  assert(Object.values(sums).every((sum) => sum > 2 * SEEDS), JSON.stringify(sums));
});
