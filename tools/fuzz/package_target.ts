/**
 * A target of the package's own: its seeds stand in a file, which is written anew by what made them.
 *
 * @module
 */

import { defineFuzzTarget, type FuzzTarget } from "../../simulator/fuzzing/mod.ts";
import { type NamedSeeds, readCorpus } from "./corpus.ts";

/** A target, and what makes its file of seeds. */
export interface PackageTarget {
  /** The target. */
  readonly target: FuzzTarget;
  /** Makes its seeds. */
  readonly makeSeeds: () => NamedSeeds | Promise<NamedSeeds>;
}

/** `target`, whose seeds `makeSeeds` makes; `hear` is given those that are read, for who draws from them. */
export function withCorpus(
  makeSeeds: PackageTarget["makeSeeds"],
  target: Omit<FuzzTarget, "seeds">,
  hear: (seeds: readonly Uint8Array[]) => void = () => {},
): PackageTarget {
  const seeds = async () => {
    const read = await readCorpus(target.name);
    hear(read);
    return read;
  };
  return { makeSeeds, target: defineFuzzTarget({ ...target, seeds }) };
}
