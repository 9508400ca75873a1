/**
 * What a world draws of a guest: options that the scenario leaves to it.
 *
 * @module
 */

import { FEATURES_DEFAULT } from "../../core/control/dialect.ts";
import { FEATURES_KNOWN, protocolOf, VERSIONS } from "../../core/control/versions.ts";
import type { PartitionOptions } from "../../mod.ts";
import type { DrawnOption } from "./world.ts";

/** Draws a number below `count`; the first is what a world is without chance. */
type Draw = (count: number) => number;
type Drawn = Pick<PartitionOptions, "vmbusVersion" | "vmbusFeatures" | "vtl" | "monitorPages">;

/** How each option is drawn: more often than not it is what it is by default. */
const DRAWS: { readonly [Option in DrawnOption]: (draw: Draw) => Drawn } = {
  version: drawVersion,
  vtl: (draw) => ({ vtl: draw(3) === 2 ? 1 + draw(2) : 0 }),
  monitorPages: (draw) => ({ monitorPages: draw(3) === 2 ? "guest" : "none" }),
};

/** All that can be drawn. */
export const DRAWN_OPTIONS = Object.keys(DRAWS) as readonly DrawnOption[];

/** Draws these options of one guest. */
export function drawOptions(options: readonly DrawnOption[], draw: Draw): Drawn {
  return Object.assign({}, ...options.map((option) => DRAWS[option](draw)));
}

/** What a guest speaks: in every other world all, the newest first. */
function drawVersion(draw: Draw): Drawn {
  if (draw(2) === 0) return {};
  const vmbusVersion = VERSIONS.at(-1 - draw(VERSIONS.length))!;
  if (!protocolOf(vmbusVersion).hasFeatureFlags) return { vmbusVersion };
  return { vmbusVersion, vmbusFeatures: FEATURES_DEFAULT & ~draw(FEATURES_KNOWN + 1) };
}
