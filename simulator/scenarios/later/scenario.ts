/**
 * What later versions of the tables add, in use (kmcl.md, "Later versions"): a driver of the host that has the table of
 * version 2 keeps what it knows of each request in the area that comes with it, and answers in another order than the
 * requests came in. Its drivers ask nothing of later versions that version 2 does not have.
 *
 * @module
 */

import { defineScenario } from "../../worlds/define_scenario.ts";
import type { ScenarioDefinition } from "../../worlds/world.ts";
import { DELAYS, MOVES } from "../faults.ts";
import { closeAll, RAM } from "../protocols/ends.ts";
import { contextsGuest } from "./contexts_guest.ts";
import { contextsHost, keeperNotesIn } from "./contexts_host.ts";

const REQUESTS = 24;

/** The scenario. */
export const contexts: ScenarioDefinition = defineScenario({
  name: "contexts",
  title: "A host that keeps what it knows of a request in the area that comes with it",
  partitions: { guest: RAM },
  drivers: {
    vsc: { in: "guest", driver: contextsGuest },
    vsp: { serves: "guest", driver: contextsHost },
  },
  faults: [...DELAYS, ...MOVES],
  reach: ["several are kept at once", "the guest was restored"],
  workload: async (world) => {
    await world.until(() => world.driver("vsc").flows);
    world.driver("vsc").askAll(REQUESTS);
    await world.until(() => world.driver("vsc").answered === REQUESTS);
  },
  end: async (world) => {
    const { hasStale, hasWrongDevices, hasKeptSeveral, isRestored } = keeperNotesIn(world.fabric);
    const { wrong, answered } = world.driver("vsc");
    if (hasKeptSeveral) world.reach("several are kept at once");
    if (isRestored) world.reach("the guest was restored");
    if (hasStale) world.fail("an area is empty when its packet comes", "it held something");
    if (hasWrongDevices) world.fail("an open channel has its devices", "it had none");
    if (wrong > 0) world.fail("an area is its own packet's", `${wrong} answers were another's`);
    if (answered !== REQUESTS) world.fail("each request is answered", `${answered} were`);
    await closeAll(world, ["vsc", "vsp"]);
  },
});
