/**
 * What versions 3 to 5 of the tables add, in use (kmcl.md, "Later versions"): an isolated guest whose driver has a primary
 * and a sub-channel of a device, and sends more data than its bounce buffers hold at once.
 *
 * @module
 */

import { defineScenario } from "../../worlds/define_scenario.ts";
import type { ScenarioDefinition } from "../../worlds/world.ts";
import { DELAYS } from "../faults.ts";
import { isolatedGuest } from "./isolated_guest.ts";
import { hostNotesIn, isolatedHost } from "./isolated_host.ts";

const REQUESTS = 20;

/** The scenario. */
export const isolated: ScenarioDefinition = defineScenario({
  name: "isolated",
  title: "A guest whose memory its host cannot read, with two channels of one device",
  partitions: { guest: { memoryPages: 128, processors: 2, isolated: true } },
  drivers: {
    vsc: { in: "guest", driver: isolatedGuest },
    vsp: { serves: "guest", driver: isolatedHost },
  },
  faults: DELAYS,
  reach: [
    "a packet waits for bounce buffers",
    "no packet object is left",
    "half of a flood is passive",
  ],
  workload: async (world) => {
    const { channels } = world.driver("vsc");
    await world.until(() => channels.every(({ flows }) => flows));
    for (const channel of channels) channel.askAll(REQUESTS);
    for (const channel of channels) await channel.addUp();
    await world.until(() => channels.every(({ answered }) => answered === REQUESTS));
  },
  end: async (world) => {
    const { channels } = world.driver("vsc");
    const { wrongContexts, requests, passive } = hostNotesIn(world.fabric);
    if (channels.some(({ waits }) => waits > 0)) world.reach("a packet waits for bounce buffers");
    if (channels.some(({ ranOut }) => ranOut > 0)) world.reach("no packet object is left");
    if (passive > 0) world.reach("half of a flood is passive");
    const faults = channels.flatMap((channel) => channel.faults);
    for (const fault of faults) world.fail("requests of an isolated guest end well", fault);
    if (wrongContexts > 0) {
      world.fail("callbacks have their context", `${wrongContexts} had another one`);
    }
    if (requests.some((count) => count !== REQUESTS + 1)) {
      world.fail("each channel has its own requests", `there were ${requests.join(" and ")}`);
    }
    for (const channel of channels.toReversed()) await channel.close();
    await world.driver("vsp").close();
  },
});
