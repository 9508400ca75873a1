/**
 * How programs make a fabric.
 *
 * @module
 */

import type { Fabric, FabricOptions } from "./fabric.ts";
import { FabricRuntime } from "./fabric_runtime.ts";
import { checkFabricOptions } from "./options.ts";

/** Makes a fabric with a root partition. See {@linkcode FabricOptions}. */
export function createFabric(options: FabricOptions = {}): Fabric {
  return new FabricRuntime(checkFabricOptions(options));
}
