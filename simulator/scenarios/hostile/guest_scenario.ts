/**
 * *Hostile guest*: a guest without drivers, which says and writes whatever it likes, and the host's drivers
 * that must survive it. Beside it a pair of drivers works as if nothing were.
 *
 * @module
 */

import type { PartitionObject } from "../../../actors/partition/partition_object.ts";
import { FabricRuntime } from "../../../actors/fabric/fabric_runtime.ts";
import { Chance } from "../../../core/chance.ts";
import { inspectChannel } from "../../../mod.ts";
import { GuardPages } from "../../peers/mod.ts";
import { defineScenario } from "../../worlds/define_scenario.ts";
import type { Draws, ScenarioDefinition, World } from "../../worlds/world.ts";
import { everythingVsc, everythingVsp } from "../everything/drivers.ts";
import { drawPlan, type GuestPlan } from "../everything/plan.ts";
import { endBeside } from "./beside.ts";
import { HostileGuest } from "./guest_acts.ts";

const GUEST = { memoryPages: 96, mmioMegabytes: 0 };
/** Pages that nobody may have written to when all is over. */
const GUARD_PAGES = 8;
/** Between two acts fewer items run than these. */
const ITEMS_BETWEEN = 24;
const DRAW_MAX = 2 ** 32;

const plans = new WeakMap<Draws, GuestPlan>();

/** The plan that both drivers of the pair beside are given. */
function planBeside(world: Draws): GuestPlan {
  const plan = plans.get(world) ?? drawPlan(world);
  plans.set(world, plan);
  return plan;
}

const drivers = {
  vsp: { serves: "hostile", driver: everythingVsp, options: (world: Draws) => drawPlan(world) },
  besideVsp: { serves: "beside", driver: everythingVsp, options: planBeside },
  besideVsc: { in: "beside", driver: everythingVsc, options: planBeside },
} as const;

type HostileWorld = World<typeof drivers>;

/** What the guest does, by turns; the first does nothing. */
const ACTS: readonly ((guest: HostileGuest, chance: Chance) => void)[] = [
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
];

/** A stream for an act: two choices an act, so that it can be recorded, and left out. */
function drawChance(world: Draws): Chance {
  return Chance.fromSeed(world.draw(DRAW_MAX));
}

async function workload(world: HostileWorld): Promise<void> {
  const partition = world.guest("hostile") as PartitionObject;
  const { codec } = FabricRuntime.of(partition.runtime);
  const guest = new HostileGuest(partition, codec.name);
  const guard = new GuardPages(partition.memory, GUARD_PAGES, Chance.fromSeed(1));
  for (let acts = world.number("acts"); acts > 0; acts--) {
    let itemsLeft = world.draw(ITEMS_BETWEEN);
    await world.until(() => itemsLeft-- <= 0);
    const act = world.draw(ACTS.length);
    if (act > 0) ACTS[act]!(guest, drawChance(world));
    look(world);
  }
  await world.fabric.delay(1);
  const at = guard.changedAt();
  if (at !== null) {
    world.fail("wire.md 1.2: nobody writes astray", `a byte at ${at} was written over`);
  }
}

function look(world: HostileWorld): void {
  for (const { channel, state: { received, wrongs } } of world.driver("vsp").channels) {
    const there = inspectChannel(channel);
    if (there === null) continue;
    if (there.lifecycle === "opened") world.reach("the hostile guest opens a channel");
    if (received !== 0 || wrongs.length > 0) world.reach("a packet of the hostile guest arrives");
    if (there.fault !== null) world.reach("a lie is noticed");
  }
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
  hostile: ["hostile"],
  drivers,
  workload,
  end,
  reach: [
    "the hostile guest opens a channel",
    "a packet of the hostile guest arrives",
    "a lie is noticed",
  ],
});
