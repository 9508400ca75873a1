/**
 * The scenarios of the command line.
 *
 * @module
 */

import { scenarios as neutral } from "../mod.ts";
import type { Scenario } from "../scenario.ts";
import { disk } from "./disk.ts";
import { storage } from "./storage.ts";

/** All of them, the one that runs by default first. */
export const scenarios: readonly Scenario[] = [disk, ...neutral, storage];
