/**
 * Scenarios that are small enough to go through all their orders.
 *
 * @module
 */

import type { ScenarioDefinition } from "../../worlds/world.ts";
import { smallEcho } from "./echo.ts";
import { echoAndClose } from "./echo_close.ts";
import { openAndClose, openAndRescind } from "./opens.ts";
import { saveAtEachPoint } from "./save.ts";

/** All of them, the smallest first. */
export const SMALL_SCENARIOS: readonly ScenarioDefinition[] = [
  openAndRescind,
  openAndClose,
  saveAtEachPoint,
  smallEcho,
  echoAndClose,
];
