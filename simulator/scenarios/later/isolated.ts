/**
 * What versions 3 to 5 of the tables add, in use (kmcl.md, "Later versions"): an isolated guest whose driver has a primary
 * and a sub-channel of a device, and sends more data than its bounce buffers hold at once.
 *
 * @module
 */

import { defineScenario } from "../../worlds/define_scenario.ts";
import type { ScenarioDefinition } from "../../worlds/world.ts";
import { DELAYS, MOVES } from "../faults.ts";
import { isolatedGuest } from "./isolated_guest.ts";
import { hostNotesIn, isolatedHost } from "./isolated_host.ts";

const REQUESTS_MAX = 20;

/** The scenario. */
export const isolated: ScenarioDefinition = defineScenario({
  name: "isolated",
  title: "A guest whose memory its host cannot read, with two channels of one device",
  partitions: { guest: { memoryPages: 128, processors: 2, isolated: true } },
  drivers: {
    vsc: { in: "guest", driver: isolatedGuest },
    vsp: { serves: "guest", driver: isolatedHost },
  },
  numbers: {
    requests: {
      title: "requests of a channel, beside one that adds up",
      least: 4,
      most: REQUESTS_MAX,
    },
  },
  faults: [...DELAYS, ...MOVES],
  reach: [
    "a packet waits for bounce buffers",
    "no packet object is left",
    "half of a flood is passive",
    "a guest's packet in flight was restored",
    "a host's packet in flight was restored",
  ],
  workload: async (world) => {
    // A guest that moves has another driver from then on.
    const channels = () => world.driver("vsc").channels;
    await world.until(() => channels().every(({ flows }) => flows));
    for (const channel of channels()) channel.askAll(world.number("requests"));
    const all = world.number("requests") + 1;
    const { nudges } = hostNotesIn(world.fabric);
    await world.until(() =>
      channels().every(({ answered }) => answered === all) && nudges.every((count) => count === all)
    );
  },
  end: async (world) => {
    const { channels } = world.driver("vsc");
    const notes = hostNotesIn(world.fabric);
    if (channels.some(({ waits }) => waits > 0)) world.reach("a packet waits for bounce buffers");
    if (channels.some(({ ranOut }) => ranOut > 0)) world.reach("no packet object is left");
    if (notes.passive > 0) world.reach("half of a flood is passive");
    if (channels.some(({ moved }) => moved > 0)) {
      world.reach("a guest's packet in flight was restored");
    }
    if (notes.restored > 0) world.reach("a host's packet in flight was restored");
    const faults = channels.flatMap((channel) => channel.faults);
    for (const fault of faults) world.fail("requests of an isolated guest end well", fault);
    if (notes.wrongContexts > 0) {
      world.fail("callbacks have their context", `${notes.wrongContexts} had another one`);
    }
    if (notes.wrongNudges > 0) {
      world.fail("a packet has its own context", `${notes.wrongNudges} had another's`);
    }
    const counts = [channels.map(({ answered }) => answered), notes.requests, notes.nudges].flat();
    if (counts.some((count) => count !== world.number("requests") + 1)) {
      world.fail("each channel has its own requests", `there were ${counts.join(", ")}`);
    }
    for (const channel of channels.toReversed()) await channel.close();
    await world.driver("vsp").close();
  },
});
