/** What crosses on the bus while a host takes its offers back: nobody's fault, and all of it is answered. */
import { assert, assertEquals } from "@std/assert";
import type { PartitionObject } from "../../actors/partition/partition_object.ts";
import { Chance } from "../../core/chance.ts";
import * as vmbus from "../../mod.ts";
import { HonestGuest } from "../../simulator/peers/mod.ts";
import { makePair, type Pair, serverTable } from "../support/connected_pair.ts";
import { makeCrossingServer } from "../support/crossing_server.ts";
import { createFabric } from "../support/fabric.ts";
import { runSteps } from "../support/run_steps.ts";

const SEEDS = 25;
const ROUNDS = 40;
const SERVERS = 3;

/** One guest and its servers; what came about, in numbers. */
async function live(seed: number, isHasty: boolean): Promise<HonestGuest["counts"]> {
  const chance = Chance.fromSeed(seed);
  const fabric = createFabric({ trace: "off", schedule: "random", seed, codec: "vmbus" });
  const partition = fabric.createPartition({ name: "honest", memoryPages: 128 });
  const guest = new HonestGuest(partition, chance, { isHasty });
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
  assertEquals([bus.faults, guest.complaints], [[], []], `seed ${seed}`);
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
for (const isHasty of [false, true]) {
  const guest = isHasty ? "that waits for no Torndown" : "that waits for its answers";
  Deno.test(`bus: what an honest guest ${guest} says about a rescind is answered, and no fault`, async () => {
    const sums = { headers: 0, created: 0, teardowns: 0, torndown: 0, opens: 0, releases: 0 };
    for (let seed = 1; seed <= SEEDS; seed++) {
      const counts = await live(seed, isHasty);
      for (const key of Object.keys(sums) as (keyof typeof sums)[]) sums[key] += counts[key];
    }
    // It would prove little if nothing came about.
    assert(Object.values(sums).every((sum) => sum > 2 * SEEDS), JSON.stringify(sums));
  });
}

/** A pair whose client shares memory at any time, also when its server goes already. */
class Sharing {
  readonly pair: Pair;
  shared = 0;
  readonly #chance: Chance;
  readonly #buffer: vmbus.GuestBuffer;
  readonly #handles = new Set<number>();
  readonly #deleted: Promise<void>[] = [];

  constructor(fabric: vmbus.Fabric, guest: vmbus.Partition, chance: Chance, index: number) {
    this.#chance = chance;
    this.#buffer = guest.memory.allocate(64 * 4096);
    const share = () => this.share();
    this.pair = makePair({
      within: { fabric, guest },
      instance: `00000000-0000-0000-0000-00000000000${index}`,
      ringPages: [1, 1],
      serverCallbacks: {
        EvtChannelOpened: () => {
          share();
          return chance.below(4) > 0 ? vmbus.STATUS_SUCCESS : vmbus.STATUS_UNSUCCESSFUL;
        },
        EvtChannelClosed: share, // the rescind is on its way to the client
      },
      clientCallbacks: {
        EvtChannelOpened: () => (share(), vmbus.STATUS_SUCCESS),
        EvtChannelSuspend: share,
        EvtChannelClosed: () => {
          share();
          for (const handle of this.#handles) this.#delete(handle);
        },
      },
    });
  }

  /** Creates a GPADL of one to three messages, or deletes one. */
  share(): void {
    const { vsc, client } = this.pair;
    if (this.#chance.below(3) === 0) {
      for (const handle of this.#handles) return this.#delete(handle);
    }
    const byteCount = (1 + this.#chance.below(64)) * 4096;
    const made = vsc.VmbChannelCreateGpadlFromBuffer(client, 0, this.#buffer, byteCount);
    if (made.gpadlHandle === null) return;
    this.shared++;
    this.#handles.add(made.gpadlHandle);
  }

  #delete(handle: number): void {
    const { vsc, client } = this.pair;
    this.#handles.delete(handle);
    this.#deleted.push(vsc.VmbChannelDeleteGpadl(client, handle));
  }

  /** One of the two comes, or may go. */
  change(): void {
    const { vsc, vsp, client, server } = this.pair;
    const isServer = this.#chance.below(2) === 0;
    const [table, channel] = isServer ? [vsp, server] : [vsc, client];
    const { lifecycle } = vmbus.inspectChannel(channel);
    if (lifecycle !== "disabled") {
      if (this.#chance.below(6) === 0) table.VmbChannelDisable(channel);
    } else {
      assertEquals(table.VmbChannelEnable(channel), vmbus.STATUS_SUCCESS);
      if (isServer) vsp.VmbChannelStart(server);
    }
  }

  async end(guest: vmbus.Partition): Promise<void> {
    const { vsc, vsp, client, server } = this.pair;
    await vsc.VmbChannelDisable(client);
    await vsp.VmbChannelDisable(server);
    await Promise.all(this.#deleted);
    vsc.VmbChannelCleanup(client);
    vsp.VmbChannelCleanup(server);
    guest.memory.free(this.#buffer); // nothing pins it any more
  }
}

// kmcl.md G5, S10, S11; wire.md 3.4, 5.3
Deno.test("bus: what clients share while both sides come and go is nobody's fault", async () => {
  let shared = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const chance = Chance.fromSeed(seed);
    const fabric = createFabric({ trace: "off", schedule: "random", seed });
    const guest = fabric.createPartition({ name: "guest", memoryPages: 512, processors: 2 });
    const pairs = [0, 1].map((index) => new Sharing(fabric, guest, chance, index));
    for (let round = 0; round < ROUNDS; round++) {
      for (const pair of pairs) pair.change();
      const left = await runSteps(fabric, 1 + chance.below(25));
      if (left > 0) await fabric.settle();
    }
    await fabric.settle();
    for (const pair of pairs) {
      await pair.end(guest);
      shared += pair.shared;
    }
    const { bus } = guest as PartitionObject;
    assertEquals(bus.faults, [], `seed ${seed}`);
    assertEquals(bus.host.gpadls.all, []);
    guest.destroy();
    assertEquals([fabric.leaks(), fabric.violations], [[], []]);
  }
  assert(shared > 5 * SEEDS, `${shared} GPADLs`);
});
