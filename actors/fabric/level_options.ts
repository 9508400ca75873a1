/**
 * Checks the options by which a partition is a further trust level of a machine.
 *
 * @module
 */

import { isInstance } from "../../core/describe.ts";
import type { PartitionOptions } from "../partition/partition.ts";
import type { TrustLevel } from "../partition/partition_kind.ts";
import { PartitionObject } from "../partition/partition_object.ts";
import { show } from "./read_options.ts";

/** The fabric in which it is to be. */
interface LevelsFabric {
  /** Whether `partition` is one of the fabric's. */
  has(partition: PartitionObject): boolean;
}

/** Options of a partition that were checked one by one. */
export type LevelOptions = Pick<Required<PartitionOptions>, "vtl" | "vtlOf" | "redirect"> & {
  /** Whether pages of memory were asked for. */
  readonly hasMemory: boolean;
};

/**
 * How a partition with these options is a further trust level; null: it is a machine by itself.
 *
 * @throws {TypeError} `vtlOf` is no partition of `fabric` that could have another level; `redirect` is no boolean.
 * @throws {RangeError} The machine has that level already, or the paravisor would be no more trusted than what it serves.
 */
export function levelOf(
  fabric: LevelsFabric,
  { vtl, vtlOf, redirect, hasMemory }: LevelOptions,
): TrustLevel<PartitionObject> | null {
  if (typeof redirect !== "boolean") {
    throw new TypeError(
      `Cannot create a partition: redirect must be true or false, not ${show(redirect)}`,
    );
  }
  if (vtlOf === null) {
    if (!redirect) return null;
    throw new TypeError("Cannot create a partition: redirect is for a partition with vtlOf");
  }
  const isGuest = isInstance(vtlOf, PartitionObject) && !vtlOf.isRoot && vtlOf.isAlive;
  if (!isGuest || !fabric.has(vtlOf)) {
    const given = isInstance(vtlOf, PartitionObject) ? `partition ${vtlOf.name}` : show(vtlOf);
    throw new TypeError(
      `Cannot create a partition: vtlOf must be a guest of this fabric that lives, not ${given}`,
    );
  }
  if (vtlOf.levels.some((level) => level.vtl === vtl)) {
    throw new RangeError(
      `Cannot create a partition: ${vtlOf.name} has a trust level ${vtl} already`,
    );
  }
  if (redirect && vtlOf.vtl <= vtl) {
    throw new RangeError(
      `Cannot create a partition: its paravisor must be of a higher trust level than ${vtl}, not ${vtlOf.vtl}`,
    );
  }
  return { of: vtlOf, isRedirected: redirect, sharesMemory: !hasMemory };
}
