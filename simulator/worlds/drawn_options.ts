/**
 * What a world draws of its host and of a guest: options that the scenario leaves to it.
 *
 * @module
 */

import type { PartitionObject } from "../../actors/partition/partition_object.ts";
import { FEATURES_DEFAULT, isIn, type VersionRange } from "../../core/control/dialect.ts";
import {
  FEATURES_KNOWN,
  protocolOf,
  VERSIONS,
  type VmbusVersion,
} from "../../core/control/versions.ts";
import type { FabricOptions, PartitionOptions } from "../../mod.ts";
import type { DrawnOption } from "./world.ts";

/**
 * Draws a number below `count`; the first is what a world is without chance. With a `stream` of its own it takes nothing
 * from what is drawn beside it: an option that came later leaves the worlds of a seed what they were.
 */
type Draw = (count: number, stream?: string) => number;

/** What was drawn of a guest. */
export type Drawn =
  & Pick<
    PartitionOptions,
    "vmbusVersion" | "vmbusFeatures" | "vtl" | "monitorPages" | "vtlOf" | "redirect" | "isolated"
  >
  & {
    /** Of a further trust level: whether it has memory of its own. */
    readonly hasMemory?: boolean;
  };

/** What stands before a guest is drawn. */
export interface Drawing {
  /** What the host speaks; null: nothing of the host is drawn. */
  readonly host: VersionRange | null;
  /** Whether it brings monitor pages. */
  readonly bringsPages: boolean;
  /** The guests that there are. */
  readonly guests: readonly PartitionObject[];
}

type DrawOption = (draw: Draw, drawing: Drawing) => Drawn;

/** Trust levels by how plain a machine of that level is. */
const LEVELS = [0, 2, 1];

/** How each option is drawn: more often than not it is what it is by default. */
const DRAWS: { readonly [Option in DrawnOption]: DrawOption | null } = {
  host: null, // it is drawn before there are guests
  version: drawVersion,
  vtl: (draw) => ({ vtl: draw(3) === 2 ? 1 + draw(2) : 0 }),
  level: drawLevel,
  monitorPages: (draw, { bringsPages }) => {
    const drawn = draw(bringsPages ? 4 : 3);
    return { monitorPages: drawn === 3 ? "host" : drawn === 2 ? "guest" : "none" };
  },
  isolated: (draw, { guests }) => ({ isolated: draw(4, `isolated ${guests.length}`) === 3 }),
};

/** All that can be drawn. */
export const DRAWN_OPTIONS = Object.keys(DRAWS) as readonly DrawnOption[];

/** Draws what the host of a world speaks: in every other world all; and whether it brings monitor pages. */
export function drawHost(
  options: readonly DrawnOption[],
  draw: Draw,
): Pick<FabricOptions, "vmbusVersion" | "vmbusFeatures" | "monitorPages"> {
  if (!options.includes("host")) return {};
  const monitorPages = draw(3) === 2;
  if (draw(2) === 0) return { monitorPages };
  const highest = drawOf(VERSIONS, draw);
  const lowest = VERSIONS[draw(VERSIONS.indexOf(highest) + 1)]!;
  const vmbusFeatures = drawFeatures(highest, draw);
  return { monitorPages, vmbusVersion: { lowest, highest }, ...vmbusFeatures };
}

/** Draws these options of one guest. */
export function drawOptions(
  options: readonly DrawnOption[],
  draw: Draw,
  drawing: Drawing,
): Drawn {
  return Object.assign({}, ...options.map((option) => DRAWS[option]?.(draw, drawing)));
}

/**
 * What a guest speaks: in every other world all, the newest first. Where the host does not speak all, the guest speaks
 * what is older as well, and something that the host does.
 */
function drawVersion(draw: Draw, { host }: Drawing): Drawn {
  if (draw(2) === 0) return {};
  if (host === null) {
    const vmbusVersion = drawOf(VERSIONS, draw);
    return { vmbusVersion, ...drawFeatures(vmbusVersion, draw) };
  }
  const lowest = VERSIONS[0]!;
  const highest = drawOf(VERSIONS.slice(VERSIONS.indexOf(host.lowest)), draw);
  return { vmbusVersion: { lowest, highest }, ...drawFeatures(highest, draw) };
}

/** One of `versions`, the newest first. */
function drawOf(versions: readonly VmbusVersion[], draw: Draw): VmbusVersion {
  return versions.at(-1 - draw(versions.length))!;
}

/** Features of a host or a guest that speaks `version`; below 6.0 there are none to draw. */
function drawFeatures(version: VmbusVersion, draw: Draw): Pick<Drawn, "vmbusFeatures"> {
  if (!protocolOf(version).hasFeatureFlags) return {};
  return { vmbusFeatures: FEATURES_DEFAULT & ~draw(FEATURES_KNOWN + 1) };
}

/**
 * Which trust level a guest is: of a machine of its own, or, in every other world, a further one of a machine that is
 * there, which the host serves or a paravisor, with memory of its own or without.
 */
function drawLevel(draw: Draw, { guests }: Drawing): Drawn {
  const machines = guests.filter((guest) =>
    guest.levels[0] === guest && guest.levels.length < LEVELS.length
  );
  if (machines.length === 0 || draw(2) === 0) return { vtl: LEVELS[draw(LEVELS.length)]! };
  const { levels } = machines[draw(machines.length)]!;
  const vtlOf = levels[draw(levels.length)]!;
  const free = LEVELS.filter((vtl) => !levels.some((level) => level.vtl === vtl));
  const vtl = free[draw(free.length)]!;
  const redirect = vtlOf.vtl > vtl && draw(2) === 1;
  return { vtlOf, vtl, redirect, hasMemory: draw(3) === 2 };
}

/** The newest version that both a guest and its host speak; they agree on it (wire.md 4.5). */
export function versionSpoken(guest: PartitionObject): VmbusVersion {
  const { dialect, runtime: { hostDialect } } = guest;
  const both = VERSIONS.filter((version) =>
    isIn(dialect.versions, version) && isIn(hostDialect.versions, version)
  );
  return both.at(-1) ?? dialect.versions.highest;
}
