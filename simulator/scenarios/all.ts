/**
 * The scenarios of the package that are values, which sweeps and replays know by name.
 *
 * @module
 */

import type { ScenarioDefinition } from "../worlds/world.ts";
import { disk } from "./disk/scenario.ts";
import { echo } from "./echo/scenario.ts";
import { levels } from "./everything/levels.ts";
import { everything } from "./everything/scenario.ts";
import { hostileGuest } from "./hostile/guest_scenario.ts";
import { hostileHost } from "./hostile/host_scenario.ts";
import { isolated } from "./later/isolated.ts";
import { contexts } from "./later/scenario.ts";
import { PROTOCOLS } from "./protocols/all.ts";
import { SMALL_SCENARIOS } from "./small/all.ts";
import { storage } from "./storage/scenario.ts";

/** All of them, the one that is swept by default first; the protocols without their mistakes. */
export const simulatedScenarios: readonly ScenarioDefinition[] = [
  everything,
  echo,
  disk,
  storage,
  hostileGuest,
  hostileHost,
  levels,
  ...Object.values(PROTOCOLS).map((protocol) => protocol(false)),
  ...SMALL_SCENARIOS,
  contexts,
  isolated,
];
