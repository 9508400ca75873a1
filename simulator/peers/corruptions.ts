/**
 * The lies that a peer can put into a ring, by name: those of wire.md 1.9, and of packets in both encodings
 * and on pipes (wire.md 2, 3.1). Each says who notices, and as which fault.
 *
 * @module
 */

import type { Chance } from "../../core/chance.ts";
import { requireChance, requireOneOf } from "./checks.ts";
import type { Corruption, CorruptionName, Lie } from "./corruption_types.ts";
import { PACKET_LIES } from "./packet_lies.ts";
import { type RawRings, requireRings, RING_NAMES, type RingName } from "./raw_rings.ts";
import { RING_LIES } from "./ring_lies.ts";

function corruption([name, { tell, ...lie }]: [string, Lie]): Corruption {
  return Object.freeze({
    ...lie,
    pipeMode: lie.pipeMode ?? null,
    name: name as CorruptionName,
    apply(rings: RawRings, ring: RingName, chance: Chance) {
      requireRings(`corrupt a ring by ${name}`, rings);
      requireOneOf(`corrupt a ring by ${name}`, "ring", ring, lie.ring ? [lie.ring] : RING_NAMES);
      requireChance(`corrupt a ring by ${name}`, chance);
      tell(rings, ring, chance);
    },
  });
}

/** Every corruption of a ring that has a name. */
export const CORRUPTIONS: readonly Corruption[] = Object.freeze(
  [...Object.entries(RING_LIES), ...Object.entries(PACKET_LIES)].map(corruption),
);

/**
 * The corruption called `name`.
 *
 * @throws {RangeError} There is no such corruption.
 */
export function findCorruption(name: CorruptionName): Corruption {
  const found = CORRUPTIONS.find((each) => each.name === name);
  if (found !== undefined) return found;
  const known = CORRUPTIONS.map((each) => each.name).join(", ");
  throw new RangeError(`Cannot find the corruption ${JSON.stringify(name)}: there are ${known}`);
}
