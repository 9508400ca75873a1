/**
 * The scenarios of the package that are values, by name.
 *
 * @module
 */

import type { ScenarioDefinition } from "../worlds/world.ts";
import { disk } from "./disk/scenario.ts";
import { echo } from "./echo/scenario.ts";
import { everything } from "./everything/scenario.ts";
import { hostileGuest } from "./hostile/guest_scenario.ts";
import { hostileHost } from "./hostile/host_scenario.ts";

/** All of them. */
export const simulatedScenarios: readonly ScenarioDefinition[] = [
  everything,
  echo,
  disk,
  hostileGuest,
  hostileHost,
];

/** The scenario called `name`; undefined where there is none. */
export function findSimulated(name: string): ScenarioDefinition | undefined {
  return simulatedScenarios.find((scenario) => scenario.name === name);
}
