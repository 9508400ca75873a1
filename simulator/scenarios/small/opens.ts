/**
 * An open that is overtaken: by the host, which takes its offer back, or by the guest, which closes at once.
 *
 * @module
 */

import { defineScenario } from "../../worlds/define_scenario.ts";
import type { ScenarioDefinition } from "../../worlds/world.ts";
import { ClientEnd, closeAll, guestDriver, hostDriver, ServerEnd } from "../protocols/ends.ts";
import { identityOf } from "../protocols/set_up.ts";
import { turnsLeft, untilDrawnPlace } from "./places.ts";

const TYPE = "b7a1c0de-0007-4d6e-9a3b-5f0c1d2e3a47";

/** Which end takes back what the guest has begun. */
type Overtaking = "vsc" | "vsp";

/** A scenario in which the guest opens a channel, and an end closes it as soon as that is on its way. */
function overtakenOpen(
  { name, title }: Pick<ScenarioDefinition, "name" | "title">,
  overtaking: Overtaking,
): ScenarioDefinition {
  const identity = identityOf(TYPE, overtaking === "vsc" ? 1 : 0);
  const vsp = hostDriver<ServerEnd>(
    `${name} vsp`,
    (context) => new ServerEnd(context, identity, {}),
  );
  const vsc = guestDriver<ClientEnd>(
    `${name} vsc`,
    (context) => new ClientEnd(context, identity, {}).open(),
  );
  return defineScenario({
    name,
    title,
    partitions: { guest: { memoryPages: 32, mmioMegabytes: 0 } },
    drivers: { vsp: { serves: "guest", driver: vsp }, vsc: { in: "guest", driver: vsc } },
    workload: async (world) => {
      await untilDrawnPlace(world);
      await world.driver(overtaking).disable();
    },
    stateOf: (world) => turnsLeft(world),
    end: (world) => closeAll(world, ["vsc", "vsp"]),
  });
}

/** The host takes its offer back while the guest opens it. */
export const openAndRescind: ScenarioDefinition = overtakenOpen({
  name: "open-and-rescind",
  title: "The host takes its offer back at each place of the guest's open",
}, "vsp");

/** The guest closes while it opens. */
export const openAndClose: ScenarioDefinition = overtakenOpen({
  name: "open-and-close",
  title: "The guest closes its channel at each place of its open",
}, "vsc");
