/**
 * What one end of a bus may speak: versions from a lowest to a highest one, and features (wire.md 4.3).
 *
 * @module
 */

import { FEATURES, isSince, VERSIONS, type VmbusVersion } from "./versions.ts";

/** Versions from one to another, both included. */
export interface VersionRange {
  /** The lowest that is spoken. */
  readonly lowest: VmbusVersion;
  /** The highest that is spoken. */
  readonly highest: VmbusVersion;
}

/** What one end of a bus speaks. */
export interface Dialect {
  /** Its versions. */
  readonly versions: VersionRange;
  /** Features that it asks for, or agrees to: bits of {@linkcode FEATURES}. */
  readonly features: number;
}

/**
 * What offers are sorted by first when a guest asks for them: their interface, and within one their order; or their
 * order, whatever the interface (wire.md 5.2).
 */
export type OfferOrder = "interface" | "absolute";

/** All versions. */
export const ALL_VERSIONS: VersionRange = { lowest: "0.13", highest: "6.0" };

/** The features that both ends of a bus of this package have, unless one is told otherwise. */
export const FEATURES_DEFAULT: number = FEATURES.guestSpecifiedSignalParameters |
  FEATURES.channelInterruptRedirection | FEATURES.modifyConnection | FEATURES.clientId |
  FEATURES.pauseResume;

/** Whether `version` is one of `range`. */
export function isIn({ lowest, highest }: VersionRange, version: VmbusVersion): boolean {
  return isSince(version, lowest) && isSince(highest, version);
}

/** The highest version of `range` below `version`; null where there is none. */
export function versionBelow(range: VersionRange, version: VmbusVersion): VmbusVersion | null {
  const below = VERSIONS.filter((other) => isIn(range, other) && !isSince(other, version));
  return below.at(-1) ?? null;
}
