/**
 * The scenarios that canaries are hunted in, by name.
 *
 * @module
 */

import { everything } from "../../simulator/scenarios/everything/scenario.ts";
import { DELAYS, LOSSES, MISDEEDS, MOVES } from "../../simulator/scenarios/faults.ts";
import { PROTOCOLS } from "../../simulator/scenarios/protocols/all.ts";
import { storage } from "../../simulator/scenarios/storage/scenario.ts";
import type { ScenarioDefinition } from "../../simulator/worlds/world.ts";
import type { ScenarioTable } from "./canary.ts";
import { DRIVER_CANARIES } from "./driver_canaries.ts";
import { waitingCallers } from "./drivers/callers.ts";

/** *Everything*, whose sides are honest, and whose drivers break no rule: much may go wrong, and nothing is excused. */
const everythingHonest: ScenarioDefinition = {
  ...everything,
  name: "everything-honest",
  faults: [...DELAYS, ...MOVES, ...LOSSES, ...MISDEEDS],
};

/** What the scenario of a driver canary is called where its drivers make no mistake. */
export function rightOf(name: string): string {
  return `${name}, right`;
}

/** Scenarios without a mistake in their drivers, and those of {@linkcode DRIVER_CANARIES} with theirs and without. */
export const SCENARIOS: ScenarioTable = {
  "everything": () => everything,
  "everything-honest": () => everythingHonest,
  "storage": () => storage,
  "waiting-callers": () => waitingCallers,
  ...Object.fromEntries(Object.entries(PROTOCOLS).map(([name, make]) => [name, () => make(false)])),
  ...Object.fromEntries(DRIVER_CANARIES.map(({ name, make }) => [name, () => make(true)])),
  ...Object.fromEntries(
    DRIVER_CANARIES.map(({ name, make }) => [rightOf(name), () => make(false)]),
  ),
};
