// Lies in the rings of byte pipes (wire.md 1.9, 2.4): whoever reads a stream stops with the fault, and its reads end.

import { assert, assertEquals } from "@std/assert";
import type { PartitionObject } from "../../../actors/partition/partition_object.ts";
import { Chance } from "../../../core/chance.ts";
import * as vmbus from "../../../mod.ts";
import { ATTACKERS, openChannelsOf } from "../../../simulator/faults/peers/attack.ts";
import { ringLies } from "../../../simulator/faults/peers/ring_attacks.ts";
import { CORRUPTIONS } from "../../../simulator/peers/mod.ts";
import { openPipe } from "../../support/byte_pipes.ts";
import { createFabric } from "../../support/fabric.ts";

/** The lies that a stream's reader notices. */
const noticed = CORRUPTIONS.filter(({ noticedBy, isPipe, pipeMode, codec }) =>
  noticedBy === "reader" && isPipe !== false && pipeMode !== "datagrams" && codec !== "msgpack"
);

for (const { name, what, fault } of noticed) {
  Deno.test(`BytePipe.read: ${fault} for ${what}`, async () => {
    let told = 0;
    for (
      const [by, seed] of ATTACKERS.flatMap((by) => [1, 2, 3].map((seed) => [by, seed] as const))
    ) {
      const fabric = createFabric({ codec: "vmbus", verifier: "record" });
      const guest = fabric.createPartition({ name: "guest", memoryPages: 64, mmioMegabytes: 0 });
      const pipe = await openPipe({ within: { fabric, guest } });
      const [channel] = openChannelsOf(guest as PartitionObject);
      const [attack] = ringLies(channel!, by, name);
      if (attack === undefined) continue; // one that this side cannot tell
      told++;
      const [victim, end] = by === "guest" ? [pipe.server, pipe.host] : [pipe.client, pipe.inGuest];
      // One read waits when the lie comes, and one begins after it.
      const waiting = end.read(10);
      attack.make(Chance.fromSeed(seed).fork(name));
      await fabric.settle();
      const later = end.read(10);
      await fabric.settle();
      assertEquals(vmbus.inspectChannel(victim).fault, fault, by);
      for (const { status, bytes } of [await waiting, await later]) {
        assert(status !== vmbus.STATUS_SUCCESS && status !== vmbus.STATUS_END_OF_FILE, by);
        assertEquals(bytes.length, 0);
      }
      fabric.dispose();
    }
    assert(told > 0, `${name} is told by nobody`);
  });
}

Deno.test("ringLies: streams have lies of their own, and not those of datagrams", async () => {
  const fabric = createFabric({ codec: "vmbus" });
  const guest = fabric.createPartition({ name: "guest", memoryPages: 64, mmioMegabytes: 0 });
  const pipe = await openPipe({ within: { fabric, guest } });
  const [channel] = openChannelsOf(pipe.guest as PartitionObject);
  const names = (by: typeof ATTACKERS[number]) =>
    new Set(ringLies(channel!, by).map(({ what }) => what));
  const whats = (mode: string) =>
    CORRUPTIONS.filter(({ pipeMode }) => pipeMode === mode).map(({ what }) => what);
  for (const by of ATTACKERS) {
    assertEquals(whats("bytes").filter((what) => !names(by).has(what)), []);
    assertEquals(whats("datagrams").filter((what) => names(by).has(what)), []);
  }
});
