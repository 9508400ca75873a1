/**
 * Checks what an end of a bus is to speak.
 *
 * @module
 */

import { ALL_VERSIONS, type Dialect, type VersionRange } from "../../core/control/dialect.ts";
import {
  FEATURES_KNOWN,
  isSince,
  VERSIONS,
  type VmbusVersion,
} from "../../core/control/versions.ts";
import { copyMembers } from "../../core/structures.ts";
import { checkBounds, show } from "./read_options.ts";

/**
 * What the options `vmbusVersion` and `vmbusFeatures` of `what` say.
 *
 * @throws {TypeError} There is no such version, or the lowest is above the highest.
 * @throws {RangeError} `vmbusFeatures` has bits that stand for no feature.
 */
export function checkDialect(
  what: string,
  { vmbusVersion, vmbusFeatures }: {
    readonly vmbusVersion: unknown;
    readonly vmbusFeatures: unknown;
  },
): Dialect {
  checkBounds(what, "vmbusFeatures", vmbusFeatures, [0, FEATURES_KNOWN]);
  return { versions: rangeOf(what, vmbusVersion), features: vmbusFeatures as number };
}

function rangeOf(what: string, given: unknown): VersionRange {
  if (isVersion(given)) return { lowest: given, highest: given };
  const members = typeof given === "object" ? copyMembers(given, ["lowest", "highest"]) : null;
  if (members === null) refuse(what, "vmbusVersion", "or a range of them", given);
  const { lowest = ALL_VERSIONS.lowest, highest = ALL_VERSIONS.highest } = members;
  if (!isVersion(lowest)) refuse(what, "the lowest of vmbusVersion", "", lowest);
  if (!isVersion(highest)) refuse(what, "the highest of vmbusVersion", "", highest);
  if (isSince(highest, lowest)) return { lowest, highest };
  throw new TypeError(
    `Cannot create ${what}: the lowest of vmbusVersion, ${lowest}, is above its highest, ${highest}`,
  );
}

function isVersion(value: unknown): value is VmbusVersion {
  return VERSIONS.some((version) => version === value);
}

function refuse(what: string, name: string, more: string, given: unknown): never {
  const list = [`one of ${VERSIONS.map(show).join(", ")}`, more].join(" ").trimEnd();
  throw new TypeError(`Cannot create ${what}: ${name} must be ${list}, not ${show(given)}`);
}
