/**
 * *Hostile host*: a host that says and writes whatever it likes, and the guest's drivers that must survive it.
 * Beside it a pair of drivers works as if nothing were.
 *
 * @module
 */

import { FabricRuntime } from "../../../actors/fabric/fabric_runtime.ts";
import type { PartitionObject } from "../../../actors/partition/partition_object.ts";
import { inspectChannel } from "../../../mod.ts";
import { defineScenario } from "../../worlds/define_scenario.ts";
import type { Draws, ScenarioDefinition, World } from "../../worlds/world.ts";
import { type EverythingClient, instanceOf, INTERFACE_TYPE } from "../everything/client.ts";
import { everythingVsc } from "../everything/drivers.ts";
import { drawPlan } from "../everything/plan.ts";
import { DRIVERS_BESIDE, endBeside } from "./beside.ts";
import { HostileHost } from "./hostile_host.ts";
import { type Acts, checkGuard, drawChance, guardPages, play } from "./play.ts";

const GUEST = { memoryPages: 96, mmioMegabytes: 0 };

const drivers = {
  vsc: { in: "attacked", driver: everythingVsc, options: (world: Draws) => drawPlan(world) },
  ...DRIVERS_BESIDE,
} as const;

type HostileWorld = World<typeof drivers>;

/** What the host does, by turns; the first does nothing. */
const ACTS: Acts<HostileHost> = [
  () => {},
  (host, chance) => host.offer(chance),
  (host, chance) => host.send(chance),
  (host, chance) => host.answer(chance),
  (host, chance) => host.offer(chance),
  (host, chance) => host.send(chance),
  (host, chance) => host.turn(chance),
  (host, chance) => host.lie(chance),
  (host, chance) => host.scribble(chance),
  (host, chance) => host.forge(chance),
  (host, chance) => host.babble(chance),
  (host, chance) => host.rescind(chance),
];

async function workload(world: HostileWorld): Promise<void> {
  const partition = world.guest("attacked") as PartitionObject;
  const { codec } = FabricRuntime.of(partition.runtime);
  const clients = world.driver("vsc").channels;
  const devices = clients.map((_client, at) => ({
    interfaceId: INTERFACE_TYPE,
    instanceId: instanceOf(at),
  }));
  const guard = guardPages(partition);
  const host = new HostileHost(partition, codec.name, devices, () => drawChance(world));
  await play(world, host, ACTS, () => clients.forEach((client) => tend(world, client)));
  host.isHonest = true;
  await checkGuard(world, guard);
}

/** The guest's driver closes what has stopped, and opens what was closed. */
function tend(world: HostileWorld, client: EverythingClient): void {
  const there = inspectChannel(client.channel);
  if (there === null) return;
  const { received, wrongs } = client.state;
  if (there.lifecycle === "disabled") client.open();
  if (there.lifecycle === "opened") world.reach("a channel of the hostile host is opened");
  if (received !== 0 || wrongs.length > 0) world.reach("a packet of the hostile host arrives");
  if (there.fault === null) return;
  world.reach("a lie is noticed");
  client.close()?.catch(() => {}); // where the guest is turned off before it has ended
}

/** The guest is turned off: nothing of it waits for such a host any more. */
async function end(world: HostileWorld): Promise<void> {
  world.guest("attacked").crash();
  await endBeside(world as unknown as World, world.driver("besideVsp"), world.driver("besideVsc"));
}

/** The scenario. */
export const hostileHost: ScenarioDefinition<typeof drivers> = defineScenario({
  name: "hostile-host",
  title: "a host that says and writes whatever it likes, and the guest's drivers that survive it",
  numbers: {
    channels: { title: "channels of each guest", least: 1, most: 2 },
    packets: { title: "packets that a side of a channel sends, at most", least: 0, most: 12 },
    acts: { title: "acts of the hostile host", least: 0, most: 60 },
  },
  partitions: { attacked: GUEST, beside: GUEST },
  draws: ["version", "isolated"],
  hostile: ["attacked"],
  expected: [{
    rule: "wait that nothing can end",
    place: "VmbChannelDisable",
    reason:
      "a host that does not answer holds a driver up until the guest is turned off (kmcl.md S11)",
  }],
  drivers,
  workload,
  end,
  reach: [
    "a channel of the hostile host is opened",
    "a packet of the hostile host arrives",
    "a lie is noticed",
  ],
});
