/**
 * The scenarios of the package, which sweeps and replays know by name.
 *
 * @module
 */

import { simulatedScenarios } from "../scenarios/all.ts";
import { PROTOCOLS } from "../scenarios/protocols/all.ts";
import type { ScenarioDefinition } from "../worlds/world.ts";

/** All of them, the one that is swept by default first. */
export const worldScenarios: readonly ScenarioDefinition[] = [
  ...simulatedScenarios,
  ...Object.values(PROTOCOLS).map((protocol) => protocol(false)),
];
