/**
 * What an exchange is made of: between whom it is, and what happens.
 *
 * @module
 */

import type { VmbusVersion } from "../../../core/control/versions.ts";
import type { Stage, StageOptions } from "./exchange_stage.ts";

/** An exchange that is to be written down. */
export interface Script extends StageOptions {
  /** Its name. */
  readonly name: string;
  /** What it is about. */
  readonly description: string;
  /** What happens after host and guest were made. */
  readonly play: (stage: Stage) => Promise<unknown> | void;
}

/** A script in each of several versions. */
export function inEach(
  versions: readonly VmbusVersion[],
  script: Omit<Script, "host" | "guest">,
): readonly Script[] {
  return versions.map((version) => ({
    ...script,
    name: `${script.name}-${version}`,
    description: `${script.description}, in ${version}`,
    host: version,
    guest: version,
  }));
}
