/**
 * *Hostile guest*: a guest without drivers, which says and writes whatever it likes, and the host's drivers
 * that must survive it. Beside it a pair of drivers works as if nothing were.
 *
 * @module
 */

import type { PartitionObject } from "../../../actors/partition/partition_object.ts";
import { FabricRuntime } from "../../../actors/fabric/fabric_runtime.ts";
import { inspectChannel } from "../../../mod.ts";
import { defineScenario } from "../../worlds/define_scenario.ts";
import type { Draws, ScenarioDefinition, World } from "../../worlds/world.ts";
import { everythingVsp } from "../everything/drivers.ts";
import { drawPlan } from "../everything/plan.ts";
import { DRIVERS_BESIDE, endBeside } from "./beside.ts";
import { HostileGuest } from "./hostile_guest.ts";
import { type Acts, checkGuard, guardPages, play } from "./play.ts";

const GUEST = { memoryPages: 96, mmioMegabytes: 0 };

const drivers = {
  vsp: { serves: "hostile", driver: everythingVsp, options: (world: Draws) => drawPlan(world) },
  ...DRIVERS_BESIDE,
} as const;

type HostileWorld = World<typeof drivers>;

/** What the guest does, by turns; the first does nothing. */
const ACTS: Acts<HostileGuest> = [
  () => {},
  (guest, chance) => guest.open(chance),
  (guest, chance) => guest.send(chance),
  (guest, chance) => guest.answer(chance),
  (guest, chance) => guest.open(chance),
  (guest, chance) => guest.send(chance),
  (guest, chance) => guest.lie(chance),
  (guest, chance) => guest.scribble(chance),
  (guest, chance) => guest.forge(chance),
  (guest, chance) => guest.lieAboutMemory(chance),
  (guest, chance) => guest.babble(chance),
  (guest, chance) => guest.close(chance),
  (guest, chance) => guest.release(chance),
  (guest, chance) => guest.connect(chance),
];

async function workload(world: HostileWorld): Promise<void> {
  const partition = world.guest("hostile") as PartitionObject;
  const { codec } = FabricRuntime.of(partition.runtime);
  const guest = new HostileGuest(partition, codec.name);
  const guard = guardPages(partition);
  await play(world, guest, ACTS, () => look(world, guest));
  await checkGuard(world, guard);
}

function look(world: HostileWorld, guest: HostileGuest): void {
  for (const { channel, state: { received, wrongs } } of world.driver("vsp").channels) {
    const there = inspectChannel(channel);
    if (there === null) continue;
    if (there.lifecycle === "opened") world.reach("the hostile guest opens a channel");
    if (received !== 0 || wrongs.length > 0) world.reach("a packet of the hostile guest arrives");
    if (there.fault !== null) world.reach("a lie is noticed");
  }
  if (guest.isConnectedAnew) world.reach("the hostile guest connects anew");
}

/** The guest is turned off: whatever it owed its host, nobody waits for it any more. */
async function end(world: HostileWorld): Promise<void> {
  world.guest("hostile").crash();
  for (const channel of world.driver("vsp").channels) {
    await channel.close();
    channel.cleanup();
  }
  await endBeside(world as unknown as World, world.driver("besideVsp"), world.driver("besideVsc"));
}

/** The scenario. */
export const hostileGuest: ScenarioDefinition<typeof drivers> = defineScenario({
  name: "hostile-guest",
  title: "a guest that says and writes whatever it likes, and the host's drivers that survive it",
  numbers: {
    channels: { title: "channels of each guest", least: 1, most: 2 },
    packets: { title: "packets that a side of a channel sends, at most", least: 0, most: 12 },
    acts: { title: "acts of the hostile guest", least: 0, most: 60 },
  },
  partitions: { hostile: GUEST, beside: GUEST },
  draws: ["version", "isolated"],
  hostile: ["hostile"],
  drivers,
  workload,
  end,
  reach: [
    "the hostile guest opens a channel",
    "the hostile guest connects anew",
    "a packet of the hostile guest arrives",
    "a lie is noticed",
  ],
});
