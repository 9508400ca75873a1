/**
 * A guest that is saved at each place of an open and of what its driver sends then, and runs on; what was saved can be
 * restored.
 *
 * @module
 */

import { createFabric, restorePartition, savePartition } from "../../../mod.ts";
import { runtimeOf } from "../../endpoints.ts";
import { defineScenario } from "../../worlds/define_scenario.ts";
import type { ScenarioDefinition } from "../../worlds/world.ts";
import { everythingVsc, everythingVsp } from "../everything/drivers.ts";
import type { GuestPlan } from "../everything/plan.ts";
import { saveState } from "../everything/state.ts";
import { describeUnfinished } from "../everything/totals.ts";
import { turnsLeft, untilDrawnPlace } from "./places.ts";

/** One packet of the guest's, and nothing that drivers know beside their state and their packets. */
const PLAN: GuestPlan = {
  channels: [{
    guestPackets: 1,
    hostPackets: 0,
    bytesMax: 64,
    window: 1,
    quota: 0,
    latency100ns: 0,
    refusals: 0,
    salt: 0,
    vtl: 0,
    isPipe: false,
    isGuestPassive: false,
    isHostPassive: false,
    shares: false,
    lends: false,
    isEarly: false,
    isLate: false,
    isSlowToOpen: false,
    isSub: false,
  }],
};

const DRIVERS = { guestDrivers: [everythingVsc], hostDrivers: [everythingVsp] };

/** The scenario. */
export const saveAtEachPoint: ScenarioDefinition = defineScenario({
  name: "save-at-each-point",
  title:
    "A guest is saved at each place of an open and a packet, and what was saved can be restored",
  partitions: { guest: { memoryPages: 64, mmioMegabytes: 0 } },
  drivers: {
    vsp: { serves: "guest", driver: everythingVsp, options: PLAN },
    vsc: { in: "guest", driver: everythingVsc, options: PLAN },
  },
  workload: async (world) => {
    await untilDrawnPlace(world);
    const guest = world.guest("guest");
    const { bytes } = await savePartition(guest);
    if (bytes === null) return world.reach("it was refused");
    guest.resume();
    const codec = runtimeOf("save at each point", world.fabric).codec.name;
    const other = createFabric({ codec, rootMemoryPages: 256 });
    const { partition, reason } = restorePartition(other, bytes, DRIVERS);
    if (partition === null) {
      world.fail("what was saved can be restored", `it was refused: ${reason}`);
    }
    other.dispose();
  },
  stateOf: (world) => [
    turnsLeft(world),
    ...[...world.driver("vsp").channels, ...world.driver("vsc").channels].map((each) => [
      saveState(each.state),
      [...each.inFlight.values()],
      each.held.map(({ answer }) => [...answer]),
    ]),
  ],
  end: async (world) => {
    const [server] = world.driver("vsp").channels;
    const [client] = world.driver("vsc").channels;
    if (server === undefined || client === undefined) return;
    for (const side of [client, server]) {
      const unfinished = describeUnfinished(side);
      if (unfinished !== null) world.fail("what is sent comes to its end", unfinished);
    }
    await client.close();
    await server.close();
    client.cleanup();
    server.cleanup();
  },
});
